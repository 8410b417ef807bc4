// SPDX-License-Identifier: BSL-1.0
//
// Partitions and layout changes as bytes, wherever the format has them.
//
//    partition:      varint native id, varint created, sized name, sized begin, sized end, u8 flags, varint rows,
//                    varint bytes; flags: 1 definitions, 2 born empty
//    layout change:  varint position, varint ordinal, zigzag time, varint n retired: varint native id, varint created;
//                    varint n begun: partition; varint n descents: two partition ids, from and to
//    layout:         varint position, varint n: partition
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/store/detail/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace foreshadow {

inline void append_partition_id(partition_id id, std::string& out) {
    append_varint(id.native, out);
    append_varint(id.created.value, out);
}

inline void append_partition(const partition& part, std::string& out) {
    append_partition_id(part.id, out);
    append_sized(part.name, out);
    append_sized(part.interval.begin, out);
    append_sized(part.interval.end, out);
    out += static_cast<char>((part.holds == content::definitions ? 1 : 0) + (part.born_empty ? 2 : 0));
    append_varint(part.rows, out);
    append_varint(part.bytes, out);
}

inline void append_layout_change(const layout_change& change, std::string& out) {
    append_varint(change.at.at.value, out);
    append_varint(change.at.ordinal, out);
    append_varint(detail::zigzag(change.time.microseconds), out);
    append_varint(change.retired.size(), out);
    for (const auto& id : change.retired) append_partition_id(id, out);
    append_varint(change.begun.size(), out);
    for (const auto& part : change.begun) append_partition(part, out);
    append_varint(change.descents.size(), out);
    for (const auto& [from, to] : change.descents) {
        append_partition_id(from, out);
        append_partition_id(to, out);
    }
}

inline void append_layout(const layout& shape, std::string& out) {
    append_varint(shape.at.value, out);
    append_varint(shape.partitions.size(), out);
    for (const auto& part : shape.partitions) append_partition(part, out);
}

/// Errors, here and below: corrupt.
[[nodiscard]] inline partition_id read_partition_id(detail::byte_reader& reader) {
    partition_id id;
    id.native = reader.varint();
    id.created.value = reader.varint();
    return id;
}

[[nodiscard]] inline partition read_partition(detail::byte_reader& reader) {
    partition part;
    part.id = read_partition_id(reader);
    part.name = reader.text();
    part.interval.begin = reader.text();
    part.interval.end = reader.text();
    const auto flags = reader.u8();
    if (flags > 3) throw error{errc::corrupt, "a partition has a flag that is not known"};
    part.holds = (flags & 1) != 0 ? content::definitions : content::data;
    part.born_empty = (flags & 2) != 0;
    part.rows = reader.varint();
    part.bytes = reader.varint();
    return part;
}

[[nodiscard]] inline layout_change read_layout_change(detail::byte_reader& reader) {
    layout_change change;
    change.at.at.value = reader.varint();
    const auto ordinal = reader.varint();
    if (ordinal > 0xffff'ffffU) throw error{errc::corrupt, "an ordinal is larger than any ordinal"};
    change.at.ordinal = static_cast<std::uint32_t>(ordinal);
    change.time.microseconds = detail::unzigzag(reader.varint());
    change.retired.resize(reader.count(2));
    for (auto& id : change.retired) id = read_partition_id(reader);
    const auto begun = reader.count(8);
    for (std::size_t i = 0; i < begun; ++i) change.begun.push_back(read_partition(reader));
    change.descents.resize(reader.count(4));
    for (auto& [from, to] : change.descents) {
        from = read_partition_id(reader);
        to = read_partition_id(reader);
    }
    return change;
}

[[nodiscard]] inline layout read_layout(detail::byte_reader& reader) {
    layout shape;
    shape.at.value = reader.varint();
    const auto partitions = reader.count(8);
    for (std::size_t i = 0; i < partitions; ++i) shape.partitions.push_back(read_partition(reader));
    return shape;
}

}  // namespace foreshadow

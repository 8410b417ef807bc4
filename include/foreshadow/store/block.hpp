// SPDX-License-Identifier: BSL-1.0
//
// A block: rows in key order, as bytes. Keys stand together, front-coded against the key before them, so that they
// compress well and are found without touching a value; every sixteenth is whole (a restart point), so that a range
// begins in the middle without decoding what is before it. Values follow, back to back.
//
//    u8      kind: 1 rows, 2 node
//    varint  number of rows n
//    varint  bytes of the key section
//    keys    n times: varint shared, varint own, varint value size, own bytes of the key; shared is 0 at a restart
//    table   ceil(n / 16) times: u32 offset in keys, u32 offset in values
//    values  to the end
//
// The id of a block, an HMAC of these bytes, is checked before they are decoded; decoding still believes nothing.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/store/detail/bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace foreshadow {

enum class block_kind : std::uint8_t { rows = 1, node = 2 };

namespace detail {

inline constexpr std::size_t restart_interval = 16;

/// The sections of an encoded block, whose outer lengths have been checked.
struct block_sections {
    std::size_t rows = 0;
    std::string_view keys;
    std::string_view table;
    std::string_view values;

    [[nodiscard]] std::size_t restarts() const noexcept { return table.size() / 8; }
    [[nodiscard]] std::uint32_t key_offset(std::size_t restart) const {
        return byte_reader{table.substr(restart * 8)}.u32();
    }
    [[nodiscard]] std::uint32_t value_offset(std::size_t restart) const {
        return byte_reader{table.substr(restart * 8 + 4)}.u32();
    }
    [[nodiscard]] std::string_view keys_from(std::size_t restart) const {
        const auto offset = key_offset(restart);
        if (offset > keys.size()) throw error{errc::corrupt, "a restart point lies outside its block"};
        return keys.substr(offset);
    }
    [[nodiscard]] std::string_view restart_key(std::size_t restart) const {
        byte_reader reader{keys_from(restart)};
        if (reader.varint() != 0) throw error{errc::corrupt, "a restart point has no whole key"};
        const auto size = reader.varint();
        reader.varint();
        return reader.take(size);
    }
};

[[nodiscard]] inline block_sections split_block(std::string_view encoded, block_kind kind) {
    byte_reader reader{encoded};
    if (reader.u8() != static_cast<std::uint8_t>(kind)) throw error{errc::corrupt, "a block is of another kind"};
    block_sections found;
    found.rows = reader.count(3);
    found.keys = reader.take(reader.varint());
    found.table = reader.take((found.rows + restart_interval - 1) / restart_interval * 8);
    found.values = reader.rest();
    return found;
}

}  // namespace detail

/// Encodes rows, which are in key order; equal keys keep their order.
///
/// Errors: unsupported for a block of 4 GiB or more, which only a single row of that size can cause.
[[nodiscard]] inline std::string encode_block(block_kind kind, const row_batch& rows) {
    std::string keys;
    std::string table;
    std::size_t values = 0;
    std::string_view before;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const row_view row = rows[i];
        std::size_t shared = 0;
        if (i % detail::restart_interval == 0) {
            detail::append_u32(table, static_cast<std::uint32_t>(keys.size()));
            detail::append_u32(table, static_cast<std::uint32_t>(values));
        } else {
            const auto most = std::min(before.size(), row.key.size());
            shared = static_cast<std::size_t>(
                std::mismatch(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(most), row.key.begin())
                    .first -
                before.begin());
        }
        append_varint(shared, keys);
        append_varint(row.key.size() - shared, keys);
        append_varint(row.value.size(), keys);
        keys.append(row.key.substr(shared));
        values += row.value.size();
        before = row.key;
        if (keys.size() + values > std::numeric_limits<std::uint32_t>::max())
            throw error{errc::unsupported, "a row of 4 GiB or more cannot be stored"}.with("key", printable(row.key));
    }
    std::string block;
    block.reserve(keys.size() + table.size() + values + 21);
    block += static_cast<char>(kind);
    append_varint(rows.size(), block);
    append_varint(keys.size(), block);
    block += keys;
    block += table;
    for (std::size_t i = 0; i < rows.size(); ++i) block += rows[i].value;
    return block;
}

/// Appends the rows of an encoded block that lie in `range`. Rows below the range are not decoded, nor those above.
///
/// Errors: corrupt; `out` may then hold some of the rows.
inline void decode_block(block_kind kind, std::string_view encoded, const key_range& range, row_batch& out) {
    const auto block = detail::split_block(encoded, kind);
    if (block.rows == 0) {
        if (!block.keys.empty() || !block.values.empty()) throw error{errc::corrupt, "a block has bytes and no rows"};
        return;
    }
    // The last restart point below the range; the first of several equal keys may lie before a restart equal to them.
    std::size_t restart = 0;
    for (std::size_t low = 0, high = block.restarts(); !range.begin.empty() && low < high;) {
        const std::size_t middle = low + (high - low) / 2;
        if (block.restart_key(middle) < range.begin) {
            restart = middle;
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    detail::byte_reader keys{block.keys_from(restart)};
    std::size_t value_at = block.value_offset(restart);
    std::string current;
    for (std::size_t i = restart * detail::restart_interval; i < block.rows; ++i) {
        const bool is_restart = i % detail::restart_interval == 0;
        if (is_restart && (block.key_offset(i / detail::restart_interval) != block.keys.size() - keys.rest().size() ||
                           block.value_offset(i / detail::restart_interval) != value_at))
            throw error{errc::corrupt, "a restart point does not lie where it says"};
        const auto shared = keys.varint();
        const auto own = keys.varint();
        const auto value_size = keys.varint();
        if (shared > (is_restart ? 0 : current.size())) throw error{errc::corrupt, "a key shares more than there is"};
        const auto tail = keys.take(own);
        const bool ordered = std::string_view{current}.substr(static_cast<std::size_t>(shared)) <= tail;
        if (!is_restart && !ordered) throw error{errc::corrupt, "keys of a block are not in order"};
        current.resize(static_cast<std::size_t>(shared));
        current.append(tail);
        if (value_at > block.values.size() || value_size > block.values.size() - value_at)
            throw error{errc::corrupt, "a value lies outside its block"};
        if (!range.ends_after(current)) return;
        const auto value = block.values.substr(value_at, static_cast<std::size_t>(value_size));
        if (range.begin <= current) out.append(current, value);
        value_at += value.size();
    }
    if (!keys.at_end() || value_at != block.values.size()) throw error{errc::corrupt, "a block has bytes left over"};
}

}  // namespace foreshadow

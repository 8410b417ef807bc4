// SPDX-License-Identifier: BSL-1.0
//
// A change as a row, so that runs are stored by whatever stores images. Key: the change's key. Value: kind and hint
// (a byte each), position and ordinal (varints), then the payload as it is.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/row/varint.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace foreshadow {

/// Appends `change` to `out` as a row.
inline void append_change_row(const change_view& change, row_batch& out) {
    out.append_with(change.key, [&](std::string& arena) {
        arena.push_back(static_cast<char>(change.kind));
        arena.push_back(static_cast<char>(change.hint));
        append_varint(change.at.at.value, arena);
        append_varint(change.at.ordinal, arena);
        arena.append(change.payload);
    });
}

/// The change that `append_change_row` made this row of; valid as long as the row.
///
/// Errors: `corrupt`, with the key.
[[nodiscard]] inline change_view read_change_row(row_view row) {
    const auto refuse = [&](const char* why) {
        return error{errc::corrupt, std::string{"a stored change "} + why}.with("key", printable(row.key));
    };
    std::string_view in = row.value;
    if (in.size() < 4) throw refuse("is cut off");
    change_view change{.kind = static_cast<change_kind>(in[0]),
                       .hint = static_cast<write_hint>(in[1]),
                       .at = {},
                       .key = row.key,
                       .payload = {}};
    if (static_cast<unsigned char>(in[0]) > static_cast<unsigned char>(change_kind::replaced))
        throw refuse("is of an unknown kind");
    if (static_cast<unsigned char>(in[1]) > static_cast<unsigned char>(write_hint::moved))
        throw refuse("has an unknown hint");
    in.remove_prefix(2);
    try {
        change.at.at.value = read_varint(in);
        const std::uint64_t ordinal = read_varint(in);
        if (ordinal > std::numeric_limits<std::uint32_t>::max()) throw refuse("has an ordinal beyond 32 bits");
        change.at.ordinal = static_cast<std::uint32_t>(ordinal);
    } catch (error& e) {
        if (!e.fact("key").empty()) throw;
        throw std::move(e).with("key", printable(row.key));
    }
    change.payload = in;
    return change;
}

}  // namespace foreshadow

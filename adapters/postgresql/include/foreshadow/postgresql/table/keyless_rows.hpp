// SPDX-License-Identifier: BSL-1.0
//
// Rows of a table without a key. Its log tells whole rows, the old and the new one, and nothing tells two equal rows
// apart; all that is known of one is how often it is there. So every event becomes a row of its own under a key of its
// own: that a row was found by a chunk, was added, or was removed. What belongs to one row begins with the same digest,
// so it lies together, in one box; a restore counts, and writes the row as often as is left.
//
//   table (4 bytes), SHA-256 of the row (32), event (1), place among equal rows (8) or version (12)
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/postgresql/server/bytes.hpp"
#include "foreshadow/postgresql/table/table.hpp"
#include "foreshadow/store/digest.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace foreshadow::postgresql {

/// What happened to a row. Within one digest keys are in this order.
enum class keyless_event : char { found = 'B', removed = 'D', added = 'I' };

namespace detail {

inline constexpr std::size_t digest_begin = 4;
inline constexpr std::size_t digest_bytes = 32;
inline constexpr std::size_t event_at = digest_begin + digest_bytes;

/// The digest of a row as `table.row_digest` has the server compute it: of each column four bytes of length, all ones
/// for NULL, and its binary form.
[[nodiscard]] inline digest digest_of_row(std::span<const field> fields) {
    foreshadow::detail::sha256_stream row;
    std::string size;  // short enough to need no memory
    for (const field& f : fields) {
        size.clear();
        append_number(f ? static_cast<std::uint32_t>(f->size()) : 0xffff'ffffU, size);
        row << size;
        if (f) row << *f;
    }
    return row.result();
}

/// Appends the key of a row that was added or removed at some version.
inline void append_event(object_id table, const digest& row, keyless_event what, version at, key& out) {
    append_number(table, out);
    out.append(row.view());
    out.push_back(static_cast<char>(what));
    append_number(at.at.value, out);
    append_number(at.ordinal, out);
}
/// Appends the key of a row that was found as so manyth of equal ones.
inline void append_found(object_id table, const digest& row, std::uint64_t place, key& out) {
    append_number(table, out);
    out.append(row.view());
    out.push_back(static_cast<char>(keyless_event::found));
    append_number(place, out);
}

[[nodiscard]] inline std::uint64_t place_of(key_view found) {
    message_reader in{found.substr(event_at + 1)};
    return in.number<std::uint64_t>();
}
[[nodiscard]] inline keyless_event event_of(key_view k) { return static_cast<keyless_event>(k.at(event_at)); }

/// Of an event's key.
[[nodiscard]] inline std::string_view row_of(key_view event) { return event.substr(digest_begin, digest_bytes); }

/// The end of all that is known of the row of an event.
[[nodiscard]] inline key end_of_row(key_view event) {
    key end{event.substr(0, event_at)};
    end.push_back('\xff');
    return end;
}

/// What is known of one row is never divided: a change of it would be in one box, and what it changes in another. A
/// border may be one of the table's when it had a key: then there is no row that it divides.
inline void expect_whole_row(const table& of, key_view found, const key_range& range) {
    for (const key* border : {&range.begin, &range.end})
        if (border->size() > event_at && border->starts_with(found.substr(0, event_at)) &&
            border->substr(event_at) != "\xff")
            throw error{errc::internal, "a range divides what is known of a row of table " + of.name};
}

/// How the begin of a range bounds the digests from below, as SQL.
[[nodiscard]] inline std::string digests_from(const table& of, key_view border) {
    if (border.size() <= digest_begin) return {};
    const std::string_view row = border.substr(digest_begin, digest_bytes);
    const bool is_past_row = border.substr(std::min(event_at, border.size())) == "\xff";
    return " WHERE " + of.row_digest + (is_past_row ? " > '\\x" : " >= '\\x") + to_hex(row) + "'::pg_catalog.bytea";
}

}  // namespace detail

}  // namespace foreshadow::postgresql

// SPDX-License-Identifier: BSL-1.0
//
// The map of the partitioned tables: which child table owns which range of a logical table's partition key. It is
// data of the program's own, kept beside the children in two small tables, and stays when a backup is released.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/sqlite/table/key_encoding.hpp"
#include "foreshadow/sqlite/table/schema.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow::sqlite {

/// A range of a partitioned table; a bound that is null is unbounded.
struct map_entry {
    std::string child;
    std::string logical;
    key_value low;
    key_value high;
};

namespace detail {

/// Every key of a table begins with its number; 0 is the definitions'.
[[nodiscard]] inline key table_prefix(std::int64_t number) {
    key prefix;
    append_big_endian(prefix, static_cast<std::uint64_t>(number), 4);
    return prefix;
}

[[nodiscard]] inline bool table_exists(connection& db, std::string_view name) {
    statement& s = db.cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1");
    s.bind(1, name);
    const bool found = s.step();
    s.reset();
    return found;
}

[[nodiscard]] inline key_value owned(const value_view& value) {
    return {value.kind, value.integer, value.real, std::string{value.bytes}};
}

/// The map by child, empty where the database has no partitioned table.
[[nodiscard]] inline std::map<std::string, map_entry> read_map(connection& db) {
    std::map<std::string, map_entry> map;
    if (!table_exists(db, "foreshadow_map")) return map;
    const bool wide = encoding_of(db) != text_encoding::utf8;
    statement& rows = db.cached("SELECT child, logical, low, high FROM foreshadow_map");
    while (rows.step())
        map.emplace(rows.text(0), map_entry{rows.text(0), rows.text(1), owned(column_value(rows, 2, wide)),
                                            owned(column_value(rows, 3, wide))});
    return map;
}

/// A bound of the map as the key that a row with this partition key begins with.
[[nodiscard]] inline key bound_key(const key& prefix, const key_value& bound, const table_shape& shape,
                                   text_encoding encoding) {
    key at = prefix;
    if (!shape.by_rowid) {
        append_key(at, bound.view(), shape.key.front(), encoding);
    } else if (bound.kind == value_kind::integer) {
        append_rowid(at, bound.integer);
    } else {
        throw error{errc::invalid_argument, "a bound of partition " + shape.name + " is no integer, but its key is"};
    }
    return at;
}

[[nodiscard]] inline key_range interval_of(const map_entry& entry, const key& prefix, const table_shape& shape,
                                           text_encoding encoding) {
    key_range interval = prefixed(prefix);
    if (entry.low.kind != value_kind::null) interval.begin = bound_key(prefix, entry.low, shape, encoding);
    if (entry.high.kind != value_kind::null) interval.end = bound_key(prefix, entry.high, shape, encoding);
    return interval;
}

}  // namespace detail

}  // namespace foreshadow::sqlite

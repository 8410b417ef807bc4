// SPDX-License-Identifier: BSL-1.0
//
// The tables of the partition map, and the guard that each child has: a row outside of its child's range would be
// found by nobody, so it is refused.
#pragma once

#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/setup/capture.hpp"
#include "foreshadow/sqlite/table/partition_map.hpp"
#include "foreshadow/sqlite/table/schema.hpp"

#include <string>
#include <vector>

namespace foreshadow::sqlite::detail {

inline void create_map_tables(connection& db) {
    db.execute(
        "CREATE TABLE IF NOT EXISTS foreshadow_map_table(name TEXT PRIMARY KEY, columns TEXT NOT NULL, options TEXT "
        "NOT "
        "NULL, indexes TEXT NOT NULL, next INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS foreshadow_map(child TEXT PRIMARY KEY, logical TEXT NOT NULL, low, high) WITHOUT "
        "ROWID");
}

inline void write_map_entry(connection& db, const map_entry& entry) {
    statement& s = db.cached("INSERT OR REPLACE INTO foreshadow_map VALUES(?1, ?2, ?3, ?4)");
    s.bind(1, entry.child);
    s.bind(2, entry.logical);
    bind_value(s, 3, entry.low.view());
    bind_value(s, 4, entry.high.view());
    s.run();
}

/// A value as SQL, for the text of a trigger.
[[nodiscard]] inline std::string sql_of(connection& db, const key_value& value) {
    auto s = db.prepare("SELECT quote(?1)");
    bind_value(s, 1, value.view());
    return s.step() ? s.text(0) : std::string{};
}

[[nodiscard]] inline std::string partition_column(const table_shape& child) {
    return child.by_rowid ? child.rowid : child.key.front().name;
}

/// (Re-)makes the guard of a child.
inline void write_guard(connection& db, const map_entry& entry, const table_shape& child) {
    const std::string column = "NEW." + identifier(partition_column(child));
    const std::string insert = identifier("foreshadow_guard_i_" + entry.child);
    const std::string update = identifier("foreshadow_guard_u_" + entry.child);
    db.execute("DROP TRIGGER IF EXISTS " + insert + "; DROP TRIGGER IF EXISTS " + update);
    std::vector<std::string> outside;
    if (entry.low.kind != value_kind::null) outside.push_back(column + " < " + sql_of(db, entry.low));
    if (entry.high.kind != value_kind::null) outside.push_back(column + " >= " + sql_of(db, entry.high));
    if (outside.empty()) return;
    const std::string body = " ON " + identifier(entry.child) + " WHEN " + joined(outside, " OR ") +
                             " BEGIN SELECT RAISE(ABORT, " +
                             literal("the row belongs to another partition than " + entry.child) + "); END";
    db.execute("CREATE TRIGGER " + insert + " AFTER INSERT" + body);
    db.execute("CREATE TRIGGER " + update + " AFTER UPDATE" + body);
}

}  // namespace foreshadow::sqlite::detail

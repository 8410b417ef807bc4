// SPDX-License-Identifier: BSL-1.0
//
// A hold keeps its log in tables and triggers of its own names. Where the application has something of that name, a
// backup would fail in the middle of SQL, and a release would drop what is not its own: so it is refused first.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/database/sql_text.hpp"
#include "foreshadow/sqlite/setup/definitions.hpp"
#include "foreshadow/sqlite/table/schema.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace foreshadow::sqlite::detail {

[[nodiscard]] inline bool has_columns(connection& db, std::string_view table,
                                      std::initializer_list<std::string_view> columns) {
    for (const std::string_view column : columns) {
        statement& s = db.cached("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2");
        s.bind(1, table);
        s.bind(2, column);
        const bool found = s.step();
        s.reset();
        if (!found) return false;
    }
    return true;
}

/// Whether something of this name was made by a hold or with a partitioned table; the books of a hold are known by
/// their first one.
[[nodiscard]] inline bool is_known_make(connection& db, std::string_view name, bool has_books) {
    if (equal_folded(name, "foreshadow_map")) return has_columns(db, name, {"child", "logical", "low", "high"});
    if (equal_folded(name, "foreshadow_map_table"))
        return has_columns(db, name, {"name", "columns", "options", "next"});
    return has_books;
}

/// Errors: `unsupported`, naming what is in the way. Nothing is touched.
inline void refuse_name_clashes(connection& db) {
    const bool has_books = has_columns(db, "foreshadow_control", {"format", "uuid", "pruned_upto", "next_number"});
    auto s = db.prepare("SELECT type, name FROM sqlite_schema WHERE name LIKE 'foreshadow\\_%' ESCAPE '\\'");
    while (s.step()) {
        const std::string type = s.text(0);
        const std::string name = s.text(1);
        const bool is_capturer = type == "trigger" && is_own_trigger(name) && !name.starts_with("foreshadow_guard_");
        const bool is_book = type != "trigger" && (is_own_table(name) || equal_folded(name, "foreshadow_canary_index"));
        if ((!is_book && !is_capturer) || is_known_make(db, name, has_books)) continue;
        throw error{errc::unsupported, type + " " + name + " in " + db.path() + " has a name that a backup's log needs",
                    "rename it, or drop it if a backup left it there: names in use are listed in the adapter's README"};
    }
}

}  // namespace foreshadow::sqlite::detail

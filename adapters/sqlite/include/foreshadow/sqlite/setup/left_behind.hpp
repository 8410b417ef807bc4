// SPDX-License-Identifier: BSL-1.0
//
// What a hold leaves in a database's schema, and how it goes again.
#pragma once

#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/setup/definitions.hpp"
#include "foreshadow/sqlite/table/schema.hpp"

#include <string>
#include <vector>

namespace foreshadow::sqlite::detail {

/// Everything in the schema that is there because of a hold, as "TRIGGER name" and "TABLE name". The map of partitioned
/// tables and the triggers that guard them are the application's.
[[nodiscard]] inline std::vector<std::string> left_behind(connection& db) {
    std::vector<std::string> names;
    statement& s = db.cached(
        "SELECT upper(type), name FROM sqlite_schema WHERE name LIKE 'foreshadow\\_%' ESCAPE '\\' "
        "AND type IN ('table', 'trigger') ORDER BY type DESC, name");
    while (s.step()) {
        const std::string type = s.text(0);
        const std::string name = s.text(1);
        const bool is_book = type == "TABLE" && is_own_table(name) && !name.starts_with("foreshadow_map");
        const bool is_capturer = type == "TRIGGER" && is_own_trigger(name) && !name.starts_with("foreshadow_guard_");
        if (is_book || is_capturer) names.push_back(type + " " + name);
    }
    return names;
}

/// Drops all of it, within the caller's transaction.
inline void remove_left_behind(connection& db) {
    for (const std::string& what : left_behind(db)) {
        const auto space = what.find(' ');
        db.execute("DROP " + what.substr(0, space) + " IF EXISTS " + identifier(what.substr(space + 1)));
    }
}

}  // namespace foreshadow::sqlite::detail

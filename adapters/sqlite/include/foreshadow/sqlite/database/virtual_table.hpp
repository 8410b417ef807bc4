// SPDX-License-Identifier: BSL-1.0
//
// Virtual tables have no rows that a trigger sees. What a module shows it keeps in ordinary tables beside them, the
// shadow tables, or elsewhere. An R-tree writes to its three with ordinary statements, one by one, whose triggers run:
// it is backed up as those tables and one entry of the schema, and restored by both, exactly as it was.
//
// Full-text indexes look alike, but must have no trigger on their tables: fts5 writes what it gathered whenever a
// savepoint is set, and a statement with triggers sets one, so the writing program recurses until its stack is used up
// (SQLite 3.40.1). They are left out, and so is what any other module shows: it may write where no trigger sees it.
#pragma once

#include "foreshadow/sqlite/database/sql_text.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace foreshadow::sqlite::detail {

/// Whether triggers see everything that the module writes.
[[nodiscard]] inline bool is_kept_in_tables(std::string_view module) {
    for (const char* known : {"rtree", "rtree_i32", "geopoly"})
        if (equal_folded(module, known)) return true;
    return false;
}

[[nodiscard]] inline bool is_full_text(std::string_view module) {
    for (const char* known : {"fts3", "fts4", "fts5"})
        if (equal_folded(module, known)) return true;
    return false;
}

/// Why a virtual table is left out; empty where it is not.
[[nodiscard]] inline std::string why_virtual_is_left_out(std::string_view module) {
    if (is_kept_in_tables(module)) return {};
    const std::string name{module};
    if (is_full_text(module)) return "it is a full-text index (" + name + "), whose tables cannot have triggers";
    return "it is a virtual table, and where its module " + name + " keeps its content is not known";
}

/// Whether a table with that name may be where a virtual table keeps its content. Of a module that is not known, any
/// name that begins with the virtual table's and `_` may be.
[[nodiscard]] inline bool may_belong_to(std::string_view table, std::string_view virtual_table,
                                        std::string_view module) {
    const std::size_t head = virtual_table.size();
    if (table.size() <= head || table[head] != '_' || !equal_folded(table.substr(0, head), virtual_table)) return false;
    if (!is_full_text(module)) return true;
    for (const char* part : {"data", "idx", "content", "docsize", "config", "segments", "segdir", "stat"})
        if (equal_folded(table.substr(head + 1), part)) return true;
    return false;
}

}  // namespace foreshadow::sqlite::detail

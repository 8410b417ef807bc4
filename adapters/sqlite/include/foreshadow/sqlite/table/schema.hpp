// SPDX-License-Identifier: BSL-1.0
//
// What a table looks like to a backup: how its rows are keyed and ordered, which of its columns are stored, and which
// unique indexes can evict a row that nobody named. Read from SQLite's own pragmas, never from the text of a
// statement; what has no order that can be reproduced is refused with its name.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/database/sql_text.hpp"
#include "foreshadow/sqlite/database/virtual_table.hpp"
#include "foreshadow/sqlite/table/key_encoding.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::sqlite {

struct unique_column {
    std::string name;
    std::string collate;
    std::string
        fallback;  ///< what `OR REPLACE` stores for a null that is not allowed, as SQL; triggers still see the null

    friend bool operator==(const unique_column&, const unique_column&) = default;
};

/// A unique index besides the key: a row that conflicts with it is what `OR REPLACE` removes.
struct unique_index {
    std::string name;
    std::vector<unique_column> columns;
    std::string where;  ///< of a partial index, as SQL

    friend bool operator==(const unique_index&, const unique_index&) = default;
};

struct table_shape {
    std::string name = {};
    std::string sql = {};
    bool by_rowid = true;       ///< keyed by rowid; else by the columns of `key`
    bool hidden_rowid = false;  ///< the rowid is no column: VACUUM may renumber it
    std::string rowid = {};     ///< a name under which the rowid can be reached
    std::vector<key_column> key = {};
    std::vector<std::string> stored = {};  ///< columns without generated ones, in order
    std::vector<unique_index> unique = {};
    std::string refused = {};  ///< why the table cannot be captured; empty where it can

    /// The SQL expressions of the key, prefixed by `row` ("NEW.", "OLD." or nothing).
    [[nodiscard]] std::vector<std::string> key_expressions(std::string_view row = {}) const {
        std::vector<std::string> all;
        if (by_rowid) return {std::string{row} + identifier(rowid)};
        for (const key_column& column : key) all.push_back(std::string{row} + identifier(column.name));
        return all;
    }
    /// The same, each with its index's own collation, for comparisons.
    [[nodiscard]] std::vector<std::string> compared_key(std::string_view row = {}) const {
        static constexpr const char* names[] = {" COLLATE BINARY", " COLLATE NOCASE", " COLLATE RTRIM"};
        std::vector<std::string> all = key_expressions(row);
        for (std::size_t i = 0; i < all.size() && !by_rowid; ++i) all[i] += names[static_cast<int>(key[i].collate)];
        return all;
    }
    /// Changes whenever triggers would have to.
    [[nodiscard]] std::string signature() const {
        std::string text = by_rowid ? "rowid " + rowid : "key";
        for (const key_column& c : key)
            text += "," + identifier(c.name) + std::to_string(static_cast<int>(c.collate)) + (c.descending ? "d" : "a");
        for (const unique_index& u : unique) {
            text += ";unique";
            for (const unique_column& c : u.columns) text += "," + identifier(c.name) + c.collate + c.fallback;
            if (!u.where.empty()) text += " where " + u.where;
        }
        return text;
    }
    /// The stored columns as one text.
    [[nodiscard]] std::string column_list() const {
        std::string text;
        for (const std::string& column : stored) text += identifier(column) + ",";
        return text;
    }
};

namespace detail {

[[nodiscard]] inline std::optional<collation> collation_named(std::string_view name) {
    if (equal_folded(name, "BINARY")) return collation::binary;
    if (equal_folded(name, "NOCASE")) return collation::nocase;
    if (equal_folded(name, "RTRIM")) return collation::rtrim;
    return std::nullopt;
}

inline void read_indexes(connection& db, table_shape& table) {
    struct index {
        std::string name;
        bool primary;
        bool partial;
    };
    std::vector<index> uniques;
    statement& list =
        db.cached("SELECT name, origin, partial FROM pragma_index_list(?1) WHERE \"unique\" ORDER BY name");
    list.bind(1, table.name);
    while (list.step()) uniques.push_back({list.text(0), list.text(1) == "pk", list.integer(2) != 0});
    for (const index& one : uniques) {
        unique_index found{.name = one.name, .columns = {}, .where = {}};
        std::vector<key_column> key;
        statement& columns = db.cached(
            "SELECT i.name, i.\"desc\", i.coll, i.cid, iif(c.\"notnull\", c.dflt_value, NULL) FROM "
            "pragma_index_xinfo(?1) i LEFT JOIN pragma_table_xinfo(?2) c ON c.cid = i.cid WHERE i.key ORDER BY "
            "i.seqno");
        columns.bind(1, one.name);
        columns.bind(2, table.name);
        bool expression = false;
        while (columns.step()) {
            if (columns.integer(3) == -2) expression = true;
            found.columns.push_back({columns.text(0), columns.text(2), default_expression(columns.text(4))});
            const auto collate = collation_named(columns.text(2));
            if (!collate && one.primary && !table.by_rowid)
                table.refused = "its key uses the collation " + columns.text(2) +
                                ", whose order is known only to the program that defines it";
            key.push_back({columns.text(0), collate.value_or(collation::binary), columns.integer(1) != 0});
        }
        if (one.primary && !table.by_rowid) {
            table.key = std::move(key);
            continue;
        }
        if (one.partial) {
            statement& text = db.cached("SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?1");
            text.bind(1, one.name);
            if (text.step()) found.where = condition_of(text.text(0));
            text.reset();
        }
        if (expression) found.columns.clear();
        table.unique.push_back(std::move(found));
    }
}

}  // namespace detail

/// Whether the table is one of the adapter's own: the log and its books, or the map of the partitioned tables.
[[nodiscard]] inline bool is_own_table(std::string_view name) {
    for (const char* own : {"foreshadow_control", "foreshadow_log", "foreshadow_part", "foreshadow_canary",
                            "foreshadow_canary_indexed", "foreshadow_map", "foreshadow_map_table"})
        if (detail::equal_folded(name, own)) return true;
    return false;
}

/// Options that decide whether a table can be captured.
struct capture_options {
    /// Every program that writes sets `PRAGMA recursive_triggers = ON`, so that `OR REPLACE` fires delete triggers.
    bool writers_use_recursive_triggers = false;
};

[[nodiscard]] inline table_shape read_table(connection& db, std::string name, bool without_rowid,
                                            const capture_options& options) {
    table_shape table;
    table.name = std::move(name);
    table.by_rowid = !without_rowid;
    statement& text = db.cached("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1");
    text.bind(1, table.name);
    if (text.step()) table.sql = text.text(0);
    text.reset();
    statement& columns = db.cached("SELECT name, pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid");
    columns.bind(1, table.name);
    std::string primary;
    std::vector<std::string> names;
    int primaries = 0;
    while (columns.step()) {
        names.push_back(columns.text(0));
        if (columns.integer(2) == 0) table.stored.push_back(columns.text(0));
        if (columns.integer(1) != 0) {
            primary = columns.text(0);
            ++primaries;
        }
    }
    if (table.by_rowid) {
        // INTEGER PRIMARY KEY is the one primary key that needs no index of its own.
        statement& indexed = db.cached("SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk'");
        indexed.bind(1, table.name);
        const bool has_index = indexed.step();
        indexed.reset();
        if (primaries == 1 && !has_index) {
            table.rowid = primary;
        } else {
            table.hidden_rowid = true;
            for (const char* alias : {"rowid", "_rowid_", "oid"})
                if (table.rowid.empty() && std::none_of(names.begin(), names.end(), [&](const std::string& taken) {
                        return detail::equal_folded(taken, alias);
                    }))
                    table.rowid = alias;
            if (table.rowid.empty())
                table.refused = "it has columns named rowid, _rowid_ and oid, so its rows cannot be named";
        }
    }
    detail::read_indexes(db, table);
    for (const unique_index& unique : table.unique)
        if (unique.columns.empty() && !options.writers_use_recursive_triggers)
            table.refused = "its unique index " + unique.name +
                            " is on an expression, and OR REPLACE removes rows by it without a trace";
    if (options.writers_use_recursive_triggers) table.unique.clear();
    return table;
}

/// The shape of one table that exists.
[[nodiscard]] inline table_shape read_table(connection& db, std::string name, const capture_options& options) {
    statement& kind = db.cached("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1");
    kind.bind(1, name);
    const bool without_rowid = kind.step() && kind.integer(0) != 0;
    kind.reset();
    return read_table(db, std::move(name), without_rowid, options);
}

namespace detail {

/// Why a table, or an index of it, cannot be made where only SQLite itself is: it uses a function or collation of the
/// program's own. Empty where it can be. What cannot be made again must not be backed up as if it could.
[[nodiscard]] inline std::string why_not_made_again(connection& db, connection& scratch, const table_shape& table) {
    try {
        scratch.execute(table.sql);
        statement& indexes =
            db.cached("SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL");
        indexes.bind(1, table.name);
        while (indexes.step()) scratch.execute(indexes.text(0));
    } catch (const error& e) {
        if (e.code() != errc::unavailable) throw;
        const std::string& why = e.message();
        return "only the program that defines what it uses could make it again" +
               why.substr(std::min(why.rfind(": "), why.size()));
    }
    return {};
}

}  // namespace detail

/// The user's tables, by name; those that cannot be captured say why. Views and SQLite's own tables are not among them,
/// nor are virtual tables that are wholly kept in tables of their own.
[[nodiscard]] inline std::vector<table_shape> read_tables(connection& db, const capture_options& options) {
    struct entry {
        std::string name;
        bool is_virtual;
        bool without_rowid;
        std::string sql;
    };
    std::vector<entry> entries;
    statement& list = db.cached(
        "SELECT l.name, l.type, l.wr, s.sql FROM pragma_table_list l JOIN sqlite_schema s ON s.type = 'table' AND "
        "s.name = l.name WHERE l.schema = 'main' AND l.type <> 'view' ORDER BY l.name");
    while (list.step())
        entries.push_back({list.text(0), list.text(1) == "virtual", list.integer(2) != 0, list.text(3)});
    std::vector<table_shape> tables;
    std::vector<std::pair<std::string, std::string>> left_out;  // virtual tables and their modules
    for (const entry& one : entries) {
        if (!one.is_virtual) continue;
        const std::string module = detail::module_of(one.sql);
        const std::string why = detail::why_virtual_is_left_out(module);
        if (why.empty()) continue;
        left_out.emplace_back(one.name, module);
        tables.push_back({.name = one.name, .sql = one.sql, .refused = why});
    }
    connection scratch{":memory:", open_mode::create};
    for (const entry& one : entries) {
        if (one.is_virtual || is_own_table(one.name) || one.name.rfind("sqlite_", 0) == 0) continue;
        table_shape table = read_table(db, one.name, one.without_rowid, options);
        for (const auto& [other, module] : left_out)
            if (detail::may_belong_to(one.name, other, module))
                table.refused = "by its name it belongs to the virtual table " + other;
        if (table.refused.empty()) table.refused = detail::why_not_made_again(db, scratch, table);
        tables.push_back(std::move(table));
    }
    return tables;
}

[[nodiscard]] inline text_encoding encoding_of(connection& db) {
    const std::string name = db.text("PRAGMA encoding");
    return name == "UTF-16le"   ? text_encoding::utf16le
           : name == "UTF-16be" ? text_encoding::utf16be
                                : text_encoding::utf8;
}

}  // namespace foreshadow::sqlite

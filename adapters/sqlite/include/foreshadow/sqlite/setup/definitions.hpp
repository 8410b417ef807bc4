// SPDX-License-Identifier: BSL-1.0
//
// The definitions of a database as rows: settings, the map of partitioned tables, every entry of the schema that is
// the user's, AUTOINCREMENT counters. They have the lowest keys of the plane, and are scanned, followed and restored
// like any row, so they are exact at T. Keys order them so that they can be made again in that order.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/database/value.hpp"
#include "foreshadow/sqlite/setup/capture.hpp"
#include "foreshadow/sqlite/table/partition_map.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::sqlite {

/// What a definition is; the first byte of its key after the prefix.
enum class definition_kind : std::uint8_t {
    setting = 1,
    logical,
    mapped,
    table,
    index,
    view,
    trigger,
    sequence,
    virtual_table,  ///< whose content is in other tables
    omitted         ///< a table whose rows are not backed up
};

/// Definitions by their linear key, as they are in one snapshot.
using definitions = std::map<key, std::string, std::less<>>;

namespace detail {

[[nodiscard]] inline key definition_key(definition_kind kind, std::string_view name) {
    key k = table_prefix(0);
    k.push_back(static_cast<char>(kind));
    return k.append(name);
}

/// A number of the schema's triggers that is the adapter's: `foreshadow_<number>_<letter>`, or a guard.
[[nodiscard]] inline bool is_own_trigger(std::string_view name) {
    constexpr std::string_view head = "foreshadow_";
    if (name.substr(0, head.size()) != head) return false;
    name.remove_prefix(head.size());
    if (name.substr(0, 6) == "guard_") return true;
    const std::size_t digits = name.find_first_not_of("0123456789");
    return digits != 0 && digits <= 18 && name.size() == digits + 2 && name[digits] == '_';
}

/// Settings and AUTOINCREMENT counters: what may change without a change of the schema.
[[nodiscard]] inline definitions read_settings(connection& db) {
    definitions all;
    const auto add = [&](const char* name, const auto& what) {
        std::string value;
        append_value(value, what);
        all.emplace(definition_key(definition_kind::setting, name), std::move(value));
    };
    for (const char* number : {"application_id", "auto_vacuum", "page_size", "user_version"})
        add(number, db.number(std::string{"PRAGMA "} + number));
    for (const char* word : {"encoding", "journal_mode"})
        add(word, std::string_view{db.text(std::string{"PRAGMA "} + word)});
    if (table_exists(db, "sqlite_sequence")) {
        statement& counters = db.cached("SELECT name, seq FROM sqlite_sequence");
        while (counters.step()) {
            std::string value;
            append_value(value, column_value(counters, 1));
            all.insert_or_assign(definition_key(definition_kind::sequence, counters.text(0)), std::move(value));
        }
    }
    return all;
}

/// The schema and the map: what changes with the schema's version only.
[[nodiscard]] inline definitions read_schema(connection& db, const std::vector<omission>& omissions) {
    definitions all;
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> numbers;  // name: prefix, partition
    for (const part& p : read_parts(db))
        if (p.is != part::kind::logical) numbers[p.name] = {p.prefix, p.number};
    const bool wide = encoding_of(db) != text_encoding::utf8;
    if (table_exists(db, "foreshadow_map_table")) {
        statement& tables = db.cached("SELECT name, columns, options, indexes, next FROM foreshadow_map_table");
        while (tables.step()) {
            std::string value;
            for (int i = 1; i <= 4; ++i) append_value(value, column_value(tables, i));
            all.emplace(definition_key(definition_kind::logical, tables.text(0)), std::move(value));
        }
        statement& map = db.cached("SELECT child, logical, low, high FROM foreshadow_map");
        while (map.step()) {
            std::string value;
            append_value(value, column_value(map, 1));
            for (int i = 2; i <= 3; ++i) append_value(value, column_value(map, i, wide));
            all.emplace(definition_key(definition_kind::mapped, map.text(0)), std::move(value));
        }
    }
    statement& schema = db.cached(
        "SELECT name, tbl_name, sql, rowid, type, rootpage = 0 FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT "
        "LIKE "
        "'sqlite\\_%' ESCAPE '\\'");
    while (schema.step()) {
        const std::string name = schema.text(0);
        const std::string type = schema.text(4);
        if (is_own_table(schema.text(1)) || (type == "trigger" && is_own_trigger(name))) continue;
        const auto left_out = std::find_if(omissions.begin(), omissions.end(),
                                           [&](const omission& o) { return type == "table" && o.name == name; });
        const bool is_virtual = type == "table" && schema.integer(5) != 0;
        const auto kind = left_out != omissions.end() ? definition_kind::omitted
                          : is_virtual                ? definition_kind::virtual_table
                          : type == "table"           ? definition_kind::table
                          : type == "index"           ? definition_kind::index
                          : type == "view"            ? definition_kind::view
                                                      : definition_kind::trigger;
        std::string value;
        for (int i = 1; i <= 3; ++i) append_value(value, column_value(schema, i));
        if (kind == definition_kind::table) {
            append_value(value, numbers[name].first);
            append_value(value, numbers[name].second);
        }
        if (kind == definition_kind::omitted) append_value(value, std::string_view{left_out->why});
        all.emplace(definition_key(kind, name), std::move(value));
    }
    return all;
}

[[nodiscard]] inline definitions read_definitions(connection& db, const std::vector<omission>& omissions) {
    definitions all = read_schema(db, omissions);
    all.merge(read_settings(db));
    return all;
}

}  // namespace detail

}  // namespace foreshadow::sqlite

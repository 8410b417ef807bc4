// SPDX-License-Identifier: BSL-1.0
//
// What is done to a database once its rows are there, taken from the dump of the schema: keys and indexes first, those
// of different tables side by side; then all else in the order of the dump. What the dump says of a partitioned table
// is made for each of its partitions before, under the name that it has there, and for the table itself last: the
// server then finds them, and takes them as its own. Where no name is known, the server gives one, after all that have
// a name: a table that was renamed has indexes named after the one that has its name now.
//
// A dump says once what is so for all that follows: in which tablespace things are made. It is said again for each.
#pragma once

#include "foreshadow/postgresql/server/sql_text.hpp"
#include "foreshadow/postgresql/table/definition_set.hpp"
#include "foreshadow/postgresql/table/table.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

/// One object of a dump, as `pg_dump` heads it; what comes before the first has no name.
struct dump_entry {
    std::string name;
    std::string type;
    std::string sql;
};

[[nodiscard]] inline std::vector<dump_entry> entries_of(std::string_view dump) {
    constexpr std::string_view head = "--\n-- Name: ";
    std::vector<dump_entry> all(1);
    dump = dump.substr(0, dump.rfind("--\n-- PostgreSQL database dump complete\n"));
    while (!dump.empty()) {
        const std::size_t next = std::min(dump.find(head, 1), dump.size());
        const std::string_view part = dump.substr(0, next);
        dump.remove_prefix(next);
        const std::size_t name_end = part.find("; Type: ");
        const std::size_t type_end = part.find("; Schema: ");
        const bool is_headed = part.starts_with(head) && name_end < type_end && type_end < part.find("; Owner: ");
        if (!is_headed) {
            all.back().sql += part;
            continue;
        }
        all.push_back({std::string{part.substr(head.size(), name_end - head.size())},
                       std::string{part.substr(name_end + 8, type_end - name_end - 8)}, std::string{part}});
    }
    // What is set for an entry stands behind the one before it.
    for (std::size_t i = all.size(); i-- > 1;)
        for (std::string& before = all[i - 1].sql;;) {
            const std::size_t last = before.rfind("\nSET default_tab");
            if (last == std::string::npos || before.find_first_not_of('\n', before.find('\n', last + 1)) != before.npos)
                break;
            all[i].sql.insert(0, before, last + 1);
            before.resize(last + 1);
        }
    return all;
}

/// The tablespace that an entry's things are made in: a statement; empty: the same as those before it.
[[nodiscard]] inline std::string_view space_set_by(const dump_entry& entry) {
    const std::string_view set = std::string_view{entry.sql}.substr(0, entry.sql.find("--\n"));
    const std::size_t begin = set.find("SET default_tablespace = ");
    return begin == set.npos ? std::string_view{} : set.substr(begin, set.find('\n', begin) + 1 - begin);
}

/// The statement of an entry that consists of one.
[[nodiscard]] inline std::optional<std::string_view> only_statement(const dump_entry& entry) {
    const std::string_view sql = entry.sql;
    const std::size_t begin = sql.find("--\n\n");
    const std::size_t end = sql.find(";\n", begin);
    if (begin == std::string_view::npos || sql.find_first_not_of('\n', end + 1) != std::string_view::npos)
        return std::nullopt;
    return sql.substr(begin + 4, end - begin - 4);
}

/// The name of the table that an entry makes; empty: it makes none.
[[nodiscard]] inline std::string table_made_by(const dump_entry& entry) {
    const std::size_t begin = entry.sql.find(" TABLE ", entry.sql.find("--\n\nCREATE "));
    const std::size_t end = entry.sql.find(" (\n", begin);
    if (entry.type != "TABLE" || end == std::string::npos) return {};
    return entry.sql.substr(begin + 7, end - begin - 7);
}

/// Whether the index that a statement makes has a name as the server gives it: `..._idx`, or with a number. The server
/// would give it to another one, so such an index comes first. Others come last, since it takes an index of the same
/// columns, in whatever order, for what a partition has of its parent's.
[[nodiscard]] inline bool is_named_by_server(std::string_view statement) {
    const std::size_t begin = statement.find(" INDEX ");
    const std::size_t end = statement.find(" ON ", begin);
    if (!statement.starts_with("CREATE ") || end == std::string_view::npos) return false;
    const std::string_view name = statement.substr(begin + 7, end - begin - 7);
    const std::size_t last = name.find_last_not_of("0123456789\"");
    return last != std::string_view::npos && name.substr(0, last + 1).ends_with("_idx");
}

/// A key or an index: of which table, and how the same is made for another one.
struct table_part {
    std::string table;
    std::string name;
    std::string what;  ///< CREATE ... INDEX, or what the constraint is
    std::string by;    ///< of an index: how

    /// `named`: empty, and the server gives it one.
    [[nodiscard]] std::string of(const std::string& other, const std::string& named) const {
        if (by.empty()) return "ALTER TABLE " + other + " ADD" + (named.empty() ? "" : " CONSTRAINT " + named) + what;
        return what + (named.empty() ? "" : " " + named) + " ON " + other + by;
    }
    /// Under the name that is known of it.
    [[nodiscard]] std::string of(const postgresql::table& other) const {
        const auto known = other.index_names.find(table + " " + name);
        return of(other.name, known == other.index_names.end() ? std::string{} : known->second);
    }
};

/// Nothing where the entry is something else, or more than that.
[[nodiscard]] inline std::optional<table_part> table_part_of(const dump_entry& entry) {
    const std::optional<std::string_view> sql = only_statement(entry);
    if (!sql) return std::nullopt;
    if (entry.type == "CONSTRAINT") {
        constexpr std::string_view alter = "ALTER TABLE ONLY ";
        constexpr std::string_view add = "\n    ADD CONSTRAINT ";
        const std::size_t named = sql->find(add);
        if (!sql->starts_with(alter) || named == std::string_view::npos) return std::nullopt;
        const std::size_t name = named + add.size();
        std::size_t end = sql->find(' ', name);
        if ((*sql)[name] == '"')
            for (end = name + 1; end + 1 < sql->size() && ((*sql)[end] != '"' || (*sql)[end + 1] == '"');)
                end += (*sql)[end] == '"' ? 2 : 1;
        const std::string_view what = sql->substr(std::min(sql->find(' ', end), sql->size()));
        if (!what.starts_with(" PRIMARY KEY ") && !what.starts_with(" UNIQUE ") && !what.starts_with(" EXCLUDE "))
            return std::nullopt;
        return table_part{std::string{sql->substr(alter.size(), named - alter.size())},
                          std::string{sql->substr(name, end - name)},
                          std::string{what},
                          {}};
    }
    if (entry.type == "INDEX") {
        const std::size_t by = sql->find(" USING ");
        const std::size_t on = sql->rfind(" ON ", by);
        const std::size_t index = sql->find("INDEX ");
        if (by == std::string_view::npos || on == std::string_view::npos || index > on) return std::nullopt;
        std::string_view of = sql->substr(on + 4, by - on - 4);
        if (of.starts_with("ONLY ")) of.remove_prefix(5);
        const std::size_t name = index + 6;
        return table_part{std::string{of}, std::string{sql->substr(name, on - name)},
                          std::string{sql->substr(0, index + 5)}, std::string{sql->substr(by)}};
    }
    return std::nullopt;
}

/// What follows the rows.
struct after_rows {
    using by_table = std::map<std::string, std::vector<std::string>>;  ///< statements; different tables do not wait

    std::string settings;  ///< for every session
    by_table named;
    by_table of_leaves;            ///< which the server may name, so when all that is named is there
    std::vector<dump_entry> then;  ///< in this order
};

/// `kept`: the tables that are restored.
[[nodiscard]] inline after_rows plan_after_rows(const definition_set& all,
                                                const std::map<std::string, object_id>& kept) {
    std::map<std::string, const table*> known;
    for (const auto& [oid, t] : all.tables) known.emplace(t.name, &t);
    // The lowest first.
    const auto partitions_of = [&](object_id root) {
        std::vector<std::pair<int, const table*>> below;
        for (const auto& [oid, t] : all.tables) {
            int depth = 1;
            object_id above = t.parent;
            for (auto up = all.tables.find(above); up != all.tables.end() && above != root;
                 up = all.tables.find(above)) {
                above = up->second.parent;
                ++depth;
            }
            if (above == root && kept.count(t.name) != 0) below.emplace_back(depth, &t);
        }
        std::sort(below.begin(), below.end(), [](const auto& a, const auto& b) {
            return a.first != b.first ? a.first > b.first : a.second->oid < b.second->oid;
        });
        return below;
    };
    const std::string usual_space = "SET default_tablespace = '';\n";
    std::string space;
    const auto within_space = [&](std::string sql) {
        return space.empty() || space == usual_space ? std::move(sql) : space + sql + "\n" + usual_space;
    };
    after_rows plan;
    std::vector<dump_entry> roots;
    std::vector<dump_entry> entries = entries_of(all.after_rows);
    plan.settings = entries.front().sql + usual_space;
    entries.erase(entries.begin());
    for (dump_entry& entry : entries) {
        if (const std::string_view set = space_set_by(entry); !set.empty()) space = set;
        const std::optional<table_part> part = table_part_of(entry);
        const auto of = part ? known.find(part->table) : known.end();
        entry.sql = within_space(std::move(entry.sql));
        if (of == known.end()) {
            plan.then.push_back(std::move(entry));
            continue;
        }
        if (kept.count(part->table) == 0) continue;
        const table& t = *of->second;
        if (!t.has_branches) {
            plan.named[t.name].push_back(std::move(entry.sql));
            continue;
        }
        for (const auto& [depth, each] : partitions_of(t.oid)) {
            if (!each->has_branches)
                plan.of_leaves[each->name].push_back(part->of(*each));
            else if (each->index_names.count(part->table + " " + part->name) != 0)
                roots.push_back({entry.name, entry.type, part->of(*each)});
        }
        roots.push_back(std::move(entry));
    }
    plan.then.insert(plan.then.begin(), roots.begin(), roots.end());
    return plan;
}

}  // namespace foreshadow::postgresql::detail

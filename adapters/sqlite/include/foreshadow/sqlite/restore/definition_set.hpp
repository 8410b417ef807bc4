// SPDX-License-Identifier: BSL-1.0
//
// Definitions decoded, as a target needs them: in the order in which they can be made again.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/sqlite/database/value.hpp"
#include "foreshadow/sqlite/setup/definitions.hpp"
#include "foreshadow/sqlite/table/partition_map.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::sqlite {

/// An entry of the schema: a table, index, view or trigger.
struct schema_entry {
    std::string name;
    std::string table;
    std::string sql;
    std::int64_t order = 0;   ///< in which the original was made
    std::int64_t prefix = 0;  ///< tables: the number that their keys begin with
    std::int64_t number = 0;  ///< tables: of the partition
};

struct logical_entry {
    std::string name;
    std::string columns;
    std::string options;
    std::string indexes;
    std::int64_t next = 0;
};

struct definition_set {
    std::map<std::string, key_value, std::less<>> settings;
    std::vector<logical_entry> logicals;
    std::map<std::string, map_entry> map;  ///< by child
    std::vector<schema_entry> tables;
    std::vector<schema_entry> virtual_tables;
    std::vector<schema_entry> indexes;
    std::vector<schema_entry> views;
    std::vector<schema_entry> triggers;
    std::map<std::string, std::int64_t> sequences;
    std::vector<omission> omissions;  ///< tables that the backup does not have

    /// Takes one row of the definitions partition.
    void take(key_view at, std::string_view value) {
        if (at.size() < 5) throw error{errc::corrupt, "a definition has no key: " + printable(at)};
        const auto kind = static_cast<definition_kind>(at[4]);
        const std::string name{at.substr(5)};
        const auto next = [&]() -> key_value {
            if (value.empty()) throw error{errc::corrupt, "the definition of " + name + " is cut short"};
            return detail::owned(take_value(value));
        };
        const auto entry = [&] {
            schema_entry e{.name = name, .table = {}, .sql = {}};
            e.table = next().bytes;
            e.sql = next().bytes;
            e.order = next().integer;
            return e;
        };
        switch (kind) {
            case definition_kind::setting:
                settings[name] = next();
                return;
            case definition_kind::logical: {
                logical_entry e{.name = name, .columns = next().bytes, .options = {}, .indexes = {}};
                e.options = next().bytes;
                e.indexes = next().bytes;
                e.next = next().integer;
                logicals.push_back(std::move(e));
                return;
            }
            case definition_kind::mapped: {
                map_entry e{.child = name, .logical = next().bytes, .low = {}, .high = {}};
                e.low = next();
                e.high = next();
                map.emplace(name, std::move(e));
                return;
            }
            case definition_kind::table: {
                schema_entry e = entry();
                e.prefix = next().integer;
                e.number = next().integer;
                tables.push_back(std::move(e));
                return;
            }
            case definition_kind::index:
                indexes.push_back(entry());
                return;
            case definition_kind::view:
                views.push_back(entry());
                return;
            case definition_kind::trigger:
                triggers.push_back(entry());
                return;
            case definition_kind::sequence:
                sequences[name] = next().integer;
                return;
            case definition_kind::virtual_table:
                virtual_tables.push_back(entry());
                return;
            case definition_kind::omitted:
                (void)entry();
                omissions.push_back({name, next().bytes});
                return;
        }
        throw error{errc::unsupported_format, "a definition of an unknown kind: " + printable(at),
                    "it was written by a newer program; restore with that"};
    }

    /// Puts what was made in turn into that order.
    void arrange() {
        for (auto* entries : {&tables, &virtual_tables, &indexes, &views, &triggers})
            std::sort(entries->begin(), entries->end(),
                      [](const schema_entry& a, const schema_entry& b) { return a.order < b.order; });
    }
};

}  // namespace foreshadow::sqlite

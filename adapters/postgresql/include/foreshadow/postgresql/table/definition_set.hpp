// SPDX-License-Identifier: BSL-1.0
//
// Definitions decoded, as a target needs them.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/postgresql/table/definition_key.hpp"
#include "foreshadow/postgresql/table/table.hpp"
#include "foreshadow/row/columns.hpp"
#include "foreshadow/source/omission.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql {

struct definition_set {
    std::vector<std::string> database;  ///< encoding, collation, character type, locale provider, its locale, version
    std::map<object_id, table> tables;
    std::string before_rows;
    std::string after_rows;
    std::map<std::string, std::string> sequences;  ///< last values by name

    [[nodiscard]] bool is_empty() const noexcept { return database.empty(); }

    /// Takes one row of the definitions partition.
    void take(key_view at, std::string_view value) {
        const std::vector<std::string_view> texts = columns_of(value);
        if (at.size() < 5 || texts.empty()) throw error{errc::corrupt, "a definition is cut off: " + printable(at)};
        switch (static_cast<definition_kind>(at[4])) {
            case definition_kind::database:
                database.assign(texts.begin(), texts.end());
                if (database.size() < 6) throw error{errc::corrupt, "the definition of the database is cut off"};
                return;
            case definition_kind::table: {
                table t = detail::read_table(texts[0]);
                tables.insert_or_assign(t.oid, std::move(t));
                return;
            }
            case definition_kind::before_rows:
                before_rows = texts[0];
                return;
            case definition_kind::after_rows:
                after_rows = texts[0];
                return;
            case definition_kind::sequence:
                sequences.insert_or_assign(std::string{at.substr(5)}, std::string{texts[0]});
                return;
        }
        throw error{errc::unsupported_format, "a definition of an unknown kind: " + printable(at),
                    "it was written by a newer program; restore with that"};
    }

    [[nodiscard]] std::vector<omission> omissions() const {
        std::vector<omission> all;
        for (const auto& [oid, t] : tables) t.append_omissions(all);
        return all;
    }
};

}  // namespace foreshadow::postgresql

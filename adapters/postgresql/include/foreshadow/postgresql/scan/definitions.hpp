// SPDX-License-Identifier: BSL-1.0
//
// Reads the definitions: what the database is, what its tables are, the schema before and after the rows, and the
// sequences, whose values no log tells: what is kept is what was used before they were read.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/postgresql/server/connection.hpp"
#include "foreshadow/postgresql/server/schema_dump.hpp"
#include "foreshadow/postgresql/table/definition_key.hpp"
#include "foreshadow/row/columns.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/source/source.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql {

namespace detail {

/// Reads definitions, from `range.begin` on, in a transaction that is open and has exported its snapshot.
class definitions_reader {
  public:
    definitions_reader(connection& db, std::string program, address where, std::string exported)
        : db_{db}, program_{std::move(program)}, where_{std::move(where)}, exported_{std::move(exported)} {}

    /// Appends as many as the budget allows; returns where to go on.
    task<key> read(key_range range, read_budget budget, row_batch& rows) {
        range_ = std::move(range);
        most_ = std::max<std::size_t>(budget.rows, 1);
        for (const definition_kind kind : kinds) {
            if (!range_.overlaps(prefixed(definition_key(kind)))) continue;
            std::vector<std::pair<key, std::string>> found = co_await read_kind(kind);
            std::sort(found.begin(), found.end());
            for (const auto& [k, value] : found) {
                if (!range_.contains(k)) continue;
                if (count_ == most_) co_return next_;
                rows.append(k, value);
                ++count_;
                next_ = successor(k);
            }
            if (count_ == most_) co_return next_;
        }
        co_return intersection(definitions_interval(), range_).end;
    }

  private:
    static constexpr std::array kinds{definition_kind::database, definition_kind::table, definition_kind::before_rows,
                                      definition_kind::after_rows, definition_kind::sequence};
    using found_rows = std::vector<std::pair<key, std::string>>;

    task<found_rows> read_kind(definition_kind kind) {
        found_rows found;
        switch (kind) {
            case definition_kind::database: {
                // The locale's provider and its rules are told by every server in the columns that it has.
                const result r = co_await db_.run(
                    "SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider, "
                    "coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale', ''), "
                    "pg_catalog.current_setting('server_version_num') "
                    "FROM pg_catalog.pg_database d WHERE datname = pg_catalog.current_database()");
                std::vector<std::string> texts;
                for (int i = 0; i < 6; ++i) texts.emplace_back(r.text(0, i));
                found.emplace_back(definition_key(kind), definition_value(texts));
                break;
            }
            case definition_kind::table: {
                const result r = co_await db_.run(
                    "SELECT c.oid, foreshadow.describe(c.oid) FROM pg_catalog.pg_class c WHERE foreshadow.is_table(c)");
                for (int i = 0; i < r.rows(); ++i) {
                    const table t = read_table(r.text(i, 1));
                    found.emplace_back(table_definition_key(t.oid), table_definition(t));
                }
                break;
            }
            case definition_kind::before_rows:
            case definition_kind::after_rows: {
                const std::string section = kind == definition_kind::before_rows ? "pre-data" : "post-data";
                const result partitions = co_await db_.run(
                    "SELECT '\"' || pg_catalog.replace(n.nspname, '\"', '\"\"') || '\".\"' || "
                    "pg_catalog.replace(c.relname, "
                    "'\"', '\"\"') || '\"' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
                    "c.relnamespace WHERE c.relispartition AND c.relkind <> 'i' AND c.relkind <> 'I'");
                std::vector<std::string> without;
                for (int i = 0; i < partitions.rows(); ++i) without.emplace_back(partitions.text(i, 0));
                const std::string text = co_await dump_schema(program_, where_, exported_, section, without);
                const result mended = co_await db_.run(
                    "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), r.was FROM foreshadow.replica_identity r "
                    "JOIN pg_catalog.pg_class c ON c.oid = r.oid JOIN pg_catalog.pg_namespace n ON n.oid = "
                    "c.relnamespace");
                found.emplace_back(definition_key(kind), definition_value({without_identities(text, mended)}));
                break;
            }
            case definition_kind::sequence: {
                const result r = co_await db_.run(
                    "SELECT pg_catalog.format('%I.%I', schemaname, sequencename), last_value "
                    "FROM pg_catalog.pg_sequences WHERE last_value IS NOT NULL");
                for (int i = 0; i < r.rows(); ++i) {
                    const std::string name{r.text(i, 0)};
                    found.emplace_back(definition_key(kind, name), definition_value({std::string{r.text(i, 1)}}));
                }
                break;
            }
        }
        co_return found;
    }

    /// With the identity that tables had before the setup gave them another one.
    [[nodiscard]] static std::string without_identities(std::string text, const result& mended) {
        for (int i = 0; i < mended.rows(); ++i) {
            const std::string given = "\nALTER TABLE ONLY " + std::string{mended.text(i, 0)} + " REPLICA IDENTITY ";
            const std::string full = "FULL;\n";
            const std::size_t at = text.find(given + full);
            if (at == std::string::npos) continue;
            if (mended.text(i, 1) == "n")
                text.replace(at + given.size(), full.size(), "NOTHING;\n");
            else
                text.erase(at + 1, given.size() + full.size() - 1);
        }
        return text;
    }

    connection& db_;
    std::string program_;
    address where_;
    std::string exported_;
    key_range range_;
    std::size_t most_ = 1;
    std::size_t count_ = 0;
    key next_;
};

}  // namespace detail

}  // namespace foreshadow::postgresql

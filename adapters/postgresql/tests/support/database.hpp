// SPDX-License-Identifier: BSL-1.0
//
// What the tests do to a database: as its users, through connections that block nobody else's coroutines; and the truth
// about it, read in one transaction by its own words.
#pragma once

#include "foreshadow/postgresql/postgresql.hpp"
#include "foreshadow/testing/conformance/source_rules.hpp"
#include "run.hpp"
#include "server.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::tests {

/// A user's session.
class session {
  public:
    explicit session(std::string url) : pool_{detail::address{std::move(url)}} {}

    /// Runs one or more statements.
    task<> run(std::string sql) {
        auto db = co_await pool_.take();
        const detail::result r = co_await db->run(std::move(sql));
    }
    /// The first column of the first row.
    task<std::string> ask(std::string sql) {
        auto db = co_await pool_.take();
        const detail::result r = co_await db->run(std::move(sql));
        co_return r.rows() == 0 ? std::string{} : std::string{r.text(0, 0)};
    }

  private:
    detail::connection_pool pool_;
};

/// All rows of a database, by table, in one text.
inline const std::string all_rows =
    "SELECT string_agg(t || ' ' || (xpath('/row/c/text()', query_to_xml('SELECT count(*) || '' '' || "
    "coalesce(sum(hashtextextended(x::text, 0)), 0) AS c FROM ONLY ' || t || ' x', false, true, '')))[1]::text, ', ' "
    "ORDER BY t) FROM (SELECT format('%I.%I', n.nspname, c.relname) AS t FROM pg_class c JOIN pg_namespace n ON n.oid "
    "= "
    "c.relnamespace WHERE c.relkind = 'r' AND c.oid >= 16384 AND n.nspname NOT IN ('foreshadow', "
    "'information_schema', 'pg_catalog', 'pg_toast')) tables";

using rows_by_key = std::map<key, std::string, std::less<>>;

/// What a database holds now, in the keys and values that the adapter gives it. `schema`: the dumps, where they are
/// known from before; else they are put there.
inline task<testing::database_truth> truth_of(std::string url, rows_by_key* schema = nullptr) {
    detail::connection_pool pool{detail::address{url}};
    auto db = co_await pool.take();
    const detail::result begun =
        co_await db->run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_catalog.pg_export_snapshot()");
    testing::database_truth now;
    now.partitions.emplace_back("definitions", detail::definitions_interval());
    const std::string exported{begun.text(0, 0)};
    const bool is_known = schema != nullptr && !schema->empty();
    const key_range all_dumps = detail::schema_interval();
    std::vector<key_range> ranges{key_range::all()};
    if (is_known) ranges = difference(key_range::all(), all_dumps);
    const read_budget large{.rows = 1'000'000, .bytes = std::size_t{1} << 30, .seconds = 60};
    for (const key_range& range : ranges) {
        detail::definitions_reader reader{*db, pg_dump(), pool.where(), exported};
        row_batch rows;
        co_await reader.read(range, large, rows);
        for (std::size_t i = 0; i < rows.size(); ++i) now.rows.emplace(rows[i].key, rows[i].value);
    }
    if (is_known) now.rows.insert(schema->begin(), schema->end());
    if (schema != nullptr)
        for (const auto& [k, value] : now.rows)
            if (all_dumps.contains(k)) schema->emplace(k, value);
    const detail::result tables = co_await db->run(
        "SELECT foreshadow.describe(c.oid) FROM pg_catalog.pg_class c WHERE foreshadow.is_table(c) ORDER BY c.oid");
    for (int i = 0; i < tables.rows(); ++i) {
        const table t = detail::read_table(tables.text(i, 0));
        if (!t.is_captured()) continue;
        now.partitions.emplace_back(t.name, t.interval());
        std::string columns;
        for (const stored_column& c : t.columns) columns += (columns.empty() ? "" : ", ") + identifier(c.name);
        const std::string sql = "COPY (SELECT " + columns + " FROM ONLY " + t.name + ") TO STDOUT (FORMAT binary)";
        co_await db->begin_copy(sql);
        bool is_first = true;
        for (bool ended = false; !ended;) {
            const auto next = db->take_copied(ended);
            if (!next) {
                if (!ended) co_await db->wait_for_more();
                continue;
            }
            detail::message_reader in{next->bytes};
            if (std::exchange(is_first, false)) static_cast<void>(in.bytes(19));
            const auto count = in.number<std::int16_t>();
            if (count < 0) continue;
            std::vector<field> fields;
            for (int f = 0; f < count; ++f) {
                const auto size = in.number<std::int32_t>();
                fields.push_back(size < 0 ? field{} : field{in.bytes(static_cast<std::size_t>(size))});
            }
            key k;
            append_row_key(t, fields, k);
            std::string value;
            for (const field& f : fields) append_field(f, value);
            now.rows.emplace(std::move(k), std::move(value));
        }
        co_await db->finish_copy();
    }
    const detail::result done = co_await db->run("COMMIT");
    co_return now;
}

/// Rows of a restored database as if its tables had the numbers of the original's.
inline rows_by_key renumbered(const rows_by_key& restored, const rows_by_key& original) {
    struct known {
        table what;
        key at;
        std::string value;
    };
    const auto tables_of = [](const rows_by_key& rows) {
        std::map<std::string, known> all;
        const key_range kind = prefixed(definition_key(definition_kind::table));
        for (auto r = rows.lower_bound(kind.begin); r != rows.end() && kind.ends_after(r->first); ++r) {
            table t = detail::read_table(columns_of(r->second).at(0));
            std::string name = t.name;
            all.emplace(std::move(name), known{std::move(t), r->first, r->second});
        }
        return all;
    };
    const auto before = tables_of(original);
    const auto after = tables_of(restored);
    std::map<object_id, object_id> numbers;
    rows_by_key renamed = restored;
    for (const auto& [name, now] : after) {
        const auto found = before.find(name);
        if (found == before.end()) continue;
        numbers[now.what.oid] = found->second.what.oid;
        const table& then = found->second.what;
        const auto parent_of = [](const auto& tables, const table& t) {
            for (const auto& [parent_name, each] : tables)
                if (each.what.oid == t.parent) return parent_name;
            return std::string{};
        };
        bool is_same = now.what.columns.size() == then.columns.size() && now.what.why_not == then.why_not &&
                       now.what.key == then.key && now.what.bound == then.bound && now.what.by == then.by &&
                       now.what.own == then.own && now.what.index_names == then.index_names &&
                       parent_of(after, now.what) == parent_of(before, then);
        for (std::size_t i = 0; is_same && i < now.what.columns.size(); ++i)
            is_same = now.what.columns[i].name == then.columns[i].name;
        if (!is_same) continue;
        renamed.erase(now.at);
        renamed.emplace(found->second.at, found->second.value);
    }
    rows_by_key all;
    for (const auto& [k, value] : renamed) {
        const auto number = numbers.find(table_of(k));
        key as_before = number == numbers.end() ? k : table_prefix(number->second) + k.substr(4);
        all.emplace(std::move(as_before), value);
    }
    return all;
}

}  // namespace foreshadow::postgresql::tests

// SPDX-License-Identifier: BSL-1.0
//
// One chunk: lock the table, then take the snapshot, then COPY. The lock comes first, or a table that is truncated or
// rewritten in between would be silently empty. It is the lock that any reader takes, it is waited for only so long,
// and it ends with the chunk.
#pragma once

#include "foreshadow/postgresql/log/follower.hpp"
#include "foreshadow/postgresql/scan/definitions.hpp"
#include "foreshadow/postgresql/server/connection_pool.hpp"
#include "foreshadow/postgresql/source_options.hpp"
#include "foreshadow/postgresql/table/keyless_rows.hpp"
#include "foreshadow/postgresql/table/rows_error.hpp"
#include "foreshadow/postgresql/table/table.hpp"
#include "foreshadow/run/steady_clock.hpp"
#include "foreshadow/source/source.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

class chunk_reader {
  public:
    chunk_reader(connection_pool& pool, follower& log, const source_options& options)
        : pool_{pool}, log_{log}, options_{options} {}

    task<chunk> read(key_range range, read_budget budget, row_batch& rows) {
        const follower::reading known{log_};
        taken made;
        if (range.overlaps(definitions_interval())) {
            made = co_await read_definitions(range, budget, rows);
        } else {
            const table* first = log_.tables().first_captured(table_of(range.begin));
            std::optional<table> wanted;
            if (first != nullptr) wanted = *first;
            for (int tries = 0;; ++tries) {
                if (wanted && !range.overlaps(wanted->interval())) wanted.reset();
                std::optional<taken> done = co_await read_named(range, budget, rows, wanted);
                if (done) {
                    made = std::move(*done);
                    break;
                }
                if (tries == 20)
                    throw error{errc::busy, "tables come and go faster than they can be read", "", retry::later};
            }
        }
        chunk result{{range.begin, std::move(made.end)}, {}};
        result.seen = co_await log_.contained_in(known, made.seen, made.written);
        co_return result;
    }

  private:
    struct taken;
    /// As `try_to_read`; what goes wrong says with which table.
    task<std::optional<taken>> read_named(key_range range, read_budget budget, row_batch& rows,
                                          std::optional<table>& wanted) {
        std::string title;
        if (wanted) title = title_of(*wanted, [&](object_id oid) { return log_.tables().find(oid); });
        try {
            std::optional<taken> done = co_await try_to_read(range, budget, rows, wanted);
            co_return done;
        } catch (const error& e) {
            if (title.empty()) throw;
            throw rows_error(e, "cannot read", title);
        }
    }

    /// What a transaction read.
    struct taken {
        key end;
        snapshot seen;
        position written;
    };

    [[nodiscard]] static std::string begin_sql() { return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"; }
    [[nodiscard]] static std::string snapshot_sql() {
        return "SELECT pg_catalog.pg_current_snapshot(), pg_catalog.pg_current_wal_insert_lsn()";
    }

    task<taken> read_definitions(key_range range, read_budget budget, row_batch& rows) {
        auto db = co_await pool_.take();
        const std::string sql = begin_sql() + "; " + snapshot_sql() + ", pg_catalog.pg_export_snapshot()";
        const result seen = co_await db->run(sql);
        definitions_reader reader{*db, options_.pg_dump, pool_.where(), std::string{seen.text(0, 2)}};
        taken made;
        made.seen = snapshot::read(seen.text(0, 0));
        made.written = position_of(seen.text(0, 1));
        made.end = co_await reader.read(range, budget, rows);
        const result done = co_await db->run("COMMIT");
        co_return made;
    }

    /// Reads from `wanted`, the first table of the range, or finds that there is none. Where the snapshot has another
    /// first one, that is wanted, and nothing was read.
    task<std::optional<taken>> try_to_read(key_range range, read_budget budget, row_batch& rows,
                                           std::optional<table>& wanted) {
        auto db = co_await pool_.take();
        std::string look = begin_sql() + "; ";
        if (wanted)
            look += "SET LOCAL lock_timeout = " + std::to_string(options_.lock_timeout.count()) + "; LOCK TABLE ONLY " +
                    wanted->name + " IN ACCESS SHARE MODE; ";
        look += snapshot_sql() +
                ", d FROM (SELECT 1) one LEFT JOIN LATERAL (SELECT foreshadow.describe(c.oid) AS d "
                "FROM pg_catalog.pg_class c WHERE foreshadow.is_table(c) AND c.oid >= " +
                std::to_string(table_of(range.begin)) + bounds(range, wanted) + " ORDER BY c.oid) found ON true";
        std::optional<result> seen;
        try {
            seen = co_await db->run(look);
        } catch (const error& e) {
            if (e.code() != errc::not_found) throw;
        }
        if (!seen) {  // it was dropped or renamed
            const result undone = co_await db->run("ROLLBACK");
            wanted.reset();
            co_return std::nullopt;
        }
        std::optional<table> first = first_captured(*seen);
        const bool is_wanted = first.has_value() == wanted.has_value() &&
                               (!first || (first->oid == wanted->oid && first->name == wanted->name));
        if (!is_wanted) {
            const result undone = co_await db->run("ROLLBACK");
            wanted = std::move(first);
            co_return std::nullopt;
        }
        taken made{range.end, snapshot::read(seen->text(0, 0)), position_of(seen->text(0, 1))};
        if (first) made.end = co_await copy(db, *first, range, budget, rows);
        co_return made;
    }

    /// The tables to look at: up to the wanted one, or all of the range.
    [[nodiscard]] static std::string bounds(const key_range& range, const std::optional<table>& wanted) {
        if (wanted) return " AND c.oid <= " + std::to_string(wanted->oid);
        if (range.is_unbounded()) return "";
        const bool is_border = range.end.size() <= 4;
        return (is_border ? " AND c.oid < " : " AND c.oid <= ") + std::to_string(table_of(range.end));
    }

    [[nodiscard]] static std::optional<table> first_captured(const result& seen) {
        for (int i = 0; i < seen.rows() && !seen.is_null(i, 2); ++i)
            if (table t = read_table(seen.text(i, 2)); t.is_captured()) return t;
        return std::nullopt;
    }

    /// How a key bounds a table's rows from below, as SQL; nothing where it cannot be said.
    [[nodiscard]] static std::optional<std::string> condition(const table& of, const key& begin) {
        if (!of.has_key()) return digests_from(of, begin);
        if (begin <= table_prefix(of.oid)) return "";
        key_view left = begin;
        left.remove_prefix(4);
        std::string columns;
        std::string values;
        for (const key_column& c : of.key) {
            const std::optional<std::string> value = take_key_value(c, left);
            if (!value || !has_literal(c, *value)) return std::nullopt;
            columns += (columns.empty() ? "(" : ", ") + c.expression();
            values += (values.empty() ? "(" : ", ") + key_literal(c, *value);
        }
        return " WHERE " + columns + (left.empty() ? ") >= " : ") > ") + values + ")";
    }

    /// Rows from the range's begin on; returns where to go on. Commits, or closes the connection.
    task<key> copy(connection_pool::lease& db, table of, key_range range, read_budget budget, row_batch& rows) {
        const double began = clock_.seconds();
        const std::optional<std::string> bound = condition(of, range.begin);
        // A row's size is known from the last chunk of its table.
        const auto known = row_bytes_.find(of.oid);
        const std::size_t bytes_a_row = known == row_bytes_.end() ? 1'000 : std::max<std::size_t>(known->second, 1);
        const std::size_t most = std::max<std::size_t>(1, std::min(budget.rows, budget.bytes / bytes_a_row));
        // Equal rows of a table without a key come whole.
        const std::string limit =
            " FETCH FIRST " + std::to_string(most) + (of.has_key() ? " ROWS ONLY" : " ROWS WITH TIES");
        const std::string sql = "COPY (SELECT " + column_list(of) + " FROM ONLY " + of.name + bound.value_or("") +
                                order(of) + (bound ? limit : "") + ") TO STDOUT (FORMAT binary)";
        co_await db->begin_copy(sql);
        const std::size_t bytes_before = rows.bytes();
        std::size_t count = 0;
        key last;
        bool is_first = true;
        bool ended = false;
        bool is_past_end = false;
        bool is_enough = false;
        std::vector<field> fields;
        while (!ended) {
            const std::optional<connection::copied> next = db->take_copied(ended);
            if (!next) {
                if (!ended) co_await db->wait_for_more();
                continue;
            }
            message_reader in{next->bytes};
            if (is_first) static_cast<void>(in.bytes(19));  // the header of the format
            is_first = false;
            if (!read_fields(in, fields) || is_past_end) continue;
            key k = key_of(of, fields, last);
            if (!of.has_key()) expect_whole_row(of, k, range);
            if (k < range.begin) continue;
            const bool may_end = of.has_key() || (count > 0 && row_of(k) != row_of(last));
            if (is_enough && may_end) {
                db.drop();
                co_return end_after(of, last, range);
            }
            if (count > 0 && k <= last)
                throw error{errc::internal, "table " + of.name + " is not read in the order of its keys"};
            is_past_end = !range.ends_after(k);
            if (is_past_end) continue;
            rows.append_with(k, [&](std::string& arena) {
                for (const field& f : fields) append_field(f, arena);
            });
            last = std::move(k);
            ++count;
            const std::size_t bytes = rows.bytes() - bytes_before;
            is_enough =
                bytes > 4 * budget.bytes || clock_.seconds() - began > 4 * budget.seconds || (!bound && count >= most);
        }
        co_await db->finish_copy();
        const result done = co_await db->run("COMMIT");
        if (count > 0) row_bytes_[of.oid] = (rows.bytes() - bytes_before) / count + 1;
        const bool is_whole = is_past_end || !bound || count < most;
        co_return is_whole ? intersection(of.interval(), range).end : end_after(of, last, range);
    }

    /// The key of a row that comes after `last`.
    [[nodiscard]] static key key_of(const table& of, const std::vector<field>& fields, const key& last) {
        key made;
        if (of.has_key()) {
            append_row_key(of, fields, made);
            return made;
        }
        const digest row = digest_of_row(fields);
        const bool is_equal = !last.empty() && row_of(last) == row.view();
        append_found(of.oid, row, is_equal ? place_of(last) + 1 : 0, made);
        return made;
    }

    [[nodiscard]] static key end_after(const table& of, const key& last, const key_range& range) {
        key next = of.has_key() ? successor(last) : end_of_row(last);
        return range.ends_after(next) ? next : range.end;
    }

    [[nodiscard]] static std::string order(const table& of) {
        if (!of.has_key()) return " ORDER BY " + of.row_digest;
        std::string columns;
        for (const key_column& c : of.key) columns += (columns.empty() ? " ORDER BY " : ", ") + c.expression();
        return columns;
    }

    /// The fields of the next row; false at the end of the format.
    [[nodiscard]] static bool read_fields(message_reader& in, std::vector<field>& fields) {
        fields.clear();
        const auto count = in.number<std::int16_t>();
        if (count < 0) return false;
        for (int i = 0; i < count; ++i) {
            const auto size = in.number<std::int32_t>();
            if (size < 0)
                fields.emplace_back(std::nullopt);
            else
                fields.emplace_back(in.bytes(static_cast<std::size_t>(size)));
        }
        return true;
    }

    connection_pool& pool_;
    follower& log_;
    const source_options& options_;
    steady_clock clock_;
    std::map<object_id, std::size_t> row_bytes_;  ///< of an average row, by table
};

}  // namespace foreshadow::postgresql::detail

// SPDX-License-Identifier: BSL-1.0
//
// Reads rows by key inside the caller's read transaction: one after another from a key on, or a single one.
#pragma once

#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/database/value.hpp"
#include "foreshadow/sqlite/layout/catalog.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::sqlite::detail {

/// Key columns first, then the stored columns.
[[nodiscard]] inline std::string selected(const table_shape& table) {
    std::vector<std::string> columns = table.key_expressions();
    for (const std::string& column : table.stored) columns.push_back(identifier(column));
    return "SELECT " + joined(columns) + " FROM " + identifier(table.name);
}

/// How far the key columns of a linear key can be decoded, for the place where a scan goes on.
struct scan_start {
    std::vector<key_value> columns;
    bool beyond = false;  ///< rows with exactly these columns lie before the start
};

[[nodiscard]] inline scan_start start_at(key_view rest, const table_shape& table, text_encoding encoding) {
    scan_start start;
    if (table.by_rowid) {
        if (rest.empty()) return start;
        key padded{rest.substr(0, 8)};
        padded.resize(8, '\0');
        key_view view = padded;
        start.columns.push_back({.kind = value_kind::integer, .integer = *take_rowid(view), .bytes = {}});
        start.beyond = rest.size() > 8;
        return start;
    }
    for (const key_column& column : table.key) {
        auto value = take_key(rest, column, encoding);
        if (!value) return start;
        start.columns.push_back(std::move(*value));
    }
    start.beyond = !rest.empty();
    return start;
}

/// The condition that a row lies at or after the first `given` key columns, bound from `?1` on.
[[nodiscard]] inline std::string condition_after(const table_shape& table, std::size_t given, bool beyond) {
    if (given == 0) return {};
    const auto names = table.compared_key();
    bool ascending = true;
    for (std::size_t i = 0; i < given && !table.by_rowid; ++i) ascending = ascending && !table.key[i].descending;
    std::vector<std::string> left;
    std::vector<std::string> right;
    for (std::size_t i = 0; i < given; ++i) {
        left.push_back(names[i]);
        right.push_back("?" + std::to_string(i + 1));
    }
    if (ascending) {
        const std::string row = given == 1 ? left[0] : "(" + joined(left) + ")";
        const std::string key = given == 1 ? right[0] : "(" + joined(right) + ")";
        return " WHERE " + row + (beyond ? " > " : " >= ") + key;
    }
    std::string text = beyond ? "0" : "1";
    for (std::size_t i = given; i-- > 0;) {
        const char* past = table.key[i].descending ? " < " : " > ";
        text = "(" + left[i] + past + right[i] + " OR (" + left[i] + " = " + right[i] + " AND " + text + "))";
    }
    // The first column alone bounds the range of the index that has to be searched.
    return " WHERE " + left[0] + (table.key[0].descending ? " <= " : " >= ") + right[0] + " AND " + text;
}

[[nodiscard]] inline std::string order_of(const table_shape& table) {
    std::vector<std::string> order = table.compared_key();
    for (std::size_t i = 0; i < table.key.size() && !table.by_rowid; ++i)
        if (table.key[i].descending) order[i] += " DESC";
    return " ORDER BY " + joined(order);
}

/// Appends the linear key of a statement's row, whose columns begin with those of the key at `first`.
inline void append_row_key(std::string& out, const statement& row, int first, const segment& s,
                           text_encoding encoding) {
    append_big_endian(out, static_cast<std::uint64_t>(s.books.prefix), 4);
    if (s.shape.by_rowid) {
        append_rowid(out, row.integer(first));
        return;
    }
    for (std::size_t i = 0; i < s.shape.key.size(); ++i) {
        const key_column& column = s.shape.key[i];
        const bool wide = encoding != text_encoding::utf8 && column.collate == collation::binary;
        append_key(out, column_value(row, first + static_cast<int>(i), wide), column, encoding);
    }
}

inline void append_row_value(std::string& out, const statement& row, const segment& s, bool wide) {
    const auto first = s.shape.by_rowid ? 1 : static_cast<int>(s.shape.key.size());
    for (std::size_t i = 0; i < s.shape.stored.size(); ++i)
        append_value(out, column_value(row, first + static_cast<int>(i), wide));
}

/// Reads a range over one snapshot, table by table.
class range_scan {
  public:
    range_scan(connection& db, const catalog& tables, const read_budget& budget, row_batch& rows)
        : db_{&db},
          tables_{&tables},
          budget_{budget},
          rows_{&rows},
          first_row_{rows.size()},
          first_byte_{rows.bytes()},
          started_{std::chrono::steady_clock::now()} {}

    /// Appends rows from `range.begin` on; returns where to go on.
    [[nodiscard]] key run(const key_range& range) {
        const key_range defined = prefixed(table_prefix(0));
        key cursor = range.begin;
        if (defined.contains(cursor) || cursor.empty()) {
            const definitions all = read_definitions(*db_, tables_->omissions);
            for (auto d = all.lower_bound(cursor); d != all.end() && range.ends_after(d->first); ++d) {
                rows_->append(d->first, d->second);
                if (is_spent()) return clipped(successor(d->first), range);
            }
            cursor = std::max(cursor, defined.end);
        }
        while (range.ends_after(cursor)) {
            const segment* s = tables_->at_or_after(cursor);
            if (s == nullptr) return range.end;
            cursor = std::max(cursor, s->books.interval.begin);
            if (!range.ends_after(cursor)) break;
            const key end = end_before(s->books.interval.end, range.end) ? s->books.interval.end : range.end;
            if (auto stopped = scan(*s, cursor, end)) return clipped(std::move(*stopped), range);
            cursor = end;
            if (cursor.empty()) break;
        }
        return range.end;
    }

  private:
    static key clipped(key at, const key_range& range) {
        if (!range.ends_after(at)) return range.end;
        return at;
    }

    [[nodiscard]] bool is_spent() const {
        const std::size_t read = rows_->size() - first_row_;
        if (read >= budget_.rows || rows_->bytes() - first_byte_ >= budget_.bytes) return read > 0;
        if (read == 0 || read % 64 != 0) return false;
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started_;
        return spent.count() >= budget_.seconds;
    }

    /// Reads one table; returns where it stopped for the budget.
    [[nodiscard]] std::optional<key> scan(const segment& s, const key& from, const key& end) {
        const scan_start start =
            start_at(key_view{from}.substr(std::min<std::size_t>(4, from.size())), s.shape, tables_->encoding);
        statement& rows = db_->cached(selected(s.shape) + condition_after(s.shape, start.columns.size(), start.beyond) +
                                      order_of(s.shape));
        for (std::size_t i = 0; i < start.columns.size(); ++i)
            bind_value(rows, static_cast<int>(i) + 1, start.columns[i].view());
        key at;
        while (rows.step()) {
            at.clear();
            append_row_key(at, rows, 0, s, tables_->encoding);
            if (at < from) continue;
            if (!end.empty() && at >= end) break;
            rows_->append_with(at, [&](std::string& out) { append_row_value(out, rows, s, tables_->is_wide()); });
            if (is_spent()) {
                rows.reset();
                return successor(at);
            }
        }
        rows.reset();
        return std::nullopt;
    }

    connection* db_;
    const catalog* tables_;
    read_budget budget_;
    row_batch* rows_;
    std::size_t first_row_;
    std::size_t first_byte_;
    std::chrono::steady_clock::time_point started_;
};

/// The value of one row as it is in the snapshot; false where there is none.
[[nodiscard]] inline bool read_row(connection& db, const catalog& tables, key_view at, std::string& value) {
    const segment* s = tables.owner(at);
    if (s == nullptr) return false;
    const scan_start start = start_at(at.substr(4), s->shape, tables.encoding);
    const auto names = s->shape.compared_key();
    std::vector<std::string> equal;
    for (std::size_t i = 0; i < names.size(); ++i) equal.push_back(names[i] + " = ?" + std::to_string(i + 1));
    statement& row = db.cached(selected(s->shape) + " WHERE " + joined(equal, " AND "));
    for (std::size_t i = 0; i < start.columns.size(); ++i)
        bind_value(row, static_cast<int>(i) + 1, start.columns[i].view());
    const bool found = row.step();
    if (found) append_row_value(value, row, *s, tables.is_wide());
    row.reset();
    return found;
}

}  // namespace foreshadow::sqlite::detail

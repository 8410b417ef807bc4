// SPDX-License-Identifier: BSL-1.0
//
// Turns what the log gained since a position into one commit, inside one snapshot: the keys that were touched, each
// once, with the row as it is now; layout entries and ranges in their order; definitions by comparison with what was
// known. Memory grows with the number of rows that changed since then, not with the number of changes.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/row/varint.hpp"
#include "foreshadow/source/log_batch.hpp"
#include "foreshadow/sqlite/layout/catalog.hpp"
#include "foreshadow/sqlite/scan/chunk_reader.hpp"
#include "foreshadow/store/digest.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace foreshadow::sqlite::detail {

[[nodiscard]] inline wall_time wall_now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

/// How many rows, and how many bytes in them: exact for small tables, by samples for large ones.
inline void estimate(connection& db, const catalog& tables, const segment& s, partition& p) {
    constexpr std::int64_t counted = 200'000;
    const std::string from = " FROM " + identifier(s.shape.name);
    auto rows = db.prepare("SELECT count(*) FROM (SELECT 1" + from + " LIMIT " + std::to_string(counted) + ")");
    if (rows.step()) p.rows = static_cast<std::uint64_t>(rows.integer(0));
    if (s.shape.by_rowid && p.rows == static_cast<std::uint64_t>(counted)) {
        const std::string id = identifier(s.shape.rowid);
        auto span =
            db.prepare("SELECT (SELECT max(" + id + ")" + from + ") - (SELECT min(" + id + ")" + from + ") + 1");
        if (span.step())
            p.rows = std::max(p.rows, static_cast<std::uint64_t>(std::max<std::int64_t>(span.integer(0), 0)));
    }
    std::uint64_t sampled = 0;
    std::string bytes;
    for (const char* order : {"", " DESC"}) {
        const std::string by = s.shape.by_rowid ? " ORDER BY " + identifier(s.shape.rowid) + order : "";
        auto sample = db.prepare(selected(s.shape) + by + " LIMIT 32");
        while (sample.step()) {
            append_row_key(bytes, sample, 0, s, tables.encoding);
            append_row_value(bytes, sample, s, tables.is_wide());
            ++sampled;
        }
    }
    if (sampled == 0) return;
    // Sparse rowids would count rows that are not there: no table is larger than its file.
    const auto file = static_cast<std::uint64_t>(db.number("PRAGMA page_count")) *
                      static_cast<std::uint64_t>(db.number("PRAGMA page_size"));
    const std::uint64_t row_bytes = std::max<std::uint64_t>(1, bytes.size() / sampled);
    p.rows = std::min(p.rows, file / row_bytes + 1);
    p.bytes = p.rows * row_bytes;
}

[[nodiscard]] inline partition definitions_partition() {
    return {.id = {}, .name = "definitions", .interval = prefixed(table_prefix(0)), .holds = content::definitions};
}

[[nodiscard]] inline layout layout_of(connection& db, const catalog& tables, position at) {
    layout shape{.at = at, .partitions = {definitions_partition()}};
    for (const segment& s : tables.segments) {
        partition p{.id = s.id(), .name = s.books.name, .interval = s.books.interval};
        estimate(db, tables, s, p);
        shape.partitions.push_back(std::move(p));
    }
    return shape;
}

/// What is known of the definitions at a position, so that the next commit can tell what changed.
struct known_definitions {
    position at;
    std::int64_t schema_version = 0;
    definitions schema;
    definitions settings;
};

/// Tells whether definitions are those of a position, without keeping them: its number, and a digest of them.
[[nodiscard]] inline std::string fingerprint(const known_definitions& known) {
    std::string all;
    for (const definitions* some : {&known.schema, &known.settings})
        for (const auto& [k, value] : *some) {
            append_sized(k, all);
            append_sized(value, all);
        }
    return std::to_string(known.at.value) + ' ' + to_hex(hmac_sha256(digest{}, {all}));
}

/// Reads the log after a position, within the caller's snapshot.
class log_reader {
  public:
    log_reader(connection& db, const catalog& tables, position after, log_batch& out)
        : db_{&db}, tables_{&tables}, out_{&out}, end_{static_cast<std::uint64_t>(log_end(db))} {
        out.clear();
        out.after = after;
        out.upto = end_;
        out.now = wall_now();
    }

    [[nodiscard]] position end() const noexcept { return end_; }

    /// Throws `hold_lost` where the log does not reach back to `after`, or does not reach it.
    void check() {
        const position after = out_->after;
        const auto pruned = static_cast<std::uint64_t>(db_->number("SELECT pruned_upto FROM foreshadow_control"));
        if (pruned > after.value)
            throw error{errc::hold_lost,
                        "the log of " + db_->path() + " was pruned up to " + std::to_string(pruned) +
                            ", but is needed from " + std::to_string(after.value),
                        "another backup of it let go of the log; the same command reads the database again"};
        if (end_ < after)
            throw error{errc::hold_lost,
                        "the log of " + db_->path() + " ends at " + std::to_string(end_.value) + ", before " +
                            std::to_string(after.value) + ": the database was replaced or restored",
                        "the same command reads the database again"};
    }

    /// Fills the batch. `known` is replaced by what is known now.
    void read(std::optional<known_definitions>& known) {
        statement& rows = db_->cached("SELECT * FROM foreshadow_log WHERE pos > ?1 ORDER BY pos");
        rows.bind(1, static_cast<std::int64_t>(out_->after.value));
        std::uint64_t expected = out_->after.value;
        while (rows.step()) {
            if (static_cast<std::uint64_t>(rows.integer(0)) != ++expected)
                throw error{errc::hold_lost,
                            "the log of " + db_->path() + " lacks position " + std::to_string(expected),
                            "remove the log with `foreshadow release`, then back up again"};
            take(rows, next_ordinal());
        }
        close_layout();
        emit_rows();
        emit_definitions(known);
        if (!out_->changes.empty() || !out_->layouts.empty())
            out_->commits.push_back({end_, out_->now, 0, out_->changes.size()});
    }

    /// Whether the definitions differ from what is known.
    [[nodiscard]] static bool differ(connection& db, const known_definitions& known, const catalog& tables) {
        return known.settings != read_settings(db) ||
               (known.schema_version != tables.schema_version && known.schema != read_schema(db, tables.omissions));
    }

  private:
    struct entry {
        std::uint32_t ordinal;
        char op;
        key first;   ///< of a row, or the begin of a range
        key second;  ///< the end of a range
    };

    [[nodiscard]] std::uint32_t next_ordinal() {
        if (ordinal_ == std::numeric_limits<std::uint32_t>::max())
            throw error{errc::unsupported, "more than four billion changes lie between two polls of " + db_->path(),
                        "remove the log with `foreshadow release`, then back up again"};
        return ordinal_++;
    }
    [[nodiscard]] version at(std::uint32_t ordinal) const { return {end_, ordinal}; }

    void take(statement& row, std::uint32_t ordinal) {
        const char op = row.text(2)[0];
        const std::int64_t number = row.integer(1);
        if (op != '+' && op != '-' && op != 'C') close_layout();
        switch (op) {
            case 'C':
                for (partition* p : unborn()) p->id.created = {static_cast<std::uint64_t>(row.integer(0))};
                return;
            case '-':
                // An end after a beginning is another change of layout.
                if (!change_.begun.empty()) close_layout();
                change_.retired.push_back(
                    {static_cast<std::uint64_t>(number), {static_cast<std::uint64_t>(row.integer(3))}});
                change_.at = at(ordinal);
                return;
            case '+':
                change_.begun.push_back({.id = {static_cast<std::uint64_t>(number), {}},
                                         .name = row.text(5),
                                         .interval = {row.blob(3), row.blob(4)},
                                         .born_empty = row.integer(6) != 0});
                change_.at = at(ordinal);
                return;
            case 'X':
            case 'R':
                entries_.push_back({ordinal, op, row.blob(3), row.blob(4)});
                return;
            default:
                break;
        }
        // A table that is gone by now: its erasure stands in the log, too.
        const segment* s = tables_->with_prefix(number);
        if (s == nullptr) return;
        key k;
        append_row_key(k, row, 3, *s, tables_->encoding);
        last_[k] = entries_.size();
        entries_.push_back({ordinal, op, std::move(k), {}});
    }

    /// Beginnings whose commit has not been seen yet.
    [[nodiscard]] std::vector<partition*> unborn() {
        std::vector<partition*> all;
        for (layout_change& change : out_->layouts)
            for (partition& p : change.begun)
                if (p.id.created == position{}) all.push_back(&p);
        for (partition& p : change_.begun)
            if (p.id.created == position{}) all.push_back(&p);
        return all;
    }

    void close_layout() {
        if (change_.retired.empty() && change_.begun.empty()) return;
        change_.time = out_->now;
        std::sort(change_.begun.begin(), change_.begun.end(),
                  [](const partition& a, const partition& b) { return a.interval.begin < b.interval.begin; });
        for (partition& p : change_.begun) {
            const segment* s = tables_->owner(p.interval.begin);
            if (s != nullptr && static_cast<std::uint64_t>(s->books.number) == p.id.native)
                estimate(*db_, *tables_, *s, p);
        }
        out_->layouts.push_back(std::move(change_));
        change_ = {};
    }

    void emit_rows() {
        std::string value;
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            const entry& e = entries_[i];
            if (e.op == 'X' || e.op == 'R') {
                const auto kind = e.op == 'X' ? change_kind::erase_range : change_kind::replaced;
                out_->changes.append({kind, write_hint::unknown, at(e.ordinal), e.first, e.second});
                continue;
            }
            if (last_[e.first] != i) continue;
            value.clear();
            const bool there = read_row(*db_, *tables_, e.first, value);
            out_->changes.append(
                {there ? change_kind::put : change_kind::erase, hint(e.op), at(e.ordinal), e.first, value});
        }
    }

    [[nodiscard]] static write_hint hint(char op) {
        switch (op) {
            case 'I':
                return write_hint::inserted;
            case 'U':
                return write_hint::updated;
            case 'N':
            case 'M':
                return write_hint::moved;
            default:
                return write_hint::unknown;
        }
    }

    void put(const key& k, std::string_view value) {
        out_->changes.append({change_kind::put, write_hint::unknown, at(next_ordinal()), k, value});
    }

    void compare(const definitions& before, const definitions& now) {
        for (const auto& [k, value] : before)
            if (now.find(k) == now.end())
                out_->changes.append({change_kind::erase, write_hint::unknown, at(next_ordinal()), k, {}});
        for (const auto& [k, value] : now) {
            const auto old = before.find(k);
            if (old == before.end() || old->second != value) put(k, value);
        }
    }

    void emit_definitions(std::optional<known_definitions>& known) {
        known_definitions now{end_, tables_->schema_version, {}, read_settings(*db_)};
        const bool continues = known && known->at == out_->after;
        now.schema = continues && known->schema_version == now.schema_version ? known->schema
                                                                              : read_schema(*db_, tables_->omissions);
        if (continues) {
            compare(known->schema, now.schema);
            compare(known->settings, now.settings);
        } else {
            // What was known at that position is not known here: the definitions are told as a whole.
            const key_range all = prefixed(table_prefix(0));
            out_->changes.append(
                {change_kind::erase_range, write_hint::unknown, at(next_ordinal()), all.begin, all.end});
            for (const auto& [k, value] : now.schema) put(k, value);
            for (const auto& [k, value] : now.settings) put(k, value);
        }
        known = std::move(now);
    }

    connection* db_;
    const catalog* tables_;
    log_batch* out_;
    position end_;
    std::uint32_t ordinal_ = 0;
    layout_change change_;
    std::vector<entry> entries_;
    std::unordered_map<key, std::size_t> last_;
};

}  // namespace foreshadow::sqlite::detail

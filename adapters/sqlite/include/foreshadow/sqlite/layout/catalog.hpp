// SPDX-License-Identifier: BSL-1.0
//
// The tables as one version of the schema has them, with their intervals, and the reconciliation that makes the books
// agree with the schema again when a program created, dropped or altered tables behind our back. Both happen inside
// one transaction of the caller's, so a layout is never known by halves.
//
// How a table is recognised: by its triggers. They go with DROP TABLE and follow a rename, so a table that was dropped
// and created again under its name has none, and is a new partition.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/sqlite/setup/capture.hpp"
#include "foreshadow/sqlite/setup/definitions.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::sqlite {

/// A partition with the table that holds it.
struct segment {
    part books;
    table_shape shape;

    [[nodiscard]] partition_id id() const {
        return {static_cast<std::uint64_t>(books.number), {static_cast<std::uint64_t>(books.created)}};
    }
};

/// The partitions under one version of the schema, by key. Never changed once it is published.
struct catalog {
    std::int64_t schema_version = 0;
    std::string uuid;
    text_encoding encoding = text_encoding::utf8;
    std::vector<segment> segments;
    std::vector<omission> omissions;  ///< tables that cannot be captured

    [[nodiscard]] bool is_wide() const noexcept { return encoding != text_encoding::utf8; }

    /// The segment that owns `k`, else the first one above it; null where there is none.
    [[nodiscard]] const segment* at_or_after(key_view k) const {
        // Segments are disjoint, so their ends are in order, too.
        const auto found = std::partition_point(segments.begin(), segments.end(),
                                                [&](const segment& s) { return !s.books.interval.ends_after(k); });
        return found == segments.end() ? nullptr : &*found;
    }
    [[nodiscard]] const segment* owner(key_view k) const {
        auto next = std::upper_bound(segments.begin(), segments.end(), k,
                                     [](key_view value, const segment& s) { return value < s.books.interval.begin; });
        if (next == segments.begin()) return nullptr;
        --next;
        return next->books.interval.contains(k) ? &*next : nullptr;
    }
    /// Some segment of the table with this number: they all have the same key.
    [[nodiscard]] const segment* with_prefix(std::int64_t prefix) const {
        // Every key of a table begins with its number, and numbers order as their keys do.
        const auto found = std::lower_bound(segments.begin(), segments.end(), prefix,
                                            [](const segment& s, std::int64_t p) { return s.books.prefix < p; });
        return found != segments.end() && found->books.prefix == prefix ? &*found : nullptr;
    }
};

namespace detail {

/// What has to be done to a partition so that the books agree with the schema.
struct correction {
    enum class kind : std::uint8_t { begin, end, adopt } what = kind::begin;
    part books;
    table_shape shape;
    bool retrigger = false;  ///< adopt: its triggers no longer fit
    bool replaced = false;   ///< adopt: its rows may have changed in a way that no trigger told
};

struct survey {
    std::vector<correction> corrections;
    catalog now;
};

/// Whether the columns are those from before, or those and new ones after them.
[[nodiscard]] inline bool only_appended(const std::string& before, const std::string& now) {
    return now.compare(0, before.size(), before) == 0;
}

/// Whether the text that made a table is that from before, but for its name and one piece put in after a column, as ADD
/// COLUMN does. A column that was dropped and added again has another text, and so has a table that a migration copied.
[[nodiscard]] inline bool only_grown(std::string_view before, std::string_view now) {
    before.remove_prefix(std::min(before.find('('), before.size()));
    now.remove_prefix(std::min(now.find('('), now.size()));
    if (before == now) return true;
    if (now.size() < before.size()) return false;
    const std::size_t grown = now.size() - before.size();
    for (std::size_t at = 0; at < before.size(); ++at) {
        if (now[at] == ',' && now.substr(at + grown) == before.substr(at)) return true;
        if (now[at] != before[at]) return false;
    }
    return false;
}

/// Compares the schema with the books; changes nothing.
[[nodiscard]] inline survey survey_of(connection& db, const capture_options& options) {
    survey result;
    result.now.schema_version = db.number("PRAGMA schema_version");
    result.now.uuid = db.text("SELECT uuid FROM foreshadow_control");
    result.now.encoding = encoding_of(db);
    std::map<std::string, std::map<std::int64_t, std::string>> triggers;  // table: number: letters
    statement& names = db.cached(
        "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB 'foreshadow_[0-9]*' "
        "ORDER BY name");
    while (names.step()) {
        const std::string name = names.text(0);
        if (is_own_trigger(name)) triggers[names.text(1)][std::stoll(name.substr(11))] += name.back();
    }
    std::map<std::int64_t, part> parts;
    for (part& p : read_parts(db))
        if (p.is != part::kind::logical) parts.emplace(p.number, std::move(p));
    const auto map = read_map(db);
    const bool vacuumed = was_vacuumed(db);

    for (table_shape& table : read_tables(db, options)) {
        if (!table.refused.empty()) {
            // Whatever was known of it ends here, as if it had been dropped.
            result.now.omissions.push_back({table.name, table.refused});
            continue;
        }
        const auto mapped = map.find(table.name);
        const bool is_child = mapped != map.end();
        auto known = parts.end();
        std::string letters;
        for (const auto& [number, found] : triggers[table.name]) {
            if (auto p = parts.find(number); p != parts.end()) {
                known = p;
                letters = found;
            }
        }
        if (known != parts.end()) {
            const part& p = known->second;
            const bool same_place =
                is_child ? p.is == part::kind::child && interval_of(mapped->second, table_prefix(p.prefix), table,
                                                                    result.now.encoding) == p.interval
                         : p.is == part::kind::table;
            if (!same_place) known = parts.end();
        }
        if (known == parts.end()) {
            result.corrections.push_back({correction::kind::begin, {}, table});
            continue;
        }
        part p = known->second;
        parts.erase(known);
        const std::string signature = table.signature();
        const bool lost = letters != trigger_letters(table) || p.signature != signature;
        const bool told = !lost && only_appended(p.columns, table.column_list()) && only_grown(p.sql, table.sql) &&
                          !(vacuumed && table.hidden_rowid);
        if (lost || !told || p.name != table.name || p.sql != table.sql) {
            p.name = table.name;
            p.signature = signature;
            p.columns = table.column_list();
            p.sql = table.sql;
            result.corrections.push_back(
                {.what = correction::kind::adopt, .books = p, .shape = table, .retrigger = lost, .replaced = !told});
        }
        result.now.segments.push_back({std::move(p), std::move(table)});
    }
    std::vector<correction> ended;
    for (auto& [number, p] : parts) ended.push_back({correction::kind::end, p, {}});
    result.corrections.insert(result.corrections.begin(), ended.begin(), ended.end());
    std::sort(result.now.segments.begin(), result.now.segments.end(),
              [](const segment& a, const segment& b) { return a.books.interval.begin < b.books.interval.begin; });
    return result;
}

/// Makes the books agree with the schema, inside the caller's write transaction.
inline void correct(connection& db, const survey& found, telling told) {
    const auto map = read_map(db);
    for (const correction& c : found.corrections) {
        switch (c.what) {
            case correction::kind::end:
                drop_triggers(db, c.books.number);
                remove_part(db, c.books.number);
                log_end_of_part(db, c.books);
                log_range(db, 'X', c.books.interval);
                break;
            case correction::kind::begin: {
                const auto mapped = map.find(c.shape.name);
                const std::int64_t rows =
                    db.number("SELECT count(*) FROM (SELECT 1 FROM " + identifier(c.shape.name) + " LIMIT 1)");
                const beginning with = rows == 0 ? beginning::empty : beginning::with_rows;
                const part p = begin_part(db, c.shape, mapped == map.end() ? nullptr : &mapped->second,
                                          found.now.encoding, told, with);
                if (told == telling::logged && with == beginning::with_rows) log_range(db, 'R', p.interval);
                break;
            }
            case correction::kind::adopt:
                if (c.retrigger) {
                    drop_triggers(db, c.books.number);
                    create_triggers(db, c.shape, c.books);
                }
                write_part(db, c.books);
                if (c.replaced) log_range(db, 'R', c.books.interval);
        }
    }
    if (was_vacuumed(db))
        db.execute(
            "UPDATE foreshadow_canary SET rowid = 1000000; UPDATE foreshadow_canary_indexed SET rowid = 1000000");
    mark_commit(db);
}

/// Whether a survey asks for a write.
[[nodiscard]] inline bool needs_correction(connection& db, const survey& found) {
    return !found.corrections.empty() || was_vacuumed(db);
}

/// What the reconciliation of books that agree leaves in the log.
enum class if_equal : std::uint8_t { leave_nothing, mark };

/// The catalog of the schema as it is, after making the books agree where they do not. A mark gives a schema that
/// changed a position of its own, even where the books need no correction: an index or a view leaves no trace else.
[[nodiscard]] inline std::shared_ptr<const catalog> reconcile(connection& db, const capture_options& options,
                                                              if_equal then) {
    if (then == if_equal::leave_nothing) {
        transaction look{db, transaction::kind::read};
        survey found = survey_of(db, options);
        if (!needs_correction(db, found)) return std::make_shared<const catalog>(std::move(found.now));
    }
    transaction work{db, transaction::kind::write};
    const survey found = survey_of(db, options);
    if (needs_correction(db, found))
        correct(db, found, telling::logged);
    else if (then == if_equal::mark)
        mark_commit(db);
    survey after = survey_of(db, options);
    work.commit();
    return std::make_shared<const catalog>(std::move(after.now));
}

}  // namespace detail

}  // namespace foreshadow::sqlite

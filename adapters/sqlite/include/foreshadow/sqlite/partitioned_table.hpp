// SPDX-License-Identifier: BSL-1.0
//
// A table in ranges, since SQLite has none: each range of the partition key is a child table of its own, and a map
// says which. Splitting, merging, adding and dropping ranges is one transaction each, so other programs see the one
// layout or the other. Works without any backup; where one holds the database, the change is written to its log in
// the same transaction, and rows that merely move from child to child are not.
//
// The partition key is the rowid (INTEGER PRIMARY KEY) or the first column of a WITHOUT ROWID table's primary key. For
// hashed partitions, make that column a hash that the program computes: (bucket, id). A row that is written to the
// wrong child is refused. Triggers of the program's do not run for rows that move.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/setup/capture.hpp"
#include "foreshadow/sqlite/setup/map_tables.hpp"
#include "foreshadow/sqlite/table/partition_map.hpp"
#include "foreshadow/sqlite/table/schema.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::sqlite {

/// A value of the partition key; none is unbounded.
struct bound {
    key_value value;

    bound() = default;
    bound(std::integral auto number)
        : value{.kind = value_kind::integer, .integer = static_cast<std::int64_t>(number)} {}
    bound(const char* text) : bound{std::string_view{text}} {}
    bound(std::string_view text) : value{.kind = value_kind::text, .bytes = std::string{text}} {}
    bound(const std::string& text) : bound{std::string_view{text}} {}
};

/// What each child looks like.
struct partitioned_table_definition {
    std::string columns;                    ///< as between the parentheses of CREATE TABLE
    std::string options = {};               ///< as after them: "WITHOUT ROWID"
    std::vector<std::string> indexes = {};  ///< what follows "ON table": "(customer, at)"
};

/// A table whose ranges can be split and merged while others write.
///
/// Errors: `not_found` (no such table or partition), `invalid_argument`, `busy`.
/// Example: `auto orders = partitioned_table::create(db, "orders", {.columns = "id INTEGER PRIMARY KEY, at INT"});`
class partitioned_table {
  public:
    /// Makes the table, with one partition for all keys.
    static partitioned_table create(connection& db, std::string name, const partitioned_table_definition& definition) {
        partitioned_table made{db, std::move(name)};
        made.change([&] {
            detail::create_map_tables(db);
            statement& s = db.cached("INSERT INTO foreshadow_map_table VALUES(?1, ?2, ?3, ?4, 1)");
            s.bind(1, made.name_);
            s.bind(2, definition.columns);
            s.bind(3, definition.options);
            s.bind(4, detail::joined(definition.indexes, "\n"));
            s.run();
            made.add_child({}, {});
        });
        return made;
    }

    /// Opens one that is there.
    static partitioned_table open(connection& db, std::string name) {
        partitioned_table found{db, std::move(name)};
        (void)found.definition();
        return found;
    }

    /// The partitions in order of their keys.
    [[nodiscard]] std::vector<map_entry> partitions() const {
        std::vector<map_entry> mine;
        if (!detail::table_exists(*db_, "foreshadow_map")) return mine;
        const bool wide = encoding_of(*db_) != text_encoding::utf8;
        statement& s =
            db_->cached("SELECT child, logical, low, high FROM foreshadow_map WHERE logical = ?1 ORDER BY low");
        s.bind(1, name_);
        while (s.step())
            mine.push_back({s.text(0), s.text(1), detail::owned(column_value(s, 2, wide)),
                            detail::owned(column_value(s, 3, wide))});
        return mine;
    }

    /// The child table that owns a key; nothing where no partition does. Ask in the transaction that uses it.
    [[nodiscard]] std::optional<std::string> route(const bound& key) const {
        statement& s = db_->cached(
            "SELECT child FROM foreshadow_map WHERE logical = ?1 AND (low IS NULL OR low <= ?2) AND (high IS NULL OR "
            "?2 < "
            "high)");
        s.bind(1, name_);
        bind_value(s, 2, key.value.view());
        if (!s.step()) return std::nullopt;
        std::string child = s.text(0);
        s.reset();
        return child;
    }

    /// Cuts a partition at a key, which is the first of the new partition; returns the new child's name.
    std::string split(const std::string& child, const bound& at) {
        std::string made;
        change([&] {
            map_entry left = entry(child);
            const table_shape shape = shape_of(child);
            if (!lies_within(left, at.value, shape))
                throw error{errc::invalid_argument, "partition " + child + " cannot be split there",
                            "split at a key above its first and below its end"};
            made = make_child({{}, name_, at.value, left.high});
            move_rows(child, made, " WHERE " + identifier(detail::partition_column(shape)) + " >= ?1", at.value);
            left.high = at.value;
            end_parts({child});
            place(left);
            begin_child(made, detail::beginning::with_rows);
        });
        return made;
    }

    /// Moves the rows of `right` into `left`, its lower neighbour, and drops `right`.
    void merge(const std::string& left, const std::string& right) {
        change([&] {
            map_entry stays = entry(left);
            const map_entry goes = entry(right);
            if (stays.high.kind == value_kind::null || goes.low.kind == value_kind::null ||
                encoded(stays.high, left) != encoded(goes.low, left))
                throw error{errc::invalid_argument, "partitions " + left + " and " + right + " are no neighbours",
                            "name the lower one first"};
            stays.high = goes.high;
            end_parts({left, right});
            // The guard still knows the old range, but no trigger runs for what moves.
            move_rows(right, left, "", {});
            remove_child(right);
            place(stays);
        });
    }

    /// Drops a partition with its rows; no partition owns its keys then.
    void drop(const std::string& child) {
        change([&] {
            const map_entry gone = entry(child);
            key_range interval;
            if (const auto p = part_of(child)) interval = p->interval;
            end_parts({child});
            if (detail::has_log(*db_)) detail::log_range(*db_, 'X', interval);
            remove_child(child);
        });
    }

    /// Adds an empty partition for keys that none owns; returns its name.
    std::string add(const bound& low, const bound& high) {
        std::string made;
        change([&] { made = add_child(low.value, high.value); });
        return made;
    }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

  private:
    partitioned_table(connection& db, std::string name) : db_{&db}, name_{std::move(name)} {}

    struct stored_definition {
        std::string columns;
        std::string options;
        std::vector<std::string> indexes;
    };

    [[nodiscard]] stored_definition definition() const {
        if (detail::table_exists(*db_, "foreshadow_map_table")) {
            statement& s = db_->cached("SELECT columns, options, indexes FROM foreshadow_map_table WHERE name = ?1");
            s.bind(1, name_);
            if (s.step()) {
                stored_definition found{s.text(0), s.text(1), {}};
                std::string all = s.text(2);
                s.reset();
                for (std::size_t from = 0; from < all.size();) {
                    const std::size_t end = std::min(all.find('\n', from), all.size());
                    found.indexes.push_back(all.substr(from, end - from));
                    from = end + 1;
                }
                return found;
            }
        }
        throw error{errc::not_found, "there is no partitioned table " + name_ + " in " + db_->path(),
                    "create it first"};
    }

    /// One write transaction, without triggers and foreign keys: rows that move are not written anew.
    template <class F>
    void change(F f) {
        if (db_->in_transaction())
            throw error{errc::invalid_argument, "partitions of " + name_ + " cannot be changed inside a transaction",
                        "commit first: a change of layout is a transaction of its own"};
        const bool checks = db_->number("PRAGMA foreign_keys") != 0;
        struct restore {
            connection* db;
            bool checks;
            int triggers;
            ~restore() {
                sqlite3_db_config(db->get(), SQLITE_DBCONFIG_ENABLE_TRIGGER, triggers, nullptr);
                if (checks) sqlite3_exec(db->get(), "PRAGMA foreign_keys = ON", nullptr, nullptr, nullptr);
            }
        } after{db_, checks, 1};
        sqlite3_db_config(db_->get(), SQLITE_DBCONFIG_ENABLE_TRIGGER, -1, &after.triggers);
        if (checks) db_->execute("PRAGMA foreign_keys = OFF");
        sqlite3_db_config(db_->get(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
        db_->forget_statements();
        transaction work{*db_, transaction::kind::write};
        f();
        if (detail::has_log(*db_)) detail::mark_commit(*db_);
        work.commit();
        db_->forget_statements();
    }

    [[nodiscard]] map_entry entry(const std::string& child) const {
        for (map_entry& e : partitions())
            if (e.child == child) return std::move(e);
        throw error{errc::not_found, "table " + name_ + " has no partition " + child};
    }
    [[nodiscard]] capture_options capture() const {
        return {detail::has_log(*db_) && db_->number("SELECT recursive FROM foreshadow_control") != 0};
    }
    [[nodiscard]] table_shape shape_of(const std::string& child) const { return read_table(*db_, child, capture()); }
    [[nodiscard]] key encoded(const key_value& value, const std::string& child) const {
        return detail::bound_key({}, value, shape_of(child), encoding_of(*db_));
    }
    [[nodiscard]] bool lies_within(const map_entry& e, const key_value& at, const table_shape& shape) const {
        const key_range range = detail::interval_of(e, {}, shape, encoding_of(*db_));
        const key k = detail::bound_key({}, at, shape, encoding_of(*db_));
        return k > range.begin && range.ends_after(k);
    }

    std::string add_child(const key_value& low, const key_value& high) {
        const map_entry wanted{{}, name_, low, high};
        const std::string made = make_child(wanted);
        const table_shape shape = shape_of(made);
        const key_range range = detail::interval_of(wanted, {}, shape, encoding_of(*db_));
        if (range.is_empty()) throw error{errc::invalid_argument, "the new partition of " + name_ + " has no keys"};
        for (const map_entry& e : partitions())
            if (e.child != made && detail::interval_of(e, {}, shape, encoding_of(*db_)).overlaps(range))
                throw error{errc::invalid_argument, "partition " + e.child + " owns keys of the new one already",
                            "split it instead"};
        begin_child(made, detail::beginning::empty);
        return made;
    }

    /// Makes the child table, its indexes, its guard and its place in the map.
    std::string make_child(map_entry wanted) {
        const stored_definition look = definition();
        statement& next =
            db_->cached("UPDATE foreshadow_map_table SET next = next + 1 WHERE name = ?1 RETURNING next - 1");
        next.bind(1, name_);
        wanted.child = name_ + "_p" + std::to_string(next.step() ? next.integer(0) : 0);
        next.reset();
        db_->execute("CREATE TABLE " + identifier(wanted.child) + "(" + look.columns + ") " + look.options);
        for (std::size_t i = 0; i < look.indexes.size(); ++i)
            db_->execute("CREATE INDEX " + identifier(wanted.child + "_i" + std::to_string(i + 1)) + " ON " +
                         identifier(wanted.child) + " " + look.indexes[i]);
        const table_shape shape = shape_of(wanted.child);
        const bool ordered = shape.by_rowid
                                 ? !shape.hidden_rowid
                                 : shape.key.front().collate == collation::binary && !shape.key.front().descending;
        if (!shape.refused.empty() || !ordered)
            throw error{
                errc::invalid_argument, "table " + name_ + " cannot be partitioned by its key",
                "give it an INTEGER PRIMARY KEY, or WITHOUT ROWID and a key that begins with an ascending column "
                "of the BINARY collation"};
        detail::write_map_entry(*db_, wanted);
        detail::write_guard(*db_, wanted, shape);
        return wanted.child;
    }

    void move_rows(const std::string& from, const std::string& to, const std::string& where, const key_value& at) {
        std::vector<std::string> columns;
        for (const std::string& column : shape_of(from).stored) columns.push_back(identifier(column));
        const std::string list = detail::joined(columns);
        auto copy = db_->prepare("INSERT INTO " + identifier(to) + "(" + list + ") SELECT " + list + " FROM " +
                                 identifier(from) + where);
        auto clear = db_->prepare("DELETE FROM " + identifier(from) + where);
        for (statement* s : {&copy, &clear}) {
            if (!where.empty()) bind_value(*s, 1, at.view());
            s->run();
        }
    }

    void remove_child(const std::string& child) {
        statement& s = db_->cached("DELETE FROM foreshadow_map WHERE child = ?1");
        s.bind(1, child);
        s.run();
        if (const auto p = part_of(child)) detail::remove_part(*db_, p->number);
        db_->forget_statements();
        db_->execute("DROP TABLE " + identifier(child));
    }

    [[nodiscard]] std::optional<part> part_of(const std::string& child) const {
        if (!detail::has_log(*db_)) return std::nullopt;
        for (part& p : detail::read_parts(*db_))
            if (p.is == part::kind::child && p.name == child) return std::move(p);
        return std::nullopt;
    }

    void end_parts(const std::vector<std::string>& children) {
        for (const std::string& child : children)
            if (const auto p = part_of(child)) detail::log_end_of_part(*db_, *p);
    }
    /// Gives a child that stays its new range.
    void place(const map_entry& now) {
        detail::write_map_entry(*db_, now);
        const table_shape shape = shape_of(now.child);
        detail::write_guard(*db_, now, shape);
        if (auto p = part_of(now.child)) {
            p->interval = detail::interval_of(now, detail::table_prefix(p->prefix), shape, encoding_of(*db_));
            p->created = 0;
            detail::write_part(*db_, *p);
            detail::log_begin_of_part(*db_, *p, detail::beginning::with_rows);
        }
    }
    void begin_child(const std::string& child, detail::beginning with) {
        if (!detail::has_log(*db_)) return;
        const map_entry e = entry(child);
        detail::begin_part(*db_, shape_of(child), &e, encoding_of(*db_), detail::telling::logged, with);
    }

    connection* db_;
    std::string name_;
};

}  // namespace foreshadow::sqlite

// SPDX-License-Identifier: BSL-1.0
//
// What a hold leaves in the database: a log, its books, and triggers. The log holds *keys*, not rows: which row was
// touched, in commit order. A poll reads the rows themselves in the same snapshot, so a commit of the log is what
// lies between two snapshots, with the state at its end. That makes the log small, its types exact, `OR REPLACE`
// traceable (a candidate that was not evicted after all does no harm), and leaves ADD and DROP COLUMN alone.
//
// - `foreshadow_control`, one row: format, identity of the log, whether writers use recursive triggers, how far the log
//   was pruned, next number.
// - `foreshadow_log`: pos, part, op and the key, k0 and on. What `op` says:
//   I U D    a row was inserted, updated, deleted
//   M N      its key moved: away from the old one, to the new one
//   E        it may be evicted
//   + -      a partition begins, ends
//   X R      a range is erased, replaced
//   C        a commit of our own ends
// - `foreshadow_part`: the partitions that have triggers, with what they looked like.
// - `foreshadow_canary`: a row whose rowid tells whether VACUUM renumbered rowids; `_indexed`: the same with an index.
//
// The newest row of the log is never pruned, so positions never come again.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/table/partition_map.hpp"
#include "foreshadow/sqlite/table/schema.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::sqlite {

inline constexpr std::int64_t log_format = 1;

/// A partition in the books. A logical table is there, too, for its number; it has no triggers of its own.
struct part {
    enum class kind : char { table = 'T', child = 'P', logical = 'L' };
    std::int64_t number = 0;
    kind is = kind::table;
    std::string name;
    std::int64_t prefix = 0;
    std::int64_t created = 0;
    key_range interval;
    std::string signature;
    std::string columns;
    std::string sql;
};

namespace detail {

/// Whether the log is told what is written to the books: what is there when a log begins is no change.
enum class telling : std::uint8_t { untold, logged };

/// What a partition begins with: rows of it that no log tells have to be read.
enum class beginning : std::uint8_t { empty, with_rows };

inline constexpr std::int64_t canary_rowid = 1'000'000;

[[nodiscard]] inline bool has_log(connection& db) { return table_exists(db, "foreshadow_control"); }

[[nodiscard]] inline std::int64_t log_end(connection& db) { return db.number("SELECT max(pos) FROM foreshadow_log"); }

[[nodiscard]] inline std::string fresh_uuid() {
    std::random_device random;
    std::array<std::uint32_t, 4> words{};
    for (auto& word : words) word = static_cast<std::uint32_t>(random());
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%08x-%04x-4%03x-8%03x-%04x%08x", words[0], words[1] >> 16,
                  words[1] & 0xfff, words[2] >> 20, words[2] & 0xffff, words[3]);
    return text.data();
}

inline void create_books(connection& db, const std::string& uuid, const capture_options& options) {
    db.execute(
        "CREATE TABLE foreshadow_control(id INTEGER PRIMARY KEY CHECK(id = 1), format INTEGER NOT NULL, uuid TEXT NOT "
        "NULL, recursive INTEGER NOT NULL, pruned_upto INTEGER NOT NULL, next_number INTEGER NOT NULL, defined "
        "TEXT NOT NULL);"
        "CREATE TABLE foreshadow_log(pos INTEGER PRIMARY KEY, part INTEGER NOT NULL, op TEXT NOT NULL, k0, k1, k2, k3);"
        "CREATE TABLE foreshadow_part(number INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, prefix "
        "INTEGER NOT NULL, created INTEGER NOT NULL, low BLOB, high BLOB, signature TEXT, columns TEXT, sql TEXT);"
        "CREATE TABLE foreshadow_canary(x); CREATE TABLE foreshadow_canary_indexed(x);"
        "CREATE INDEX foreshadow_canary_index ON foreshadow_canary_indexed(x);"
        "INSERT INTO foreshadow_canary(rowid, x) VALUES(1000000, 1);"
        "INSERT INTO foreshadow_canary_indexed(rowid, x) VALUES(1000000, 1);"
        "INSERT INTO foreshadow_control VALUES(1, " +
        std::to_string(log_format) + ", " + literal(uuid) + ", " +
        (options.writers_use_recursive_triggers ? "1" : "0") + ", 0, 1, '')");
}

[[nodiscard]] inline bool was_vacuumed(connection& db) {
    return db.number("SELECT rowid FROM foreshadow_canary") != canary_rowid ||
           db.number("SELECT rowid FROM foreshadow_canary_indexed") != canary_rowid;
}

[[nodiscard]] inline std::int64_t next_number(connection& db) {
    return db.number("UPDATE foreshadow_control SET next_number = next_number + 1 RETURNING next_number - 1");
}

/// The number that all children of a logical table share; given on first use.
[[nodiscard]] inline std::int64_t logical_number(connection& db, std::string_view name) {
    statement& known = db.cached("SELECT number FROM foreshadow_part WHERE kind = 'L' AND name = ?1");
    known.bind(1, name);
    std::int64_t number = known.step() ? known.integer(0) : 0;
    known.reset();
    if (number == 0) {
        number = next_number(db);
        statement& add =
            db.cached("INSERT INTO foreshadow_part(number, kind, name, prefix, created) VALUES(?1, 'L', ?2, ?1, 1)");
        add.bind(1, number);
        add.bind(2, name);
        add.run();
    }
    return number;
}

[[nodiscard]] inline std::vector<part> read_parts(connection& db) {
    std::vector<part> parts;
    statement& s = db.cached(
        "SELECT number, kind, name, prefix, created, low, high, signature, columns, sql FROM foreshadow_part");
    while (s.step())
        parts.push_back({s.integer(0),
                         static_cast<part::kind>(s.text(1)[0]),
                         s.text(2),
                         s.integer(3),
                         s.integer(4),
                         {s.blob(5), s.blob(6)},
                         s.text(7),
                         s.text(8),
                         s.text(9)});
    return parts;
}

inline void write_part(connection& db, const part& p) {
    statement& s = db.cached("INSERT OR REPLACE INTO foreshadow_part VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    s.bind(1, p.number);
    const char kind = static_cast<char>(p.is);
    s.bind(2, std::string_view{&kind, 1});
    s.bind(3, p.name);
    s.bind(4, p.prefix);
    s.bind(5, p.created);
    s.bind_blob(6, p.interval.begin);
    s.bind_blob(7, p.interval.end);
    s.bind(8, p.signature);
    s.bind(9, p.columns);
    s.bind(10, p.sql);
    s.run();
}

inline void remove_part(connection& db, std::int64_t number) {
    statement& s = db.cached("DELETE FROM foreshadow_part WHERE number = ?1");
    s.bind(1, number);
    s.run();
}

/// The triggers that a table needs, by the letter that their names end with.
[[nodiscard]] inline std::string trigger_letters(const table_shape& table) {
    return table.unique.empty() ? "dimu" : "dimuxy";
}

inline void drop_triggers(connection& db, std::int64_t number) {
    std::vector<std::string> names;
    statement& s = db.cached("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB ?1");
    s.bind(1, "foreshadow_" + std::to_string(number) + "_[dimuxy]");
    while (s.step()) names.push_back(s.text(0));
    for (const std::string& name : names) db.execute("DROP TRIGGER " + identifier(name));
}

[[nodiscard]] inline std::string joined(const std::vector<std::string>& words, std::string_view by = ", ") {
    std::string text;
    for (const std::string& word : words) {
        if (!text.empty()) text += by;
        text += word;
    }
    return text;
}

/// Makes the triggers of one table.
inline void create_triggers(connection& db, const table_shape& table, const part& p) {
    const std::size_t width = table.by_rowid ? 1 : table.key.size();
    auto columns = static_cast<std::size_t>(db.number("SELECT count(*) - 3 FROM pragma_table_info('foreshadow_log')"));
    std::vector<std::string> into;
    for (std::size_t i = 0; i < width; ++i) into.push_back("k" + std::to_string(i));
    for (; columns < width; ++columns) db.execute("ALTER TABLE foreshadow_log ADD COLUMN k" + std::to_string(columns));

    const auto fresh = table.key_expressions("NEW.");
    const auto old = table.key_expressions("OLD.");
    const auto compared = table.compared_key("OLD.");
    std::vector<std::string> same;
    for (std::size_t i = 0; i < width; ++i) same.push_back(compared[i] + " IS " + fresh[i]);
    const std::string unmoved = "(" + joined(same, " AND ") + ")";
    const std::string head = "INSERT INTO foreshadow_log(part, op, " + joined(into) + ") ";
    const std::string number = std::to_string(p.prefix);
    const auto make = [&](char letter, const std::string& event, const std::string& when, const std::string& body) {
        const std::string name = identifier("foreshadow_" + std::to_string(p.number) + "_" + letter);
        const std::string condition = when.empty() ? "" : " WHEN " + when;
        db.execute("CREATE TRIGGER " + name + " " + event + " ON " + identifier(table.name) + condition + " BEGIN " +
                   body + " END");
    };
    make('i', "AFTER INSERT", "", head + "VALUES(" + number + ", 'I', " + joined(fresh) + ");");
    make('d', "AFTER DELETE", "", head + "VALUES(" + number + ", 'D', " + joined(old) + ");");
    make('u', "AFTER UPDATE", unmoved, head + "VALUES(" + number + ", 'U', " + joined(fresh) + ");");
    make('m', "AFTER UPDATE", "NOT " + unmoved,
         head + "VALUES(" + number + ", 'M', " + joined(old) + "), (" + number + ", 'N', " + joined(fresh) + ");");
    if (table.unique.empty()) return;

    // What OR REPLACE may remove: every other row that has the new values of a unique index.
    std::string inserted;
    std::string updated;
    std::vector<std::string> other;
    const auto plain = table.key_expressions();
    const auto compared_plain = table.compared_key();
    for (std::size_t i = 0; i < width; ++i) other.push_back(compared_plain[i] + " IS " + old[i]);
    for (const unique_index& unique : table.unique) {
        std::vector<std::string> equal;
        for (const unique_column& c : unique.columns) {
            const std::string given = "NEW." + identifier(c.name);
            const std::string stored = c.fallback.empty() ? given : "ifnull(" + given + ", " + c.fallback + ")";
            equal.push_back(identifier(c.name) + " = " + stored + " COLLATE " + identifier(c.collate));
        }
        if (!unique.where.empty()) equal.push_back("(" + unique.where + "\n)");
        const std::string find = head + "SELECT " + number + ", 'E', " + joined(plain) + " FROM " +
                                 identifier(table.name) + " WHERE " + joined(equal, " AND ");
        inserted += find + "; ";
        updated += find + " AND NOT (" + joined(other, " AND ") + "); ";
    }
    make('x', "BEFORE INSERT", "", inserted);
    make('y', "BEFORE UPDATE", "", updated);
}

inline void log_row(connection& db, std::int64_t number, char op, std::string_view k0 = {}, std::string_view k1 = {}) {
    statement& s = db.cached("INSERT INTO foreshadow_log(part, op, k0, k1) VALUES(?1, ?2, ?3, ?4)");
    s.bind(1, number);
    s.bind(2, std::string_view{&op, 1});
    s.bind_blob(3, k0);
    s.bind_blob(4, k1);
    s.run();
}
inline void log_range(connection& db, char op, const key_range& range) { log_row(db, 0, op, range.begin, range.end); }

inline void log_end_of_part(connection& db, const part& p) {
    statement& s = db.cached("INSERT INTO foreshadow_log(part, op, k0) VALUES(?1, '-', ?2)");
    s.bind(1, p.number);
    s.bind(2, p.created);
    s.run();
}
inline void log_begin_of_part(connection& db, const part& p, beginning with) {
    statement& s = db.cached("INSERT INTO foreshadow_log(part, op, k0, k1, k2, k3) VALUES(?1, '+', ?2, ?3, ?4, ?5)");
    s.bind(1, p.number);
    s.bind_blob(2, p.interval.begin);
    s.bind_blob(3, p.interval.end);
    s.bind(4, p.name);
    s.bind(5, std::int64_t{with == beginning::empty ? 1 : 0});
    s.run();
}

/// Ends a commit of our own; partitions that began in it get its position as their creation.
inline std::int64_t mark_commit(connection& db) {
    log_row(db, 0, 'C');
    const std::int64_t at = log_end(db);
    statement& s = db.cached("UPDATE foreshadow_part SET created = ?1 WHERE created = 0");
    s.bind(1, at);
    s.run();
    return at;
}

/// Puts a table under capture.
inline part begin_part(connection& db, const table_shape& table, const map_entry* mapped, text_encoding encoding,
                       telling told, beginning with) {
    part p;
    p.number = next_number(db);
    p.is = mapped != nullptr ? part::kind::child : part::kind::table;
    p.prefix = mapped != nullptr ? logical_number(db, mapped->logical) : p.number;
    p.name = table.name;
    const key prefix = table_prefix(p.prefix);
    p.interval = mapped != nullptr ? interval_of(*mapped, prefix, table, encoding) : prefixed(prefix);
    p.signature = table.signature();
    p.columns = table.column_list();
    p.sql = table.sql;
    create_triggers(db, table, p);
    write_part(db, p);
    if (told == telling::logged) log_begin_of_part(db, p, with);
    return p;
}

}  // namespace detail

}  // namespace foreshadow::sqlite

// SPDX-License-Identifier: BSL-1.0
//
// A database with every kind of table, and one text that says everything that is in a database.
#pragma once

#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/table/schema.hpp"

#include <string>
#include <vector>

namespace foreshadow::sqlite::tests {

inline void make_every_kind(connection& db) {
    db.execute(
        "CREATE TABLE plain(id INTEGER PRIMARY KEY, v);"
        "CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT);"
        "CREATE TABLE hidden(a TEXT, b REAL);"
        "CREATE TABLE named(name TEXT PRIMARY KEY COLLATE NOCASE, v) WITHOUT ROWID;"
        "CREATE TABLE padded(name TEXT COLLATE RTRIM, v, PRIMARY KEY(name DESC)) WITHOUT ROWID;"
        "CREATE TABLE composite(a, b TEXT, c BLOB, v, PRIMARY KEY(a, b DESC, c)) WITHOUT ROWID;"
        "CREATE TABLE generated(id INTEGER PRIMARY KEY, w INT, d INT AS (w * 2) STORED, e INT AS (w + 1));"
        "CREATE TABLE strictly(id INT PRIMARY KEY, v TEXT, x ANY) STRICT;"
        "CREATE TABLE shadowing(rowid TEXT, _rowid_ TEXT, v);"
        "CREATE TABLE parent(id INTEGER PRIMARY KEY);"
        "CREATE TABLE child(id INTEGER PRIMARY KEY, up INT REFERENCES parent(id) ON DELETE CASCADE, CHECK(id > 0));"
        "CREATE TABLE \"odd \"\" name\"(\"k ey\" TEXT PRIMARY KEY, \"v'al\" UNIQUE);"
        "CREATE INDEX plain_v ON plain(v); CREATE UNIQUE INDEX named_v ON named(v) WHERE v > 1;"
        "CREATE VIEW seen AS SELECT * FROM plain;"
        "CREATE TRIGGER of_user AFTER INSERT ON plain WHEN NEW.v = 'again' BEGIN INSERT INTO hidden VALUES('from', 1); "
        "END;"
        "CREATE TRIGGER of_view INSTEAD OF INSERT ON seen BEGIN INSERT INTO plain VALUES(NEW.id, NEW.v); END;"
        "PRAGMA user_version = 7; PRAGMA application_id = -9");
    db.execute(
        "INSERT INTO plain VALUES(1, 'one'), (-5, NULL), (9223372036854775807, 2.5), (-9223372036854775808, x'00ff'),"
        "(10, zeroblob(70000)), (11, x''), (12, ''), (13, 'a' || char(0) || 'b'), (14, 9223372036854775807),"
        "(15, -9223372036854775808), (16, 1e-320), (17, 1.7976931348623157e308);"
        "INSERT INTO counted(v) VALUES('a'), ('b'), ('c'); DELETE FROM counted WHERE v = 'c';"
        "INSERT INTO hidden VALUES('x', 1.5), ('y', NULL), ('z', 9e999), ('z', -9e999), ('z', -0.0);"
        "DELETE FROM hidden WHERE a = 'y';"
        "INSERT INTO named VALUES('B', 1), ('a', 2), ('C', 3), ('', 4);"
        "INSERT INTO padded VALUES('b  ', 1), ('a', 2), ('', 3), ('  ', 4) ON CONFLICT DO NOTHING;"
        "INSERT INTO composite VALUES(1, 'x', x'', 1), (1, 'y', x'00', 2), (1.5, '', x'ff', 3), (9007199254740993, "
        "'q', "
        "x'', 4), (9007199254740992.0, 'q', x'', 5), ('t', 'a', x'', 6), (x'01', 'b', x'', 7), (9e999, '', x'', 8),"
        "(-9e999, '', x'', 9), (-0.0, '', x'', 10), (9223372036854775807, '', x'', 11), (9.3e18, '', x'', 12);"
        "INSERT INTO generated(id, w) VALUES(1, 10), (2, 20);"
        "INSERT INTO strictly VALUES(1, 'a', 5), (2, 'b', '5');"
        "INSERT INTO shadowing VALUES('r', 's', 1); INSERT INTO parent VALUES(1), (2);"
        "INSERT INTO child VALUES(1, 1), (2, 1), (3, 2);"
        "INSERT INTO \"odd \"\" name\" VALUES('p', 'q'), ('r', 's')");
    if (db.text("PRAGMA encoding") == "UTF-8")
        db.execute(
            "INSERT INTO plain VALUES(18, CAST(x'ff80fe00c3' AS TEXT));"
            "INSERT INTO named VALUES(CAST(x'6100FF' AS TEXT), 5), (CAST(x'4100FFFF' AS TEXT), 6)");
}

/// The schema, every row of every table with types, and the counters.
inline std::string dump(connection& db) {
    std::string text;
    const auto add = [&](const std::string& sql) {
        auto s = db.prepare(sql);
        while (s.step()) {
            for (int i = 0; i < sqlite3_column_count(s.get()); ++i) text += s.text(i) + "|";
            text += "\n";
        }
    };
    add("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE NOT (name GLOB 'foreshadow_*' AND tbl_name NOT GLOB "
        "'*_p[0-9]*' OR name GLOB 'foreshadow_[0-9]*' OR tbl_name GLOB 'foreshadow_*' AND name NOT GLOB "
        "'foreshadow_guard*') ORDER BY type, name");
    std::vector<table_shape> tables = read_tables(db, {.writers_use_recursive_triggers = true});
    for (const char* map : {"foreshadow_map", "foreshadow_map_table"}) {
        auto s = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = " + literal(map));
        if (s.step()) add("SELECT * FROM " + std::string{map});
    }
    for (const table_shape& table : tables) {
        text += table.name + ":\n";
        std::string columns;
        if (table.hidden_rowid) columns = identifier(table.rowid);
        auto names = db.prepare("SELECT name FROM pragma_table_xinfo(" + literal(table.name) + ")");
        while (names.step()) {
            const std::string name = identifier(names.text(0));
            columns += (columns.empty() ? "" : ", ") + ("typeof(" + name + "), quote(" + name + "), hex(" + name + ")");
        }
        std::string order;
        for (const std::string& k : table.compared_key()) order += (order.empty() ? "" : ", ") + k;
        add("SELECT " + columns + " FROM " + identifier(table.name) + " ORDER BY " + order);
    }
    auto counters = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'");
    if (counters.step()) add("SELECT name, seq FROM sqlite_sequence ORDER BY name");
    return text;
}

}  // namespace foreshadow::sqlite::tests

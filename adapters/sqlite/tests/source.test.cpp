// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/sqlite/source.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace foreshadow::sqlite::tests {
namespace {

void make_every_kind(connection& db) {
    db.execute(
        "CREATE TABLE plain(id INTEGER PRIMARY KEY, v);"
        "CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT);"
        "CREATE TABLE hidden(a TEXT, b REAL);"
        "CREATE TABLE named(name TEXT PRIMARY KEY COLLATE NOCASE, v) WITHOUT ROWID;"
        "CREATE TABLE composite(a, b TEXT, c BLOB, v, PRIMARY KEY(a, b DESC, c)) WITHOUT ROWID;"
        "CREATE TABLE generated(id INTEGER PRIMARY KEY, w INT, d INT AS (w * 2) STORED, e INT AS (w + 1));"
        "CREATE TABLE \"odd \"\" name\"(\"k ey\" TEXT PRIMARY KEY, \"v'al\" UNIQUE);"
        "CREATE INDEX plain_v ON plain(v);"
        "CREATE VIEW seen AS SELECT * FROM plain;"
        "CREATE TRIGGER of_user AFTER INSERT ON plain WHEN NEW.v = 'again' BEGIN INSERT INTO hidden VALUES('from', 1); "
        "END;"
        "PRAGMA user_version = 7");
    db.execute(
        "INSERT INTO plain VALUES(1, 'one'), (-5, NULL), (9223372036854775807, 2.5), (-9223372036854775808, x'00ff');"
        "INSERT INTO counted(v) VALUES('a'), ('b'), ('c'); DELETE FROM counted WHERE v = 'c';"
        "INSERT INTO hidden VALUES('x', 1.5), ('y', NULL), ('z', 9e999), ('z', -9e999), ('z', -0.0);"
        "INSERT INTO named VALUES('B', 1), ('a', 2), ('C', 3), ('', 4);"
        "INSERT INTO composite VALUES(1, 'x', x'', 1), (1, 'y', x'00', 2), (1.5, '', x'ff', 3), (9007199254740993, "
        "'q', "
        "x'', 4), (9007199254740992.0, 'q', x'', 5), ('t', 'a', x'', 6), (x'01', 'b', x'', 7);"
        "INSERT INTO generated(id, w) VALUES(1, 10), (2, 20);"
        "INSERT INTO \"odd \"\" name\" VALUES('p', 'q'), ('r', 's')");
}

TEST_CASE("a database of every kind of table reads the same in chunks of any size", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    make_every_kind(db);
    source s{here / "a.db"};
    await(s.hold(std::nullopt));
    const rows_by_key whole = read_all(s, 100'000);
    CHECK(whole.size() > 30);
    for (const std::size_t rows : {1U, 2U, 3U, 7U}) CHECK(read_all(s, rows) == whole);
}

TEST_CASE("what is followed equals what is read", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    make_every_kind(db);
    source s{here / "a.db"};
    replica known;
    known.begin(s);
    db.execute(
        "INSERT INTO plain VALUES(2, 'again'), (3, 'three'); UPDATE plain SET id = 4 WHERE id = 3;"
        "DELETE FROM plain WHERE id = -5; UPDATE named SET name = 'b' WHERE name = 'B';"
        "UPDATE composite SET b = 'moved' WHERE v = 2; DELETE FROM composite WHERE a = 1.5;"
        "UPDATE generated SET w = w + 1; INSERT INTO counted(v) VALUES('d'); DELETE FROM hidden WHERE a = 'x';"
        "INSERT OR REPLACE INTO \"odd \"\" name\" VALUES('t', 'q')");
    known.catch_up(s);
    CHECK(known.rows == read_all(s));
}

TEST_CASE("release leaves the schema as it was before the hold", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    make_every_kind(db);
    const std::string schema = "SELECT group_concat(type || name || tbl_name || coalesce(sql, '')) FROM sqlite_schema";
    const std::string before = db.text(schema);
    source s{here / "a.db"};
    CHECK(await(s.left_behind()).empty());
    await(s.hold(std::nullopt));
    CHECK(db.text(schema) != before);
    CHECK(await(s.left_behind()).size() > 20);
    await(s.release());
    CHECK(db.text(schema) == before);
    CHECK(await(s.left_behind()).empty());
}

}  // namespace
}  // namespace foreshadow::sqlite::tests

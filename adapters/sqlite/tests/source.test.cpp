// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/sqlite/source.hpp"
#include "support.hpp"
#include "tables.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace foreshadow::sqlite::tests {
namespace {

TEST_CASE("a database of every kind of table reads the same in chunks of any size", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    make_every_kind(db);
    source s{here / "a.db"};
    testing::run(s.hold(std::nullopt));
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
    CHECK(testing::run(s.left_behind()).empty());
    testing::run(s.hold(std::nullopt));
    CHECK(db.text(schema) != before);
    CHECK(testing::run(s.left_behind()).size() > 20);
    testing::run(s.release());
    CHECK(db.text(schema) == before);
    CHECK(testing::run(s.left_behind()).empty());
}

TEST_CASE("the probe of strain takes some time, waits for no writer, and tells how long the log is", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    make_every_kind(db);
    source s{here / "a.db"};
    db.execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA wal_checkpoint(TRUNCATE)");
    const strain idle = testing::run(s.strain());
    CHECK(idle.latency_seconds > 0);
    CHECK(idle.log_bytes == 0);
    db.execute("CREATE TABLE filler AS SELECT zeroblob(100000) AS v");
    db.execute("BEGIN IMMEDIATE; INSERT INTO filler VALUES(1)");
    const strain busy = testing::run(s.strain());  // a reader of a database in WAL mode waits for nobody
    CHECK(busy.latency_seconds > 0);
    CHECK(busy.log_bytes > 100'000);
    db.execute("ROLLBACK");
}

}  // namespace
}  // namespace foreshadow::sqlite::tests

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/sqlite/database/virtual_table.hpp"

#include "foreshadow/sqlite/sqlite.hpp"
#include "support.hpp"
#include "tables.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace foreshadow::sqlite::tests {
namespace {

/// A module that this process has and that another may lack: tables of it are as empty as a table can be.
void define_strange(connection& db) {
    static const sqlite3_module strange = [] {
        sqlite3_module m{};
        m.iVersion = 1;
        m.xCreate = m.xConnect = [](sqlite3* handle, void*, int, const char* const*, sqlite3_vtab** out, char**) {
            *out = new sqlite3_vtab{};
            return sqlite3_declare_vtab(handle, "CREATE TABLE x(a)");
        };
        m.xDisconnect = m.xDestroy = [](sqlite3_vtab* table) {
            delete table;
            return SQLITE_OK;
        };
        m.xBestIndex = [](sqlite3_vtab*, sqlite3_index_info*) { return SQLITE_OK; };
        return m;
    }();
    REQUIRE(sqlite3_create_module(db.get(), "strange", &strange, nullptr) == SQLITE_OK);
}

std::string schema_of(connection& db) {
    return db.text(
        "SELECT group_concat(type || name || tbl_name || coalesce(sql, ''), char(10)) FROM (SELECT * FROM "
        "sqlite_schema "
        "WHERE name NOT GLOB 'foreshadow_*' ORDER BY name)");
}

std::vector<std::string> names_of(const std::vector<omission>& omissions) {
    std::vector<std::string> names;
    for (const omission& o : omissions) names.push_back(o.name);
    return names;
}

}  // namespace

TEST_CASE("the module of a virtual table is found in any text that makes one", "[sqlite]") {
    CHECK(detail::module_of("CREATE VIRTUAL TABLE w USING fts5(a)") == "fts5");
    CHECK(detail::module_of("create virtual table \"using\"using/* which? */ \n FTS5") == "FTS5");
    CHECK(detail::module_of("CREATE VIRTUAL TABLE IF NOT EXISTS 'a using b' USING -- this one\n\"my mod\"(x)") ==
          "my mod");
    CHECK(detail::module_of("CREATE VIRTUAL TABLE w") == "");
}

TEST_CASE("an R-tree is followed and restored exactly", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    db.execute(
        "CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1, +label);"
        "CREATE VIRTUAL TABLE whole USING rtree_i32(id, x0, x1);"
        "CREATE VIEW near AS SELECT * FROM boxes WHERE x0 < 5;"
        "INSERT INTO boxes VALUES(1, 0, 1, 0, 1, 'unit'), (2, 5, 6, 5, 6, 'far'); INSERT INTO whole VALUES(7, 1, 2)");
    source s{here / "a.db"};
    replica known;
    known.begin(s);
    CHECK(testing::run(s.omissions()).empty());
    REQUIRE(sqlite3_db_config(db.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr) == SQLITE_OK);
    db.execute("INSERT INTO boxes VALUES(NULL, 2, 3, 2, 3, 'third')");
    CHECK(db.number("SELECT last_insert_rowid()") == 3);
    const std::string many =
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO boxes SELECT i, i "
        "* "
        "37 % 100, i * 37 % 100 + 1, i, i + 1, 'box ' || i FROM n;";
    db.execute("BEGIN; " + many + "SAVEPOINT a; DELETE FROM boxes WHERE id % 3 = 0; ROLLBACK TO a; COMMIT");
    db.execute("BEGIN; DELETE FROM boxes WHERE id % 7 = 0; UPDATE boxes SET x1 = 200 WHERE id = 1; ROLLBACK");
    db.execute("DELETE FROM boxes WHERE id % 5 = 0; UPDATE boxes SET x1 = x1 + 9 WHERE id % 11 = 1; DELETE FROM whole");
    known.catch_up(s);
    CHECK(known.rows == read_all(s, 100));
    db.execute(
        "ALTER TABLE boxes RENAME TO crates; DROP VIEW near; CREATE VIRTUAL TABLE later USING rtree(i, a, b);"
        "INSERT INTO later VALUES(1, 2, 3); INSERT OR REPLACE INTO crates VALUES(1, 3, 4, 3, 4, 'other')");
    known.catch_up(s);
    CHECK(known.rows == read_all(s, 100));

    restore(known, here / "restored.db");
    connection restored{here / "restored.db", open_mode::read_write};
    CHECK(schema_of(restored) == schema_of(db));
    CHECK(dump(restored) == dump(db));
    CHECK(restored.text("PRAGMA integrity_check") == "ok");
    for (const char* question : {"SELECT group_concat(label) FROM crates WHERE y0 >= 300 AND y1 <= 340",
                                 "SELECT count(*) FROM crates", "SELECT rtreecheck('crates')", "SELECT b FROM later"}) {
        CAPTURE(question);
        CHECK(restored.text(question) == db.text(question));
        CHECK_FALSE(restored.text(question).empty());
    }
    restored.execute("DELETE FROM crates WHERE id < 500; INSERT INTO whole VALUES(1, 1, 1); DROP TABLE later");
    CHECK(restored.text("SELECT rtreecheck('crates')") == "ok");
    testing::run(s.release());
    CHECK(db.text("SELECT rtreecheck('crates')") == "ok");
}

TEST_CASE("a full-text index is left out and goes on working", "[sqlite]") {
    // With triggers on its tables, the statements between BEGIN and COMMIT use up the stack of the program that writes.
    const folder here;
    connection db = open_database(here / "a.db");
    db.execute(
        "CREATE TABLE page(id INTEGER PRIMARY KEY, body TEXT); CREATE VIRTUAL TABLE words USING fts5(title, body);"
        "CREATE VIRTUAL TABLE outside USING fts5(body, content = 'page', content_rowid = 'id');"
        "CREATE VIRTUAL TABLE old USING fts4(a, b); CREATE TABLE old_pages(a);"
        "CREATE TRIGGER index_page AFTER INSERT ON page BEGIN INSERT INTO outside(rowid, body) VALUES(NEW.id, "
        "NEW.body); "
        "END; INSERT INTO words VALUES('first', 'early bird'), ('second', 'late worm')");
    source s{here / "a.db"};
    replica known;
    known.begin(s);
    const auto left_out = names_of(testing::run(s.omissions()));
    for (const char* name : {"words", "outside", "old", "words_data", "old_segdir", "outside_idx"}) {
        CAPTURE(name);
        CHECK(std::count(left_out.begin(), left_out.end(), name) == 1);
    }
    db.execute(
        "BEGIN; UPDATE words SET title = 'changed' WHERE rowid = 1; DELETE FROM words WHERE rowid = 2;"
        "INSERT INTO page VALUES(2, 'another page'), (3, 'a third'); INSERT INTO old VALUES('y', 'new'); COMMIT;"
        "INSERT INTO words(words) VALUES('optimize'); INSERT INTO words(words) VALUES('integrity-check')");
    CHECK(db.number("SELECT count(*) FROM outside WHERE outside MATCH 'page'") == 1);
    known.catch_up(s);
    CHECK(known.rows == read_all(s));
    CHECK(known.shape.partitions.size() == 3);  // definitions, old_pages, page
}

TEST_CASE("a virtual table of an unknown module is left out with what may belong to it, and nothing else is",
          "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    define_strange(db);
    db.execute(
        "CREATE VIRTUAL TABLE odd USING strange; CREATE TABLE odd_content(a); INSERT INTO odd_content VALUES(1);"
        "CREATE TABLE oddly(a); INSERT INTO oddly VALUES(2); CREATE VIEW of_odd AS SELECT * FROM odd;"
        "CREATE TRIGGER watch AFTER INSERT ON odd_content BEGIN INSERT INTO oddly VALUES(3); END");
    source s{here / "a.db"};
    const auto found = testing::run(s.preflight());
    for (const char* table : {"odd", "odd_content"}) {
        CAPTURE(table);
        CHECK(std::any_of(found.begin(), found.end(), [&](const finding& f) {
            return f.how == severity::warning && f.text.find("table " + std::string{table} + " is not") == 0;
        }));
    }
    replica known;
    known.begin(s);
    CHECK(names_of(testing::run(s.omissions())) == std::vector<std::string>{"odd", "odd_content"});
    CHECK_THAT(testing::run(s.omissions())[0].why, Catch::Contains("strange"));
    db.execute("INSERT INTO oddly VALUES(4); INSERT INTO odd_content VALUES(5)");
    known.catch_up(s);
    CHECK(known.rows == read_all(s));
    CHECK(known.shape.partitions.size() == 2);

    target into{here / "restored.db"};
    testing::run(into.begin(known.shape));
    for (const partition& p : known.shape.partitions) {
        row_batch rows;
        for (const auto& [k, value] : known.rows)
            if (p.interval.contains(k)) rows.append(k, value);
        testing::run(into.load(p, rows));
        testing::run(into.complete(p));
    }
    testing::run(into.finish());
    CHECK(names_of(testing::run(into.omissions())) == std::vector<std::string>{"odd", "odd_content"});
    connection restored{here / "restored.db", open_mode::read_write};
    CHECK(restored.number("SELECT sum(a) FROM oddly") == 9);
    CHECK(restored.number("SELECT count(*) FROM sqlite_schema WHERE name IN ('odd', 'odd_content', 'watch')") == 0);
    CHECK(restored.number("SELECT count(*) FROM sqlite_schema WHERE name = 'of_odd'") == 1);
}

TEST_CASE("a table that becomes impossible to capture ends, and begins again when it is possible", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 'a')");
    source s{here / "a.db"};
    replica known;
    known.begin(s);
    db.execute("CREATE UNIQUE INDEX low ON t(lower(v)); INSERT INTO t VALUES(2, 'b')");
    known.catch_up(s);
    CHECK(known.shape.partitions.size() == 1);
    CHECK(known.rows == read_all(s));
    CHECK(names_of(testing::run(s.omissions())) == std::vector<std::string>{"t"});
    db.execute("DROP INDEX low; INSERT INTO t VALUES(3, 'c')");
    known.catch_up(s);
    CHECK(known.shape.partitions.size() == 2);
    CHECK(known.rows == read_all(s));
    CHECK(testing::run(s.omissions()).empty());
    restore(known, here / "restored.db");
    connection restored{here / "restored.db", open_mode::read_write};
    CHECK(dump(restored) == dump(db));
}

}  // namespace foreshadow::sqlite::tests

// SPDX-License-Identifier: BSL-1.0
//
// Each of these lost rows, broke an application or hung when it was tried.
#include "foreshadow/sqlite/sqlite.hpp"
#include "support.hpp"
#include "tables.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace foreshadow::sqlite::tests {
namespace {

/// A database under a hold, with a replica that follows it.
struct followed {
    explicit followed(const std::string& schema, const source_options& options = {})
        : db{open_database(here / "a.db")}, s{here / "a.db", options} {
        db.execute(schema);
        known.begin(s);
    }
    void check() {
        known.catch_up(s);
        CHECK(known.rows == read_all(s, 1000));
        const layout now = testing::run(s.layout());
        CHECK(names_and_intervals(known.shape) == names_and_intervals(now));
        for (std::size_t i = 0; i < now.partitions.size() && i < known.shape.partitions.size(); ++i)
            CHECK(now.partitions[i].id == known.shape.partitions[i].id);
    }
    void check_restored() {
        known.catch_up(s);
        restore(known, here / "restored.db");
        connection restored{here / "restored.db", open_mode::read_write};
        CHECK(dump(restored) == dump(db));
    }
    folder here;
    connection db;
    source s;
    replica known;
};

}  // namespace

TEST_CASE("a row that OR REPLACE evicts by a unique index is followed", "[sqlite]") {
    followed f{
        "CREATE TABLE t(id INTEGER PRIMARY KEY, u TEXT COLLATE NOCASE UNIQUE, w, g INT AS (w % 10), p);"
        "CREATE UNIQUE INDEX t_w ON t(w); CREATE UNIQUE INDEX t_g ON t(g) WHERE p > 0;"
        "INSERT INTO t(id, u, w, p) VALUES(1, 'a', 1, 1), (2, 'b', 2, 1), (3, 'c', 3, 0), (4, NULL, NULL, 1)"};
    for (const char* recursive : {"OFF", "ON"}) {
        f.db.execute(std::string{"PRAGMA recursive_triggers = "} + recursive);
        f.db.execute("INSERT OR REPLACE INTO t(id, u, w, p) VALUES(10, 'A', 10, 1)");
        f.check();
        f.db.execute(
            "UPDATE OR REPLACE t SET u = 'B' WHERE id = 10; INSERT OR IGNORE INTO t(id, u, w, p) VALUES(11, 'B', 9, "
            "1)");
        f.check();
        f.db.execute("INSERT OR REPLACE INTO t(u, w, p) VALUES('x', 13, 1), ('y', 24, 1), ('z', 33, 1), ('X', 44, 1)");
        f.check();
        f.db.execute("INSERT INTO t(id, u, w, p) VALUES(20, 'x', 55, 0) ON CONFLICT(u) DO UPDATE SET p = 9");
        f.check();
        f.db.execute(
            "UPDATE OR REPLACE t SET id = 4 WHERE u = 'x'; UPDATE OR REPLACE t SET w = 103, p = 1 WHERE id = 3");
        f.check();
        f.db.execute(
            "DELETE FROM t; INSERT INTO t(id, u, w, p) VALUES(1, 'a', 1, 1), (2, 'b', 2, 1), (3, 'c', 3, 0), (4, "
            "NULL, NULL, 1)");
        f.check();
    }
}

TEST_CASE("OR REPLACE evicts rows of a table without rowid", "[sqlite]") {
    followed f{
        "CREATE TABLE t(a, b, u UNIQUE, PRIMARY KEY(a, b DESC)) WITHOUT ROWID; INSERT INTO t VALUES(1, 1, 'x'), (1, "
        "2, 'y'), (2, 1, 'z')"};
    f.db.execute("INSERT OR REPLACE INTO t VALUES(5, 5, 'y'); UPDATE OR REPLACE t SET u = 'x' WHERE a = 2");
    f.check();
}

TEST_CASE("OR REPLACE evicts by the default of a column that allows no null", "[sqlite]") {
    const char* fallback = GENERATE("'x'", "\"x\"", "x", "('x')");
    CAPTURE(fallback);
    followed f{std::string{"CREATE TABLE t(id INTEGER PRIMARY KEY, u TEXT NOT NULL DEFAULT "} + fallback +
               " UNIQUE); INSERT INTO t VALUES(1, 'x'), (2, 'y')"};
    f.db.execute("INSERT OR REPLACE INTO t(id, u) VALUES(3, NULL)");
    CHECK(f.db.number("SELECT count(*) FROM t WHERE id = 1") == 0);
    f.check();
    f.db.execute("UPDATE OR REPLACE t SET u = NULL WHERE id = 2");
    CHECK(f.db.number("SELECT count(*) FROM t") == 1);
    f.check();
}

TEST_CASE("a table that only its own program could make again is left out by name", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    const auto compare = [](void*, int, const void*, int, const void*) { return 0; };
    REQUIRE(sqlite3_create_collation(db.get(), "mine", SQLITE_UTF8, nullptr, compare) == SQLITE_OK);
    const char* sql = GENERATE("CREATE TABLE odd(id INTEGER PRIMARY KEY, u COLLATE mine UNIQUE)",
                               "CREATE TABLE odd(v); CREATE INDEX odd_v ON odd(v COLLATE mine)");
    db.execute(sql);
    source s{here / "a.db"};
    testing::run(s.hold(std::nullopt));
    const auto left_out = testing::run(s.omissions());
    REQUIRE(left_out.size() == 1);
    CHECK(left_out[0].name == "odd");
    CHECK_THAT(left_out[0].why, Catch::Contains("mine"));
    CHECK(testing::run(s.layout()).partitions.size() == 1);
}

TEST_CASE("a table with a unique index on an expression is left out, unless writers fire delete triggers", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    db.execute("CREATE TABLE lowered(id INTEGER PRIMARY KEY, v); CREATE UNIQUE INDEX low ON lowered(lower(v))");
    source refusing{here / "a.db"};
    const auto found = testing::run(refusing.preflight());
    CHECK(std::any_of(found.begin(), found.end(), [](const finding& f) {
        return f.how == severity::warning && f.text.find("lowered") != std::string::npos;
    }));
    source trusting{here / "a.db", {.writers_use_recursive_triggers = true}};
    replica known;
    known.begin(trusting);
    db.execute(
        "PRAGMA recursive_triggers = ON; INSERT INTO lowered VALUES(1, 'a'); INSERT OR REPLACE INTO lowered "
        "VALUES(2, 'A')");
    known.catch_up(trusting);
    CHECK(known.rows == read_all(trusting));
}

TEST_CASE("positions never come again after the whole log was acknowledged", "[sqlite]") {
    followed f{"CREATE TABLE t(id INTEGER PRIMARY KEY)"};
    f.db.execute("INSERT INTO t VALUES(1), (2), (3)");
    f.known.catch_up(f.s);
    const position before = f.known.at;
    testing::run(f.s.acknowledge(before));
    CHECK(f.db.number("SELECT count(*) FROM foreshadow_log") == 1);
    f.db.execute("INSERT INTO t VALUES(4)");
    CHECK(testing::run(f.s.head()) > before);
    f.check();
}

TEST_CASE("a log with a gap says how it is removed, and what ends by itself asks for nothing but the same command",
          "[sqlite]") {
    followed f{"CREATE TABLE t(id INTEGER PRIMARY KEY)"};
    const auto hint_of = [&](auto call) {
        try {
            call();
        } catch (const error& e) {
            CHECK(e.code() == errc::hold_lost);
            return e.hint();
        }
        return std::string{"nothing was thrown"};
    };
    log_batch batch;
    const position ahead{f.known.at.value + 100};
    CHECK_THAT(hint_of([&] { testing::run(f.s.follow(ahead, batch)); }), Catch::StartsWith("the same command"));
    f.db.execute(
        "INSERT INTO t VALUES(5), (6); DELETE FROM foreshadow_log WHERE pos = (SELECT max(pos) - 1 FROM "
        "foreshadow_log)");
    CHECK_THAT(hint_of([&] { testing::run(f.s.follow(f.known.at, batch)); }), Catch::Contains("`foreshadow release`"));
    testing::run(f.s.release());
    CHECK_THAT(hint_of([&] { testing::run(f.s.follow(f.known.at, batch)); }), Catch::StartsWith("the same command"));
    const position anew = testing::run(f.s.hold(std::nullopt));
    CHECK(anew == testing::run(f.s.head()));
}

TEST_CASE("a log that was pruned or replaced under a backup is a lost hold", "[sqlite]") {
    followed f{"CREATE TABLE t(id INTEGER PRIMARY KEY)"};
    const position start = f.known.at;
    f.db.execute("INSERT INTO t VALUES(1), (2), (3)");
    f.known.catch_up(f.s);
    testing::run(f.s.acknowledge(f.known.at));
    log_batch batch;
    CHECK(thrown([&] { testing::run(f.s.follow(start, batch)); }) == errc::hold_lost);
    CHECK(thrown([&] { testing::run(f.s.hold(start)); }) == errc::hold_lost);
    const position ahead{f.known.at.value + 100};
    CHECK(thrown([&] { testing::run(f.s.follow(ahead, batch)); }) == errc::hold_lost);
    CHECK(testing::run(f.s.hold(f.known.at)) == f.known.at);
    f.db.execute(
        "INSERT INTO t VALUES(5), (6); DELETE FROM foreshadow_log WHERE pos = (SELECT max(pos) - 1 FROM "
        "foreshadow_log)");
    CHECK(thrown([&] { testing::run(f.s.follow(f.known.at, batch)); }) == errc::hold_lost);
    testing::run(f.s.release());
    CHECK(thrown([&] { testing::run(f.s.follow(f.known.at, batch)); }) == errc::hold_lost);
    CHECK(thrown([&] { testing::run(f.s.hold(f.known.at)); }) == errc::hold_lost);
}

TEST_CASE("tables that come, go and change behind our back are told with their commit", "[sqlite]") {
    followed f{"CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 'a'), (2, 'b')"};
    SECTION("created with rows") {
        f.db.execute("CREATE TABLE n(a TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO n VALUES('x'), ('y')");
        f.check();
        REQUIRE(f.known.layouts.size() == 1);
        CHECK_FALSE(f.known.layouts[0].begun[0].born_empty);
        f.db.execute("INSERT INTO n VALUES('z')");
        f.check();
    }
    SECTION("created empty") {
        f.db.execute("CREATE TABLE n(a)");
        f.check();
        CHECK(f.known.layouts.at(0).begun[0].born_empty);
        f.db.execute("INSERT INTO n VALUES(1)");
        f.check();
    }
    SECTION("dropped") {
        f.db.execute("UPDATE t SET v = 'c'; DROP TABLE t");
        f.check();
        CHECK(f.known.shape.partitions.size() == 1);
    }
    SECTION("dropped and created again between two polls") {
        const partition_id old = f.known.shape.partitions[1].id;
        f.db.execute("DROP TABLE t; CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 'new')");
        f.check();
        CHECK(f.known.shape.partitions.at(1).id != old);
        CHECK(f.known.shape.partitions.at(1).name == "t");
    }
    SECTION("a column added: rows from before have its default") {
        f.db.execute("ALTER TABLE t ADD COLUMN w DEFAULT 5; INSERT INTO t VALUES(3, 'c', 6)");
        f.known.catch_up(f.s);
        CHECK(f.known.unread.empty());
        f.check_restored();
    }
    SECTION("a column dropped and added again in other words") {
        f.db.execute("ALTER TABLE t DROP COLUMN v; ALTER TABLE t ADD COLUMN v INTEGER DEFAULT 7");
        f.check();
        f.db.execute("ALTER TABLE t DROP COLUMN v; ALTER TABLE t ADD COLUMN v TEXT; ALTER TABLE t ADD COLUMN w");
        f.check();
    }
    SECTION("copied by a migration that makes every trigger again, ours included") {
        std::string triggers;
        auto all = f.db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'");
        while (all.step()) triggers += all.text(0) + ";";
        f.db.execute(
            "BEGIN; CREATE TABLE n(id INTEGER PRIMARY KEY, v NOT NULL); INSERT INTO n SELECT id, upper(v) FROM t;"
            "DROP TABLE t; ALTER TABLE n RENAME TO t;" +
            triggers + "COMMIT");
        f.check();
    }
    SECTION("a column dropped while our triggers are there") {
        f.db.execute("ALTER TABLE t DROP COLUMN v; INSERT INTO t VALUES(3)");
        f.check();
    }
    SECTION("renamed, with a renamed column") {
        f.db.execute("ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME COLUMN v TO w; INSERT INTO u VALUES(3, 'c')");
        f.known.catch_up(f.s);
        f.check_restored();
    }
    SECTION("a trigger of ours removed") {
        const std::string one = f.db.text("SELECT name FROM sqlite_schema WHERE name GLOB 'foreshadow_*_i'");
        f.db.execute("DROP TRIGGER " + identifier(one) + "; INSERT INTO t VALUES(3, 'unseen')");
        f.check();
    }
    SECTION("a unique index added") {
        f.db.execute("CREATE UNIQUE INDEX t_v ON t(v); INSERT OR REPLACE INTO t VALUES(3, 'a')");
        f.check();
        f.db.execute("INSERT OR REPLACE INTO t VALUES(4, 'a')");
        f.check();
    }
    SECTION("counters and settings that leave no trace in the log") {
        f.db.execute("CREATE TABLE c(id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO c VALUES(5)");
        f.check();
        f.db.execute("UPDATE sqlite_sequence SET seq = 100; PRAGMA user_version = 3");
        f.check();
        f.db.execute("CREATE INDEX c_id ON c(id); CREATE VIEW w AS SELECT 1");
        f.check();
    }
}

TEST_CASE("VACUUM that renumbers rows makes them be read again", "[sqlite]") {
    followed f{"CREATE TABLE h(v); INSERT INTO h VALUES('a'), ('b'), ('c'), ('d'); DELETE FROM h WHERE v = 'b'"};
    f.db.execute("UPDATE h SET v = 'e' WHERE v = 'd'; VACUUM");
    CHECK(f.db.number("SELECT rowid FROM h WHERE v = 'c'") == 2);
    f.check();
    f.db.execute("INSERT INTO h VALUES('f')");
    f.check();
}

TEST_CASE("deleting everything without a condition is followed row by row", "[sqlite]") {
    followed f{"CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(1), (2), (3)"};
    f.db.execute("DELETE FROM t");
    f.check();
}

TEST_CASE("cascades and triggers of the user's are followed and work as before", "[sqlite]") {
    followed f{
        "CREATE TABLE t(id INTEGER PRIMARY KEY, up INT REFERENCES t(id) ON DELETE CASCADE);"
        "CREATE TABLE audit(id INTEGER PRIMARY KEY, what);"
        "CREATE TRIGGER tell AFTER DELETE ON t BEGIN INSERT INTO audit(what) VALUES(OLD.id); END;"
        "CREATE TRIGGER refuse BEFORE INSERT ON t WHEN NEW.id = 13 BEGIN SELECT RAISE(ABORT, 'unlucky'); END;"
        "INSERT INTO t VALUES(1, NULL), (2, 1), (3, 2), (4, 3), (5, NULL)"};
    f.db.execute("PRAGMA foreign_keys = ON; DELETE FROM t WHERE id = 1");
    CHECK(f.db.number("SELECT count(*) FROM t") == 1);
    CHECK(f.db.number("SELECT count(*) FROM audit") == 4);
    f.check();
    CHECK(thrown([&] { f.db.execute("INSERT INTO t VALUES(12, NULL), (13, NULL)"); }).has_value());
    CHECK(f.db.number("SELECT last_insert_rowid()") == 12);
    f.check();
}

TEST_CASE("a table whose rowid is hidden by its columns is left out by name", "[sqlite]") {
    followed f{"CREATE TABLE hiding(rowid, oid, _rowid_); INSERT INTO hiding VALUES(1, 2, 3); CREATE TABLE t(a)"};
    REQUIRE(testing::run(f.s.omissions()).size() == 1);
    CHECK(testing::run(f.s.omissions())[0].name == "hiding");
    f.db.execute("INSERT INTO t VALUES(1); INSERT INTO hiding VALUES(4, 5, 6)");
    f.check();
}

TEST_CASE("paths that cannot be backed up are one clear line each", "[sqlite]") {
    const folder here;
    source missing{here / "none.db"};
    CHECK(thrown([&] { testing::run(missing.hold(std::nullopt)); }) == errc::not_found);
    CHECK_FALSE(std::filesystem::exists(here / "none.db"));
    std::ofstream{here / "text.db"} << std::string(5000, 'x');
    source text{here / "text.db"};
    CHECK(thrown([&] { testing::run(text.hold(std::nullopt)); }) == errc::invalid_argument);
    connection db = open_database(here / "a.db");
    db.execute("CREATE TABLE t(a); BEGIN IMMEDIATE");
    source locked{here / "a.db", {.busy_timeout = std::chrono::milliseconds{1}}};
    CHECK(thrown([&] { testing::run(locked.hold(std::nullopt)); }) == errc::busy);
    db.execute("ROLLBACK");
    testing::run(locked.hold(std::nullopt));
}

TEST_CASE("statements that are kept are made anew when another connection has changed what they name", "[sqlite]") {
    followed f{"CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 'a'), (2, 'b'), (3, 'c')"};
    auto orders = partitioned_table::create(f.db, "orders", {.columns = "id INTEGER PRIMARY KEY, v"});
    f.db.execute("INSERT INTO orders_p1 VALUES(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)");
    orders.split("orders_p1", 4);
    f.check();
    // Half of it is read before, half after.
    const auto around = [&](auto change) {
        row_batch rows;
        const chunk first = testing::run(f.s.read(key_range::all(), {.rows = 16}, rows));
        REQUIRE(rows.size() == 16);
        change();
        const rows_by_key rest = read_all(f.s, 2, {first.interval.end, {}});
        const rows_by_key now = read_all(f.s, 100);
        CHECK(rest == rows_by_key{now.lower_bound(first.interval.end), now.end()});
        f.known.catch_up(f.s);
    };
    around([&] { orders.merge("orders_p1", "orders_p2"); });
    around([&] { f.db.execute("ALTER TABLE t RENAME COLUMN v TO w"); });
    around([&] { f.db.execute("ALTER TABLE t ADD COLUMN x DEFAULT 5; UPDATE t SET x = 6 WHERE id = 2"); });
    around([&] { f.db.execute("DROP TABLE t; CREATE TABLE t(id TEXT PRIMARY KEY) WITHOUT ROWID"); });
    around([&] { f.db.execute("INSERT INTO t VALUES('x'), ('y'); VACUUM"); });
    around([&] { f.db.execute("DROP TABLE t"); });
    f.check();
}

/// Nobody in particular, for a while: what files say counts for root only then.
class somebody_else {
  public:
    somebody_else() : was_root_{::geteuid() == 0} {
        if (was_root_) REQUIRE(::setresuid(65534, 65534, 0) == 0);
    }
    somebody_else(const somebody_else&) = delete;
    somebody_else& operator=(const somebody_else&) = delete;
    ~somebody_else() {
        if (was_root_ && ::setresuid(0, 0, 0) != 0) std::abort();
    }

  private:
    bool was_root_;
};

TEST_CASE("a file or folder that is read-only is one clear line, before anything is written", "[sqlite]") {
    namespace files = std::filesystem;
    const folder here;
    const std::string path = here / "a.db";
    open_database(path, journal_mode::rollback).execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    const bool whole_folder = GENERATE(false, true);
    CAPTURE(whole_folder);
    files::permissions(path, files::perms{whole_folder ? 0666U : 0444U});
    files::permissions(here / "", files::perms{whole_folder ? 0555U : 0777U});
    {
        const somebody_else reader;
        source s{path};
        const auto found = testing::run(s.preflight());
        CHECK(std::any_of(found.begin(), found.end(), [](const finding& f) {
            return f.how == severity::obstacle && f.text.find("read-only") != std::string::npos;
        }));
        try {
            testing::run(s.hold(std::nullopt));
            FAIL("it was held");
        } catch (const error& e) {
            INFO(e.line());
            CHECK((e.code() == errc::invalid_argument || e.code() == errc::unavailable));
            CHECK_THAT(e.message(), Catch::Contains(path));
            CHECK_FALSE(e.hint().empty());
        }
        CHECK(testing::run(s.left_behind()).empty());
        CHECK(connection{path, open_mode::read_only}.number("SELECT a FROM t") == 1);
    }
    files::permissions(here / "", files::perms{0777});
}

TEST_CASE("a database with a rollback journal works, and preflight says what it costs", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db", journal_mode::rollback);
    make_every_kind(db);
    source s{here / "a.db"};
    const auto found = testing::run(s.preflight());
    CHECK(std::any_of(found.begin(), found.end(),
                      [](const finding& f) { return f.remedy.find("WAL") != std::string::npos; }));
    const auto cautions = testing::run(s.cautions());
    REQUIRE(cautions.size() == 1);
    CHECK(cautions[0].find("not in WAL mode") != std::string::npos);
    replica known;
    known.begin(s);
    db.execute("INSERT INTO plain VALUES(1000, 'x')");
    known.catch_up(s);
    CHECK(known.rows == read_all(s));
}

}  // namespace foreshadow::sqlite::tests

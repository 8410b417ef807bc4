// SPDX-License-Identifier: BSL-1.0
//
// Whole backups and restores: the adapter under the machine that uses it.
#include "foreshadow/compose.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/sqlite/sqlite.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "support.hpp"
#include "tables.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace foreshadow::sqlite::tests {
namespace {

/// Hands every event on to whoever listens.
struct listener {
    std::function<void(const event&)> hears = [](const event&) {};
    void on(const event& e) { hears(e); }
};

/// Backups of one file into a repository in memory.
struct backups {
    explicit backups(std::string file) : path{std::move(file)} {}

    [[nodiscard]] auto composed() {
        source_options how;
        how.busy_timeout = std::chrono::milliseconds{1};
        return compose(back_up(source{path, how}), keep_in(objects, no_codec{}), predict_with(silent{}),
                       observe_with(listener{[this](const event& e) { told(e); }}), with(options));
    }
    restore_point run() {
        auto whole = composed();
        return testing::run(whole.back_up());
    }
    restore_report restore_to(const std::string& to, const restore_point& point, restore_options how = {}) {
        auto whole = composed();
        return testing::run(whole.restore(point, target{to}, std::move(how)));
    }

    std::string path;
    memory_store objects;
    back_up_options options = {};
    std::function<void(const event&)> told = [](const event&) {};
};

[[nodiscard]] std::string content_of(const std::string& path) {
    connection db{path, open_mode::read_write};
    return dump(db);
}

}  // namespace

TEST_CASE("a backup waits for a database that is locked for longer than the busy timeout", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db", journal_mode::rollback);
    make_every_kind(db);
    backups b{here / "a.db"};
    b.options.chunk.rows = 3;
    connection other{here / "a.db", open_mode::read_write};
    std::size_t waits = 0;
    bool locked = false;
    const auto lock = [&] {
        other.execute("BEGIN EXCLUSIVE");
        locked = true;
    };
    b.told = [&](const event& e) {
        if (std::holds_alternative<chunk_read>(e) && waits == 1) lock();
        if (!std::holds_alternative<source_busy>(e) || !locked) return;
        ++waits;
        other.execute("ROLLBACK");
        locked = false;
    };
    lock();
    const restore_point point = b.run();
    CHECK(waits == 2);
    b.restore_to(here / "restored.db", point);
    CHECK(content_of(here / "restored.db") == dump(db));
}

TEST_CASE("a database that stays locked ends the backup when patience does", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db", journal_mode::rollback);
    db.execute("CREATE TABLE t(a); BEGIN EXCLUSIVE");
    backups b{here / "a.db"};
    b.options.patience_seconds = 0;
    CHECK(thrown([&] { b.run(); }) == errc::busy);
    db.execute("ROLLBACK");
    CHECK(b.run().figures.rows_read > 0);
}

TEST_CASE("definitions that change while nobody follows are in the next point", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES(1, 'x'), (2, 'y')");
    backups b{here / "a.db"};
    const auto change = [&] {
        db.execute("CREATE INDEX i ON t(b); CREATE VIEW v AS SELECT a FROM t; PRAGMA user_version = 7");
    };
    const auto check = [&](const restore_point& point) {
        (void)b.restore_to(here / "restored.db", point);
        CHECK(content_of(here / "restored.db") == content_of(here / "a.db"));
        connection restored{here / "restored.db", open_mode::read_write};
        CHECK(restored.number("SELECT count(*) FROM sqlite_schema WHERE name IN ('i', 'v')") == 2);
        CHECK(restored.number("PRAGMA user_version") == 7);
    };
    SECTION("between two backups") {
        const restore_point first = b.run();
        CHECK(b.run().id == first.id);
        change();
        check(b.run());
    }
    SECTION("after an interrupted backup") {
        std::atomic<bool> stop = true;
        b.options.stop = &stop;
        CHECK(thrown([&] { (void)b.run(); }) == errc::interrupted);
        stop = false;
        change();
        check(b.run());
    }
    SECTION("after an interrupted backup, and rows with them") {
        std::atomic<bool> stop = true;
        b.options.stop = &stop;
        CHECK(thrown([&] { (void)b.run(); }) == errc::interrupted);
        stop = false;
        change();
        db.execute("INSERT INTO t VALUES(3, 'z')");
        check(b.run());
    }
}

TEST_CASE("what cannot be captured is told, kept with the point, and told again by a restore", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    db.execute("CREATE TABLE t(a); INSERT INTO t VALUES(1); CREATE TABLE hiding(rowid, oid, _rowid_)");
    backups b{here / "a.db"};
    std::vector<std::string> warnings;
    b.told = [&](const event& e) {
        if (const auto* w = std::get_if<warning>(&e)) warnings.push_back(w->text);
    };
    const restore_point first = b.run();
    REQUIRE(first.omissions.size() == 1);
    CHECK(first.omissions[0].name == "hiding");
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings[0], Catch::Contains("hiding is not backed up: it has columns named rowid"));
    db.execute("ALTER TABLE hiding RENAME COLUMN oid TO o; INSERT INTO hiding VALUES(1, 2, 3)");
    const restore_point second = b.run();
    CHECK(second.omissions.empty());
    CHECK(b.restore_to(here / "second.db", second).omissions.empty());
    CHECK(content_of(here / "second.db") == dump(db));
    // What is missing is a matter of the position, not of the point.
    const restore_report earlier = b.restore_to(here / "first.db", second, {.at = first.at});
    CHECK(earlier.omissions == first.omissions);
    CHECK(connection{here / "first.db", open_mode::read_write}.number("SELECT count(*) FROM t") == 1);
}

TEST_CASE("some partitions alone restore into a database that works", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    auto orders = partitioned_table::create(db, "orders", {.columns = "id INTEGER PRIMARY KEY, v", .indexes = {"(v)"}});
    db.execute(
        "CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT, v UNIQUE, CHECK(v <> 'no'));"
        "CREATE TABLE other(a); INSERT INTO other VALUES(1); CREATE VIEW seen AS SELECT * FROM counted, other;"
        "CREATE TRIGGER copy AFTER INSERT ON counted BEGIN INSERT INTO other VALUES(NEW.id); END;"
        "CREATE INDEX counted_v ON counted(v, id); INSERT INTO counted(v) VALUES('a'), ('b'), ('c');"
        "DELETE FROM counted WHERE v = 'c';"
        "INSERT INTO orders_p1 VALUES(1, 'x'), (10, 'y'), (20, 'z')");
    orders.split("orders_p1", 10);
    orders.split("orders_p2", 20);
    backups b{here / "a.db"};
    const restore_point point = b.run();
    const restore_report report = b.restore_to(here / "part.db", point, {.partitions = {"orders_p2", "counted"}});
    CHECK(report.partitions.size() == 3);  // with the definitions
    connection part{here / "part.db", open_mode::read_write};
    CHECK(part.text("SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT "
                    "GLOB 'sqlite_*' ORDER BY name)") == "counted,foreshadow_map,foreshadow_map_table,orders_p2");
    CHECK(part.number("SELECT count(*) FROM sqlite_schema WHERE name IN ('seen', 'copy')") == 0);
    CHECK(part.text("SELECT group_concat(id || v) FROM counted") ==
          db.text("SELECT group_concat(id || v) FROM counted"));
    CHECK(part.text("PRAGMA integrity_check") == "ok");
    part.execute("INSERT INTO counted(v) VALUES('d')");
    CHECK(part.number("SELECT max(id) FROM counted") == 4);
    CHECK(part.number("SELECT count(*) FROM sqlite_schema WHERE name IN ('counted_v', 'orders_p2_i1')") == 2);
    CHECK(thrown([&] { part.execute("INSERT INTO counted(v) VALUES('no')"); }).has_value());
    const auto mine = partitioned_table::open(part, "orders");
    CHECK(mine.route(15) == "orders_p2");
    CHECK_FALSE(mine.route(5).has_value());
    CHECK(part.text("SELECT group_concat(id || v) FROM orders_p2") == "10y");
    CHECK(thrown([&] { part.execute("INSERT INTO orders_p2 VALUES(25, 'w')"); }).has_value());
    CHECK(thrown([&] { b.restore_to(here / "none.db", point, {.partitions = {"nowhere"}}); }) == errc::not_found);
    CHECK_FALSE(std::filesystem::exists(here / "none.db"));
}

TEST_CASE("a database that was put back to an older copy of itself is read again, and nothing of the other life stays",
          "[sqlite]") {
    namespace files = std::filesystem;
    const folder here;
    const std::string path = here / "a.db";
    const auto write = [&](const std::string& sql) {
        connection db{path, open_mode::create};
        db.execute(sql);
    };
    write("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 'first'), (2, 'first'), (3, 'first')");
    backups b{path};
    std::vector<std::string> warnings;  // but for the one that it is not in WAL mode, where a copy would be two files
    b.told = [&](const event& e) {
        const auto* w = std::get_if<warning>(&e);
        if (w != nullptr && w->text.find("WAL mode") == std::string::npos) warnings.push_back(w->text);
    };
    const restore_point first = b.run();
    files::copy_file(path, here / "older.db");
    write("UPDATE t SET v = 'lost' WHERE id = 1; INSERT INTO t VALUES(4, 'lost'), (5, 'lost')");
    const restore_point second = b.run();
    CHECK(warnings.empty());

    files::remove(path);
    files::copy_file(here / "older.db", path);
    SECTION("before as much was written as in the other life") {}
    SECTION("with another change at every position") {
        write("UPDATE t SET v = 'kept' WHERE id = 2; INSERT INTO t VALUES(6, 'kept'), (7, 'kept')");
    }
    SECTION("after more was written than in the other life") {
        write(
            "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO t SELECT i, "
            "'kept' "
            "FROM n; DELETE FROM t WHERE id = 3");
    }
    const restore_point third = b.run();
    REQUIRE_FALSE(warnings.empty());
    CHECK_THAT(warnings.front(), Catch::Contains("read again from the start"));
    CHECK(third.knows.timeline == second.knows.timeline + 1);
    auto whole = b.composed();
    CHECK(testing::run(whole.find()).id == third.id);
    const std::string truth = content_of(path);
    b.restore_to(here / "third.db", third);
    CHECK(content_of(here / "third.db") == truth);
    // And it is followed from there.
    write("INSERT INTO t VALUES(100, 'later')");
    const restore_point fourth = b.run();
    CHECK(fourth.figures.rows_read == 0);
    b.restore_to(here / "fourth.db", fourth);
    CHECK(content_of(here / "fourth.db") == content_of(path));
    b.restore_to(here / "second.db", second);
    CHECK(connection{here / "second.db", open_mode::read_write}.number("SELECT count(*) FROM t WHERE v = 'lost'") == 3);
}

}  // namespace foreshadow::sqlite::tests

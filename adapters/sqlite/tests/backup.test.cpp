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

#include <chrono>
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
        return await(whole.back_up());
    }
    restore_report restore_to(const std::string& to, const restore_point& point, restore_options how = {}) {
        auto whole = composed();
        return await(whole.restore(point, target{to}, std::move(how)));
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
    connection db = open_database(here / "a.db", false);
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
    connection db = open_database(here / "a.db", false);
    db.execute("CREATE TABLE t(a); BEGIN EXCLUSIVE");
    backups b{here / "a.db"};
    b.options.patience_seconds = 0;
    CHECK(thrown([&] { b.run(); }) == errc::busy);
    db.execute("ROLLBACK");
    CHECK(b.run().figures.rows_read > 0);
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

}  // namespace foreshadow::sqlite::tests

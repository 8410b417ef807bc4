// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/sqlite/target.hpp"

#include "foreshadow/sqlite/partitioned_table.hpp"
#include "support.hpp"
#include "tables.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace foreshadow::sqlite::tests {
TEST_CASE("a restored database equals the original, value by value", "[sqlite]") {
    const folder here;
    for (const char* encoding : {"UTF-8", "UTF-16le", "UTF-16be"}) {
        CAPTURE(encoding);
        const std::string name = here / (std::string{encoding} + ".db");
        connection db{name, open_mode::create};
        db.execute("PRAGMA encoding = " + literal(encoding) + "; PRAGMA page_size = 8192; PRAGMA journal_mode = WAL");
        make_every_kind(db);
        auto orders =
            partitioned_table::create(db, "orders", {.columns = "id INTEGER PRIMARY KEY, v TEXT", .indexes = {"(v)"}});
        db.execute("INSERT INTO orders_p1 VALUES(1, 'a'), (50, 'b'), (100, 'c')");
        source s{name};
        replica known;
        known.begin(s);
        orders.split("orders_p1", 50);
        db.execute("UPDATE orders_p2 SET v = 'd' WHERE id = 50; INSERT INTO plain VALUES(77, 'again')");
        known.catch_up(s);
        CHECK(known.rows == read_all(s));
        const std::string dumped = dump(db);
        testing::run(s.release());
        CHECK(dump(db) == dumped);
        restore(known, name + ".restored");
        connection restored{name + ".restored", open_mode::read_write};
        CHECK(dump(restored) == dumped);
        CHECK(restored.text("PRAGMA integrity_check") == "ok");
        for (const char* pragma : {"PRAGMA page_size", "PRAGMA encoding", "PRAGMA journal_mode", "PRAGMA user_version"})
            CHECK(restored.text(pragma) == db.text(pragma));
        auto again = partitioned_table::open(restored, "orders");
        CHECK(again.route(70) == "orders_p2");
        CHECK(thrown([&] { restored.execute("INSERT INTO orders_p1 VALUES(70, '')"); }).has_value());
        again.merge("orders_p1", "orders_p2");
        CHECK(restored.number("SELECT count(*) FROM orders_p1") == 3);
    }
}

TEST_CASE("an existing file is never restored over", "[sqlite]") {
    const folder here;
    open_database(here / "a.db").execute("CREATE TABLE t(a)");
    target into{here / "a.db"};
    CHECK(thrown([&] { testing::run(into.begin({})); }) == errc::already_exists);
}

TEST_CASE("an abandoned restore leaves no file", "[sqlite]") {
    const folder here;
    target into{here / "a.db"};
    testing::run(into.begin({}));
    testing::run(into.abandon());
    CHECK(std::filesystem::is_empty(here / ""));
}

TEST_CASE("what a killed restore left is gone with the next one to the same name", "[sqlite]") {
    const folder here;
    const ::pid_t dead = ::fork();
    if (dead == 0) ::_exit(0);
    REQUIRE(::waitpid(dead, nullptr, 0) == dead);
    const auto touch = [&](const std::string& name) { std::ofstream{here / name} << "half"; };
    const std::string left = "a.db.restoring-" + std::to_string(dead);
    const std::vector<std::string> kept{"a.db.restoring-" + std::to_string(::getppid()), "a.db.restoring-x",
                                        "a.db.restoring-", "b.db.restoring-" + std::to_string(dead), left + "0000x"};
    for (const std::string& name : kept) touch(name);
    for (const char* tail : {"", "-wal", "-shm"}) touch(left + tail);
    {
        target into{here / "a.db"};
        testing::run(into.begin({}));
        testing::run(into.abandon());
    }
    for (const std::string& name : kept) CHECK(std::filesystem::exists(here / name));
    for (const char* tail : {"", "-wal", "-shm"}) CHECK_FALSE(std::filesystem::exists(here / (left + tail)));
}

TEST_CASE("what a restore writes is locked, so that no other takes it for left", "[sqlite]") {
    const folder here;
    target into{here / "a.db"};
    testing::run(into.begin({}));
    const std::string partial = detail::partial_name(here / "a.db", ::getpid());
    CHECK_FALSE(detail::partial_in_use{partial}.is_ours());
    testing::run(into.abandon());
    CHECK_FALSE(std::filesystem::exists(partial));
}

}  // namespace foreshadow::sqlite::tests

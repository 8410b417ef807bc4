// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/sqlite/partitioned_table.hpp"

#include "support.hpp"
#include "tables.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>
#include <random>
#include <string>

namespace foreshadow::sqlite::tests {
namespace {

partitioned_table make_orders(connection& db) {
    return partitioned_table::create(db, "orders", {.columns = "id INTEGER PRIMARY KEY, v TEXT, n INT"});
}

/// Writes, splits, merges, drops and adds until the pipe is closed; runs in a process of its own.
[[noreturn]] void write_until_told(const std::string& path, int told, unsigned seed) {
    try {
        connection db{path, open_mode::read_write, std::chrono::seconds{30}};
        auto orders = partitioned_table::open(db, "orders");
        std::mt19937 random{seed};
        char byte = 0;
        for (int i = 0; ::read(told, &byte, 1) < 0; ++i) {
            const auto id = static_cast<std::int64_t>(random() % 1000);
            const auto mine = orders.partitions();
            const auto which = mine.empty() ? 0 : random() % mine.size();
            if (i % 25 == 3 && mine.size() < 8) {
                if (const auto child = orders.route(id); child && id > 0) {
                    try {
                        orders.split(*child, id);
                    } catch (const error& e) {
                        if (e.code() != errc::invalid_argument) throw;
                    }
                }
            } else if (i % 25 == 10 && mine.size() > 2 && which > 0 &&
                       mine[which - 1].high.integer == mine[which].low.integer) {
                orders.merge(mine[which - 1].child, mine[which].child);
            } else if (i % 100 == 50 && mine.size() > 3) {
                orders.drop(mine[which].child);
                orders.add(mine[which].low.kind == value_kind::null ? bound{} : bound{mine[which].low.integer},
                           mine[which].high.kind == value_kind::null ? bound{} : bound{mine[which].high.integer});
            } else if (i % 100 == 75) {
                db.execute("DROP TABLE IF EXISTS passing; CREATE TABLE passing(a); INSERT INTO passing VALUES(1), (2)");
            } else {
                transaction work{db, transaction::kind::write};
                for (int j = 0; j < 5; ++j) {
                    const auto k = static_cast<std::int64_t>(random() % 1000);
                    const auto child = orders.route(k);
                    if (!child) continue;
                    const std::string sql =
                        random() % 4 == 0
                            ? "DELETE FROM " + identifier(*child) + " WHERE id = " + std::to_string(k)
                            : "INSERT OR REPLACE INTO " + identifier(*child) + " VALUES(" + std::to_string(k) + ", 'v" +
                                  std::to_string(i) + "', " + std::to_string(random() % 300) + ")";
                    db.execute(sql);
                }
                work.commit();
            }
        }
        ::_exit(0);
    } catch (const error& e) {
        std::fprintf(stderr, "writer: %s\n", e.line().c_str());
        ::_exit(1);
    }
}

}  // namespace

TEST_CASE("a partitioned table routes every key to the one child that owns it", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    auto orders = make_orders(db);
    CHECK(orders.route(-5) == "orders_p1");
    CHECK(orders.split("orders_p1", 100) == "orders_p2");
    CHECK(orders.split("orders_p2", 200) == "orders_p3");
    CHECK(orders.route(99) == "orders_p1");
    CHECK(orders.route(100) == "orders_p2");
    CHECK(orders.route(200) == "orders_p3");
    CHECK(thrown([&] { orders.split("orders_p1", 100); }) == errc::invalid_argument);
    CHECK(thrown([&] { orders.merge("orders_p1", "orders_p3"); }) == errc::invalid_argument);
    CHECK(thrown([&] { orders.split("nowhere", 100); }) == errc::not_found);
    orders.merge("orders_p1", "orders_p2");
    CHECK(orders.route(150) == "orders_p1");
    orders.drop("orders_p3");
    CHECK_FALSE(orders.route(300).has_value());
    CHECK(thrown([&] { orders.add(100, 300); }) == errc::invalid_argument);
    CHECK(orders.route(250) == std::nullopt);
    const std::string added = orders.add(200, 300);
    CHECK(orders.route(250) == added);
    CHECK(thrown([&] { db.execute("INSERT INTO orders_p1 VALUES(250, '', 1)"); }).has_value());
    CHECK(thrown([&] { partitioned_table::open(db, "nothing"); }) == errc::not_found);
}

TEST_CASE("splits move rows without running triggers, and tell a backup which partitions became which", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    auto users = partitioned_table::create(
        db, "users",
        {.columns = "bucket INT, id TEXT, v, PRIMARY KEY(bucket, id)", .options = "WITHOUT ROWID", .indexes = {"(v)"}});
    db.execute(
        "CREATE TABLE audit(x); CREATE TRIGGER gone AFTER DELETE ON users_p1 BEGIN INSERT INTO audit VALUES(1); END;"
        "INSERT INTO users_p1 VALUES(1, 'a', 1), (5, 'b', 2), (5, 'c', 3), (9, 'd', 4)");
    source s{here / "a.db"};
    replica known;
    known.begin(s, 1);
    const rows_by_key before = known.rows;
    users.split("users_p1", 5);
    CHECK(db.number("SELECT count(*) FROM audit") == 0);
    CHECK(db.number("SELECT count(*) FROM users_p2") == 3);
    known.catch_up(s);
    REQUIRE(known.layouts.size() == 1);
    CHECK(known.layouts[0].retired.size() == 1);
    CHECK(known.layouts[0].begun.size() == 2);
    CHECK(known.rows == read_all(s, 2));
    const key_range data{detail::table_prefix(1), {}};
    const auto rows_of = [&](const rows_by_key& all) { return rows_by_key{all.lower_bound(data.begin), all.end()}; };
    CHECK(rows_of(known.rows) == rows_of(before));
    db.execute("INSERT INTO users_p2 VALUES(7, 'e', 5)");
    users.merge("users_p1", "users_p2");
    users.split("users_p1", 6);
    known.catch_up(s);
    CHECK(known.layouts.size() == 3);
    CHECK(known.rows == read_all(s, 2));
    CHECK(known.shape.partitions.size() == testing::run(s.layout()).partitions.size());
}

TEST_CASE("a scan and a log stay whole while another process writes, splits, merges, drops and creates", "[sqlite]") {
    for (const unsigned seed : {1U, 2U, 3U}) {
        CAPTURE(seed);
        const folder here;
        int pipe_ends[2];
        REQUIRE(::pipe(pipe_ends) == 0);
        {
            connection db = open_database(here / "a.db");
            make_orders(db);
            for (int i = 0; i < 500; ++i)
                db.execute("INSERT INTO orders_p1 VALUES(" + std::to_string(2 * i) + ", 'first', " + std::to_string(i) +
                           ")");
        }
        ::fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
        const pid_t writer = ::fork();
        if (writer == 0) {
            ::close(pipe_ends[1]);
            write_until_told(here / "a.db", pipe_ends[0], seed);
        }
        ::close(pipe_ends[0]);
        {
            source s{here / "a.db"};
            replica known;
            known.at = testing::run(s.hold(std::nullopt));
            known.shape = testing::run(s.layout());
            std::vector<log_batch> log;
            for (key_range left = key_range::all();;) {
                row_batch rows;
                const chunk part = testing::run(s.read(left, read_budget{.rows = 7}, rows));
                known.take(part, rows);
                if (part.interval.end == left.end) break;
                left.begin = part.interval.end;
                const position after = log.empty() ? known.at : log.back().upto;
                testing::run(s.follow(after, log.emplace_back()));
            }
            ::close(pipe_ends[1]);
            int status = -1;
            ::waitpid(writer, &status, 0);
            CHECK(status == 0);
            // Rule 1 in its plainest form: the images, then the whole log since the hold.
            for (const log_batch& batch : log) known.apply(batch);
            CHECK(log.size() > 10);
            CHECK(known.layouts.size() > 1);
            known.catch_up(s);
            connection db{here / "a.db", open_mode::read_write};
            const std::string truth = dump(db);
            CHECK(names_and_intervals(known.shape) == names_and_intervals(testing::run(s.layout())));
            restore(known, here / "r.db");
            connection restored{here / "r.db", open_mode::read_write};
            CHECK(dump(restored) == truth);
        }
    }
}

}  // namespace foreshadow::sqlite::tests

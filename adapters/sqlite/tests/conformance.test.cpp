// SPDX-License-Identifier: BSL-1.0
//
// The adapter against the contracts of its two roles. What the database holds is told by another source that reads it
// in one piece; that what is read is what is there, value by value, the tests of the target show.
#include "foreshadow/sqlite/sqlite.hpp"
#include "foreshadow/testing/conformance/source.hpp"
#include "foreshadow/testing/conformance/target.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace foreshadow::sqlite::tests {
namespace {

/// Everything that a database holds, read at once.
task<testing::database_truth> read_whole(std::string path) {
    source all{std::move(path)};
    const key_range everything = key_range::all();
    co_await all.hold(std::nullopt);  // its own: the log that others hold may be pruned
    testing::database_truth now;
    row_batch rows;
    const read_budget large{.rows = 1'000'000, .bytes = std::size_t{1} << 30, .seconds = 60};
    for (key_range left = everything;;) {
        const chunk part = co_await all.read(left, large, rows);
        if (part.interval.end == left.end) break;
        left.begin = part.interval.end;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) now.rows.emplace(rows[i].key, rows[i].value);
    const layout shape = co_await all.layout();
    now.partitions = names_and_intervals(shape);
    co_return now;
}

/// A database with a partitioned table and a few others, and what its users do to it in turn.
class sqlite_bench {
  public:
    explicit sqlite_bench(const std::string& path)
        : source{path, {.heartbeat = std::chrono::milliseconds{40}}}, path_{path}, db_{open_database(path)} {
        db_.execute(
            "CREATE TABLE plain(id INTEGER PRIMARY KEY, v);"
            "CREATE TABLE named(name TEXT PRIMARY KEY COLLATE NOCASE, v UNIQUE) WITHOUT ROWID;"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
            " INSERT INTO plain SELECT i, hex(randomblob(i)) FROM n;"
            "INSERT INTO named SELECT 'name ' || id, id FROM plain WHERE id % 2 = 0");
        orders_.emplace(partitioned_table::create(db_, "orders", {.columns = "id INTEGER PRIMARY KEY, v"}));
        db_.execute("INSERT INTO orders_p1 SELECT id, v FROM plain");
    }

    sqlite::source source;

    task<> change() {
        const std::string n = std::to_string(100 + step_);
        db_.execute("BEGIN IMMEDIATE; INSERT INTO plain VALUES(" + n + ", 'new'); UPDATE plain SET v = 'again " + n +
                    "' WHERE id % 7 = " + std::to_string(step_ % 7) +
                    "; DELETE FROM plain WHERE id = " + std::to_string(step_) + "; UPDATE named SET name = 'moved " +
                    n + "' WHERE v = 2 * " + std::to_string(step_ % 30) + "; COMMIT");
        db_.execute("INSERT INTO " + *orders_->route(100 + step_) + " VALUES(" + n + ", zeroblob(10))");
        if (step_ % 10 == 3) orders_->split(orders_->partitions().back().child, 60 + step_);
        if (step_ % 10 == 8) orders_->merge(orders_->partitions()[0].child, orders_->partitions()[1].child);
        if (step_ % 20 == 5) db_.execute("CREATE TABLE extra(a, b); INSERT INTO extra VALUES(1, 2), (3, 4)");
        if (step_ % 20 == 15) db_.execute("DROP TABLE extra");
        if (step_ % 20 == 17) db_.execute("DELETE FROM named WHERE v > 20");
        ++step_;
        co_return;
    }
    task<testing::database_truth> truth() { return read_whole(path_); }

  private:
    std::string path_;
    connection db_;
    std::optional<partitioned_table> orders_;
    std::int64_t step_ = 0;
};

struct target_bench {
    sqlite::target target;
    std::string path;
    testing::target_sample rows;

    task<testing::target_sample> sample() { co_return rows; }
    task<std::optional<rows_by_key>> visible() {
        std::optional<rows_by_key> seen;
        if (std::filesystem::exists(path)) {
            testing::database_truth there = co_await read_whole(path);
            seen = std::move(there.rows);
        }
        co_return seen;
    }
};

}  // namespace

TEST_CASE("the source keeps the contract of a source", "[sqlite]") {
    const folder here;
    const testing::report report = testing::check_source([&] { return sqlite_bench{here / "a.db"}; });
    INFO(report.text());
    CHECK(report.is_kept());
}

TEST_CASE("the target keeps the contract of a target", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    db.execute(
        "CREATE TABLE plain(id INTEGER PRIMARY KEY, v); CREATE TABLE unused(a, b); CREATE INDEX by_v ON plain(v);"
        "INSERT INTO plain VALUES(1, 'one'), (2, NULL), (3, x'00'), (4, 2.5), (5, 'five'), (6, 'six'), (7, 'seven')");
    testing::target_sample sample;
    source s{here / "a.db"};
    testing::run(s.hold(std::nullopt));
    sample.shape = testing::run(s.layout());
    sample.rows = read_all(s);
    testing::run(s.release());
    int restored = 0;
    const testing::report report = testing::check_target([&] {
        const std::string path = here / ("restored" + std::to_string(restored++) + ".db");
        return target_bench{target{path}, path, sample};
    });
    INFO(report.text());
    CHECK(report.is_kept());
}

}  // namespace foreshadow::sqlite::tests

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/sqlite/setup/name_clashes.hpp"

#include "foreshadow/sqlite/partitioned_table.hpp"
#include "support.hpp"
#include "tables.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::sqlite::tests {

TEST_CASE("what has a name that the log needs is refused by name, and stays", "[sqlite]") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"foreshadow_control", "CREATE TABLE foreshadow_control(a)"},
        {"Foreshadow_Log", "CREATE TABLE Foreshadow_Log(pos, part, op)"},
        {"foreshadow_part", "CREATE VIEW foreshadow_part AS SELECT 1"},
        {"foreshadow_canary_index", "CREATE INDEX foreshadow_canary_index ON t(a)"},
        {"foreshadow_map", "CREATE TABLE foreshadow_map(country, map)"},
        {"foreshadow_3_i", "CREATE TRIGGER foreshadow_3_i AFTER INSERT ON t BEGIN SELECT 1; END"}};
    for (const auto& [name, sql] : cases) {
        CAPTURE(name);
        const folder here;
        connection db = open_database(here / "a.db");
        db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY); INSERT INTO t VALUES(1)");
        db.execute(sql);
        const std::string before = dump(db);
        source s{here / "a.db"};
        const auto refused = [&](auto&& call) {
            try {
                call();
                FAIL("it was not refused");
            } catch (const error& e) {
                CHECK(e.code() == errc::unsupported);
                CHECK(e.message().find(name) != std::string::npos);
                CHECK_FALSE(e.hint().empty());
            }
        };
        refused([&] { testing::run(s.identity()); });
        refused([&] { testing::run(s.hold(std::nullopt)); });
        refused([&] { testing::run(s.release()); });
        const auto found = testing::run(s.preflight());
        CHECK(std::any_of(found.begin(), found.end(), [](const finding& f) { return f.how == severity::obstacle; }));
        CHECK(dump(db) == before);
    }
}

TEST_CASE("other names that begin with foreshadow are the application's, and are backed up", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    db.execute("CREATE TABLE foreshadow_notes(a INTEGER PRIMARY KEY); INSERT INTO foreshadow_notes VALUES(7)");
    source s{here / "a.db"};
    const std::string identity = testing::run(s.identity()).id;
    testing::run(s.hold(std::nullopt));
    const layout shape = testing::run(s.layout());
    CHECK(std::any_of(shape.partitions.begin(), shape.partitions.end(),
                      [](const partition& p) { return p.name == "foreshadow_notes"; }));
    CHECK(testing::run(s.identity()).id == identity);
    testing::run(s.release());
    CHECK(db.number("SELECT a FROM foreshadow_notes") == 7);
}

TEST_CASE("a map of partitioned tables is known for what it is", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    auto orders = partitioned_table::create(db, "orders", {.columns = "id INTEGER PRIMARY KEY", .indexes = {}});
    CHECK_NOTHROW(detail::refuse_name_clashes(db));
    source s{here / "a.db"};
    testing::run(s.hold(std::nullopt));
    CHECK_NOTHROW(detail::refuse_name_clashes(db));
    testing::run(s.release());
    CHECK_NOTHROW(detail::refuse_name_clashes(db));
}

}  // namespace foreshadow::sqlite::tests

// SPDX-License-Identifier: BSL-1.0
//
// Partitions that pg_partman makes and drops by its calendar, while a backup follows. Its days pass as fast as rows of
// later ones come, and as its retention moves on.
#include "foreshadow/plane/layout_history.hpp"
#include "foreshadow/predict/detail/name_stem.hpp"
#include "foreshadow/predict/hazard_predictor.hpp"
#include "foreshadow/predict/judge.hpp"
#include "foreshadow/predict/sanitize.hpp"
#include "support/backups.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace foreshadow::postgresql::tests {

namespace {

/// Makes a table that pg_partman partitions by day, two days ahead; false where the server has no pg_partman.
bool partition_by_day(blocking_session& users) {
    if (users.ask("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_partman'") != "1") {
        WARN("needs pg_partman for this server: install postgresql-15-partman");
        return false;
    }
    REQUIRE(users.run(
        "CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman; CREATE TABLE ev(at timestamptz NOT NULL, v "
        "int, PRIMARY KEY (at, v)) PARTITION BY RANGE (at)"));
    const bool is_native =
        users.ask("SELECT extversion LIKE '4.%' FROM pg_extension WHERE extname = 'pg_partman'") == "t";
    REQUIRE(users.run(std::string{"SELECT partman.create_parent('public.ev', 'at', "} +
                      (is_native ? "'native', 'daily'" : "'1 day'") + ", p_premake := 2)"));
    return true;
}

}  // namespace

TEST_CASE("what pg_partman makes is told as created, what it drops as dropped, and all of it is restored",
          "[postgresql]") {
    const bool keeps_tables = GENERATE(false, true);
    CAPTURE(keeps_tables);
    const std::string url = new_database();
    blocking_session users{url};
    if (!partition_by_day(users)) return;
    REQUIRE(users.run("UPDATE partman.part_config SET retention = '1 day', retention_keep_table = " +
                      std::string{keeps_tables ? "true" : "false"} +
                      "; INSERT INTO ev SELECT now(), i FROM generate_series(1, 1000) i"));
    const std::string last_made = "SELECT max(partition_tablename) FROM partman.show_partitions('public.ev')";
    const auto last_bound = [&] { return users.ask(last_made); };
    const std::string first_last = last_bound();

    const testing::temporary_folder folder;
    backups b{url, folder / "repository"};
    b.options.chunk.rows = 50;
    std::size_t days = 0;
    b.on_chunk = [&](std::size_t chunk) {
        if (chunk % 3 != 2 || days == 5) return;
        const std::string day = std::to_string(++days);
        CHECK(users.run("INSERT INTO ev VALUES (now() + interval '" + day + " days', " + day + ")"));
        CHECK(users.run("SELECT partman.run_maintenance()"));
    };
    const restore_point point = b.run();
    CHECK(days == 5);
    CHECK(first_last < last_bound());

    std::set<std::string> created;
    std::set<std::string> dropped;
    const layout_history history = history_of(point.knows);
    for (const lineage_event& event : history.lineage()) {
        CHECK((event.kind == lineage_kind::create || event.kind == lineage_kind::drop));
        for (const partition& p : event.to) created.insert(p.name);
        for (const partition& p : event.from) dropped.insert(p.name);
    }
    CHECK(created.size() == 5);
    CHECK(dropped.size() == (keeps_tables ? 0 : 1));
    for (const std::string& each : created) CHECK(each.starts_with("public.ev_p"));

    const std::string restored = shared_server().url(users.ask("SELECT current_database()") + "_restored");
    b.restore_to(restored, point);
    blocking_session there{restored};
    CHECK(there.ask(all_rows) == users.ask(all_rows));
    const std::string constraints = "SELECT count(*) FROM pg_constraint WHERE connamespace = 'partman'::regnamespace";
    CHECK(there.ask(constraints) == users.ask(constraints));
    // It goes on where it was.
    CHECK(there.run("INSERT INTO ev VALUES (now() + interval '6 days', 6); SELECT partman.run_maintenance()"));
    CHECK(there.ask(last_made) > last_bound());
    source held{url, {.pg_dump = pg_dump()}};
    testing::run(held.release());
}

// The partitions, their names, their order and the commits are a real server's, made by pg_partman. What a test has no
// time for is days: those that its commits took milliseconds apart are told as days apart.
TEST_CASE("what pg_partman makes and drops next is foretold by name, and comes true", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    if (!partition_by_day(users)) return;
    REQUIRE(users.run("CREATE TABLE much(id int PRIMARY KEY); INSERT INTO much SELECT generate_series(1, 2000)"));
    const testing::temporary_folder folder;
    backups b{url, folder / "repository"};
    b.options.chunk.rows = 50;
    int days = 0;
    b.on_chunk = [&](std::size_t chunk) {
        if (chunk % 3 != 2 || days == 8) return;
        const std::string day = std::to_string(++days);
        // A row of that day makes it come; a retention that ends in the future makes what is past go.
        CHECK(users.run("UPDATE partman.part_config SET retention = (2 - " + day +
                        ") || ' days', retention_keep_table = false; INSERT INTO ev VALUES (now() + interval '" + day +
                        " days', " + day + ")"));
        CHECK(users.run("SELECT partman.run_maintenance()"));
    };
    const restore_point point = b.run();
    REQUIRE(days == 8);
    source held{url, {.pg_dump = pg_dump()}};
    testing::run(held.release());

    const layout_history history = history_of(point.knows);
    std::map<position, std::vector<lineage_event>> commits;
    for (const lineage_event& event : history.lineage()) commits[event.at.at].push_back(event);
    hazard_predictor one;
    one.start(history.first());
    judge judged;
    std::map<std::uint64_t, prediction> foretold;
    int came = 0;
    int went = 0;
    wall_time today{1'800'000'000'000'000};
    for (const auto& [at, events] : commits) {
        const position before{at.value - 1};
        const layout now = history.at(before);
        log_batch nothing;
        nothing.after = nothing.upto = before;
        nothing.now = after_seconds(today, -2 * 3'600.0);
        one.observe(nothing, now);
        std::vector<prediction> said;
        one.forecast(nothing.now, 6 * 3'600.0, said);
        sanitize(said, now, 6 * 3'600.0);
        for (prediction& p : said) {
            p.id = foretold.size() + 1;
            p.issued_at = before;
            p.issued_time = nothing.now;
            judged.record(p);
            foretold.emplace(p.id, p);
        }
        std::vector<lineage_event> told = events;
        for (lineage_event& event : told) {
            event.time = today;
            one.learn(event);
        }
        for (const judge::verdict& v : judged.settle(told)) {
            const prediction& p = foretold.at(v.prediction);
            const lineage_event& event = told[v.event];
            CHECK(v.became.kind == outcome_kind::exact);
            CHECK(p.kind == event.kind);
            CHECK(p.confidence > 0.5);
            if (event.kind == lineage_kind::create) {
                CHECK(p.name == foreshadow::detail::stem_of(event.to.front().name));
                CHECK(p.name.starts_with("public.ev_p#"));
                CHECK(p.boundaries.empty());
                ++came;
            } else {
                CHECK(p.partitions == std::vector{event.from.front().id});
                ++went;
            }
        }
        today = after_seconds(today, 86'400);
    }
    // All that follow the third, from which on a rhythm is known.
    CHECK(came == 5);
    CHECK(went == 5);
    CHECK(judged.live().empty());
}

}  // namespace foreshadow::postgresql::tests

// SPDX-License-Identifier: BSL-1.0
//
// Partitions that pg_partman makes and drops by its calendar, while a backup follows. Its days pass as fast as rows of
// later ones come.
#include "foreshadow/plane/layout_history.hpp"
#include "support/backups.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <set>
#include <string>

namespace foreshadow::postgresql::tests {

TEST_CASE("what pg_partman makes is told as created, what it drops as dropped, and all of it is restored",
          "[postgresql]") {
    const bool keeps_tables = GENERATE(false, true);
    CAPTURE(keeps_tables);
    const std::string url = new_database();
    blocking_session users{url};
    if (users.ask("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_partman'") != "1") {
        WARN("needs pg_partman for this server: install postgresql-15-partman");
        return;
    }
    REQUIRE(users.run(
        "CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman; CREATE TABLE ev(at timestamptz NOT NULL, v "
        "int, PRIMARY KEY (at, v)) PARTITION BY RANGE (at)"));
    const bool is_native =
        users.ask("SELECT extversion LIKE '4.%' FROM pg_extension WHERE extname = 'pg_partman'") == "t";
    REQUIRE(users.run(std::string{"SELECT partman.create_parent('public.ev', 'at', "} +
                      (is_native ? "'native', 'daily'" : "'1 day'") + ", p_premake := 2)"));
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

}  // namespace foreshadow::postgresql::tests

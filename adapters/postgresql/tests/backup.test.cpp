// SPDX-License-Identifier: BSL-1.0
//
// Whole backups and restores: the adapter under the machine that uses it, beside writers and changes of partitions, and
// with everything ended that can be: connections, the server, the backup itself.
//
// FORESHADOW_LEDGER_SECONDS lets each seed of the ledger go on for so long, FORESHADOW_LEDGER_SEEDS says how many.
#include "support/backups.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"
#include "support/partition_sql.hpp"
#include "temporary_folder.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace foreshadow::postgresql::tests {

namespace {

int number_from_environment(const char* name, int otherwise) {
    const char* chosen = std::getenv(name);
    return chosen == nullptr ? otherwise : std::atoi(chosen);
}

constexpr const char* killed_url = "FORESHADOW_KILLED_URL";
constexpr const char* killed_repository = "FORESHADOW_KILLED_REPOSITORY";

}  // namespace

TEST_CASE("backups beside writers and changes of partitions restore states that there were", "[postgresql]") {
    server& s = shared_server();
    const int last = number_from_environment("FORESHADOW_LEDGER_SEEDS", 1);
    const double seconds = number_from_environment("FORESHADOW_LEDGER_SECONDS", 0);
    for (int seed = 1; seed <= last; ++seed) {
        const testing::temporary_folder folder;
        const std::string url = s.url(s.make_database());
        ledger users{url, static_cast<std::uint64_t>(seed)};
        backups b{url, folder / "repository"};
        b.options.chunk.rows = 500;
        const steady_clock clock;
        const double until = clock.seconds() + seconds;
        for (int round = 0; round < 2 || clock.seconds() < until; ++round) {
            const restore_point point = b.run();
            CAPTURE(seed, round, point.figures.chunks, point.figures.commits, point.figures.layout_changes,
                    users.commits(), users.layout_changes());
            const std::string restored = s.url("ledger_" + std::to_string(seed) + "_" + std::to_string(round));
            const restore_report report = b.restore_to(restored, point);
            CHECK(report.rows > 0);
            CHECK(ledger::wrong_rows(restored) == "0");
            // They split, merge and rename; whatever came and went did so in one of these.
            const layout_history history = history_of(point.knows);
            for (const lineage_event& event : history.lineage()) CHECK((!event.from.empty() && !event.to.empty()));
        }
        CHECK(users.commits() > 0);
        CHECK(users.layout_changes() > 0);
        users.stop();
        CHECK(ledger::wrong_rows(url) == "0");
    }
}

TEST_CASE("a backup goes on where connections end under it", "[postgresql]") {
    server& s = shared_server();
    const testing::temporary_folder folder;
    const std::string name = s.make_database();
    ledger users{s.url(name), 7};
    backups b{s.url(name), folder / "repository"};
    b.options.chunk.rows = 500;
    blocking_session admin{s.url("postgres")};
    b.on_chunk = [&](std::size_t chunk) {
        if (chunk % 10 == 5)
            admin.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name +
                      "' AND application_name = 'foreshadow'");
    };
    const restore_point point = b.run();
    CHECK(point.figures.chunks > 10);
    const std::string restored = s.url("after_ended_connections");
    b.restore_to(restored, point);
    CHECK(ledger::wrong_rows(restored) == "0");
}

TEST_CASE("a backup goes on where the server is killed under it and starts again", "[postgresql]") {
    server own;
    const testing::temporary_folder folder;
    const std::string url = own.url(own.make_database());
    blocking_session{url}.run(
        "CREATE TABLE t(a int PRIMARY KEY, b text); INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 5000) "
        "i");
    backups b{url, folder / "repository"};
    b.options.chunk.rows = 500;
    b.on_chunk = [&](std::size_t chunk) {
        if (chunk == 4) {
            own.stop(SIGQUIT);
            own.start();
        }
        blocking_session users{url};
        CHECK(users.run("UPDATE t SET b = b || 'x' WHERE a % 1000 = " + std::to_string(chunk)));
        CHECK(users.run("DELETE FROM t WHERE a % 1000 = " + std::to_string(100 + chunk)));
    };
    const restore_point point = b.run();
    CHECK(point.figures.chunks > 10);
    b.restore_to(own.url("restored"), point);
    CHECK(blocking_session{own.url("restored")}.ask(all_rows) == blocking_session{url}.ask(all_rows));
}

TEST_CASE("a backup that kills itself in the middle", "[.][killed]") {
    backups b{std::getenv(killed_url), std::getenv(killed_repository)};
    b.options.chunk.rows = 500;
    b.options.checkpoint_seconds = 0;
    b.on_chunk = [](std::size_t chunk) {
        if (chunk == 20) ::kill(::getpid(), SIGKILL);
    };
    b.run();
}

TEST_CASE("a backup whose process is killed is resumed by the next one", "[postgresql]") {
    server& s = shared_server();
    const testing::temporary_folder folder;
    const std::string url = s.url(s.make_database());
    ledger users{url, 3};
    backups b{url, folder / "repository"};
    b.options.chunk.rows = 500;
    ::setenv(killed_url, url.c_str(), 1);
    ::setenv(killed_repository, b.repository.c_str(), 1);
    for (int round = 0; round < 2; ++round) {
        std::string program = "/proc/self/exe";
        std::string only = "[killed]";
        char* const arguments[] = {program.data(), only.data(), nullptr};
        pid_t child = -1;
        REQUIRE(::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environ) == 0);
        int status = 0;
        ::waitpid(child, &status, 0);
        REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    }
    const restore_point point = b.run();
    CHECK(point.figures.resumed == 2);
    const std::string restored = s.url("after_a_killed_backup");
    b.restore_to(restored, point);
    CHECK(ledger::wrong_rows(restored) == "0");
}

TEST_CASE("a hundred changes of a thousand partitions neither end a backup nor are lost", "[.][long]") {
    const testing::temporary_folder folder;
    server& s = shared_server();
    const std::string url = s.url(s.make_database());
    blocking_session users{url};
    REQUIRE(users.run(
        "CREATE TABLE m(i int PRIMARY KEY, v text) PARTITION BY RANGE (i); DO $$ BEGIN FOR k IN 0..999 LOOP EXECUTE "
        "format('CREATE TABLE p%s PARTITION OF m FOR VALUES FROM (%s) TO (%s)', k, k * 10, k * 10 + 10); END LOOP; END "
        "$$; INSERT INTO m SELECT i, md5(i::text) FROM generate_series(0, 9999) i"));
    int changes = 0;
    const auto change = [&] {
        const int low = 90 * changes;
        const std::string leaf = "p" + std::to_string(low / 10);
        const std::string fresh = "fresh_" + std::to_string(changes);
        const std::string above = " WHERE i >= " + std::to_string(low + 5);
        std::string sql;
        if (changes % 25 == 7)
            sql = "ALTER TABLE m DETACH PARTITION " + leaf;
        else if (changes % 4 == 0)
            sql = "BEGIN; CREATE TABLE " + fresh + " (LIKE m INCLUDING ALL); INSERT INTO " + fresh + " SELECT * FROM " +
                  leaf + above + "; ALTER TABLE m DETACH PARTITION " + leaf + "; DELETE FROM " + leaf + above +
                  "; ALTER TABLE m ATTACH PARTITION " + leaf + range_sql(low, low + 5) +
                  "; ALTER TABLE m ATTACH PARTITION " + fresh + range_sql(low + 5, low + 10) + "; COMMIT";
        else if (changes % 4 == 1)
            sql = "TRUNCATE " + leaf;
        else if (changes % 4 == 2)
            sql = "DROP TABLE " + leaf;
        else
            sql = "CREATE TABLE " + fresh + " PARTITION OF m" + range_sql(10'000 + low, 10'090 + low) +
                  "; INSERT INTO " + fresh + " VALUES (" + std::to_string(10'000 + low) + ", 'new')";
        CHECK(users.run(sql));
        ++changes;
    };
    backups b{url, folder / "repository"};
    b.on_chunk = [&](std::size_t chunk) {
        if (chunk % 9 == 0 && changes < 100) change();
    };
    const restore_point point = b.run();
    CHECK(changes == 100);
    CHECK(point.figures.layout_changes >= 70);
    b.restore_to(s.url("thousand"), point);
    CHECK(blocking_session{s.url("thousand")}.ask(all_rows) == users.ask(all_rows));
    const layout_history history = history_of(point.knows);
    const auto splits = std::count_if(history.lineage().begin(), history.lineage().end(),
                                      [](const lineage_event& e) { return e.kind == lineage_kind::split; });
    CHECK(splits >= 20);
}

TEST_CASE("a table and a partition are restored by themselves, with all that is theirs", "[postgresql]") {
    const testing::temporary_folder folder;
    server& s = shared_server();
    const std::string url = s.url(s.make_database());
    blocking_session users{url};
    REQUIRE(users.run(
        "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN NEW.v := upper(NEW.v); RETURN NEW; END';"
        "CREATE TABLE plain(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text UNIQUE, m mood);"
        "CREATE INDEX \"by ON x\" ON plain(lower(v)); CREATE TRIGGER shouts BEFORE INSERT ON plain FOR EACH ROW "
        "EXECUTE "
        "FUNCTION shout(); INSERT INTO plain(v, m) SELECT 'v' || i, 'sad' FROM generate_series(1, 100) i;"
        "CREATE TABLE ev(d date, n int, v text, CONSTRAINT \"key UNIQUE of ev\" PRIMARY KEY (d, n), UNIQUE (n, d)) "
        "PARTITION BY RANGE (d); CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
        "CREATE TABLE ev_2 PARTITION OF ev FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY HASH (n);"
        "CREATE TABLE ev_2_a PARTITION OF ev_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
        "CREATE INDEX ON ev_1(v) WHERE n > 5; CREATE UNIQUE INDEX ON ev_2(v, n);"
        "CREATE INDEX by_v ON ev(v) WHERE n > 3; CREATE INDEX own ON ev_1(v DESC); ALTER TABLE ev_1 ADD CHECK (n < "
        "9999);"
        "CREATE TABLE ev_0 PARTITION OF ev FOR VALUES FROM ('2019-01-01') TO ('2020-01-01');"
        "ALTER TABLE ev DETACH PARTITION ev_0; ALTER TABLE ev_0 RENAME TO ev_0_old;"  // its indexes keep their names
        "CREATE TABLE ev_0 PARTITION OF ev FOR VALUES FROM ('2019-01-01') TO ('2020-01-01');"
        "INSERT INTO ev SELECT date '2020-01-01' + i, i, 'v' || i FROM generate_series(1, 700) i;"
        "CREATE TABLE refers(d date, n int, PRIMARY KEY (d, n), CONSTRAINT to_ev FOREIGN KEY (d, n) REFERENCES ev);"
        "INSERT INTO refers SELECT d, n FROM ev; CREATE TABLE other(i int PRIMARY KEY, v text REFERENCES plain(v));"
        "CREATE VIEW seen AS SELECT * FROM other; CREATE VIEW shouted AS SELECT * FROM plain;"
        "CREATE VIEW below AS SELECT * FROM ev_2_a;"
        "CREATE TABLE unkeyed(i int)"));
    backups b{url, folder / "repository"};
    const restore_point point = b.run();
    const std::string tables =
        "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind IN ('r', 'p', 'v') AND "
        "relnamespace = 'public'::regnamespace";
    const std::string parts_of =
        "SELECT string_agg(part, '; ' ORDER BY part) FROM (SELECT pg_get_indexdef(indexrelid) AS part FROM pg_index "
        "WHERE indrelid = 'T'::regclass AND indisvalid UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) "
        "FROM "
        "pg_constraint WHERE conrelid = 'T'::regclass UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE "
        "tgrelid = 'T'::regclass AND NOT tgisinternal) parts";
    const auto parts = [&](blocking_session& there, const std::string& table) {
        std::string sql = parts_of;
        for (std::size_t at = 0; (at = sql.find("'T'", at)) != std::string::npos;)
            sql.replace(at, 3, "'" + table + "'");
        return there.ask(sql);
    };
    const auto rows = [](blocking_session& there, const std::string& table) {
        return there.ask("SELECT count(*) || ' ' || sum(hashtextextended(x::text, 0)) FROM " + table + " x");
    };

    SECTION("whole") {
        b.restore_to(s.url("part_whole"), point);
        blocking_session there{s.url("part_whole")};
        CHECK(there.ask(all_rows) == users.ask(all_rows));
        for (const char* table : {"plain", "ev", "ev_0", "ev_0_old", "ev_1", "ev_2", "ev_2_a", "refers", "other"}) {
            CAPTURE(table);
            CHECK(parts(there, table) == parts(users, table));
        }
        CHECK(there.ask("SELECT count(*) FROM pg_inherits") == users.ask("SELECT count(*) FROM pg_inherits"));
        CHECK(there.ask("SELECT count(*) FROM below") == users.ask("SELECT count(*) FROM below"));
    }
    SECTION("a table") {
        const restore_report report = b.restore_to(s.url("part_table"), point, {.partitions = {"public.plain"}});
        blocking_session there{s.url("part_table")};
        CHECK(there.ask(tables) == "plain shouted");
        CHECK(rows(there, "plain") == rows(users, "plain"));
        CHECK(parts(there, "plain") == parts(users, "plain"));
        CHECK(there.ask("INSERT INTO plain(v) VALUES ('new') RETURNING id || v") == "101NEW");
        CHECK(report.omissions.empty());
    }
    SECTION("a partition") {
        const restore_report report = b.restore_to(s.url("part_leaf"), point, {.partitions = {"public.ev_1"}});
        blocking_session there{s.url("part_leaf")};
        CHECK(there.ask(tables) == "ev ev_1");
        CHECK(rows(there, "ev") == rows(users, "ev_1"));
        CHECK(parts(there, "ev_1") == parts(users, "ev_1"));
        CHECK(parts(there, "ev") == parts(users, "ev"));
        CHECK(report.omissions.empty());
    }
    SECTION("what refers to rows that are not there") {
        const restore_report report =
            b.restore_to(s.url("part_refers"), point, {.partitions = {"public.refers", "public.ev_2_a"}});
        blocking_session there{s.url("part_refers")};
        CHECK(there.ask(tables) == "below ev ev_2 ev_2_a refers");
        CHECK(rows(there, "refers") == rows(users, "refers"));
        REQUIRE(report.omissions.size() == 1);
        CHECK(report.omissions[0].name == "refers to_ev");
        const restore_report alone = b.restore_to(s.url("part_other"), point, {.partitions = {"public.other"}});
        REQUIRE(alone.omissions.size() == 1);
        CHECK(alone.omissions[0].name == "other other_v_fkey");
    }
}

}  // namespace foreshadow::postgresql::tests

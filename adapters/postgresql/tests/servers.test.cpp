// SPDX-License-Identifier: BSL-1.0
//
// What servers of other versions than 15, and databases of other locales, do otherwise. What needs a newer server says
// so where it is run beside an older one; tests/postgresql runs all of it.
#include "failure.hpp"
#include "support/backups.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::tests {
namespace {

const source_options short_beats{.heartbeat = std::chrono::milliseconds{40}, .pg_dump = pg_dump()};

using testing::thrown;

/// Whether the server is new enough for a test; says so where it is not.
bool is_at_least(int version) {
    if (shared_server().version() >= version) return true;
    WARN("needs PostgreSQL " << version << ": run tests/postgresql " << version);
    return false;
}

/// How many changes of rows the log tells from `at` to its head; moves `at` there.
std::size_t changes_to_head(source& from, position& at) {
    std::size_t count = 0;
    const position head = testing::run(from.head());
    while (at < head) {
        log_batch batch;
        testing::run(from.follow(at, batch));
        for (std::size_t i = 0; i < batch.changes.size(); ++i) count += table_of(batch.changes[i].key) != 0 ? 1 : 0;
        at = batch.upto;
    }
    return count;
}

/// A database that is backed up while its users go on, and restored.
struct changing_database {
    explicit changing_database(std::string at) : url{std::move(at)}, users{url} {}

    /// Backs up, lets the users do this at the first chunk, and restores to another database.
    std::string restored(const std::string& as, const std::string& meanwhile) {
        backups b{url, folder / "repository"};
        bool is_done = false;
        b.on_chunk = [&](std::size_t chunk) {
            if (chunk == 0) is_done = users.run(meanwhile);
        };
        const restore_point first = b.run();
        CHECK(is_done);
        b.on_chunk = {};
        const restore_point point = b.run();
        omissions = point.omissions;
        const std::string to = shared_server().url(as);
        b.restore_to(to, point);
        source held{url, short_beats};
        testing::run(held.release());
        return to;
    }

    std::string url;
    blocking_session users;
    testing::temporary_folder folder;
    std::vector<omission> omissions;
};

}  // namespace

TEST_CASE("a publication that is dropped or altered is a hold that is lost", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY); INSERT INTO t VALUES (1)");
    source held{url, short_beats};
    position at = testing::run(held.hold(std::nullopt));
    // Where it is as it was again, the log tells; where triggers are off, the publication; where both, that it is
    // another.
    using told_and_back = std::pair<bool, bool>;
    const auto [is_told, is_back] =
        GENERATE(told_and_back{true, true}, told_and_back{false, false}, told_and_back{false, true});
    const std::string change =
        GENERATE("DROP PUBLICATION foreshadow", "ALTER PUBLICATION foreshadow SET (publish = 'insert')",
                 "ALTER PUBLICATION foreshadow SET (publish_via_partition_root = true)");
    CAPTURE(is_told, is_back, change);
    if (!is_told) users.run("ALTER EVENT TRIGGER foreshadow_ddl DISABLE; ALTER EVENT TRIGGER foreshadow_drop DISABLE");
    REQUIRE(users.run(change));
    REQUIRE(users.run("UPDATE t SET a = 2"));
    if (is_back) REQUIRE(users.run(detail::publication_sql()));
    CHECK(thrown([&] { changes_to_head(held, at); }) == errc::hold_lost);
    if (!is_told && is_back) CHECK(thrown([&] { testing::run(source{url, short_beats}.hold(at)); }) == errc::hold_lost);
    users.run("ALTER EVENT TRIGGER foreshadow_ddl ENABLE ALWAYS; ALTER EVENT TRIGGER foreshadow_drop ENABLE ALWAYS");
    at = testing::run(held.hold(std::nullopt));
    REQUIRE(users.run("UPDATE t SET a = 3"));
    CHECK(changes_to_head(held, at) == 2);
    testing::run(held.release());
}

TEST_CASE("a hold whose row is gone is lost, whatever is left of it", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY); INSERT INTO t VALUES (1)");
    source held{url, short_beats};
    testing::run(held.hold(std::nullopt));
    REQUIRE(users.run("DELETE FROM foreshadow.hold"));
    CHECK(thrown([&] { testing::run(held.head()); }) == errc::hold_lost);
    testing::run(held.hold(std::nullopt));
    testing::run(held.release());
}

TEST_CASE("a table without a key goes on being changed though the server makes a column of it", "[postgresql]") {
    changing_database db{new_database()};
    const std::string columns = "(a int, b int GENERATED ALWAYS AS (a * 2) STORED, c text, d text)";
    REQUIRE(
        db.users.run("CREATE TABLE plain" + columns + "; CREATE TABLE parent" + columns +
                     "PARTITION BY LIST (a); CREATE TABLE leaf PARTITION OF parent FOR VALUES IN (1, 2, 3);"
                     "CREATE TABLE keyed(i int PRIMARY KEY, b int GENERATED ALWAYS AS (i + 1) STORED, d text);"
                     "ALTER TABLE keyed ALTER d SET STORAGE EXTERNAL; ALTER TABLE plain ALTER d SET STORAGE EXTERNAL;"
                     "INSERT INTO plain(a, d) VALUES (1, repeat('long', 2000)), (2, 'two'); INSERT INTO parent(a) "
                     "VALUES (1), (2); INSERT INTO keyed(i, d) SELECT i, repeat('long', 2000) FROM "
                     "generate_series(1, 9) i"));
    const std::string meanwhile =
        "UPDATE plain SET c = 'x'; DELETE FROM plain WHERE a = 2; UPDATE parent SET a = 3 WHERE a = 2; DELETE FROM "
        "parent WHERE a = 1; UPDATE keyed SET i = 90 WHERE i = 9; CREATE TABLE later(a int, b int GENERATED ALWAYS AS "
        "(a * 2) STORED); INSERT INTO later(a) VALUES (1), (2); UPDATE later SET a = 5 WHERE a = 1; ALTER TABLE keyed "
        "ADD k int GENERATED ALWAYS AS (i * 5) STORED; UPDATE keyed SET i = 80 WHERE i = 8; ALTER TABLE keyed DROP b; "
        "UPDATE keyed SET i = 70 WHERE i = 7";
    blocking_session there{db.restored("made_by_the_server", meanwhile)};
    CHECK(there.ask(all_rows) == db.users.ask(all_rows));
}

TEST_CASE("virtual columns are restored, and no log has to tell them", "[postgresql]") {
    if (!is_at_least(18)) return;
    changing_database db{new_database()};
    REQUIRE(db.users.run(
        "CREATE TABLE r(id int PRIMARY KEY, v int GENERATED ALWAYS AS (id * 2), s int GENERATED ALWAYS AS (id + 1) "
        "STORED, t text) PARTITION BY RANGE (id); CREATE TABLE r_1 PARTITION OF r FOR VALUES FROM (0) TO (100); CREATE "
        "TABLE r_2 PARTITION OF r FOR VALUES FROM (100) TO (200); INSERT INTO r(id, t) SELECT i, 't' FROM "
        "generate_series(0, 199) i; CREATE TABLE later(id int PRIMARY KEY); INSERT INTO later VALUES (1)"));
    const std::string meanwhile =
        "UPDATE r SET t = 'u' WHERE id < 9; DELETE FROM r WHERE id > 190; UPDATE r SET id = 150 + id WHERE id < 3; "
        "ALTER TABLE later ADD v int GENERATED ALWAYS AS (id * 3); UPDATE later SET id = 4; ALTER TABLE r ALTER v SET "
        "EXPRESSION AS (id * 7)";
    db.users.run("DELETE FROM r WHERE id IN (150, 151, 152)");
    blocking_session there{db.restored("virtual_columns", meanwhile)};
    CHECK(db.omissions.empty());
    CHECK(there.ask(all_rows) == db.users.ask(all_rows));
    CHECK(there.ask("SELECT v || ' ' || s FROM r WHERE id = 5") == "35 6");
}

TEST_CASE("a table that cannot be published is in no application's way, and the backup says so", "[postgresql]") {
    if (!is_at_least(18)) return;
    const std::string url = new_database();
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY)");
    source held{url, short_beats};
    position at = testing::run(held.hold(std::nullopt));
    REQUIRE(users.run("CREATE TABLE made(a int, v int GENERATED ALWAYS AS (a * 2)); INSERT INTO made VALUES (1)"));
    CHECK(users.run("UPDATE made SET a = 2"));
    CHECK(users.run("UPDATE t SET a = 2"));
    CHECK(thrown([&] { changes_to_head(held, at); }) == errc::hold_lost);
    CHECK_THROWS_WITH(testing::run(held.hold(std::nullopt)), Catch::Contains("public.made has no key but a virtual"));
    CHECK(users.run("UPDATE made SET a = 3"));
    users.run("ALTER TABLE made ADD PRIMARY KEY (a)");
    at = testing::run(held.hold(std::nullopt));
    users.run("UPDATE made SET a = 4");
    CHECK(changes_to_head(held, at) == 2);
    testing::run(held.release());
}

TEST_CASE("a table with a virtual column is backed up where it has a key, and only then", "[postgresql]") {
    if (!is_at_least(18)) return;
    const std::string url = new_database();
    blocking_session users{url};
    const std::string v = "v int GENERATED ALWAYS AS (a * 2)";
    users.run("CREATE TABLE g(a int, s int GENERATED ALWAYS AS (a + 1) STORED PRIMARY KEY, " + v + ")");
    users.run("INSERT INTO g(a) VALUES (1)");
    source held{url, short_beats};
    CHECK_THROWS_WITH(testing::run(held.hold(std::nullopt)), Catch::Contains("public.g has no key but a virtual"));
    CHECK(users.run("UPDATE g SET a = 2"));  // although its key is one, for other purposes
    users.run("DROP TABLE g; CREATE TABLE t(a int NOT NULL)");
    position at = testing::run(held.hold(std::nullopt));
    CHECK(users.run("ALTER TABLE t ADD PRIMARY KEY (a), ADD " + v));
    CHECK(users.run("INSERT INTO t VALUES (1); UPDATE t SET a = 2"));
    CHECK_NOTHROW(changes_to_head(held, at));
    testing::run(held.release());
}

TEST_CASE("constraints of newer servers are restored under their names", "[postgresql]") {
    if (!is_at_least(18)) return;
    changing_database db{new_database()};
    REQUIRE(db.users.run(
        "CREATE TABLE r(id int PRIMARY KEY, a int, b int CONSTRAINT b_is_there NOT NULL, c int, d int) PARTITION BY "
        "RANGE (id); CREATE TABLE r_1(id int PRIMARY KEY, a int NOT NULL, b int CONSTRAINT mine NOT NULL, c int "
        "CONSTRAINT cc NOT NULL, d int UNIQUE); ALTER TABLE r ATTACH PARTITION r_1 FOR VALUES FROM (0) TO (10); CREATE "
        "TABLE r_2 PARTITION OF r FOR VALUES FROM (10) TO (20); ALTER TABLE r_2 ADD CONSTRAINT soon NOT NULL a NOT "
        "VALID; ALTER TABLE r_2 ADD CONSTRAINT here NOT NULL c NO INHERIT; COMMENT ON CONSTRAINT here ON r_2 IS 'h'; "
        "COMMENT ON CONSTRAINT b_is_there ON r_2 IS 'b'; ALTER TABLE r_1 ADD CONSTRAINT small CHECK (c < 9) NOT "
        "ENFORCED; ALTER TABLE r_2 ADD CONSTRAINT known FOREIGN KEY (d) REFERENCES r_1(d) NOT ENFORCED; ALTER TABLE r "
        "ADD CONSTRAINT few CHECK (a < 1000) NOT ENFORCED; INSERT INTO r SELECT i, i, i, i, i FROM generate_series(0, "
        "19) i; CREATE EXTENSION btree_gist; CREATE TABLE stay(room int, at daterange, PRIMARY KEY (room, at WITHOUT "
        "OVERLAPS)); CREATE TABLE visit(room int, at daterange, FOREIGN KEY (room, PERIOD at) REFERENCES stay (room, "
        "PERIOD at)); CREATE TABLE part(room int, at daterange, PRIMARY KEY (room, at WITHOUT OVERLAPS)) PARTITION BY "
        "LIST (room); CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1, 2); INSERT INTO stay SELECT i % 5, "
        "daterange('2020-01-01'::date + i, '2020-01-02'::date + i) FROM generate_series(1, 60) i; INSERT INTO visit "
        "SELECT * FROM stay WHERE room = 1; INSERT INTO part SELECT * FROM stay WHERE room = 1;"
        "CREATE TABLE numbered(id int GENERATED ALWAYS AS IDENTITY, k int) PARTITION BY RANGE (k); CREATE TABLE "
        "numbered_1 PARTITION OF numbered FOR VALUES FROM (0) TO (9); INSERT INTO numbered(k) VALUES (1), (2)"));
    const std::string meanwhile =
        "DELETE FROM stay WHERE room = 2; UPDATE stay SET room = 9 WHERE room = 3; DELETE FROM part WHERE at @> "
        "'2020-01-07'::date; ALTER TABLE r_2 RENAME CONSTRAINT here TO there; ALTER TABLE r_2 VALIDATE CONSTRAINT "
        "soon; "
        "INSERT INTO numbered(k) VALUES (3)";
    blocking_session there{db.restored("newer_constraints", meanwhile)};
    CHECK(db.omissions.empty());
    CHECK(there.ask(all_rows) == db.users.ask(all_rows));
    const std::string constraints =
        "SELECT string_agg(concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid), obj_description(oid, "
        "'pg_constraint')), '; ' ORDER BY conrelid::regclass::text, conname) FROM pg_constraint WHERE conrelid <> 0 "
        "AND connamespace = 'public'::regnamespace";
    CHECK(there.ask(constraints) == db.users.ask(constraints));
    CHECK(there.ask("INSERT INTO numbered(k) VALUES (4) RETURNING id") == "4");
}

TEST_CASE("a slot that nobody used for too long is a hold that is lost", "[postgresql]") {
    if (!is_at_least(18)) return;
    server own{"idle_replication_slot_timeout = 1"};
    const std::string url = own.url("postgres");
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY)");
    position at;
    {
        source held{url, short_beats};
        at = testing::run(held.hold(std::nullopt));
        testing::run(held.acknowledge(at));
        const std::vector<finding> told = testing::run(held.preflight());
        CHECK(std::any_of(told.begin(), told.end(), [](const finding& f) {
            return f.how == severity::note && f.what.find("idle_replication_slot_timeout") != std::string::npos;
        }));
    }
    // The server looks with each of its checkpoints.
    for (int tries = 0; users.ask("SELECT wal_status FROM pg_replication_slots") != "lost" && tries < 100; ++tries)
        users.run("SELECT pg_sleep(0.1); CHECKPOINT");
    source again{url, short_beats};
    const std::optional<error> lost = testing::failure([&] { testing::run(again.hold(at)); });
    REQUIRE(lost);
    CHECK(lost->code() == errc::hold_lost);
    CHECK_THAT(lost->hint(), Catch::Contains("idle_replication_slot_timeout"));
    at = testing::run(again.hold(std::nullopt));
    users.run("INSERT INTO t VALUES (1)");
    CHECK(changes_to_head(again, at) == 1);
}

TEST_CASE("keys are read in the order of their bytes, whatever library orders the texts of the database",
          "[postgresql]") {
    const std::string name = shared_server().make_database() + "_ordered";
    const std::string provider = GENERATE("icu ICU_LOCALE 'en'", "builtin BUILTIN_LOCALE 'C.UTF-8'");
    CAPTURE(provider);
    if (provider.starts_with("builtin") && !is_at_least(17)) return;
    blocking_session admin{shared_server().url("postgres")};
    REQUIRE(admin.run("CREATE DATABASE " + name + " TEMPLATE template0 LOCALE_PROVIDER " + provider));
    changing_database db{shared_server().url(name)};
    REQUIRE(
        db.users.run("CREATE TABLE t(word text PRIMARY KEY); INSERT INTO t VALUES ('a'), ('B'), ('c'), ('D'), "
                     "('\u00e9'), ('z'), ('Z'), ('_')"));
    blocking_session there{db.restored(name + "_again", "UPDATE t SET word = 'C' WHERE word = 'c'")};
    CHECK(there.ask(all_rows) == db.users.ask(all_rows));
    CHECK(there.ask("SELECT string_agg(word, ' ' ORDER BY word) FROM t") ==
          db.users.ask("SELECT string_agg(word, ' ' ORDER BY word) FROM t"));
}

}  // namespace foreshadow::postgresql::tests

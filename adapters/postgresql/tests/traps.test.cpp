// SPDX-License-Identifier: BSL-1.0
//
// What lost rows, broke an application or hung when it was tried, each as a test.
#include "failure.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::tests {
namespace {

const source_options quick{.heartbeat = std::chrono::milliseconds{40}, .pg_dump = pg_dump()};

using testing::thrown;
using told_changes = std::vector<std::pair<change_kind, key>>;

/// Appends everything that the log tells from `at` to its head; moves `at` there.
void follow_to_head(source& from, position& at, told_changes& changes) {
    const position head = testing::run(from.head());
    while (at < head) {
        log_batch batch;
        testing::run(from.follow(at, batch));
        for (std::size_t i = 0; i < batch.changes.size(); ++i)
            changes.emplace_back(batch.changes[i].kind, key{batch.changes[i].key});
        at = batch.upto;
    }
}
told_changes follow_to_head(source& from, position& at) {
    told_changes changes;
    follow_to_head(from, at, changes);
    return changes;
}
/// The same, again and again: each connection that is gone is told once, as something to try again.
told_changes follow_patiently(source& from, position& at) {
    told_changes changes;
    for (int tries = 0;; ++tries) {
        try {
            follow_to_head(from, at, changes);
            return changes;
        } catch (const error& e) {
            if (e.again() != retry::later || tries == 20) throw;
        }
    }
}

/// How many changes of a kind there are, of data.
std::size_t count_of(const told_changes& changes, change_kind kind) {
    std::size_t count = 0;
    for (const auto& [each, k] : changes)
        if (each == kind && table_of(k) != 0) ++count;
    return count;
}

}  // namespace

TEST_CASE("tables without a key go on being updated while the log is held", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run(
        "CREATE TABLE before(a int); INSERT INTO before VALUES (1); CREATE TABLE parent(a int) PARTITION BY LIST (a)");
    source held{url, quick};
    testing::run(held.hold(std::nullopt));
    CHECK(users.run("UPDATE before SET a = 2"));
    CHECK(users.run("CREATE TABLE leaf PARTITION OF parent FOR VALUES IN (1, 2); INSERT INTO parent VALUES (1)"));
    CHECK(users.run("UPDATE parent SET a = 2; DELETE FROM parent"));
    CHECK(
        users.run("CREATE TABLE keyed(a int PRIMARY KEY); ALTER TABLE keyed DROP CONSTRAINT keyed_pkey; INSERT INTO "
                  "keyed VALUES (1); UPDATE keyed SET a = 2"));
    testing::run(held.release());
    CHECK(users.ask("SELECT string_agg(relreplident, '') FROM pg_class WHERE relname IN ('before', 'leaf', 'keyed')") ==
          "ddd");
    CHECK(testing::run(held.left_behind()).empty());
}

TEST_CASE("what is changed with event triggers off is noticed by the first row", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY)");
    source held{url, quick};
    position at = testing::run(held.hold(std::nullopt));
    const std::string change = GENERATE("ALTER TABLE t ADD b int", "CREATE TABLE u(a int PRIMARY KEY)");
    CAPTURE(change);
    users.run("ALTER EVENT TRIGGER foreshadow_ddl DISABLE");
    users.run(change);
    CHECK(count_of(follow_to_head(held, at), change_kind::put) == 0);
    users.run("INSERT INTO t(a) VALUES (1)");
    users.run("INSERT INTO u VALUES (1)");
    CHECK(thrown([&] { follow_to_head(held, at); }) == errc::hold_lost);
    testing::run(held.release());
}

TEST_CASE("a partition that is detached is told to be a table of its own", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run(
        "CREATE TABLE parent(a int PRIMARY KEY) PARTITION BY LIST (a); CREATE TABLE leaf PARTITION OF parent FOR "
        "VALUES IN (1)");
    source held{url, quick};
    position at = testing::run(held.hold(std::nullopt));
    users.run("ALTER TABLE parent DETACH PARTITION leaf");
    const auto changes = follow_to_head(held, at);
    const key leaf = detail::table_definition_key(
        static_cast<object_id>(std::stoul(users.ask("SELECT 'leaf'::regclass::oid::text"))));
    CHECK(std::count(changes.begin(), changes.end(), std::pair{change_kind::put, leaf}) == 1);
    CHECK(std::count(changes.begin(), changes.end(),
                     std::pair{change_kind::replaced, detail::schema_interval().begin}) == 1);
    CHECK(count_of(changes, change_kind::replaced) == 0);
    users.run("ALTER TABLE parent ATTACH PARTITION leaf FOR VALUES IN (1, 2)");
    CHECK(count_of(follow_to_head(held, at), change_kind::replaced) == 0);
    testing::run(held.release());
}

TEST_CASE("after whatever statement, what was told of each table is what there is to tell", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run(
        "CREATE SCHEMA s; CREATE TABLE s.r(id int PRIMARY KEY, a text, b int) PARTITION BY RANGE (id);"
        "CREATE INDEX rb ON s.r(b); CREATE TABLE s.r1 PARTITION OF s.r FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE s.r2 PARTITION OF s.r FOR VALUES FROM (10) TO (20);"
        "CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'");
    users.run("CREATE ROLE auditor");
    source held{url, quick};
    testing::run(held.hold(std::nullopt));
    const std::string undone = "SAVEPOINT a; ALTER TABLE s.r1 SET (fillfactor = 50); ROLLBACK TO a; ";
    std::vector<std::string> statements{
        "CREATE TABLE s.x PARTITION OF s.r FOR VALUES FROM (100) TO (110)",
        "ALTER TABLE s.r DETACH PARTITION s.x",
        "ALTER TABLE s.r ATTACH PARTITION s.x FOR VALUES FROM (100) TO (120)",
        "ALTER TABLE s.r DETACH PARTITION s.x CONCURRENTLY",
        "ALTER INDEX s.r2_b_idx RENAME TO other",
        "CREATE INDEX own ON s.r2(a)",
        "DROP INDEX s.own",
        "BEGIN; ALTER TABLE s.r1 SET (fillfactor = 70); ALTER TABLE s.r1 SET (fillfactor = 80); COMMIT",
        "BEGIN; " + undone + "ALTER TABLE s.r1 SET (fillfactor = 60); COMMIT",
        "ALTER TABLE s.r2 ADD CONSTRAINT positive CHECK (b > 0)",
        "ALTER TABLE s.r2 DROP CONSTRAINT positive",
        "ALTER TABLE s.r ADD COLUMN d date DEFAULT '2020-01-01'",
        "ALTER TABLE s.r DROP COLUMN a",
        "ALTER TABLE s.r ALTER b TYPE bigint",
        "ALTER TABLE s.r DROP CONSTRAINT r_pkey",
        "ALTER TABLE s.r ADD PRIMARY KEY (id)",
        "ALTER TABLE s.r2 REPLICA IDENTITY NOTHING",
        "ALTER TABLE s.r2 REPLICA IDENTITY DEFAULT",
        "ALTER TABLE s.r ADD COLUMN a text",
        "GRANT SELECT ON s.r1 TO auditor WITH GRANT OPTION",
        "GRANT UPDATE (b) ON s.r1 TO PUBLIC",
        "REVOKE SELECT ON s.r1 FROM auditor",
        "ALTER TABLE s.r1 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "CREATE PUBLICATION pa FOR TABLE ONLY s.r1 (id, b) WHERE (id > 5), ONLY s.r2",
        "ALTER PUBLICATION pa RENAME TO pb",
        "ALTER PUBLICATION pb SET TABLE s.r1",
        "ALTER PUBLICATION pb DROP TABLE s.r1",
        "ALTER PUBLICATION pb ADD TABLE s.r2",
        "DROP PUBLICATION pb",
        "ALTER TABLE s.r ADD CONSTRAINT soon CHECK (id > 0) NOT VALID",
        "CREATE TABLE s.y PARTITION OF s.r FOR VALUES FROM (120) TO (130)",
        "ALTER TABLE s.r1 VALIDATE CONSTRAINT soon",
        "ALTER TABLE s.r VALIDATE CONSTRAINT soon",
        "ALTER TABLE s.r DROP CONSTRAINT soon",
        "CREATE POLICY p ON s.r1 USING (b > 0)",
        "ALTER POLICY p ON s.r1 TO auditor USING (b > 1)",
        "ALTER POLICY p ON s.r1 RENAME TO q",
        "COMMENT ON POLICY q ON s.r1 IS 'q'",
        "DROP POLICY q ON s.r1",
        "CREATE STATISTICS s.st ON a, b FROM s.r1",
        "ALTER STATISTICS s.st SET STATISTICS 7",
        "ALTER STATISTICS s.st RENAME TO su",
        "COMMENT ON STATISTICS s.su IS 'su'",
        "ALTER STATISTICS s.su OWNER TO auditor",
        "DROP STATISTICS s.su",
        "CREATE TRIGGER t BEFORE INSERT ON s.r1 FOR EACH ROW EXECUTE FUNCTION s.f()",
        "ALTER TABLE s.r1 DISABLE TRIGGER t",
        "ALTER TRIGGER t ON s.r1 RENAME TO u",
        "COMMENT ON TRIGGER u ON s.r1 IS 'u'",
        "ALTER FUNCTION s.f RENAME TO g",
        "DROP TRIGGER u ON s.r1",
        "CREATE TRIGGER t BEFORE INSERT ON s.r FOR EACH ROW EXECUTE FUNCTION s.g()",
        "ALTER TABLE s.r1 DISABLE TRIGGER t",
        "ALTER TABLE ONLY s.r DISABLE TRIGGER t",
        "COMMENT ON TRIGGER t ON s.r1 IS 't'",
        "DROP TRIGGER t ON s.r",
        "CREATE RULE w AS ON DELETE TO s.r1 DO INSTEAD NOTHING",
        "ALTER TABLE s.r1 DISABLE RULE w",
        "COMMENT ON RULE w ON s.r1 IS 'w'",
        "ALTER RULE w ON s.r1 RENAME TO v",
        "DROP RULE v ON s.r1",
        "COMMENT ON TABLE s.r1 IS 'it''s r1'",
        "COMMENT ON COLUMN s.r1.a IS 'a'",
        "COMMENT ON COLUMN s.r1.a IS NULL",
        "ALTER TABLE s.r1 ALTER a SET DEFAULT 'a'",
        "ALTER TABLE s.r1 ALTER a SET DEFAULT 'b'",
        "ALTER TABLE ONLY s.r ALTER a SET DEFAULT 'c'",
        "ALTER TABLE s.r1 ALTER a DROP DEFAULT",
        "ALTER TABLE s.r1 ALTER a SET STATISTICS 9",
        "ALTER TABLE s.r1 ALTER a SET STORAGE EXTERNAL",
        "ALTER TABLE ONLY s.r ALTER a SET STORAGE MAIN",
        "ALTER TABLE s.r1 ALTER a SET (n_distinct = 5)",
        "ALTER TABLE s.r1 ALTER a SET NOT NULL",
        "ALTER TABLE s.r1 SET (toast.autovacuum_enabled = false)",
        "CREATE SEQUENCE s.n",
        "ALTER TABLE s.r1 ALTER b SET DEFAULT nextval('s.n')",
        "ALTER SEQUENCE s.n OWNED BY s.r1.b",
        "ALTER SEQUENCE s.n RENAME TO m",
        "ALTER SEQUENCE s.m OWNED BY NONE",
        "ALTER TABLE s.r1 ALTER b SET DEFAULT 0",
        "DROP SEQUENCE s.m",
        "ALTER TABLE s.r1 ADD CONSTRAINT few CHECK (b < 9)",
        "COMMENT ON CONSTRAINT few ON s.r1 IS 'few'",
        "ALTER TABLE s.r1 RENAME CONSTRAINT few TO less",
        "CREATE UNIQUE INDEX un ON s.r1(id, b)",
        "ALTER TABLE s.r1 CLUSTER ON un",
        "ALTER TABLE s.r1 ALTER b SET NOT NULL",
        "ALTER TABLE s.r1 REPLICA IDENTITY USING INDEX un",
        "COMMENT ON INDEX s.un IS 'un'",
        "COMMENT ON INDEX s.r1_pkey IS 'key'",
        "COMMENT ON CONSTRAINT r1_pkey ON s.r1 IS 'key'",
        "ALTER INDEX s.r1_pkey SET (fillfactor = 60)",
        "ALTER INDEX s.r1_pkey RENAME TO keys",
        "ALTER TABLE s.r1 REPLICA IDENTITY DEFAULT",
        "ALTER TABLE s.r1 SET WITHOUT CLUSTER",
        "CREATE INDEX ex ON s.r1((b + 1))",
        "ALTER INDEX s.ex ALTER COLUMN 1 SET STATISTICS 3",
        "DROP INDEX s.un",
        "CREATE TABLE s.other(i int PRIMARY KEY)",
        "ALTER TABLE s.r1 ADD FOREIGN KEY (b) REFERENCES s.other",
        "ALTER TABLE s.other RENAME TO others",
        "DROP TABLE s.others CASCADE",
        "ALTER TABLE s.r1 OWNER TO auditor",
        "ALTER TABLE s.r1 OWNER TO postgres",
        "GRANT SELECT ON s.r2 TO auditor",
        "DROP OWNED BY auditor",
        "CREATE TRIGGER t BEFORE INSERT ON s.r1 FOR EACH ROW EXECUTE FUNCTION s.g()",
        "DROP FUNCTION s.g CASCADE",
        "ALTER SCHEMA s RENAME TO z",
        "ALTER INDEX z.rb RENAME TO rbb",
        "CREATE INDEX own ON ONLY z.r(d)",
        "BEGIN; CREATE INDEX own1 ON z.r1(d); ALTER INDEX z.own ATTACH PARTITION z.own1; COMMIT",
        "DROP INDEX z.rbb",
        "VACUUM FULL z.r1",
        "BEGIN; CREATE TABLE z.sub PARTITION OF z.r FOR VALUES FROM (200) TO (300) PARTITION BY HASH (id);"
        " CREATE TABLE z.sub0 PARTITION OF z.sub FOR VALUES WITH (MODULUS 2, REMAINDER 0); COMMIT",
        "ALTER TABLE z.r DETACH PARTITION z.sub",
        "ALTER TABLE z.r2 SET SCHEMA public",
        "DROP TABLE z.r"};
    const std::vector<std::string> of_18{
        "CREATE TABLE z.t(a int PRIMARY KEY, b int, c int) PARTITION BY RANGE (a)",
        "CREATE TABLE z.t1 PARTITION OF z.t FOR VALUES FROM (0) TO (9)",
        "CREATE TABLE z.plain(a int PRIMARY KEY, b int UNIQUE)",
        "ALTER TABLE z.t ADD CONSTRAINT there NOT NULL b NOT VALID",
        "ALTER TABLE z.t1 ADD CONSTRAINT mine NOT NULL c",
        "ALTER TABLE z.t1 ALTER CONSTRAINT mine NO INHERIT",
        "ALTER TABLE z.t VALIDATE CONSTRAINT there",
        "ALTER TABLE z.t RENAME CONSTRAINT there TO here",
        "COMMENT ON CONSTRAINT here ON z.t1 IS 'here'",
        "ALTER TABLE z.t ADD v int GENERATED ALWAYS AS (a * 2), ADD s int GENERATED ALWAYS AS (a * 2) STORED",
        "ALTER TABLE z.t ALTER s SET EXPRESSION AS (a * 3)",
        "ALTER TABLE z.t ALTER s DROP EXPRESSION",
        "ALTER TABLE z.t1 ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES z.t1 (a) NOT ENFORCED",
        "ALTER TABLE z.t1 ALTER CONSTRAINT k ENFORCED",
        "REINDEX TABLE z.t",
        "REINDEX INDEX CONCURRENTLY z.t1_pkey",
        "REINDEX TABLE CONCURRENTLY z.plain",
        "DROP TABLE z.t, z.plain"};
    if (shared_server().version() >= 18) statements.insert(statements.end(), of_18.begin(), of_18.end());
    for (const std::string& statement : statements) {
        CAPTURE(statement);
        REQUIRE(users.run(statement));
        CHECK(
            users.ask(
                "SET timezone = 'UTC'; SELECT string_agg(c.relname, ', ') FROM pg_class c LEFT JOIN foreshadow.known k "
                "USING (oid) WHERE foreshadow.is_table(c) AND k.described IS DISTINCT FROM "
                "foreshadow.describe(c.oid)") == "");
        CHECK(users.ask("SELECT count(*) FROM foreshadow.known WHERE oid NOT IN (SELECT oid FROM pg_class)") == "0");
        CHECK(users.ask(
                  "SELECT string_agg(c.relname, ', ') FROM pg_class c WHERE foreshadow.is_table(c) AND c.relkind = 'r' "
                  "AND c.relreplident <> 'f' AND foreshadow.key_index(c.oid) IS NULL") == "");
    }
    testing::run(held.release());
}

TEST_CASE("a connection that is ended and a server that is killed lose nothing", "[postgresql]") {
    server own;
    const std::string url = own.url("postgres");
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY)");
    source held{url, quick};
    position at = testing::run(held.hold(std::nullopt));
    users.run("INSERT INTO t VALUES (1), (2)");
    CHECK(count_of(follow_to_head(held, at), change_kind::put) == 2);
    users.run("INSERT INTO t VALUES (3)");
    users.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type "
        "IN ('walsender', 'client backend')");
    CHECK(count_of(follow_patiently(held, at), change_kind::put) == 1);
    users.run("INSERT INTO t VALUES (4); UPDATE t SET a = 5 WHERE a = 4");
    own.stop(SIGQUIT);
    CHECK(thrown([&] { follow_to_head(held, at); }) == errc::unavailable);
    own.start();
    const told_changes changes = follow_patiently(held, at);
    CHECK(count_of(changes, change_kind::put) == 2);
    CHECK(count_of(changes, change_kind::erase) == 1);
}

TEST_CASE("a slot that somebody drops is a hold that is lost", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY)");
    position at;
    {
        source held{url, quick};
        at = testing::run(held.hold(std::nullopt));
        testing::run(held.acknowledge(at));
    }
    source again{url, quick};
    CHECK(testing::run(again.hold(at)) == at);
    CHECK(testing::run(again.remembers(at)));
    users.run(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()");
    CHECK(thrown([&] { testing::run(again.hold(at)); }) == errc::hold_lost);
    CHECK(thrown([&] { follow_to_head(again, at); }) == errc::hold_lost);
    const position anew = testing::run(again.hold(std::nullopt));
    CHECK(anew > at);
    testing::run(again.release());
}

TEST_CASE("a slot that fell behind what the server keeps is a hold that is lost", "[postgresql]") {
    server own{"max_slot_wal_keep_size = '16MB'\nmax_wal_size = '32MB'\nmin_wal_size = '32MB'"};
    const std::string url = own.url("postgres");
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY)");
    position at;
    {
        source held{url, quick};
        at = testing::run(held.hold(std::nullopt));
        testing::run(held.acknowledge(at));
    }
    CHECK(users.run("CREATE TABLE much AS SELECT repeat('x', 1000) FROM generate_series(1, 70000)"));
    CHECK(users.run("SELECT pg_switch_wal()"));
    CHECK(users.run("CHECKPOINT"));
    REQUIRE(users.ask("SELECT wal_status FROM pg_replication_slots") == "lost");
    source again{url, quick};
    CHECK(thrown([&] { testing::run(again.hold(at)); }) == errc::hold_lost);
    const position anew = testing::run(again.hold(std::nullopt));
    CHECK(anew > at);
    at = anew;
    users.run("INSERT INTO t VALUES (1)");
    CHECK(count_of(follow_to_head(again, at), change_kind::put) == 1);
}

TEST_CASE("what the server says when it ends the stream of its log is told", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY)");
    source held{url, quick};
    position at = testing::run(held.hold(std::nullopt));
    users.run("INSERT INTO t VALUES (1)");
    CHECK(count_of(follow_to_head(held, at), change_kind::put) == 1);
    REQUIRE(users.run("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active"));
    users.run("INSERT INTO t VALUES (2)");
    CHECK_THROWS_WITH(follow_to_head(held, at), Catch::Contains("due to administrator command"));
    testing::run(held.release());
}

TEST_CASE("transactions that are prepared are told when they are committed", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY)");
    source held{url, quick};
    position at = testing::run(held.hold(std::nullopt));
    users.run("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'two'");
    CHECK(count_of(follow_to_head(held, at), change_kind::put) == 0);
    users.run("COMMIT PREPARED 'two'");
    CHECK(count_of(follow_to_head(held, at), change_kind::put) == 1);
    testing::run(held.release());
}

TEST_CASE("a role without the superuser's rights backs up what was set up for it", "[postgresql]") {
    server& s = shared_server();
    const std::string name = s.make_database();
    const std::string url = s.url(name);
    blocking_session admin{url};
    admin.run("CREATE TABLE t(a int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE ROLE keeper LOGIN");
    const std::string theirs = url_of_role(url, "keeper");
    source held{theirs, quick};
    CHECK(thrown([&] { testing::run(held.hold(std::nullopt)); }) == errc::invalid_argument);
    CHECK_FALSE(testing::run(held.preflight()).empty());
    admin.run(detail::objects_sql());
    admin.run(detail::identities_sql());
    admin.run(detail::publication_sql());
    admin.run(detail::grants_sql("keeper"));
    position at = testing::run(held.hold(std::nullopt));
    row_batch rows;
    key_range left = key_range::all();
    while (true) {
        const chunk part = testing::run(held.read(left, {}, rows));
        if (part.interval.end == left.end) break;
        left.begin = part.interval.end;
    }
    CHECK(testing::run(held.layout()).partitions.size() == 2);
    CHECK(rows[rows.size() - 1].key.substr(0, 4) != table_prefix(0));
    CHECK_FALSE(testing::run(held.identity()).id.empty());
    admin.run("INSERT INTO t VALUES (2)");
    CHECK(count_of(follow_to_head(held, at), change_kind::put) == 1);
    testing::run(held.acknowledge(at));
    CHECK(testing::run(held.remembers(at)));
    testing::run(held.release());
    source superuser{url, quick};
    testing::run(superuser.release());
    CHECK(testing::run(superuser.left_behind()).empty());
}

TEST_CASE("what another version of the adapter set up is not used, and taken away first", "[postgresql]") {
    server& s = shared_server();
    const std::string url = s.url(s.make_database());
    blocking_session admin{url};
    admin.run("CREATE TABLE t(a int PRIMARY KEY)");
    {
        source held{url, quick};
        testing::run(held.hold(std::nullopt));
    }
    admin.run("COMMENT ON SCHEMA foreshadow IS 'for backups'");
    CHECK_NOTHROW(testing::run(source{url, quick}.hold(std::nullopt)));
    for (const char* change :
         {"CREATE OR REPLACE FUNCTION foreshadow.made_by() RETURNS text LANGUAGE sql AS $$SELECT 'x'$$",
          "DROP FUNCTION foreshadow.made_by()"}) {
        admin.run(change);
        source held{url, quick};
        CHECK_THROWS_WITH(testing::run(held.hold(std::nullopt)), Catch::Contains("of another version"));
        CHECK(testing::run(held.setup()).find("of another version") != std::string::npos);
    }
    source held{url, quick};
    testing::run(held.release());
    CHECK_NOTHROW(testing::run(held.hold(std::nullopt)));
    testing::run(held.release());
}

TEST_CASE("what an administrator runs says each thing once, whatever the role's name", "[postgresql]") {
    server& s = shared_server();
    const std::string name = s.make_database();
    blocking_session admin{s.url(name)};
    admin.run("CREATE TABLE t(a int PRIMARY KEY); CREATE ROLE \"o\"\"dd\" LOGIN");
    const std::string theirs = url_of_role(s.url(name), "o%22dd");
    source held{theirs, quick};
    const auto times = [](const std::string& text, const std::string& part) {
        std::size_t count = 0;
        for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
        return count;
    };
    const std::string setup = testing::run(held.setup());
    for (const char* once : {"ALTER ROLE \"o\"\"dd\" REPLICATION", "GRANT pg_read_all_data TO \"o\"\"dd\"",
                             "CREATE PUBLICATION foreshadow"})
        CHECK(times(setup, once) == 1);
    const std::vector<finding> all = testing::run(held.preflight());
    CHECK(std::count_if(all.begin(), all.end(), [](const finding& f) {
              return f.mend.find(R"(the setup for role o"dd once)") != std::string::npos;
          }) == 1);
    for (const std::string& statement : {detail::objects_sql(), detail::identities_sql(), detail::publication_sql()})
        REQUIRE(admin.run(statement));
    const std::string rights = testing::run(held.setup());
    CHECK(times(rights, "ALTER ROLE \"o\"\"dd\" REPLICATION") == 1);
    CHECK(times(rights, "GRANT pg_read_all_data TO \"o\"\"dd\"") == 1);
    REQUIRE(admin.run(rights));
    CHECK(testing::run(held.setup()).find("Nothing is missing") != std::string::npos);
    testing::run(source{s.url(name), quick}.release());
}

TEST_CASE("one slot and one walsender are enough, and beginning anew beside a hold needs a slot more", "[postgresql]") {
    server own{"max_wal_senders = 1\nmax_replication_slots = 1"};
    const std::string url = own.url("postgres");
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY)");
    const auto patiently = [](auto what) {
        for (int tries = 0;; ++tries) {
            try {
                return what();
            } catch (const error& e) {  // the server ends the connection that made the slot a moment later
                if (e.again() != retry::later || tries == 200) throw;
            }
        }
    };
    position at;
    {
        source held{url, quick};
        at = patiently([&] { return testing::run(held.hold(std::nullopt)); });
        users.run("INSERT INTO t VALUES (1)");
        CHECK(count_of(patiently([&] { return follow_to_head(held, at); }), change_kind::put) == 1);
        testing::run(held.acknowledge(at));
    }
    source again{url, quick};
    const std::vector<std::string> told = testing::run(again.cautions());
    CHECK(std::count_if(told.begin(), told.end(), [](const std::string& each) {
              return each.find("none begins anew") != std::string::npos;
          }) == 1);
    CHECK_THROWS_AS(testing::run(again.hold(std::nullopt)), error);
    CHECK(testing::run(again.hold(at)) == at);
    users.run("INSERT INTO t VALUES (2)");
    CHECK(count_of(patiently([&] { return follow_to_head(again, at); }), change_kind::put) == 1);
}

TEST_CASE("what a server refuses is not asked again, and what it said is told with what to do", "[postgresql]") {
    std::string verbose =
        "connection to server on socket \"/s\" failed: FATAL:  28000: role \"x\" does not exist; LOCATION:  F, a.c:7";
    CHECK(detail::take_state(verbose) == "28000");
    CHECK(verbose == "connection to server on socket \"/s\" failed: FATAL:  role \"x\" does not exist");
    verbose = "connection to server at \"a\", port 1 failed: Connection refused;  Is the server running?";
    CHECK(detail::take_state(verbose).empty());

    server& s = shared_server();
    const std::string name = s.make_database();
    const std::string url = s.url(name);
    const auto refused = [&](const std::string& what, const std::string& by) {
        std::string other = url;
        other.replace(other.find(what), what.size(), by);
        try {
            testing::run(source{other, quick}.hold(std::nullopt));
        } catch (const error& e) {
            CHECK(e.again() == retry::never);
            CHECK(e.message().find("LOCATION") == std::string::npos);
            return e.line();
        }
        return std::string{"nothing was refused"};
    };
    // Nobody is there, whatever the folder is called: somebody may be, soon.
    for (const char* folder : {"/no/such/password", "/no/such/SSL", "/no/such/certificate verify"}) {
        try {
            testing::run(source{"host='" + std::string{folder} + "' dbname=a", quick}.hold(std::nullopt));
            FAIL("somebody answered");
        } catch (const error& e) {
            CHECK(e.again() == retry::later);
        }
    }
    CHECK_THAT(refused("postgres@", "nobody@"),
               Catch::Contains("role \"nobody\" does not exist") && Catch::Contains("check user"));
    CHECK_THAT(refused("/" + name, "/no_such"),
               Catch::Contains("database \"no_such\" does not exist") && Catch::Contains("name of the database"));
}

TEST_CASE("a password is in no error", "[postgresql]") {
    const auto line_of = [](auto f) -> std::string {
        try {
            f();
        } catch (const error& e) {
            return e.line();
        }
        return {};
    };
    for (const std::string url : {"postgresql://me:secret@[::1/db", "host=/nowhere password=secret dbname=db",
                                  "password='secret", "postgresql://me:secret@localhost:1/db"}) {
        const std::string line = line_of([&] { testing::run(source{url}.identity()); });
        CAPTURE(url, line);
        CHECK_FALSE(line.empty());
        CHECK(line.find("secret") == std::string::npos);
        CHECK(line.find('\n') == std::string::npos);
    }
    CHECK(detail::address{"host=a password=secret"}.public_text() == "host='a'");
    for (const std::string rest : {"/secret", "12/secret", "se@cret", "s/e:c?r"})
        CHECK(thrown([&] { detail::address{"postgresql://me:" + rest + "@localhost/db"}; }) == errc::invalid_argument);
    CHECK(detail::address{"postgresql://me@localhost/d%40b?application_name=a@b"}.option("dbname") == "d@b");
}

TEST_CASE("nothing is restored over a database that is there", "[postgresql]") {
    target there{new_database()};
    const layout nothing;
    CHECK(thrown([&] { testing::run(there.begin(nothing)); }) == errc::already_exists);
}

}  // namespace foreshadow::postgresql::tests

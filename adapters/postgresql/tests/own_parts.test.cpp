// SPDX-License-Identifier: BSL-1.0
//
// What partitions have that their parents do not give them. A restored database is compared with the original by what
// the server's own program says of each: its dump, object by object.
#include "support/backups.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"
#include "support/schema.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::tests {
namespace {

using lines = std::vector<std::string>;

/// A database whose partitions have this, beside rows.
struct partitioned {
    explicit partitioned(const std::string& statements) : name{shared_server().make_database()} {
        users.run("CREATE ROLE clerk; CREATE ROLE \"head clerk\"");  // of the server: another test may have made them
        REQUIRE(users.run(
            "CREATE FUNCTION checked() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            "CREATE TABLE other(a int PRIMARY KEY);"
            "CREATE TABLE ev(id int PRIMARY KEY, a int, b text, d date DEFAULT '2020-01-01') PARTITION BY RANGE (id);"
            "CREATE TRIGGER above BEFORE INSERT ON ev FOR EACH ROW EXECUTE FUNCTION checked();"
            "CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (100);"
            "CREATE TABLE ev_2 PARTITION OF ev FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (id);"
            "CREATE TABLE ev_2_a PARTITION OF ev_2 FOR VALUES FROM (100) TO (200);"
            "INSERT INTO ev SELECT i, i, 'v' || i FROM generate_series(0, 199) i; INSERT INTO other SELECT a FROM ev"));
        REQUIRE(users.run(statements));
    }
    /// Backs it up, restores it, and takes away what the backup left.
    std::string restored(const std::string& as, const restore_options& what = {}) {
        backups b{url(), folder / "repository"};
        const restore_point point = b.run();
        omissions = point.omissions;
        const restore_report report = b.restore_to(shared_server().url(as), point, what);
        CHECK((report.omissions == omissions || !what.partitions.empty()));
        source held{url(), {.pg_dump = pg_dump()}};
        testing::run(held.release());
        return shared_server().url(as);
    }
    [[nodiscard]] std::string url() const { return shared_server().url(name); }

    std::string name;
    testing::temporary_folder folder;
    blocking_session users{shared_server().url(name)};
    std::vector<omission> omissions;
};

}  // namespace

TEST_CASE("what a partition has of its own is restored", "[postgresql]") {
    const std::string own = GENERATE(
        "CREATE POLICY pol ON ev_1 USING (a > 5); CREATE POLICY \"few of\" ON ev_1 AS RESTRICTIVE FOR UPDATE TO "
        "clerk, "
        "\"head clerk\" USING (true) WITH CHECK (a IN (SELECT 1)); ALTER TABLE ev_1 ENABLE ROW LEVEL SECURITY, FORCE "
        "ROW LEVEL SECURITY; COMMENT ON POLICY pol ON ev_1 IS 'it''s so'; CREATE POLICY p ON ev_2 FOR INSERT WITH "
        "CHECK (id > 0); ALTER TABLE ev_2 ENABLE ROW LEVEL SECURITY",
        "CREATE STATISTICS of_ev_1 (ndistinct) ON a, b FROM ev_1; ALTER STATISTICS of_ev_1 SET STATISTICS 70; COMMENT "
        "ON STATISTICS of_ev_1 IS 'both'; CREATE STATISTICS more ON (a + 1), b FROM ev_2_a; ALTER STATISTICS more "
        "OWNER TO clerk",
        "CREATE TRIGGER below BEFORE UPDATE ON ev_1 FOR EACH ROW WHEN (OLD.a <> NEW.a) EXECUTE FUNCTION checked(); "
        "ALTER TABLE ev_1 DISABLE TRIGGER above, ENABLE ALWAYS TRIGGER below; COMMENT ON TRIGGER below ON ev_1 IS 'x';"
        "CREATE TRIGGER once AFTER INSERT ON ev_2 EXECUTE FUNCTION checked(); ALTER TABLE ONLY ev_2_a ENABLE REPLICA "
        "TRIGGER above",
        "GRANT SELECT ON ev_1 TO clerk WITH GRANT OPTION; SET ROLE clerk; GRANT SELECT ON ev_1 TO \"head clerk\"; "
        "RESET "
        "ROLE; GRANT UPDATE (a), SELECT (a, b) ON ev_1 TO PUBLIC; REVOKE DELETE ON ev_1 FROM postgres; GRANT ALL ON "
        "ev_2 TO clerk; ALTER TABLE ev_2_a OWNER TO clerk; GRANT INSERT ON ev_2_a TO postgres",
        "COMMENT ON TABLE ev_1 IS E'two\\nlines'; COMMENT ON COLUMN ev_1.a IS 'a'; COMMENT ON TABLE ev_2 IS 'more'; "
        "ALTER TABLE ev_1 ADD CONSTRAINT few CHECK (a < 1000) NOT VALID; COMMENT ON CONSTRAINT few ON ev_1 IS 'few'; "
        "ALTER TABLE ev_1 ADD CONSTRAINT known FOREIGN KEY (a) REFERENCES other; COMMENT ON CONSTRAINT known ON ev_1 "
        "IS "
        "'known'; CREATE INDEX mine ON ev_2(b); COMMENT ON INDEX mine IS 'mine'",
        "ALTER TABLE ev_1 ALTER a SET STATISTICS 7, ALTER b SET STORAGE EXTERNAL, ALTER b SET COMPRESSION pglz, ALTER "
        "b "
        "SET (n_distinct = -0.5), ALTER a SET NOT NULL, ALTER d DROP DEFAULT, ALTER b SET DEFAULT 'none'; ALTER TABLE "
        "ev_1 SET (fillfactor = 70, toast.autovacuum_enabled = false); ALTER TABLE ev ALTER d SET DEFAULT '2021-01-01';"
        "ALTER TABLE ONLY ev ALTER d SET DEFAULT '2022-01-01', ALTER b SET STORAGE MAIN",
        "CREATE UNIQUE INDEX chosen ON ev_1(id, a); ALTER TABLE ev_1 ALTER a SET NOT NULL; ALTER TABLE ev_1 REPLICA "
        "IDENTITY USING INDEX chosen; ALTER TABLE ev_1 CLUSTER ON chosen; ALTER TABLE ev_2_a REPLICA IDENTITY FULL; "
        "CREATE INDEX ON ev_2_a((a + 1)); ALTER INDEX ev_2_a_expr_idx ALTER COLUMN 1 SET STATISTICS 9",
        "CREATE UNIQUE INDEX pair ON ev(id, a) WITH (fillfactor = 60); ALTER INDEX ev_1_id_a_idx RENAME TO \"a pair\"; "
        "ALTER TABLE ev_1 ALTER a SET NOT NULL, REPLICA IDENTITY USING INDEX \"a pair\"; ALTER TABLE ev_1 CLUSTER ON "
        "ev_1_pkey; COMMENT ON INDEX \"a pair\" IS 'a pair'; COMMENT ON INDEX ev_2_a_pkey IS 'key'; ALTER INDEX "
        "ev_1_pkey SET (fillfactor = 55); ALTER INDEX ev_2_pkey RENAME TO above; COMMENT ON CONSTRAINT ev_1_pkey ON "
        "ev_1 "
        "IS 'keys'",
        "CREATE STATISTICS of_ev_2 ON a, b FROM ev_2; ALTER STATISTICS of_ev_2 OWNER TO clerk; CREATE TRIGGER once "
        "AFTER "
        "INSERT ON ev_2 EXECUTE FUNCTION checked(); ALTER TABLE ONLY ev_2 DISABLE TRIGGER once; CREATE RULE r AS ON "
        "DELETE TO ev_2 DO INSTEAD NOTHING; ALTER TABLE ev_2 DISABLE RULE r; CREATE INDEX of_sum ON ONLY ev_2((a + 1));"
        "ALTER INDEX of_sum ALTER COLUMN 1 SET STATISTICS 9; CREATE INDEX below ON ev_2_a((a + 1)); ALTER INDEX of_sum "
        "ATTACH PARTITION below; ALTER INDEX below RENAME TO ev_2_a_expr_idx",
        "CREATE RULE kept AS ON DELETE TO ev_1 DO INSTEAD NOTHING; CREATE RULE asleep AS ON UPDATE TO ev_2_a WHERE "
        "NEW.a "
        "< 0 DO INSTEAD NOTHING; ALTER TABLE ev_2_a DISABLE RULE asleep; COMMENT ON RULE kept ON ev_1 IS 'kept'",
        "CREATE TABLE ev_3(id serial PRIMARY KEY, a int, b text, d date); ALTER TABLE ev ATTACH PARTITION ev_3 FOR "
        "VALUES FROM (200) TO (300); CREATE TABLE counted(id serial PRIMARY KEY) PARTITION BY RANGE (id); CREATE "
        "TABLE counted_1 PARTITION OF counted FOR VALUES FROM (0) TO (10)",
        "",
        "CREATE EXTENSION btree_gist; ALTER TABLE ev_1 ADD CONSTRAINT ev_2_pkey1 EXCLUDE USING gist (a WITH =); ALTER "
        "TABLE ev_1 ADD CONSTRAINT unique_here UNIQUE (a) DEFERRABLE; COMMENT ON CONSTRAINT unique_here ON ev_1 IS "
        "'u'");
    // From version 17 on, no partition has such a column where its parent has none.
    const std::string identity =
        "CREATE TABLE ev_4(id int GENERATED ALWAYS AS IDENTITY (START 310 INCREMENT 2) PRIMARY KEY, a int, b text, d "
        "date); INSERT INTO ev_4(a) VALUES (1), (2); ALTER TABLE ev ATTACH PARTITION ev_4 FOR VALUES FROM (300) TO "
        "(400)";
    CAPTURE(own);
    partitioned original{!own.empty() ? own : shared_server().version() < 17 ? identity : "SELECT 1"};
    const std::string restored = original.restored(original.name + "_restored");
    CHECK(original.omissions.empty());
    CHECK(difference(schema_of(restored), schema_of(original.url())) == lines{});
}

TEST_CASE("what a partition has of its own, and no statement makes again, is named", "[postgresql]") {
    // From version 16 on, a partition makes a column where its parent does.
    const bool has_own = shared_server().version() < 16;
    const std::string column = has_own ? "" : "GENERATED ALWAYS AS (id * 3) STORED";
    partitioned original{
        "ALTER TABLE ev ADD g int " + column +
        "; CREATE TABLE ev_3(id int PRIMARY KEY, a int, b text, d date, g int GENERATED ALWAYS AS (id * 2) STORED); "
        "INSERT INTO ev_3(id) VALUES (200), (201); ALTER TABLE ev ATTACH PARTITION ev_3 FOR VALUES FROM (200) TO (300);"
        "CREATE UNIQUE INDEX pair ON ev_2(id, a); ALTER TABLE ev_2_a ALTER a SET NOT NULL; ALTER TABLE ev_2_a REPLICA "
        "IDENTITY USING INDEX ev_2_a_id_a_idx; ALTER TABLE ev_2_a CLUSTER ON ev_2_a_id_a_idx; COMMENT ON INDEX "
        "ev_2_a_id_a_idx IS 'one of these'"};
    const std::string restored = original.restored(original.name + "_restored");
    std::vector<std::string> named;
    for (const omission& each : original.omissions) named.push_back(each.name);
    std::sort(named.begin(), named.end());
    CHECK(named == lines{"the CLUSTER mark of public.ev_2_a_id_a_idx",
                         "the choice as replica identity of public.ev_2_a_id_a_idx",
                         "the comment of public.ev_2_a_id_a_idx", "the expression of column g of public.ev_3"});
    const std::string rows = std::string{"SELECT string_agg(concat_ws(' ', id, a, b, d"} + (has_own ? ", g" : "") +
                             "), ';' ORDER BY id) FROM ev";
    CHECK(blocking_session{restored}.ask(rows) == original.users.ask(rows));
}

TEST_CASE("a partition stays in the tablespace and the access method that it is in", "[postgresql]") {
    blocking_session admin{shared_server().url("postgres")};
    admin.run("SET allow_in_place_tablespaces = on");  // in the server's own folder
    for (const std::string space : {"apart", "aside"}) admin.run("CREATE TABLESPACE " + space + " LOCATION ''");
    partitioned original{
        "CREATE ACCESS METHOD like_heap TYPE TABLE HANDLER heap_tableam_handler; ALTER TABLE ev_1 SET TABLESPACE apart;"
        "CREATE TABLE before_ev(a int) USING like_heap;"
        "CREATE TABLE plain(a int PRIMARY KEY USING INDEX TABLESPACE apart, b int) TABLESPACE aside;"
        "CREATE INDEX of_plain ON plain(b) TABLESPACE aside; CREATE INDEX elsewhere ON plain(b, a);"
        "CREATE TABLE far(i int, j int, PRIMARY KEY (i)) PARTITION BY RANGE (i) TABLESPACE aside;"
        "CREATE TABLE far_1 PARTITION OF far FOR VALUES FROM (0) TO (10) TABLESPACE apart;"
        "CREATE TABLE far_2 PARTITION OF far FOR VALUES FROM (10) TO (20); CREATE INDEX ON far_2(j) TABLESPACE apart;"
        "CREATE TABLE far_3 PARTITION OF far FOR VALUES FROM (20) TO (30); ALTER TABLE far_3 SET TABLESPACE pg_default;"
        "CREATE INDEX own ON far_1(j); ALTER INDEX far_1_pkey SET TABLESPACE apart; CREATE INDEX ON far(j, i) "
        "TABLESPACE aside; ALTER TABLE ev_2_a SET ACCESS METHOD like_heap; INSERT INTO far SELECT i, i "
        "FROM "
        "generate_series(0, 29) i"};
    const std::string restored = original.restored(original.name + "_restored");
    CHECK(original.omissions.empty());
    const std::string places =
        "SELECT string_agg(concat_ws(' ', c.relname, s.spcname, m.amname), ', ' ORDER BY c.relname) FROM pg_class c "
        "LEFT "
        "JOIN pg_tablespace s ON s.oid = c.reltablespace LEFT JOIN pg_am m ON m.oid = c.relam WHERE c.relnamespace = "
        "'public'::regnamespace";
    CHECK(blocking_session{restored}.ask(places) == original.users.ask(places));
    CHECK(difference(schema_of(restored), schema_of(original.url())) == lines{});
}

TEST_CASE("names that the server would give to other indexes do not stand in the way", "[postgresql]") {
    // Tables that were renamed keep the names of their indexes, and the server gives others to those that follow.
    const std::string world = GENERATE(
        "ALTER TABLE ev DETACH PARTITION ev_1; ALTER TABLE ev_1 RENAME TO older; ALTER TABLE ev ATTACH PARTITION older "
        "FOR "
        "VALUES FROM (0) TO (50); ALTER TABLE older ADD CHECK (id < 50) NOT VALID; CREATE TABLE ev_1 PARTITION OF ev "
        "FOR "
        "VALUES FROM (50) TO (100)",
        "ALTER TABLE ev ADD CONSTRAINT more UNIQUE (id, a); ALTER TABLE ev_1 ADD CONSTRAINT ev_9_id_a_key UNIQUE (a, "
        "b);"
        "CREATE TABLE ev_9 PARTITION OF ev FOR VALUES FROM (900) TO (1000)",
        "CREATE EXTENSION btree_gist; ALTER TABLE ev_1 ADD CONSTRAINT ev_9_pkey EXCLUDE USING gist (a WITH =); CREATE "
        "TABLE ev_9 PARTITION OF ev FOR VALUES FROM (900) TO (1000)");
    CAPTURE(world);
    partitioned original{"DELETE FROM ev WHERE id >= 50;" + world};
    const std::string restored = original.restored(original.name + "_restored");
    CHECK(difference(schema_of(restored), schema_of(original.url())) == lines{});
}

TEST_CASE("what rests on a partition's own key is restored, and nothing that a trigger would do again",
          "[postgresql]") {
    // From version 16 on, a partition makes a column where its parent does.
    const std::string made = " GENERATED ALWAYS AS (i * 2) STORED";
    partitioned original{
        "ALTER TABLE ev_1 ADD UNIQUE (a); CREATE TABLE refers(a int REFERENCES ev_1(a)); INSERT INTO refers VALUES (7);"
        "CREATE TABLE r(i int, j int" +
        (shared_server().version() < 16 ? "" : made) +
        ") PARTITION BY RANGE (i); "
        "CREATE TABLE l(i int, j int" +
        made +
        "); ALTER TABLE r ATTACH PARTITION l FOR VALUES FROM (0) TO (9); INSERT INTO r(i) VALUES (1), (2);"
        "ALTER TABLE l ADD PRIMARY KEY (i); "
        "CREATE TABLE audit(what text); CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO "
        "audit VALUES (TG_OP); RETURN NULL; END'; CREATE TRIGGER notes AFTER UPDATE ON r FOR EACH ROW EXECUTE FUNCTION "
        "noted(); CREATE TRIGGER of_branch BEFORE UPDATE ON ev_2 FOR EACH ROW EXECUTE FUNCTION checked(); ALTER TABLE "
        "ev_2 DISABLE TRIGGER of_branch"};
    blocking_session there{original.restored(original.name + "_restored")};
    CHECK(there.ask(all_rows) == original.users.ask(all_rows));
    const std::string triggers =
        "SELECT string_agg(tgrelid::regclass || tgname || tgenabled, ' ' ORDER BY 1) FROM (SELECT * FROM pg_trigger "
        "WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, tgname) t";
    CHECK(there.ask(triggers) == original.users.ask(triggers));
    CHECK(there.ask("SELECT count(*) FROM pg_constraint WHERE conname IN ('refers_a_fkey', 'l_pkey')") == "2");
}

TEST_CASE("what a partition has of its own, and needs what is not restored, is named", "[postgresql]") {
    partitioned original{
        "CREATE POLICY known ON ev_1 USING (a IN (SELECT a FROM other)); CREATE POLICY few ON ev_1 USING (a < 9);"
        "COMMENT ON TABLE ev_1 IS 'one'"};
    backups b{original.url(), original.folder / "repository"};
    const restore_point point = b.run();
    const std::string alone = shared_server().url(original.name + "_alone");
    const restore_report report = b.restore_to(alone, point, {.partitions = {"public.ev_1"}});
    CHECK(report.omissions.size() == 1);
    blocking_session there{alone};
    CHECK(there.ask("SELECT string_agg(polname, ' ') FROM pg_policy") == "few");
    CHECK(there.ask("SELECT obj_description('ev_1'::regclass)") == "one");
    CHECK(there.ask("SELECT count(*) FROM ev_1") == "100");
}

TEST_CASE("no partition is locked by what tells of it", "[postgresql]") {
    partitioned original{
        "CREATE RULE kept AS ON DELETE TO ev_1 DO INSTEAD NOTHING; CREATE POLICY p ON ev_1 USING (a IN (SELECT a FROM "
        "other)); CREATE STATISTICS s ON (a + 1) FROM ev_1; CREATE TRIGGER t BEFORE UPDATE ON ev_1 FOR EACH ROW WHEN "
        "(OLD.a <> NEW.a) EXECUTE FUNCTION checked(); CREATE INDEX i ON ev_1((a + 1)) WHERE b > 'a'; ALTER TABLE ev_1 "
        "ADD "
        "CHECK (a < 1000), ADD FOREIGN KEY (a) REFERENCES other"};
    source held{original.url(), {.pg_dump = pg_dump()}};
    testing::run(held.hold(std::nullopt));
    CHECK(original.users.ask("BEGIN; SELECT foreshadow.describe(oid) FROM pg_class WHERE relispartition; SELECT "
                             "foreshadow.stamps(ARRAY(SELECT oid FROM pg_class)); SELECT count(*) FROM pg_locks l JOIN "
                             "pg_class c ON c.oid = l.relation WHERE l.pid = pg_backend_pid() AND c.relnamespace = "
                             "'public'::regnamespace") == "0");
    original.users.run("COMMIT");
    testing::run(held.release());
}

}  // namespace foreshadow::postgresql::tests

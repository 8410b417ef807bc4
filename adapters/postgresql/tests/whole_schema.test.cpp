// SPDX-License-Identifier: BSL-1.0
//
// What a schema has, in all kinds that a dump tells, is there again after a restore: the server's own program dumps the
// original and what was restored, and the two are compared object by object.
#include "support/backups.hpp"
#include "support/database.hpp"
#include "support/installation.hpp"
#include "support/ledger.hpp"
#include "support/schema.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace foreshadow::postgresql::tests {
namespace {

using names = std::vector<std::string>;

/// Tables, plain and partitioned, with whatever rests on them; and what rests on none.
const std::string of_all_kinds = R"sql(
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE plain(a int PRIMARY KEY, b int CONSTRAINT small CHECK (b < 1000000), c text,
  d int UNIQUE DEFERRABLE INITIALLY DEFERRED);
COMMENT ON TABLE plain IS 'plain'; COMMENT ON COLUMN plain.b IS 'b'; COMMENT ON CONSTRAINT small ON plain IS 'small';
COMMENT ON CONSTRAINT plain_pkey ON plain IS 'pk';
ALTER TABLE plain ADD CONSTRAINT later CHECK (a > -5) NOT VALID; COMMENT ON CONSTRAINT later ON plain IS 'later';
CREATE TABLE tree(id int PRIMARY KEY, up int CONSTRAINT selfref REFERENCES tree DEFERRABLE INITIALLY DEFERRED);
COMMENT ON CONSTRAINT selfref ON tree IS 'self';
CREATE TABLE kid(a int CONSTRAINT of_plain REFERENCES plain ON DELETE CASCADE DEFERRABLE, b int, CONSTRAINT nv CHECK (b > 0) NOT VALID);
COMMENT ON CONSTRAINT of_plain ON kid IS 'of';
ALTER TABLE kid ADD CONSTRAINT kidnv FOREIGN KEY (b) REFERENCES plain(a) NOT VALID;
COMMENT ON CONSTRAINT kidnv ON kid IS 'kidnv';
CREATE TABLE ev(id int, k int, b text, d date DEFAULT '2020-01-01', ref int, up_id int, up_k int,
  CONSTRAINT positive CHECK (id >= 0), PRIMARY KEY (id, k)) PARTITION BY RANGE (id);
CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (100);
CREATE TABLE ev_2 PARTITION OF ev FOR VALUES FROM (100) TO (200) PARTITION BY LIST (k);
CREATE TABLE ev_2_a PARTITION OF ev_2 FOR VALUES IN (1, 2, 3);
CREATE TABLE ev_2_d PARTITION OF ev_2 DEFAULT;
CREATE TABLE ev_3(id int NOT NULL, k int NOT NULL, b text, d date, ref int, up_id int, up_k int,
  CONSTRAINT positive CHECK (id >= 0));
ALTER TABLE ev ATTACH PARTITION ev_3 FOR VALUES FROM (200) TO (300);
ALTER TABLE ev ADD CONSTRAINT ev_ref FOREIGN KEY (ref) REFERENCES plain DEFERRABLE INITIALLY DEFERRED;
COMMENT ON CONSTRAINT ev_ref ON ev IS 'root fk';
ALTER TABLE ev ADD CONSTRAINT ev_self FOREIGN KEY (up_id, up_k) REFERENCES ev(id, k);
COMMENT ON CONSTRAINT ev_self ON ev IS 'self fk';
CREATE TABLE to_ev(id int, k int, CONSTRAINT to_ev_fk FOREIGN KEY (id, k) REFERENCES ev ON UPDATE CASCADE,
  CONSTRAINT to_leaf FOREIGN KEY (id, k) REFERENCES ev_1 NOT VALID DEFERRABLE);
COMMENT ON CONSTRAINT to_ev_fk ON to_ev IS 'to'; COMMENT ON CONSTRAINT to_leaf ON to_ev IS 'leaf';
CREATE TABLE pt(id int, k int, i int PRIMARY KEY, CONSTRAINT pt_ev FOREIGN KEY (id,
  k) REFERENCES ev) PARTITION BY HASH (i);
CREATE TABLE pt_0 PARTITION OF pt FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE pt_1 PARTITION OF pt FOR VALUES WITH (MODULUS 2, REMAINDER 1);
COMMENT ON CONSTRAINT positive ON ev IS 'pos'; COMMENT ON CONSTRAINT positive ON ev_1 IS 'pos of 1';
COMMENT ON CONSTRAINT ev_2_a_pkey ON ev_2_a IS 'pk leaf';
ALTER TABLE ev ADD CONSTRAINT nv CHECK (k > -1) NOT VALID;
COMMENT ON CONSTRAINT ev_ref ON ev_1 IS 'inherited fk comment';
CREATE TRIGGER t1 BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER t2 BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER t3 BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE plain DISABLE TRIGGER t1, ENABLE ALWAYS TRIGGER t2, ENABLE REPLICA TRIGGER t3;
COMMENT ON TRIGGER t1 ON plain IS 't1';
CREATE TRIGGER te AFTER INSERT ON ev FOR EACH ROW EXECUTE FUNCTION f(); COMMENT ON TRIGGER te ON ev IS 'te';
ALTER TABLE ev_1 DISABLE TRIGGER te; ALTER TABLE ev_2 ENABLE ALWAYS TRIGGER te;
COMMENT ON TRIGGER te ON ev_3 IS 'te3';
CREATE CONSTRAINT TRIGGER ct AFTER INSERT ON ev DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER st AFTER UPDATE ON ev REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION f();
CREATE TRIGGER ofcol BEFORE UPDATE OF b ON plain FOR EACH ROW WHEN (old.b IS DISTINCT FROM new.b) EXECUTE FUNCTION f();
CREATE RULE r1 AS ON DELETE TO plain WHERE old.a < 0 DO INSTEAD NOTHING; ALTER TABLE plain DISABLE RULE r1;
COMMENT ON RULE r1 ON plain IS 'r1';
CREATE RULE r2 AS ON UPDATE TO ev WHERE old.id < 0 DO INSTEAD NOTHING;
CREATE POLICY p1 ON plain FOR SELECT TO clerk USING (a > 1); ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
COMMENT ON POLICY p1 ON plain IS 'p1';
CREATE POLICY p2 ON ev AS RESTRICTIVE USING (id > 1); ALTER TABLE ev FORCE ROW LEVEL SECURITY;
GRANT SELECT (a, b), UPDATE (b) ON plain TO clerk; GRANT SELECT ON ev TO clerk WITH GRANT OPTION;
GRANT INSERT (id) ON ev TO clerk; REVOKE ALL ON kid FROM postgres;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO clerk;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE boss GRANT ALL ON SEQUENCES TO clerk;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE INSERT ON TABLES FROM postgres;
CREATE TABLE after_default(a int PRIMARY KEY); CREATE TABLE ev_4 PARTITION OF ev FOR VALUES FROM (300) TO (400);
CREATE STATISTICS s1 (mcv) ON a, b FROM plain; ALTER STATISTICS s1 SET STATISTICS 17;
COMMENT ON STATISTICS s1 IS 's1'; ALTER STATISTICS s1 OWNER TO boss;
CREATE STATISTICS s2 ON id, k FROM ev; CREATE STATISTICS s3 ON (a + b) FROM plain;
ALTER TABLE plain ALTER c SET STORAGE EXTERNAL, ALTER c SET COMPRESSION pglz, ALTER c SET STATISTICS 33,
  ALTER a SET (n_distinct = 5);
ALTER TABLE ev ALTER b SET STORAGE MAIN, ALTER b SET STATISTICS 12;
ALTER TABLE ev_1 ALTER b SET STORAGE EXTERNAL, ALTER b SET STATISTICS 44;
ALTER TABLE plain SET (fillfactor = 80, toast.autovacuum_enabled = false);
CREATE UNIQUE INDEX plain_ba ON plain(b, a) INCLUDE (c) WITH (fillfactor = 77);
ALTER TABLE plain ALTER b SET NOT NULL; ALTER TABLE plain CLUSTER ON plain_ba;
ALTER TABLE plain REPLICA IDENTITY USING INDEX plain_ba;
COMMENT ON INDEX plain_ba IS 'ba';
CREATE INDEX ex ON plain((a + b)) WHERE b > 5; ALTER INDEX ex ALTER COLUMN 1 SET STATISTICS 5;
CREATE TABLE nokey(a int, b text); ALTER TABLE nokey REPLICA IDENTITY NOTHING;
CREATE TABLE full_key(a int PRIMARY KEY); ALTER TABLE full_key REPLICA IDENTITY FULL;
CREATE TABLE bare(a int);
CREATE TABLE top(a int PRIMARY KEY, c int, CONSTRAINT ck CHECK (c > 0), CONSTRAINT own CHECK (c < 100) NO INHERIT);
CREATE TABLE sub(x int, CHECK (x > 1)) INHERITS (top); COMMENT ON CONSTRAINT ck ON sub IS 'sub ck';
ALTER TABLE sub ALTER c SET DEFAULT 5;
CREATE TABLE sub2(a int NOT NULL, c int, CONSTRAINT ck CHECK (c > 0)); ALTER TABLE sub2 INHERIT top;
CREATE DOMAIN pos AS int CONSTRAINT pc CHECK (VALUE > 0); COMMENT ON CONSTRAINT pc ON DOMAIN pos IS 'dom';
CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE typed(a pos PRIMARY KEY, m mood);
ALTER DOMAIN pos ADD CONSTRAINT pcn CHECK (VALUE < 100) NOT VALID;
CREATE SEQUENCE sq INCREMENT 3 OWNED BY plain.a; CREATE UNLOGGED TABLE unl(a int PRIMARY KEY);
CREATE VIEW v WITH (security_barrier) AS SELECT a FROM plain; ALTER VIEW v ALTER a SET DEFAULT 4;
GRANT SELECT ON v TO clerk; CREATE TRIGGER vi INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();
CREATE MATERIALIZED VIEW mv AS SELECT id FROM ev; CREATE UNIQUE INDEX ON mv(id); ALTER TABLE mv CLUSTER ON mv_id_idx;
CREATE TABLE gen(id int GENERATED BY DEFAULT AS IDENTITY (START 5 INCREMENT 5) PRIMARY KEY,
  g int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE exc(r int4range, EXCLUDE USING gist (r WITH &&) DEFERRABLE);
COMMENT ON CONSTRAINT exc_r_excl ON exc IS 'x';
CREATE TYPE rt AS (a int, b text); CREATE TABLE typedt OF rt (PRIMARY KEY (a)); COMMENT ON COLUMN rt.a IS 'ra';
CREATE FUNCTION et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER mine ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION et();
ALTER EVENT TRIGGER mine DISABLE; COMMENT ON EVENT TRIGGER mine IS 'et';
CREATE EVENT TRIGGER mine2 ON sql_drop EXECUTE FUNCTION et(); ALTER EVENT TRIGGER mine2 ENABLE ALWAYS;
CREATE ACCESS METHOD like_heap TYPE TABLE HANDLER heap_tableam_handler; COMMENT ON ACCESS METHOD like_heap IS 'am';
CREATE TABLE of_am(a int PRIMARY KEY) USING like_heap;
CREATE TABLE ev_5 PARTITION OF ev FOR VALUES FROM (400) TO (500) USING like_heap;
CREATE COLLATION de (provider = icu, locale = 'de'); CREATE TABLE coll(t text COLLATE de PRIMARY KEY);
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int);
CREATE FOREIGN DATA WRAPPER w; CREATE SERVER fs FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR clerk SERVER fs;
CREATE FOREIGN TABLE ft(a int) SERVER fs;
CREATE SCHEMA other AUTHORIZATION boss; CREATE TABLE other.x(a int PRIMARY KEY); ALTER TABLE other.x OWNER TO boss;
GRANT USAGE ON SCHEMA other TO clerk; COMMENT ON SCHEMA other IS 'o';
INSERT INTO plain SELECT i, i, 'c' || i, i FROM generate_series(1, 50) i;
INSERT INTO tree SELECT i, i FROM generate_series(1, 5) i; INSERT INTO kid SELECT i, i FROM generate_series(1, 9) i;
INSERT INTO ev(id, k, b, ref, up_id, up_k) SELECT i, i % 5, 'b', 1 + i % 50, i, i % 5 FROM generate_series(0, 499) i;
INSERT INTO to_ev SELECT i, i % 5 FROM generate_series(0, 99) i;
INSERT INTO pt SELECT i, i % 5, i FROM generate_series(0, 99) i;
INSERT INTO gen SELECT FROM generate_series(1, 4);
INSERT INTO exc SELECT int4range(i * 2, i * 2 + 1) FROM generate_series(1, 5) i;
INSERT INTO nokey VALUES (1, 'x'), (1, 'x'); INSERT INTO bare VALUES (1), (1);
INSERT INTO top VALUES (1, 1); INSERT INTO sub VALUES (2, 2, 2); INSERT INTO sub2 VALUES (3, 3);
INSERT INTO typed VALUES (1, 'a');
)sql";

/// Constraints that are not valid yet, on a table or above it; and references in all directions.
const std::string constraints = R"sql(
CREATE TABLE ref(a int PRIMARY KEY, b int UNIQUE);
CREATE TABLE ev(id int, k int, r int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (100);
CREATE TABLE ev_2 PARTITION OF ev FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (id);
CREATE TABLE ev_2_1 PARTITION OF ev_2 FOR VALUES FROM (100) TO (150);
ALTER TABLE ev ADD CONSTRAINT cnv CHECK (k > 0) NOT VALID;
ALTER TABLE ev_2 ADD CONSTRAINT cn2 CHECK (k > -1) NOT VALID;
CREATE TABLE ev_2_2 PARTITION OF ev_2 FOR VALUES FROM (150) TO (200);
CREATE TABLE ev_4 PARTITION OF ev FOR VALUES FROM (300) TO (400);
ALTER TABLE ev_1 VALIDATE CONSTRAINT cnv;
ALTER TABLE ev_2 ADD CONSTRAINT fk FOREIGN KEY (r) REFERENCES ref DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ev_4 ADD CONSTRAINT fk FOREIGN KEY (r) REFERENCES ref NOT VALID;
COMMENT ON CONSTRAINT fk ON ev_2 IS 'f'; COMMENT ON CONSTRAINT fk ON ev_2_1 IS 'f of leaf';
CREATE TABLE x(id int, CONSTRAINT xx FOREIGN KEY (id) REFERENCES ev_2); COMMENT ON CONSTRAINT xx ON x IS 'xx';
CREATE TABLE h(a int) PARTITION BY LIST (a); CREATE TABLE h_1 PARTITION OF h FOR VALUES IN (1);
ALTER TABLE h ADD CONSTRAINT hfk FOREIGN KEY (a) REFERENCES ref;
CREATE TABLE h_2(a int, CONSTRAINT other_name FOREIGN KEY (a) REFERENCES ref);
ALTER TABLE h ATTACH PARTITION h_2 FOR VALUES IN (2);
CREATE TABLE i(a int) PARTITION BY LIST (a); CREATE TABLE i_1 PARTITION OF i FOR VALUES IN (1);
ALTER TABLE i_1 ADD CONSTRAINT ck CHECK (a > 0); ALTER TABLE i ADD CONSTRAINT ck CHECK (a > 0);
CREATE TABLE j(a int) PARTITION BY LIST (a);
CREATE TABLE j_1(a int, b int, CONSTRAINT jfk FOREIGN KEY (a) REFERENCES ref); 
ALTER TABLE j_1 DROP b; ALTER TABLE j ADD CONSTRAINT jfk FOREIGN KEY (a) REFERENCES ref;
ALTER TABLE j ATTACH PARTITION j_1 FOR VALUES IN (1);
CREATE TABLE m(a int, b int, PRIMARY KEY(a)) PARTITION BY RANGE (a);
CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM (0) TO (10); ALTER TABLE m ADD UNIQUE (a, b) DEFERRABLE;
ALTER TABLE m_1 ADD CONSTRAINT own_d UNIQUE (b) DEFERRABLE INITIALLY DEFERRED; 
ALTER TABLE m ADD CONSTRAINT sf FOREIGN KEY (b) REFERENCES m(a) ON DELETE SET NULL (b) DEFERRABLE;
ALTER TABLE m_1 ADD CONSTRAINT sl FOREIGN KEY (b) REFERENCES m_1(a) NOT VALID;
COMMENT ON CONSTRAINT sl ON m_1 IS 'sl';
ALTER TABLE m DISABLE TRIGGER ALL; 
CREATE TABLE z(a int PRIMARY KEY REFERENCES ref); ALTER TABLE z DISABLE TRIGGER ALL;
)sql";

const std::string constraints_of_18 = R"sql(
CREATE TABLE ref(a int PRIMARY KEY, b int UNIQUE);
CREATE TABLE ev(id int, k int, r int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (100);
INSERT INTO ref SELECT i, i FROM generate_series(1,99) i;
INSERT INTO ev SELECT i, i, i FROM generate_series(1,99) i;
ALTER TABLE ev ADD CONSTRAINT fknv FOREIGN KEY (r) REFERENCES ref NOT VALID;
CREATE TABLE ev_2 PARTITION OF ev FOR VALUES FROM (100) TO (200);
ALTER TABLE ev ADD CONSTRAINT knn NOT NULL k NOT VALID;
CREATE TABLE ev_3 PARTITION OF ev FOR VALUES FROM (200) TO (300);
ALTER TABLE ev ADD CONSTRAINT fkne FOREIGN KEY (k) REFERENCES ref(b) NOT ENFORCED;
ALTER TABLE ev ADD CONSTRAINT cnv CHECK (k > 0) NOT VALID;
CREATE TABLE ev_4 PARTITION OF ev FOR VALUES FROM (300) TO (400);
ALTER TABLE ev_1 VALIDATE CONSTRAINT cnv;
CREATE TABLE p(a int, b int); ALTER TABLE p ADD CONSTRAINT bnn NOT NULL b NOT VALID;
ALTER TABLE p ADD CONSTRAINT ne CHECK (a > 0) NOT ENFORCED; COMMENT ON CONSTRAINT bnn ON p IS 'nn';
CREATE TABLE q(a int CONSTRAINT named NOT NULL, n int CONSTRAINT noi NOT NULL NO INHERIT,
  v int GENERATED ALWAYS AS (a * 2) VIRTUAL, PRIMARY KEY (a));
)sql";

const std::string publications = R"sql(
CREATE TABLE plain(a int PRIMARY KEY, b int, c text);
CREATE TABLE ev(id int PRIMARY KEY, k int, b text) PARTITION BY RANGE (id);
CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (100);
CREATE TABLE ev_2 PARTITION OF ev FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (id);
CREATE TABLE ev_2_1 PARTITION OF ev_2 FOR VALUES FROM (100) TO (200);
CREATE SCHEMA s2; CREATE TABLE s2.t(a int PRIMARY KEY);
CREATE PUBLICATION of_all FOR ALL TABLES WITH (publish = 'insert');
CREATE PUBLICATION part FOR TABLE plain (a, b) WHERE (a > 5), ev WITH (publish_via_partition_root);
CREATE PUBLICATION leaves FOR TABLE ONLY ev_1, ev_2_1 (id, k) WHERE (id > 7), ONLY ev_2;
CREATE PUBLICATION sch FOR TABLES IN SCHEMA s2; COMMENT ON PUBLICATION part IS 'some';
ALTER PUBLICATION sch OWNER TO postgres;
CREATE SUBSCRIPTION sub CONNECTION 'host=/nowhere password=secret dbname=x' PUBLICATION p WITH (connect = false);
COMMENT ON SUBSCRIPTION sub IS 'sub'; ALTER SUBSCRIPTION sub SET (slot_name = none);
INSERT INTO plain VALUES (1); INSERT INTO ev SELECT i FROM generate_series(1, 199) i;
)sql";

/// What the tables of an extension have, and others with rows for them.
const std::string extension_script = R"sql(
CREATE TABLE kinds(a int PRIMARY KEY, b int CONSTRAINT kinds_b CHECK (b > 0), note text);
COMMENT ON TABLE kinds IS 'kinds'; COMMENT ON COLUMN kinds.b IS 'b'; COMMENT ON CONSTRAINT kinds_b ON kinds IS 'ck';
CREATE TABLE things(i int PRIMARY KEY, kind int CONSTRAINT of_kind REFERENCES kinds DEFERRABLE,
  up int CONSTRAINT above REFERENCES things);
COMMENT ON CONSTRAINT of_kind ON things IS 'of its kind'; COMMENT ON CONSTRAINT above ON things IS 'self';
ALTER TABLE things ADD CONSTRAINT soon FOREIGN KEY (kind) REFERENCES kinds NOT VALID;
COMMENT ON CONSTRAINT soon ON things IS 'soon';
CREATE TABLE said(what text);
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.said VALUES (TG_TABLE_NAME || TG_OP);
IF TG_OP = ''TRUNCATE'' THEN RETURN NULL; END IF; NEW.note := ''changed''; RETURN NEW; END';
CREATE TRIGGER notes BEFORE INSERT OR UPDATE ON kinds FOR EACH ROW EXECUTE FUNCTION noted();
COMMENT ON TRIGGER notes ON kinds IS 'notes';
CREATE TRIGGER always BEFORE INSERT ON kinds FOR EACH ROW EXECUTE FUNCTION noted();
ALTER TABLE kinds ENABLE ALWAYS TRIGGER always;
CREATE TRIGGER emptied AFTER TRUNCATE ON kinds EXECUTE FUNCTION noted(); 
CREATE TRIGGER off BEFORE INSERT ON kinds FOR EACH ROW EXECUTE FUNCTION noted();
ALTER TABLE kinds DISABLE TRIGGER off;
CREATE TRIGGER rep BEFORE INSERT ON kinds FOR EACH ROW EXECUTE FUNCTION noted();
ALTER TABLE kinds ENABLE REPLICA TRIGGER rep;
INSERT INTO kinds VALUES (1, 1, 'x'), (77, 1, 'of the extension');
SELECT pg_extension_config_dump('kinds', '');
)sql";

const std::string with_extension = R"sql(
CREATE EXTENSION shop; DELETE FROM kinds; DELETE FROM said; ALTER TABLE kinds DISABLE TRIGGER USER;
INSERT INTO kinds VALUES (1, 1, 'plain'), (2, 2, 'two'); DELETE FROM said;
ALTER TABLE kinds ENABLE TRIGGER notes, ENABLE ALWAYS TRIGGER always, ENABLE TRIGGER emptied,
  ENABLE REPLICA TRIGGER rep;
INSERT INTO things VALUES (1, 1, 1), (2, 2, 1);
CREATE TABLE mine(a int REFERENCES kinds); INSERT INTO mine VALUES (1);
DELETE FROM said WHERE what LIKE 'k%';
)sql";

/// A database of a server, and a backup of it.
struct original {
    original(server& at, const std::string& statements) : on{at}, name{at.make_database()} {
        users.run("CREATE ROLE clerk");
        users.run("CREATE ROLE boss");
        REQUIRE(users.run(statements));
        point = kept.run();
        for (const omission& each : point.omissions) omitted.push_back(each.name);
        std::sort(omitted.begin(), omitted.end());
    }
    /// Restores it, and takes away what the backup left in it.
    std::string restored(const std::string& as) {
        kept.restore_to(on.url(as), point);
        source held{url(), {.pg_dump = pg_dump()}};
        testing::run(held.release());
        return on.url(as);
    }
    [[nodiscard]] std::string url() const { return on.url(name); }

    server& on;
    std::string name;
    testing::temporary_folder folder;
    blocking_session users{on.url(name)};
    backups kept{on.url(name), folder / "repository"};
    restore_point point;
    names omitted;
};

struct world {
    std::string statements;
    names omitted;
};

/// What no dump tells: which constraints are valid, and what an extension's tables have.
const std::string catalog =
    "SELECT concat_ws(' ', conrelid::regclass, conname, "
    "convalidated, condeferrable, condeferred, pg_get_constraintdef(oid), CASE coninhcount WHEN 0 THEN "
    "obj_description(oid, 'pg_constraint') END) AS "
    "line FROM pg_constraint WHERE conrelid <> 0 AND connamespace >= 2200 AND conparentid = 0 UNION ALL SELECT "
    "concat_ws(' ', tgrelid::regclass, tgname, tgenabled, obj_description(oid, 'pg_trigger')) FROM pg_trigger WHERE "
    "NOT tgisinternal UNION ALL SELECT concat_ws(' ', indexrelid::regclass, pg_get_indexdef(indexrelid)) FROM pg_index "
    "WHERE indrelid >= 16384 AND indrelid::regclass::text NOT LIKE 'pg_toast%' UNION ALL SELECT concat_ws(' ', "
    "c.oid::regclass, c.relacl, obj_description(c.oid, 'pg_class'), inhparent::regclass, pg_get_expr(c.relpartbound, "
    "c.oid)) FROM pg_class c LEFT JOIN pg_inherits ON inhrelid = c.oid WHERE c.relkind IN ('r', 'p') AND c.oid >= "
    "16384 "
    "AND c.relnamespace = 'public'::regnamespace";

names lines_of(blocking_session& users, const std::string& query) {
    const std::string count = users.ask("SELECT count(*) FROM (" + query + ") lines");
    names all;
    for (int i = 0; i < std::stoi(count); ++i)
        all.push_back(users.ask(query + " ORDER BY 1 OFFSET " + std::to_string(i) + " LIMIT 1"));
    return all;
}

}  // namespace

TEST_CASE("a restored database is told by a dump in the words of the original", "[postgresql]") {
    const world made =
        GENERATE(world{of_all_kinds,
                       {"public.ft", "public.mv", "public.unl", "the comment of constraint ev_ref of public.ev_1"}},
                 world{constraints, {"the comment of constraint fk of public.ev_2_1"}}, world{constraints_of_18, {}},
                 world{publications, {"subscription sub"}});
    if (made.statements == constraints_of_18 && shared_server().version() < 18) return;
    original from{shared_server(), made.statements};
    CHECK(from.omitted == made.omitted);
    blocking_session there{from.restored(from.name + "_again")};
    CHECK(there.ask(all_rows) == from.users.ask(all_rows));
    CHECK(difference(lines_of(there, catalog), lines_of(from.users, catalog)) == names{});
    from.users.run("DROP SUBSCRIPTION sub");  // or the database cannot be dropped
    CHECK(difference(schema_of(from.on.url(from.name + "_again")), schema_of(from.url())) == names{});
}

TEST_CASE("tables of an extension are restored with their rows as they were, and nothing they had is lost",
          "[postgresql]") {
    const installation with_shop{"shop", extension_script};
    server own{"", with_shop.programs()};
    original from{own, with_extension};
    CHECK(from.omitted == names{});
    blocking_session there{from.restored("again")};
    CHECK(there.ask(all_rows) == from.users.ask(all_rows));
    CHECK(difference(lines_of(there, catalog), lines_of(from.users, catalog)) == names{});
    CHECK(difference(schema_of(own.url("again")), schema_of(from.url())) == names{});
    CHECK(there.run("INSERT INTO kinds VALUES (9, 9)"));
    CHECK(there.ask("SELECT note FROM kinds WHERE a = 9") == "changed");
}

TEST_CASE("an extension's table that is a partition in the backup stops the restore, whosever it is", "[postgresql]") {
    const installation with_parts{"parts",
                                  "CREATE TABLE log(a int) PARTITION BY RANGE (a); CREATE TABLE log_1 PARTITION OF log "
                                  "FOR VALUES FROM (0) TO (10); CREATE TABLE arch(a int);"};
    server own{"", with_parts.programs()};
    const std::string meanwhile =
        GENERATE("",
                 "ALTER EXTENSION parts DROP TABLE log_1; DROP TABLE log_1; CREATE TABLE log_1 PARTITION OF log FOR "
                 "VALUES FROM (0) TO (10); ALTER TABLE log_1 ENABLE ROW LEVEL SECURITY",
                 "DROP TABLE IF EXISTS mine; ALTER EXTENSION parts DROP TABLE log_1; DROP TABLE log_1; CREATE TABLE "
                 "ev(a int) PARTITION BY RANGE (a); ALTER TABLE ev ATTACH PARTITION arch FOR VALUES FROM (0) TO (10)");
    CAPTURE(meanwhile);
    original from{own, "CREATE EXTENSION parts; " + meanwhile};
    CHECK_THROWS_WITH(from.restored("again"), Catch::Contains("already exists"));
}

TEST_CASE("a publication that who restores may not make is left out, and named", "[postgresql]") {
    blocking_session admin{shared_server().url("postgres")};
    admin.run("CREATE ROLE owner_of_few LOGIN CREATEDB");
    original from{shared_server(),
                  "CREATE TABLE t(a int PRIMARY KEY); ALTER TABLE t OWNER TO owner_of_few; INSERT INTO t VALUES (1); "
                  "CREATE PUBLICATION wide FOR ALL TABLES; ALTER TABLE t REPLICA IDENTITY NOTHING; COMMENT ON "
                  "PUBLICATION wide IS 'all'"};
    const std::string theirs = url_of_role(shared_server().url(from.name + "_few"), "owner_of_few");
    const restore_report report = from.kept.restore_to(theirs, from.point);
    names left_out;
    for (const omission& each : report.omissions) left_out.push_back(each.name);
    CHECK(left_out == names{"publication wide"});
    CHECK(blocking_session{theirs}.ask("SELECT count(*) FROM t") == "1");
    testing::run(source{from.url(), {.pg_dump = pg_dump()}}.release());
    CHECK(from.users.ask("SELECT relreplident FROM pg_class WHERE oid = 't'::regclass") == "n");
}

}  // namespace foreshadow::postgresql::tests

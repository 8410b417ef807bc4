// SPDX-License-Identifier: BSL-1.0
//
// What a superuser runs once in the database, and what takes it away again. Everything is in a schema `foreshadow`,
// but for the event triggers and the publication, which have no schema and begin with that name.
//
// The publication has all tables, so that a table is captured from its first row on whatever becomes of it later:
// attached, detached, renamed. Adding tables one by one would lock the publication until the end of each transaction
// that creates a table, and two such transactions would wait for each other.
//
// A published table without a usable key refuses UPDATE and DELETE. So the triggers come first and give every such
// table the identity FULL in the transaction that makes it so; then the tables that are there get it; then all is
// published. The trigger never lets a statement of the application fail: what it cannot tell, it says that it cannot.
//
// What describes a table is called for each chunk, and for partitions of a tree that changes, so its parts are in
// PL/pgSQL, which keeps their plans: as SQL functions they were planned anew by each call, and took five times as long.
// Of a tree of a thousand partitions few change at a time, and those have another stamp: it is made of where the rows
// of the catalog that describe the partition are stored, and of who wrote them.
#pragma once

#include "foreshadow/postgresql/sql_text.hpp"

#include <string>
#include <string_view>

namespace foreshadow::postgresql {

namespace detail {

/// The prefix of what the triggers tell in the log.
inline constexpr std::string_view ddl_message = "foreshadow.ddl";

/// A commit without changes, so that the log is known up to there: its commit is above the position returned, and
/// every commit that anybody saw before is below.
[[nodiscard]] inline std::string mark_sql() {
    return "SELECT pg_catalog.pg_logical_emit_message(true, 'foreshadow.mark', '')";
}

/// Tables, functions and event triggers, in one transaction.
[[nodiscard]] inline std::string objects_sql() {
    return R"sql(BEGIN;
CREATE SCHEMA foreshadow;
CREATE TABLE foreshadow.hold(slot name PRIMARY KEY, acknowledged int8 NOT NULL, layout text NOT NULL);
CREATE TABLE foreshadow.replica_identity(oid oid PRIMARY KEY, was "char" NOT NULL);
CREATE TABLE foreshadow.known(oid oid PRIMARY KEY, described jsonb NOT NULL, stamp text);

CREATE FUNCTION foreshadow.base_type(of oid) RETURNS oid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  base oid := of; below oid;
BEGIN
  LOOP
    SELECT t.typbasetype INTO below FROM pg_type t WHERE t.oid = base AND t.typtype = 'd';
    IF NOT FOUND THEN RETURN base; END IF;
    base := below;
  END LOOP;
END $$;

CREATE FUNCTION foreshadow.why_not(of oid) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (
  SELECT CASE
    WHEN p.typsend::oid = 0 OR p.typreceive::oid = 0 THEN 'which has no binary form'
    WHEN p.typtype = 'c' OR p.typtype = 'p' OR p.oid = 2287 THEN 'a composite type'
    WHEN p.oid IN (24, 2202, 2203, 2204, 2205, 2206, 4096, 4089, 3734, 3769, 4191)
      OR p.typelem IN (24, 2202, 2203, 2204, 2205, 2206, 4096, 4089, 3734, 3769, 4191) AND p.typcategory = 'A'
      THEN 'whose values are numbers that mean something in this database only'
    WHEN p.typcategory = 'A' AND p.typelem >= 16384 THEN 'an array of a type that was created in this database'
    WHEN p.typtype IN ('r', 'm') AND p.oid >= 16384 THEN 'a range type that was created in this database'
  END FROM pg_type p WHERE p.oid = foreshadow.base_type(of));
END $$;

CREATE FUNCTION foreshadow.key_index(of oid) RETURNS oid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (
  SELECT i.indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
  WHERE i.indrelid = of AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
    AND CASE WHEN c.relreplident = 'i' THEN i.indisreplident ELSE i.indisprimary END);
END $$;

CREATE FUNCTION foreshadow.own_parts(of oid) RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (
  SELECT coalesce(jsonb_agg(statement ORDER BY place, statement), '[]') FROM (
    SELECT 1 AS place, format('ALTER TABLE %I.%I OWNER TO %I', n.nspname, c.relname, r.rolname) AS statement
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner WHERE c.oid = of
    UNION ALL
    SELECT 2, format('ALTER TABLE %I.%I SET (%s)', n.nspname, c.relname, array_to_string(c.reloptions, ', '))
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = of AND c.reloptions IS NOT NULL
    UNION ALL
    SELECT 3, format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid))
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE k.conrelid = of AND k.conparentid = 0 AND k.coninhcount = 0 AND k.contype IN ('c', 'f', 'p', 'u', 'x')
    UNION ALL
    SELECT 4, pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = of
      AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = of)) statements);
END $$;

CREATE FUNCTION foreshadow.digest(of oid) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (
  SELECT md5(concat_ws('|', c.relname, c.relnamespace, c.relowner, c.reloftype, c.relam, c.reltablespace, c.relpersistence,
      c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relacl, c.reloptions,
    (SELECT string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity, a.attgenerated,
        a.attstorage, a.attcompression, a.attcollation, a.attacl, a.attoptions, a.attstattarget, pg_get_expr(d.adbin, d.adrelid)), ',' ORDER BY a.attnum)
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    (SELECT string_agg(concat_ws(' ', k.conname, k.convalidated, pg_get_constraintdef(k.oid)), ',' ORDER BY k.conname)
      FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conparentid = 0),
    (SELECT string_agg(concat_ws(' ', i.indisclustered, i.indisreplident, pg_get_indexdef(i.indexrelid)), ',' ORDER BY i.indexrelid)
      FROM pg_index i WHERE i.indrelid = c.oid),
    (SELECT string_agg(concat_ws(' ', t.tgname, t.tgenabled), ',' ORDER BY t.tgname) FROM pg_trigger t
      WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
    (SELECT string_agg(concat_ws(' ', r.rulename, r.ev_enabled), ',' ORDER BY r.rulename) FROM pg_rewrite r WHERE r.ev_class = c.oid),
    (SELECT string_agg(h.inhparent::text, ',' ORDER BY h.inhseqno) FROM pg_inherits h WHERE h.inhrelid = c.oid)))
  FROM pg_class c WHERE c.oid = of);
END $$;

CREATE FUNCTION foreshadow.is_bytewise(of oid) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (
  SELECT coalesce((SELECT l.collcollate IN ('C', 'POSIX') OR l.collprovider = 'd'
      AND (SELECT datcollate IN ('C', 'POSIX') FROM pg_database WHERE datname = current_database())
    FROM pg_collation l WHERE l.oid = $1), false));
END $$;

CREATE FUNCTION foreshadow.describe(of oid) RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (
  SELECT jsonb_build_object('oid', c.oid::int8, 'name', format('%I.%I', n.nspname, c.relname),
    'columns', coalesce((SELECT jsonb_agg(jsonb_build_array(a.attnum, a.attname, a.atttypid::int8) ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), '[]'),
    'key', coalesce((SELECT jsonb_agg(jsonb_build_object('number', a.attnum, 'type', t.oid::int8,
        'bytewise', foreshadow.is_bytewise(a.attcollation),
        'send', format('%I.%I', s.nspname, f.proname)) ORDER BY k.place)
      FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
      JOIN pg_type t ON t.oid = foreshadow.base_type(a.atttypid)
      JOIN pg_proc f ON f.oid = t.typsend JOIN pg_namespace s ON s.oid = f.pronamespace
      WHERE i.indexrelid = foreshadow.key_index(c.oid) AND k.place <= i.indnkeyatts), '[]'),
    'why', CASE
      WHEN c.relkind = 'p' THEN 'its rows are in its partitions'
      WHEN c.relpersistence = 'u' THEN 'it is unlogged: no log tells its changes'
      WHEN foreshadow.key_index(c.oid) IS NULL THEN 'it has no primary key'
      ELSE (SELECT format('its column %s is of type %s, %s', a.attname, t.typname, foreshadow.why_not(a.atttypid))
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND foreshadow.why_not(a.atttypid) IS NOT NULL
        ORDER BY a.attnum LIMIT 1) END,
    'branches', c.relkind = 'p',
    'parent', coalesce((SELECT h.inhparent::int8 FROM pg_inherits h WHERE h.inhrelid = c.oid AND c.relispartition), 0),
    'bound', coalesce(pg_get_expr(c.relpartbound, 0), ''),
    'by', coalesce(pg_get_partkeydef(c.oid), ''),
    'divides', coalesce((SELECT jsonb_build_array(p.partstrat) || (SELECT jsonb_agg(
        jsonb_build_array(o.opcintype::int8, foreshadow.is_bytewise(k.sorted)) ORDER BY k.place)
      FROM unnest(p.partclass::oid[], p.partcollation::oid[]) WITH ORDINALITY k(class, sorted, place)
      JOIN pg_opclass o ON o.oid = k.class) FROM pg_partitioned_table p WHERE p.partrelid = c.oid), '[]'),
    'own', CASE WHEN c.relispartition THEN foreshadow.own_parts(c.oid) ELSE '[]' END,
    'digest', CASE WHEN c.relispartition THEN '' ELSE foreshadow.digest(c.oid) END)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1);
END $$;

CREATE FUNCTION foreshadow.stamps(of oid[]) RETURNS TABLE(which oid, stamp text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT c.oid, concat_ws(' ', c.ctid, c.xmin, n.ctid, n.xmin, r.rolname,
    (SELECT sum(hashtextextended(concat_ws(' ', a.ctid, a.xmin), 0)) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
    (SELECT sum(hashtextextended(concat_ws(' ', i.ctid, i.xmin, x.ctid, x.xmin), 0)) FROM pg_index i
      JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid),
    (SELECT sum(hashtextextended(concat_ws(' ', k.ctid, k.xmin), 0)) FROM pg_constraint k WHERE k.conrelid = c.oid),
    (SELECT sum(hashtextextended(concat_ws(' ', h.ctid, h.xmin), 0)) FROM pg_inherits h WHERE h.inhrelid = c.oid))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
  WHERE c.oid = ANY(of) AND c.relispartition;
END $$;

CREATE FUNCTION foreshadow.is_table(of pg_class) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT ($1).relkind IN ('r', 'p') AND ($1).relpersistence <> 't' AND ($1).oid >= 16384
    AND ($1).relnamespace NOT IN (SELECT oid FROM pg_namespace
      WHERE nspname IN ('foreshadow', 'information_schema') OR nspname LIKE 'pg\_%')
$$;

CREATE FUNCTION foreshadow.mend_identity(of oid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now "char"; has_key boolean;
BEGIN
  SELECT c.relreplident, EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate AND
      CASE WHEN c.relreplident = 'i' THEN i.indisreplident ELSE i.indisprimary END)
    INTO now, has_key FROM pg_class c WHERE c.oid = of AND c.relpersistence = 'p' AND c.relkind = 'r';
  IF NOT FOUND THEN RETURN; END IF;
  IF now <> 'f' AND (now = 'n' OR NOT has_key) THEN
    INSERT INTO foreshadow.replica_identity VALUES (of, now) ON CONFLICT DO NOTHING;
    EXECUTE format('ALTER TABLE ONLY %s REPLICA IDENTITY FULL', of::regclass);
  ELSIF now = 'f' AND has_key AND EXISTS (SELECT 1 FROM foreshadow.replica_identity r WHERE r.oid = of AND r.was = 'd') THEN
    DELETE FROM foreshadow.replica_identity r WHERE r.oid = of;
    EXECUTE format('ALTER TABLE ONLY %s REPLICA IDENTITY DEFAULT', of::regclass);
  END IF;
END $$;

CREATE FUNCTION foreshadow.on_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC' SET intervalstyle = 'postgres' AS $$
DECLARE
  touched oid[] := '{}'; created oid[] := '{}'; dropped oid[] := '{}'; rewritten oid[] := '{}';
  told jsonb; each record; its_table oid; is_partition boolean; concerns_us boolean := false; schema_changed boolean := false;
BEGIN
  IF tg_event = 'table_rewrite' THEN
    PERFORM 1 FROM pg_class c WHERE c.oid = pg_event_trigger_table_rewrite_oid() AND c.relpersistence = 'p';
    concerns_us := FOUND;
    rewritten := ARRAY[pg_event_trigger_table_rewrite_oid()];
  ELSIF tg_event = 'sql_drop' THEN
    FOR each IN SELECT * FROM pg_event_trigger_dropped_objects() LOOP
      CONTINUE WHEN each.is_temporary OR each.schema_name IN ('foreshadow', 'pg_temp')
        OR each.schema_name IS NULL AND each.object_name = 'foreshadow';
      concerns_us := true;
      IF each.classid = 'pg_class'::regclass AND each.objsubid = 0 AND each.object_type = 'table' THEN
        dropped := dropped || each.objid;
        schema_changed := schema_changed OR NOT EXISTS (SELECT 1 FROM foreshadow.known k WHERE k.oid = each.objid);
      ELSIF tg_tag <> 'ALTER TABLE' AND (each.original OR each.normal) THEN
        schema_changed := true;
        IF each.object_type = 'index' THEN touched := ARRAY(SELECT k.oid FROM foreshadow.known k); END IF;
      END IF;
    END LOOP;
    DELETE FROM foreshadow.known k WHERE k.oid = ANY(dropped);
  ELSE
    FOR each IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
      CONTINUE WHEN each.schema_name IN ('foreshadow', 'pg_temp') OR each.command_tag = 'REFRESH MATERIALIZED VIEW';
      concerns_us := true;
      its_table := CASE WHEN each.classid = 'pg_class'::regclass
        THEN coalesce((SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = each.objid), each.objid) END;
      SELECT c.relispartition INTO is_partition FROM pg_class c WHERE c.oid = its_table AND c.relkind IN ('r', 'p');
      IF FOUND THEN
        touched := touched || its_table;
        IF each.command_tag = 'CREATE TABLE' AND NOT each.in_extension THEN created := created || each.objid; END IF;
        -- What these do to a table that is no partition, its digest tells.
        schema_changed := schema_changed OR NOT is_partition
          AND each.command_tag NOT IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE INDEX', 'ALTER INDEX');
      ELSE
        schema_changed := true;
      END IF;
      IF each.classid = 'pg_type'::regclass AND each.command_tag = 'ALTER TYPE' THEN
        rewritten := rewritten || ARRAY(SELECT a.attrelid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND foreshadow.base_type(a.atttypid) = each.objid);
      ELSIF each.classid = 'pg_namespace'::regclass THEN
        touched := touched || ARRAY(SELECT c.oid FROM pg_class c WHERE c.relnamespace = each.objid AND c.relkind IN ('r', 'p'));
      END IF;
    END LOOP;
  END IF;
  IF touched <> '{}' THEN
    -- Who was a partition of it, and is none any more, is not below it.
    touched := touched || ARRAY(SELECT k.oid FROM foreshadow.known k WHERE (k.described ->> 'parent')::oid = ANY(touched));
    touched := ARRAY(WITH RECURSIVE t(o) AS (SELECT unnest(touched) UNION SELECT i.inhrelid FROM t JOIN pg_inherits i ON i.inhparent = t.o)
      SELECT o FROM t);
    touched := ARRAY(SELECT t.o FROM unnest(touched) t(o) LEFT JOIN foreshadow.stamps(touched) s ON s.which = t.o
      LEFT JOIN foreshadow.known k ON k.oid = t.o WHERE s.stamp IS NULL OR k.stamp IS DISTINCT FROM s.stamp);
    FOR each IN SELECT c.oid FROM pg_class c WHERE c.oid = ANY(touched) AND foreshadow.is_table(c) LOOP
      PERFORM foreshadow.mend_identity(each.oid);
    END LOOP;
    WITH now AS (SELECT c.oid, foreshadow.describe(c.oid) AS described, s.stamp FROM pg_class c
        LEFT JOIN foreshadow.stamps(touched) s ON s.which = c.oid WHERE c.oid = ANY(touched) AND foreshadow.is_table(c)),
      changed AS (SELECT n.*, k.described IS DISTINCT FROM n.described AS is_news FROM now n LEFT JOIN foreshadow.known k USING (oid)
        WHERE k.described IS DISTINCT FROM n.described OR k.stamp IS DISTINCT FROM n.stamp),
      kept AS (INSERT INTO foreshadow.known SELECT n.oid, n.described, n.stamp FROM changed n
        ON CONFLICT (oid) DO UPDATE SET described = excluded.described, stamp = excluded.stamp)
    SELECT jsonb_agg(n.described) INTO told FROM changed n WHERE n.is_news;
  END IF;
  IF concerns_us THEN
    PERFORM pg_logical_emit_message(true, 'foreshadow.ddl', jsonb_build_object('tables', coalesce(told, '[]'),
      'created', to_jsonb(created::int8[]), 'dropped', to_jsonb(dropped::int8[]), 'rewritten', to_jsonb(rewritten::int8[]),
      'schema', schema_changed)::text);
  END IF;
EXCEPTION WHEN OTHERS THEN
  PERFORM pg_logical_emit_message(true, 'foreshadow.ddl', jsonb_build_object('untold', SQLERRM)::text);
END $$;

CREATE EVENT TRIGGER foreshadow_ddl ON ddl_command_end EXECUTE FUNCTION foreshadow.on_ddl();
CREATE EVENT TRIGGER foreshadow_drop ON sql_drop EXECUTE FUNCTION foreshadow.on_ddl();
CREATE EVENT TRIGGER foreshadow_rewrite ON table_rewrite EXECUTE FUNCTION foreshadow.on_ddl();
ALTER EVENT TRIGGER foreshadow_ddl ENABLE ALWAYS;
ALTER EVENT TRIGGER foreshadow_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER foreshadow_rewrite ENABLE ALWAYS;
COMMIT)sql";
}

/// Gives the tables that are there an identity, each in a transaction of its own. Whoever began to write before the
/// triggers were there may have made a table that they did not see, so it is waited for first.
[[nodiscard]] inline std::string identities_sql() {
    return R"sql(DO $$
DECLARE
  each record; triggered pg_catalog.xid8 := pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot());
BEGIN
  COMMIT;
  WHILE pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()) < triggered LOOP
    PERFORM pg_catalog.pg_sleep(0.02);
    COMMIT;
  END LOOP;
  FOR each IN SELECT c.oid FROM pg_catalog.pg_class c WHERE foreshadow.is_table(c) LOOP
    SET LOCAL lock_timeout = '2s';
    PERFORM foreshadow.mend_identity(each.oid);
    COMMIT;
  END LOOP;
  INSERT INTO foreshadow.known SELECT c.oid, foreshadow.describe(c.oid), s.stamp FROM pg_catalog.pg_class c
    LEFT JOIN foreshadow.stamps(ARRAY(SELECT oid FROM pg_catalog.pg_class WHERE relispartition)) s ON s.which = c.oid
    WHERE foreshadow.is_table(c) ON CONFLICT DO NOTHING;
END $$)sql";
}

[[nodiscard]] inline std::string publication_sql() { return "CREATE PUBLICATION foreshadow FOR ALL TABLES"; }

/// What a role needs to use what was set up.
[[nodiscard]] inline std::string rights_sql(const std::string& role) {
    const std::string to = " TO " + identifier(role);
    return "GRANT USAGE ON SCHEMA foreshadow" + to + "; GRANT SELECT, INSERT, UPDATE, DELETE ON foreshadow.hold" + to;
}

/// What a role without the superuser's rights needs.
[[nodiscard]] inline std::string grants_sql(const std::string& role) {
    return "ALTER ROLE " + identifier(role) + " REPLICATION;\nGRANT pg_read_all_data TO " + identifier(role) + ";\n" +
           rights_sql(role);
}

}  // namespace detail

/// Everything that a superuser runs once, so that `role` can back the database up without being one.
[[nodiscard]] inline std::string setup_sql(const std::string& role) {
    return detail::objects_sql() + ";\n" + detail::identities_sql() + ";\n" + detail::publication_sql() + ";\n" +
           detail::grants_sql(role) + ";\n";
}

namespace detail {

/// Takes everything away, and gives tables the identity that they had. A superuser's, too.
[[nodiscard]] inline std::string removal_sql() {
    return R"sql(DO $$
DECLARE
  each record;
BEGIN
  DROP EVENT TRIGGER IF EXISTS foreshadow_ddl;
  DROP EVENT TRIGGER IF EXISTS foreshadow_drop;
  DROP EVENT TRIGGER IF EXISTS foreshadow_rewrite;
  DROP PUBLICATION IF EXISTS foreshadow;
  COMMIT;
  IF pg_catalog.to_regclass('foreshadow.replica_identity') IS NOT NULL THEN
    FOR each IN SELECT r.oid, r.was FROM foreshadow.replica_identity r JOIN pg_catalog.pg_class c ON c.oid = r.oid LOOP
      SET LOCAL lock_timeout = '2s';
      EXECUTE pg_catalog.format('ALTER TABLE ONLY %s REPLICA IDENTITY %s', each.oid::pg_catalog.regclass,
        CASE each.was WHEN 'n' THEN 'NOTHING' ELSE 'DEFAULT' END);
      DELETE FROM foreshadow.replica_identity r WHERE r.oid = each.oid;
      COMMIT;
    END LOOP;
  END IF;
  DROP SCHEMA IF EXISTS foreshadow CASCADE;
END $$)sql";
}

}  // namespace detail

}  // namespace foreshadow::postgresql

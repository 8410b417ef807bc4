// SPDX-License-Identifier: BSL-1.0
//
// What listens to changes of the schema, and tells them in the log where they are committed.
//
// A published table without a usable key refuses UPDATE and DELETE, so the triggers give every such table the identity
// FULL in the transaction that makes it so. They never let a statement of the application fail: what they cannot tell,
// they say that they cannot.
#pragma once

#include <string_view>

namespace foreshadow::postgresql::detail {

/// The prefix of what the triggers tell in the log.
inline constexpr std::string_view ddl_message = "foreshadow.ddl";

/// Functions and event triggers, as statements.
inline constexpr std::string_view event_trigger_sql = R"sql(
CREATE FUNCTION foreshadow.mend_identity(of oid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now "char"; has_key boolean; goes_back boolean;
BEGIN
  SELECT c.relreplident, foreshadow.key_index(of) IS NOT NULL INTO now, has_key FROM pg_class c WHERE c.oid = of AND c.relpersistence = 'p' AND c.relkind = 'r';
  IF NOT FOUND THEN RETURN; END IF;
  goes_back := now = 'f' AND has_key AND EXISTS (SELECT 1 FROM foreshadow.replica_identity r WHERE r.oid = of AND r.was = 'd');
  IF NOT goes_back AND foreshadow.is_unpublishable(of) AND foreshadow.is_published() THEN
    -- While it is published, the server refuses to change its rows. They go on being changed, and the backup ends.
    PERFORM set_config('foreshadow.mends', 'on', true);
    DROP PUBLICATION foreshadow;
    PERFORM set_config('foreshadow.mends', '', true);
    PERFORM pg_logical_emit_message(true, 'foreshadow.ddl', jsonb_build_object('untold',
      format('table %s has no key but a virtual column, and cannot be published', of::regclass))::text);
    RETURN;
  END IF;
  -- Who mends tells of it, in one with the statement that made it necessary.
  PERFORM set_config('foreshadow.mends', 'on', true);
  -- Its users chose another one since.
  IF now <> 'f' THEN DELETE FROM foreshadow.replica_identity r WHERE r.oid = of; END IF;
  IF now <> 'f' AND (now = 'n' OR NOT has_key) THEN
    INSERT INTO foreshadow.replica_identity VALUES (of, now);
    EXECUTE format('ALTER TABLE ONLY %s REPLICA IDENTITY FULL', of::regclass);
  ELSIF goes_back THEN
    DELETE FROM foreshadow.replica_identity r WHERE r.oid = of;
    EXECUTE format('ALTER TABLE ONLY %s REPLICA IDENTITY DEFAULT', of::regclass);
  END IF;
  PERFORM set_config('foreshadow.mends', '', true);
END $$;

CREATE FUNCTION foreshadow.table_of(class oid, object oid) RETURNS oid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN CASE class
  WHEN 'pg_class'::regclass THEN coalesce((SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = object),
    (SELECT d.refobjid FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' WHERE d.classid = class AND d.objid = object
      AND d.refclassid = class AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')), object)
  WHEN 'pg_constraint'::regclass THEN (SELECT k.conrelid FROM pg_constraint k WHERE k.oid = object)
  WHEN 'pg_attrdef'::regclass THEN (SELECT d.adrelid FROM pg_attrdef d WHERE d.oid = object)
  WHEN 'pg_trigger'::regclass THEN (SELECT t.tgrelid FROM pg_trigger t WHERE t.oid = object)
  WHEN 'pg_policy'::regclass THEN (SELECT p.polrelid FROM pg_policy p WHERE p.oid = object)
  WHEN 'pg_rewrite'::regclass THEN (SELECT w.ev_class FROM pg_rewrite w WHERE w.oid = object)
  WHEN 'pg_publication_rel'::regclass THEN (SELECT r.prrelid FROM pg_publication_rel r WHERE r.oid = object)
  WHEN 'pg_statistic_ext'::regclass THEN (SELECT s.stxrelid FROM pg_statistic_ext s WHERE s.oid = object) END;
END $$;

CREATE FUNCTION foreshadow.on_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC' SET intervalstyle = 'postgres' AS $$
DECLARE
  touched oid[] := '{}'; renamed oid[] := '{}'; created oid[] := '{}'; dropped oid[] := '{}'; rewritten oid[] := '{}';
  told jsonb; each record; its_table oid; is_partition boolean; concerns_us boolean := false; schema_changed boolean := false;
BEGIN
  IF current_setting('foreshadow.mends', true) = 'on' THEN RETURN; END IF;
  IF tg_tag IN ('ALTER PUBLICATION', 'DROP PUBLICATION', 'DROP OWNED') AND NOT foreshadow.is_published() THEN
    PERFORM pg_logical_emit_message(true, 'foreshadow.ddl', jsonb_build_object('untold', 'publication foreshadow was dropped or altered')::text);
    RETURN;
  END IF;
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
      ELSIF tg_tag <> 'ALTER TABLE' AND (each.original OR each.normal OR each.object_type = 'publication relation'
          AND to_regclass(format('%I.%I', each.address_names[1], each.address_names[2])) IS NOT NULL) THEN
        its_table := CASE WHEN each.object_type IN ('trigger', 'policy', 'rule', 'table constraint', 'table column', 'default value',
            'publication relation')
          THEN to_regclass(format('%I.%I', each.address_names[1], each.address_names[2])) END;
        IF its_table IS NOT NULL THEN touched := touched || its_table; END IF;
        schema_changed := schema_changed OR NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = its_table AND c.relispartition);
        -- Whose they were is not told.
        IF each.object_type = 'index' THEN touched := touched || ARRAY(SELECT k.oid FROM foreshadow.known k); END IF;
        IF each.object_type IN ('statistics object', 'sequence') THEN
          touched := touched || ARRAY(SELECT k.oid FROM foreshadow.known k WHERE k.stamp IS NOT NULL);
        END IF;
      END IF;
    END LOOP;
    DELETE FROM foreshadow.known k WHERE k.oid = ANY(dropped);
  ELSE
    IF tg_tag = 'DROP OWNED' THEN  -- it tells nothing
      concerns_us := true;
      schema_changed := true;
      touched := ARRAY(SELECT k.oid FROM foreshadow.known k);
    END IF;
    FOR each IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
      CONTINUE WHEN each.schema_name IN ('foreshadow', 'pg_temp') OR each.command_tag = 'REFRESH MATERIALIZED VIEW';
      concerns_us := true;
      its_table := foreshadow.table_of(each.classid, each.objid);
      SELECT c.relispartition INTO is_partition FROM pg_class c WHERE c.oid = its_table AND c.relkind IN ('r', 'p');
      IF FOUND THEN
        touched := touched || its_table;
        IF each.command_tag = 'CREATE TABLE' AND NOT each.in_extension THEN created := created || each.objid; END IF;
        -- What these do to a table that is no partition, its digest tells.
        schema_changed := schema_changed OR each.object_type = 'sequence' OR NOT is_partition
          AND each.command_tag NOT IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE INDEX', 'ALTER INDEX', 'REINDEX');
      ELSE
        schema_changed := true;
      END IF;
      IF each.classid = 'pg_publication'::regclass THEN
        touched := touched || ARRAY(SELECT r.prrelid FROM pg_publication_rel r WHERE r.prpubid = each.objid);
      END IF;
      IF tg_tag IN ('GRANT', 'REVOKE') AND each.object_type = 'TABLE' OR tg_tag = 'ALTER SEQUENCE' THEN  -- whose is not told, or whose it was
        touched := touched || ARRAY(SELECT k.oid FROM foreshadow.known k WHERE k.stamp IS NOT NULL);
      END IF;
      IF each.command_tag LIKE 'ALTER %' THEN
        -- Partitions that name it are described in other words now, though nothing else of them changed.
        renamed := renamed || ARRAY(SELECT k.oid FROM (SELECT each.classid AS class, each.objid AS object UNION ALL
            SELECT n.classid, n.objid FROM pg_depend n WHERE each.classid = 'pg_namespace'::regclass
              AND n.refclassid = each.classid AND n.refobjid = each.objid) o
          JOIN pg_depend d ON d.refclassid = o.class AND d.refobjid = o.object
            AND NOT EXISTS (SELECT 1 FROM pg_constraint i WHERE d.classid = 'pg_constraint'::regclass AND i.oid = d.objid AND i.conparentid <> 0)
            AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE d.classid = 'pg_trigger'::regclass AND t.oid = d.objid AND (t.tgparentid <> 0 OR t.tgisinternal))
            AND NOT EXISTS (SELECT 1 FROM pg_class c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND (c.relkind NOT IN ('i', 'S') OR c.relispartition))
          JOIN foreshadow.known k ON k.oid = foreshadow.table_of(d.classid, d.objid) AND k.stamp IS NOT NULL);
      END IF;
      IF each.classid = 'pg_type'::regclass AND each.command_tag = 'ALTER TYPE' THEN
        rewritten := rewritten || ARRAY(SELECT a.attrelid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND foreshadow.base_type(a.atttypid) = each.objid);
      ELSIF each.classid = 'pg_namespace'::regclass THEN
        touched := touched || ARRAY(SELECT c.oid FROM pg_class c WHERE c.relnamespace = each.objid AND c.relkind IN ('r', 'p'));
      END IF;
    END LOOP;
  END IF;
  IF touched <> '{}' OR renamed <> '{}' THEN
    -- Who was a partition of it, and is none any more, is not below it.
    touched := touched || ARRAY(SELECT k.oid FROM foreshadow.known k WHERE (k.described ->> 'parent')::oid = ANY(touched)) || renamed;
    touched := ARRAY(WITH RECURSIVE t(o) AS (SELECT unnest(touched) UNION SELECT i.inhrelid FROM t JOIN pg_inherits i ON i.inhparent = t.o)
      SELECT o FROM t);
    touched := ARRAY(SELECT t.o FROM unnest(touched) t(o) LEFT JOIN foreshadow.stamps(touched) s ON s.which = t.o
      LEFT JOIN foreshadow.known k ON k.oid = t.o WHERE s.stamp IS NULL OR k.stamp IS DISTINCT FROM s.stamp OR t.o = ANY(renamed));
    FOR each IN SELECT c.oid FROM pg_class c WHERE c.oid = ANY(touched) AND foreshadow.is_table(c) LOOP
      PERFORM foreshadow.mend_identity(each.oid);
    END LOOP;
    WITH now AS MATERIALIZED (SELECT c.oid, foreshadow.describe(c.oid) AS described, s.stamp FROM pg_class c
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
)sql";

}  // namespace foreshadow::postgresql::detail

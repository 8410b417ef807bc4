// SPDX-License-Identifier: BSL-1.0
//
// The functions that describe a table to a backup: its columns, why its rows are not captured, what it is a partition
// of, and a digest of all else that a dump of the schema tells of it.
//
// They are called for each chunk, and for partitions of a tree that changes, so they are in PL/pgSQL, which keeps their
// plans: as SQL functions they were planned anew by each call, and took five times as long.
#pragma once

#include <string_view>

namespace foreshadow::postgresql::detail {

/// Functions, as statements.
inline constexpr std::string_view description_sql = R"sql(
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
  SELECT coalesce((SELECT p.provider = 'b' OR p.provider = 'c' AND p.locale IN ('C', 'POSIX')
    FROM pg_collation l JOIN pg_database d ON d.datname = current_database()
    CROSS JOIN LATERAL (SELECT CASE l.collprovider WHEN 'd' THEN d.datlocprovider ELSE l.collprovider END AS provider,
      CASE l.collprovider WHEN 'd' THEN d.datcollate ELSE l.collcollate END AS locale) p
    WHERE l.oid = $1), false));
END $$;

CREATE FUNCTION foreshadow.row_digest(of oid) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (
  SELECT format('pg_catalog.sha256(%s)', coalesce(string_agg(format('CASE WHEN %1$I IS NULL THEN ''\xffffffff''::pg_catalog.bytea ELSE '
      'pg_catalog.int4send(pg_catalog.octet_length(%2$I.%3$I(%1$I::%4$s))) OPERATOR(pg_catalog.||) %2$I.%3$I(%1$I::%4$s) END', a.attname, s.nspname, f.proname,
      format_type(t.oid, NULL)),
      ' OPERATOR(pg_catalog.||) ' ORDER BY a.attnum), '''''::pg_catalog.bytea'))
  FROM pg_attribute a JOIN pg_type t ON t.oid = foreshadow.base_type(a.atttypid)
  JOIN pg_proc f ON f.oid = t.typsend JOIN pg_namespace s ON s.oid = f.pronamespace
  WHERE a.attrelid = of AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '');
END $$;

CREATE FUNCTION foreshadow.describe(of oid) RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (
  SELECT jsonb_build_object('oid', c.oid::int8, 'name', format('%I.%I', n.nspname, c.relname),
    'columns', coalesce((SELECT jsonb_agg(jsonb_build_array(a.attnum, a.attname, a.atttypid::int8) ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), '[]'),
    'generated', coalesce((SELECT jsonb_agg(s.place - 1 ORDER BY s.place) FROM (
        SELECT row_number() OVER (ORDER BY a.attnum) AS place, a.attgenerated AS made
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v') s
      WHERE s.made = 's' AND current_setting('server_version_num')::int >= 180000), '[]'),
    'key', coalesce((SELECT jsonb_agg(jsonb_build_object('number', a.attnum, 'type', t.oid::int8,
        'bytewise', foreshadow.is_bytewise(a.attcollation),
        'send', format('%I.%I', s.nspname, f.proname)) ORDER BY k.place)
      FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
      JOIN pg_type t ON t.oid = foreshadow.base_type(a.atttypid)
      JOIN pg_proc f ON f.oid = t.typsend JOIN pg_namespace s ON s.oid = f.pronamespace
      WHERE i.indexrelid = foreshadow.key_index(c.oid) AND k.place <= i.indnkeyatts), '[]'),
    'row_digest', CASE WHEN c.relkind = 'r' AND foreshadow.key_index(c.oid) IS NULL THEN foreshadow.row_digest(c.oid) ELSE '' END,
    'why', CASE
      WHEN c.relkind = 'p' THEN 'its rows are in its partitions'
      WHEN c.relpersistence = 'u' THEN 'it is unlogged: no log tells its changes'
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
    'digest', CASE WHEN c.relispartition THEN '' ELSE foreshadow.digest(c.oid) END)
    || CASE WHEN c.relispartition THEN foreshadow.own_parts(c.oid) ELSE '{"own": [], "not_null": [], "names": {}, "lacks": []}' END
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1);
END $$;

CREATE FUNCTION foreshadow.is_table(of pg_class) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT ($1).relkind IN ('r', 'p') AND ($1).relpersistence <> 't' AND ($1).oid >= 16384
    AND ($1).relnamespace NOT IN (SELECT oid FROM pg_namespace
      WHERE nspname IN ('foreshadow', 'information_schema') OR nspname LIKE 'pg\_%')
$$;
)sql";

}  // namespace foreshadow::postgresql::detail

// SPDX-License-Identifier: BSL-1.0
//
// What a partition has that its parent does not give it. The dump of the schema leaves partitions out, so it is told as
// statements that a restore runs once the partition and its rows are there. What no statement makes again is named in
// the backup as what it lacks.
//
// It is compared with the table at the root, since a restore makes all partitions below as that one is, and then runs
// what each has of its own in any order. Defaults are told whether or not the root has the same: the dump may give it
// one after its partitions were made. What rests on something new stands behind it in one text, since a restore runs
// statements that make something later than others.
#pragma once

#include <string_view>

namespace foreshadow::postgresql::detail {

/// Functions, as statements.
inline constexpr std::string_view own_parts_sql = R"sql(
CREATE FUNCTION foreshadow.column_parts(of oid) RETURNS SETOF text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN QUERY
  SELECT format('ALTER COLUMN %I %s', a.attname, w.what)
  FROM pg_attribute a JOIN pg_attribute p ON p.attrelid = pg_partition_root(of) AND p.attname = a.attname
  LEFT JOIN pg_attrdef d ON d.adrelid = of AND d.adnum = a.attnum
  LEFT JOIN (pg_depend o JOIN pg_sequence q ON q.seqrelid = o.objid JOIN pg_class s ON s.oid = q.seqrelid
      JOIN pg_namespace n ON n.oid = s.relnamespace)
    ON o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass AND o.refobjid = of AND o.refobjsubid = a.attnum
      AND o.deptype = 'i' AND a.attidentity <> '' AND p.attidentity = ''
  CROSS JOIN LATERAL (VALUES
    (1, CASE WHEN a.attnotnull AND NOT p.attnotnull AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = of
      AND k.contype = 'n') THEN 'SET NOT NULL' END),
    (2, CASE WHEN a.attgenerated <> '' OR p.attgenerated <> '' OR a.attidentity <> '' THEN NULL
      WHEN a.atthasdef THEN 'SET DEFAULT ' || pg_get_expr(d.adbin, of)
      WHEN p.atthasdef THEN 'DROP DEFAULT' END),
    (3, CASE WHEN q.seqrelid IS NOT NULL THEN format('ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %I.%I START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s)',
      CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, n.nspname, s.relname, q.seqstart, q.seqincrement,
      q.seqmin, q.seqmax, q.seqcache, CASE WHEN q.seqcycle THEN ' CYCLE' ELSE '' END) END),
    (4, 'SET STORAGE ' || CASE WHEN a.attstorage <> p.attstorage THEN
      CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END),
    (5, 'SET COMPRESSION ' || CASE WHEN a.attcompression <> p.attcompression THEN
      CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' ELSE 'DEFAULT' END END),
    (6, CASE WHEN a.attstattarget >= 0 THEN 'SET STATISTICS ' || a.attstattarget END),
    (7, 'SET (' || array_to_string(a.attoptions, ', ') || ')')) w(place, what)
  WHERE a.attrelid = of AND a.attnum > 0 AND NOT a.attisdropped AND w.what IS NOT NULL
  ORDER BY a.attname, w.place;
END $$;

CREATE FUNCTION foreshadow.granted(of oid) RETURNS SETOF text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner oid; acl aclitem[]; all_rights aclitem; has_all boolean; it text; each record;
BEGIN
  SELECT c.relowner, c.relacl, (acldefault('r', c.relowner))[1], format('%I.%I', n.nspname, c.relname) INTO owner, acl, all_rights, it
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = of;
  IF acl IS NULL AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = of AND a.attacl IS NOT NULL) THEN RETURN; END IF;
  has_all := acl IS NULL OR acl @> all_rights;
  IF NOT has_all THEN RETURN NEXT format('REVOKE ALL ON TABLE %s FROM %I', it, pg_get_userbyid(owner)); END IF;
  FOR each IN
    SELECT string_agg(x.privilege_type || g.suffix, ', ' ORDER BY x.privilege_type) AS rights, x.grantor, x.grantee, x.is_grantable
    FROM (SELECT acl AS acl, '' AS suffix UNION ALL
      SELECT a.attacl, format(' (%I)', a.attname) FROM pg_attribute a
        WHERE a.attrelid = of AND a.attnum > 0 AND NOT a.attisdropped AND a.attacl IS NOT NULL) g,
      aclexplode(g.acl) WITH ORDINALITY x(grantor, grantee, privilege_type, is_grantable, number)
    WHERE g.suffix <> '' OR NOT has_all OR x.grantee <> owner OR x.grantor <> owner
    GROUP BY g.suffix, x.grantor, x.grantee, x.is_grantable ORDER BY g.suffix, min(x.number)
  LOOP
    -- Whoever grants what was granted to him: the grant is his.
    RETURN NEXT format(CASE WHEN each.grantor = owner THEN '%2$s' ELSE 'SET SESSION AUTHORIZATION %1$I; %2$s; RESET SESSION AUTHORIZATION' END,
      pg_get_userbyid(each.grantor), format('GRANT %s ON TABLE %s TO %s%s', each.rights, it,
        CASE each.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(each.grantee)) END,
        CASE WHEN each.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END));
  END LOOP;
END $$;

CREATE FUNCTION foreshadow.unlocked(rule oid, expression pg_node_tree, of oid) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF rule IS NULL AND expression IS NULL THEN RETURN NULL; END IF;
  -- To tell a query, the server locks its tables, until what asked for it is undone.
  RAISE EXCEPTION USING errcode = 'FSTLD', message = coalesce(rtrim(pg_get_ruledef(rule), ';'), pg_get_expr(expression, of));
EXCEPTION WHEN SQLSTATE 'FSTLD' THEN RETURN SQLERRM;
END $$;

CREATE FUNCTION foreshadow.own_parts(of oid) RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c pg_class; it text; parts text[]; not_null text[]; lacks jsonb := '[]'; names jsonb := '{}'; made text; its text[]; each record; top record;
  above constant text := 'the index belongs to one of a table above that is a partition itself';
BEGIN
  SELECT t.* INTO c FROM pg_class t WHERE t.oid = of;
  it := (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_namespace n WHERE n.oid = c.relnamespace);
  parts := ARRAY[format('ALTER TABLE %s OWNER TO %I', it, pg_get_userbyid(c.relowner))];
  parts := parts || ARRAY(SELECT format('ALTER TABLE %s SET TABLESPACE %I', it, t.spcname) FROM pg_class r, pg_database d, pg_tablespace t
    WHERE r.oid = pg_partition_root(of) AND r.reltablespace <> c.reltablespace AND d.datname = current_database()
      AND t.oid = CASE c.reltablespace WHEN 0 THEN d.dattablespace ELSE c.reltablespace END);
  IF c.relam NOT IN (0, 2) THEN
    parts := parts || (SELECT format('ALTER TABLE %s SET ACCESS METHOD %I', it, m.amname) FROM pg_am m WHERE m.oid = c.relam);
  END IF;
  IF c.reloptions IS NOT NULL THEN parts := parts || format('ALTER TABLE %s SET (%s)', it, array_to_string(c.reloptions, ', ')); END IF;
  IF c.reltoastrelid <> 0 THEN
    parts := parts || ARRAY(SELECT format('ALTER TABLE %s SET (toast.%s)', it, array_to_string(t.reloptions, ', toast.'))
      FROM pg_class t WHERE t.oid = c.reltoastrelid AND t.reloptions IS NOT NULL);
  END IF;
  parts := parts || ARRAY(SELECT format('ALTER TABLE ONLY %s %s', it, string_agg(part, ', ' ORDER BY number))
    FROM foreshadow.column_parts(of) WITH ORDINALITY p(part, number) HAVING count(*) > 0);

  FOR each IN SELECT a.attname, pg_get_expr(d.adbin, of) AS made, p.attgenerated <> '' AS is_above, pg_get_expr(e.adbin, p.attrelid) AS made_above
    FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = of AND d.adnum = a.attnum
    JOIN pg_attribute p ON p.attrelid = pg_partition_root(of) AND p.attname = a.attname
    LEFT JOIN pg_attrdef e ON e.adrelid = p.attrelid AND e.adnum = p.attnum
    WHERE a.attrelid = of AND a.attgenerated <> '' ORDER BY a.attname
  LOOP
    CONTINUE WHEN each.is_above AND each.made = each.made_above;
    IF NOT each.is_above THEN parts := parts || format('UPDATE ONLY %s SET %I = %s', it, each.attname, each.made); END IF;
    lacks := lacks || jsonb_build_array(jsonb_build_array(format('the expression of column %I of %s', each.attname, it), CASE WHEN each.is_above
      THEN 'that of the table that it is a partition of is restored' ELSE 'the table that it is a partition of has none: its values are restored' END));
  END LOOP;

  -- From version 18 on, NOT NULL has a name, which it gets with the partition or not at all.
  not_null := ARRAY(SELECT format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k
    WHERE k.conrelid = of AND k.contype = 'n' AND k.convalidated AND NOT EXISTS (SELECT 1 FROM pg_inherits h
      JOIN pg_constraint p ON p.conrelid = h.inhparent AND p.contype = 'n' AND p.conname = k.conname AND p.convalidated
      JOIN pg_attribute a ON a.attrelid = p.conrelid AND a.attnum = p.conkey[1]
      JOIN pg_attribute b ON b.attrelid = of AND b.attnum = k.conkey[1] AND b.attname = a.attname
      WHERE h.inhrelid = of AND k.coninhcount > 0) ORDER BY k.conname);
  FOR each IN SELECT k.contype, format('ALTER TABLE %s ADD CONSTRAINT %I %s', it, k.conname, pg_get_constraintdef(k.oid)) AS made,
      format('COMMENT ON CONSTRAINT %I ON %s IS ', k.conname, it) || quote_literal(obj_description(k.oid, 'pg_constraint')) AS said
    FROM pg_constraint k WHERE k.conrelid = of AND k.conparentid = 0 AND k.coninhcount = 0
      AND (k.contype IN ('c', 'f', 'p', 'u', 'x') OR k.contype = 'n' AND NOT k.convalidated) ORDER BY k.conname
  LOOP
    -- A foreign key comes after all else, and its comment with it.
    IF each.said IS NULL THEN parts := parts || each.made;
    ELSIF each.contype = 'f' THEN parts := parts || (each.made || '; ' || each.said);
    ELSE parts := parts || ARRAY[each.made, each.said]; END IF;
  END LOOP;

  -- Who came after a constraint that was not valid yet has it valid from the first row on.
  parts := parts || ARRAY(SELECT format('ALTER TABLE %s VALIDATE CONSTRAINT %I', it, k.conname) FROM pg_constraint k
    WHERE k.conrelid = of AND k.contype = 'c' AND k.convalidated AND EXISTS (SELECT 1 FROM pg_partition_ancestors(of) a(o)
      JOIN pg_constraint p ON p.conrelid = a.o AND p.contype = 'c' AND p.conname = k.conname AND NOT p.convalidated
        AND coalesce(to_jsonb(p) ->> 'conenforced', 'true') = 'true') ORDER BY k.conname);

  IF c.relhasindex THEN
    FOR each IN SELECT i.*, x.relname, x.relispartition, x.reloptions, format('%I.%I', n.nspname, x.relname) AS name, s.spcname, d.description,
        EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = of) AS is_constraints,
        i.indisreplident AND c.relreplident = 'i' AS is_chosen
      FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace
      LEFT JOIN pg_tablespace s ON s.oid = x.reltablespace
      LEFT JOIN pg_description d ON d.objoid = i.indexrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
      WHERE i.indrelid = of ORDER BY x.relname
    LOOP
      -- The dump has the index at the root; the one that belongs to it is made under the name that it has here.
      SELECT t.reloptions, CASE WHEN i.indrelid = pg_partition_root(of) THEN format('%I.%I %I', n.nspname, u.relname, t.relname) END AS name INTO top
        FROM pg_class t JOIN pg_index i ON i.indexrelid = t.oid JOIN pg_class u ON u.oid = i.indrelid JOIN pg_namespace n ON n.oid = u.relnamespace
        WHERE t.oid = pg_partition_root(each.indexrelid) AND each.relispartition;
      IF top.name IS NOT NULL THEN names := names || jsonb_build_object(top.name, quote_ident(each.relname)); END IF;
      IF each.relispartition AND top.name IS NULL OR each.is_chosen AND c.relkind = 'p' THEN
        lacks := lacks || (SELECT coalesce(jsonb_agg(jsonb_build_array(format('%s of %s', what, each.name), above)), '[]') FROM unnest(ARRAY[
          CASE WHEN each.indisclustered THEN 'the CLUSTER mark' END, CASE WHEN each.is_chosen THEN 'the choice as replica identity' END,
          CASE WHEN each.spcname IS NOT NULL THEN 'the tablespace' END, CASE WHEN each.description IS NOT NULL THEN 'the comment' END,
          CASE WHEN each.relispartition AND each.reloptions IS DISTINCT FROM top.reloptions THEN 'the storage options' END]) what
          WHERE what IS NOT NULL);
        CONTINUE WHEN each.relispartition;
      END IF;
      made := CASE WHEN NOT each.is_constraints AND NOT each.relispartition THEN pg_get_indexdef(each.indexrelid) END;
      its := array_remove(ARRAY[made, CASE WHEN each.relispartition AND each.reloptions IS DISTINCT FROM top.reloptions THEN
          concat_ws('; ', format('ALTER INDEX %s RESET (', each.name) || (SELECT string_agg(split_part(o, '=', 1), ', ') FROM unnest(top.reloptions) o) || ')',
            format('ALTER INDEX %s SET (', each.name) || array_to_string(each.reloptions, ', ') || ')') END,
        CASE WHEN each.spcname IS NOT NULL THEN format('ALTER INDEX %s SET TABLESPACE %I', each.name, each.spcname) END,
        CASE WHEN each.indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I', it, each.relname) END,
        CASE WHEN each.is_chosen AND c.relkind = 'r' THEN format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', it, each.relname) END,
        format('COMMENT ON INDEX %s IS ', each.name) || quote_literal(each.description)], NULL) ||
        ARRAY(SELECT format('ALTER TABLE ONLY %s ALTER COLUMN %s SET STATISTICS %s', each.name, a.attnum, a.attstattarget)
          FROM pg_attribute a WHERE a.attrelid = each.indexrelid AND a.attstattarget >= 0 ORDER BY a.attnum);
      parts := parts || CASE WHEN made IS NULL THEN its ELSE ARRAY[array_to_string(its, '; ')] END;
    END LOOP;
  END IF;
  FOR each IN SELECT k.conname, k.contype, d.description FROM pg_constraint k
    JOIN pg_description d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass
    WHERE k.conrelid = of AND (k.conparentid <> 0 OR k.coninhcount > 0 OR k.contype = 'n' AND k.convalidated) ORDER BY k.conname
  LOOP
    IF each.contype IN ('c', 'n') OR EXISTS (SELECT 1 FROM jsonb_each_text(names) n WHERE n.value = quote_ident(each.conname)) THEN
      parts := parts || format('COMMENT ON CONSTRAINT %I ON %s IS %L', each.conname, it, each.description);
    ELSE
      lacks := lacks || jsonb_build_array(jsonb_build_array(format('the comment of constraint %I of %s', each.conname, it), 'the constraint is another table''s'));
    END IF;
  END LOOP;
  IF c.relreplident IN ('n', 'f') THEN
    parts := parts || ARRAY(SELECT format('ALTER TABLE ONLY %s REPLICA IDENTITY %s', it, CASE c.relreplident WHEN 'n' THEN 'NOTHING' ELSE
        CASE r.was WHEN 'n' THEN 'NOTHING' ELSE 'FULL' END END)
      FROM (SELECT 1) one LEFT JOIN foreshadow.replica_identity r ON r.oid = of WHERE r.was IS NULL OR r.was = 'n');
  END IF;

  FOR each IN SELECT format('%I.%I', n.nspname, s.stxname) AS name, pg_get_statisticsobjdef(s.oid) AS made, pg_get_userbyid(s.stxowner) AS owner,
      s.stxstattarget AS target, obj_description(s.oid, 'pg_statistic_ext') AS said
    FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE s.stxrelid = of ORDER BY 1
  LOOP
    -- Some versions of the dump have them, though not their table.
    parts := parts || concat_ws('; ', 'CREATE STATISTICS IF NOT EXISTS' || substr(each.made, 18), format('ALTER STATISTICS %s OWNER TO %I', each.name, each.owner),
      CASE WHEN each.target >= 0 THEN format('ALTER STATISTICS %s SET STATISTICS %s', each.name, each.target) END,
      format('COMMENT ON STATISTICS %s IS ', each.name) || quote_literal(each.said));
  END LOOP;
  IF c.relhasrules THEN
    FOR each IN SELECT r.*, obj_description(r.oid, 'pg_rewrite') AS said FROM pg_rewrite r WHERE r.ev_class = of ORDER BY r.rulename LOOP
      parts := parts || concat_ws('; ', foreshadow.unlocked(each.oid, NULL, of),
        CASE WHEN each.ev_enabled <> 'O' THEN format('ALTER TABLE %s %s RULE %I', it, foreshadow.enabled(each.ev_enabled), each.rulename) END,
        format('COMMENT ON RULE %I ON %s IS ', each.rulename, it) || quote_literal(each.said));
    END LOOP;
  END IF;
  IF c.relhastriggers THEN
    FOR each IN SELECT t.*, obj_description(t.oid, 'pg_trigger') AS said,
        CASE t.tgparentid WHEN 0 THEN 'O' ELSE (WITH RECURSIVE up(enabled, above) AS (
            SELECT p.tgenabled, p.tgparentid FROM pg_trigger p WHERE p.oid = t.tgparentid
            UNION ALL SELECT p.tgenabled, p.tgparentid FROM up JOIN pg_trigger p ON p.oid = up.above)
          SELECT up.enabled FROM up WHERE up.above = 0) END AS given
      FROM pg_trigger t WHERE t.tgrelid = of AND NOT t.tgisinternal ORDER BY t.tgname
    LOOP
      its := array_remove(ARRAY[CASE WHEN each.tgparentid = 0 THEN pg_get_triggerdef(each.oid) END,
        CASE WHEN each.tgenabled <> each.given THEN format('ALTER TABLE %s%s %s TRIGGER %I',
          CASE WHEN each.tgparentid = 0 AND c.relkind = 'p' THEN '' ELSE 'ONLY ' END, it, foreshadow.enabled(each.tgenabled), each.tgname) END,
        format('COMMENT ON TRIGGER %I ON %s IS ', each.tgname, it) || quote_literal(each.said)], NULL);
      parts := parts || CASE WHEN each.tgparentid = 0 THEN ARRAY[array_to_string(its, '; ')] ELSE its END;
    END LOOP;
  END IF;
  FOR each IN SELECT p.*, obj_description(p.oid, 'pg_policy') AS said FROM pg_policy p WHERE p.polrelid = of ORDER BY p.polname LOOP
    parts := parts || concat_ws('; ', format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', each.polname, it,
        CASE WHEN each.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE each.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(each.polroles) r))
      || coalesce(' USING (' || foreshadow.unlocked(NULL, each.polqual, of) || ')', '')
      || coalesce(' WITH CHECK (' || foreshadow.unlocked(NULL, each.polwithcheck, of) || ')', ''),
      format('COMMENT ON POLICY %I ON %s IS ', each.polname, it) || quote_literal(each.said));
  END LOOP;
  IF c.relrowsecurity THEN parts := parts || format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', it); END IF;
  IF c.relforcerowsecurity THEN parts := parts || format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', it); END IF;
  parts := parts || ARRAY(SELECT foreshadow.granted(of));
  parts := parts || ARRAY(SELECT format('ALTER SEQUENCE %I.%I OWNED BY %s.%I', n.nspname, s.relname, it, a.attname) FROM pg_depend d
      JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
      JOIN pg_attribute a ON a.attrelid = of AND a.attnum = d.refobjsubid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = of AND d.refobjsubid > 0 AND d.classid = 'pg_class'::regclass AND d.deptype = 'a' ORDER BY 1);
  parts := parts || ARRAY(SELECT format('COMMENT ON %s IS %L', CASE d.objsubid WHEN 0 THEN 'TABLE ' || it ELSE format('COLUMN %s.%I', it, a.attname) END, d.description)
    FROM pg_description d LEFT JOIN pg_attribute a ON a.attrelid = of AND a.attnum = d.objsubid AND d.objsubid > 0
    WHERE d.objoid = of AND d.classoid = 'pg_class'::regclass ORDER BY 1);
  parts := parts || ARRAY(SELECT format('ALTER PUBLICATION %I ADD TABLE ONLY %s', p.pubname, it)
      || coalesce((SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')' FROM pg_attribute a
        WHERE a.attrelid = of AND a.attnum = ANY(r.prattrs::int2[])), '') || coalesce(' WHERE (' || pg_get_expr(r.prqual, of) || ')', '')
    FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = of ORDER BY p.pubname);
  lacks := lacks || (SELECT coalesce(jsonb_agg(jsonb_build_array(format('a security label of %s', it), 'it is not read')), '[]')
    FROM pg_seclabel l WHERE l.objoid = of AND l.classoid = 'pg_class'::regclass);
  RETURN jsonb_build_object('own', to_jsonb(parts), 'not_null', to_jsonb(not_null), 'names', names, 'lacks', lacks);
END $$;

CREATE FUNCTION foreshadow.enabled(state "char") RETURNS text LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN CASE state WHEN 'O' THEN 'ENABLE' WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END;
END $$;
)sql";

}  // namespace foreshadow::postgresql::detail

// SPDX-License-Identifier: BSL-1.0
//
// Of a tree of a thousand partitions few change at a time, and those have another stamp: it is made of where the rows
// of the catalog that describe the partition are stored, and of who wrote them. Whatever a description is made of has
// to be in it: a partition's own rows, and those of the tables above it that it is compared with. Names of roles, which
// change without a row of this database, are in it as they are.
#pragma once

#include <string_view>

namespace foreshadow::postgresql::detail {

/// A function, as a statement.
inline constexpr std::string_view stamps_sql = R"sql(
CREATE FUNCTION foreshadow.stamps(of oid[]) RETURNS TABLE(which oid, stamp text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  has_comments boolean := EXISTS (SELECT 1 FROM pg_description d WHERE d.objoid >= 16384);
BEGIN RETURN QUERY
  WITH above AS MATERIALIZED (SELECT p.oid, (SELECT string_agg(concat_ws(' ', u.reltablespace,
        (SELECT sum(hashtextextended(concat_ws(' ', a.ctid, a.xmin), 0)) FROM pg_attribute a WHERE a.attrelid = u.oid AND a.attnum > 0),
        (SELECT sum(hashtextextended(concat_ws(' ', d.ctid, d.xmin), 0)) FROM pg_attrdef d WHERE d.adrelid = u.oid),
        (SELECT sum(hashtextextended(concat_ws(' ', k.ctid, k.xmin), 0)) FROM pg_constraint k WHERE k.conrelid = u.oid AND k.contype IN ('c', 'n')),
        (SELECT sum(hashtextextended(concat_ws(' ', i.indexrelid, x.relname, x.reloptions), 0)) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
          WHERE i.indrelid = u.oid),
        (SELECT sum(hashtextextended(concat_ws(' ', t.ctid, t.xmin), 0)) FROM pg_trigger t WHERE t.tgrelid = u.oid AND NOT t.tgisinternal)), ' ' ORDER BY u.oid)
      FROM pg_partition_ancestors(p.oid) a(o) JOIN pg_class u ON u.oid = a.o) AS stamp
    FROM pg_class p WHERE p.oid IN (SELECT h.inhparent FROM unnest(of) t(o) JOIN pg_inherits h ON h.inhrelid = t.o) AND p.relkind = 'p')
  SELECT c.oid, concat_ws(' ', c.ctid, c.xmin, n.ctid, n.xmin, r.rolname, c.relacl, h.ctid, h.xmin, above.stamp, columns.stamp,
    CASE WHEN columns.have_defaults THEN
      (SELECT sum(hashtextextended(concat_ws(' ', d.ctid, d.xmin), 0)) FROM pg_attrdef d WHERE d.adrelid = c.oid) END,
    CASE WHEN c.reltoastrelid <> 0 THEN (SELECT concat_ws(' ', t.ctid, t.xmin) FROM pg_class t WHERE t.oid = c.reltoastrelid) END,
    CASE WHEN c.relhasindex THEN (SELECT sum(hashtextextended(concat_ws(' ', i.ctid, i.xmin, x.ctid, x.xmin, CASE WHEN i.indexprs IS NOT NULL THEN
        (SELECT sum(hashtextextended(concat_ws(' ', a.ctid, a.xmin), 0)) FROM pg_attribute a WHERE a.attrelid = i.indexrelid) END), 0))
      FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid) END,
    (SELECT sum(hashtextextended(concat_ws(' ', k.ctid, k.xmin), 0)) FROM pg_constraint k WHERE k.conrelid = c.oid),
    (SELECT sum(hashtextextended(concat_ws(' ', s.ctid, s.xmin, s.stxowner::regrole), 0)) FROM pg_statistic_ext s WHERE s.stxrelid = c.oid),
    (SELECT sum(hashtextextended(concat_ws(' ', p.ctid, p.xmin, p.polroles::regrole[]), 0)) FROM pg_policy p WHERE p.polrelid = c.oid),
    (SELECT sum(hashtextextended(concat_ws(' ', p.ctid, p.xmin), 0)) FROM pg_publication_rel p WHERE p.prrelid = c.oid),
    CASE WHEN c.relhastriggers THEN
      (SELECT sum(hashtextextended(concat_ws(' ', t.ctid, t.xmin), 0)) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) END,
    CASE WHEN c.relhasrules THEN (SELECT sum(hashtextextended(concat_ws(' ', w.ctid, w.xmin), 0)) FROM pg_rewrite w WHERE w.ev_class = c.oid) END,
    CASE WHEN columns.have_defaults THEN (SELECT sum(hashtextextended(concat_ws(' ', d.deptype, d.refobjsubid, s.ctid, s.xmin, q.ctid, q.xmin), 0))
      FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_sequence q ON q.seqrelid = s.oid
      WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid > 0 AND d.classid = 'pg_class'::regclass) END,
    CASE WHEN has_comments THEN (SELECT sum(hashtextextended(concat_ws(' ', d.ctid, d.xmin), 0)) FROM (
        SELECT 'pg_class'::regclass AS class, c.oid AS object
        UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index i WHERE i.indrelid = c.oid
        UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k WHERE k.conrelid = c.oid
        UNION ALL SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger t WHERE t.tgrelid = c.oid
        UNION ALL SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p WHERE p.polrelid = c.oid
        UNION ALL SELECT 'pg_rewrite'::regclass, w.oid FROM pg_rewrite w WHERE w.ev_class = c.oid
        UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid FROM pg_statistic_ext s WHERE s.stxrelid = c.oid) part
      JOIN pg_description d ON d.objoid = part.object AND d.classoid = part.class) END,
    (SELECT sum(hashtextextended(concat_ws(' ', l.ctid, l.xmin), 0)) FROM pg_seclabel l WHERE l.objoid = c.oid AND l.classoid = 'pg_class'::regclass))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
  JOIN pg_inherits h ON h.inhrelid = c.oid LEFT JOIN above ON above.oid = h.inhparent
  CROSS JOIN LATERAL (SELECT sum(hashtextextended(concat_ws(' ', a.ctid, a.xmin, a.attacl), 0)) AS stamp, bool_or(a.atthasdef OR a.attidentity <> '') AS have_defaults
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0) columns
  WHERE c.oid = ANY(of) AND c.relispartition;
END $$;
)sql";

}  // namespace foreshadow::postgresql::detail

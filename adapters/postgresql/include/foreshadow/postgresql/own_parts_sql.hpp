// SPDX-License-Identifier: BSL-1.0
//
// What a partition has that its parent does not give it. The dump of the schema leaves partitions out, so it is told as
// statements that a restore runs once the partition and its rows are there.
//
// Of a tree of a thousand partitions few change at a time, and those have another stamp: it is made of where the rows
// of the catalog that describe the partition are stored, and of who wrote them. Whatever is described has to be in it.
#pragma once

#include <string_view>

namespace foreshadow::postgresql::detail {

/// Functions, as statements.
inline constexpr std::string_view own_parts_sql = R"sql(
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
)sql";

}  // namespace foreshadow::postgresql::detail

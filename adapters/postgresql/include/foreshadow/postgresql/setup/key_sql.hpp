// SPDX-License-Identifier: BSL-1.0
//
// Which index of a table is its key, and which tables have no key that their changes could be told by. Each is one
// text, of which the preflight, which runs where nothing is set up yet, and the functions of the setup are made.
#pragma once

#include <string>
#include <string_view>

namespace foreshadow::postgresql::detail {

/// Whether a row `i` of pg_index could be the key of the table `c`: as a condition in SQL.
inline constexpr std::string_view may_be_key_sql =
    "i.indrelid = c.oid AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND CASE WHEN "
    "c.relreplident = 'i' THEN i.indisreplident ELSE i.indisprimary END AND NOT EXISTS (SELECT 1 FROM "
    "pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY(i.indkey::pg_catalog.int2[]) AND "
    "a.attgenerated <> '')";

/// Whether the server would let nobody change the rows of a row `c` of pg_class while it is published: as a condition
/// in SQL. From version 18 on that is so where rows are told whole, as those without a key are, and a column is
/// virtual.
[[nodiscard]] inline std::string is_unpublishable_sql() {
    return "c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND "
           "a.attgenerated = 'v' AND NOT a.attisdropped) AND (c.relreplident IN ('f', 'n') OR NOT EXISTS (SELECT 1 "
           "FROM pg_catalog.pg_index i WHERE " +
           std::string{may_be_key_sql} + "))";
}

/// Functions, as statements.
[[nodiscard]] inline std::string key_sql() {
    return "CREATE FUNCTION foreshadow.key_index(of oid) RETURNS oid LANGUAGE plpgsql STABLE SET search_path = "
           "pg_catalog, pg_temp AS $$\nBEGIN RETURN (SELECT i.indexrelid FROM pg_class c JOIN pg_index i ON " +
           std::string{may_be_key_sql} +
           " WHERE c.oid = of);\nEND $$;\n\n"
           "CREATE FUNCTION foreshadow.is_unpublishable(of oid) RETURNS boolean LANGUAGE plpgsql STABLE SET "
           "search_path = pg_catalog, pg_temp AS $$\nBEGIN RETURN EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = of "
           "AND " +
           is_unpublishable_sql() + ");\nEND $$;\n";
}

}  // namespace foreshadow::postgresql::detail

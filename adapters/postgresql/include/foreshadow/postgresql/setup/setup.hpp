// SPDX-License-Identifier: BSL-1.0
//
// What a superuser runs once in the database, and what takes it away again. Everything is in a schema `foreshadow`,
// but for the event triggers and the publication, which have no schema and begin with that name.
//
// The publication has all tables, so that a table is captured from its first row on whatever becomes of it later:
// attached, detached, renamed. Adding tables one by one would lock the publication until the end of each transaction
// that creates a table, and two such transactions would wait for each other.
//
// The triggers come first, and give a table that is made an identity; then the tables that are there get one; then all
// is published.
#pragma once

#include "foreshadow/postgresql/server/sql_text.hpp"
#include "foreshadow/postgresql/setup/description_sql.hpp"
#include "foreshadow/postgresql/setup/event_trigger_sql.hpp"
#include "foreshadow/postgresql/setup/key_sql.hpp"
#include "foreshadow/postgresql/setup/own_parts_sql.hpp"
#include "foreshadow/postgresql/setup/stamps_sql.hpp"

#include <string>
#include <string_view>

namespace foreshadow::postgresql {

namespace detail {

/// A commit without changes, so that the log is known up to there: its commit is above the position returned, and
/// every commit that anybody saw before is below.
[[nodiscard]] inline std::string mark_sql() {
    return "SELECT pg_catalog.pg_logical_emit_message(true, 'foreshadow.mark', '')";
}

/// The publication, if all tables are published as the log is read, else null: as an SQL expression. Nothing else may
/// be in its stead: the server passes over what is not published, and from version 18 on also a publication that is
/// gone, and says nothing. One that was made again or altered is told by another text.
inline constexpr std::string_view publication_state_sql =
    "(SELECT p.oid || ' ' || p.xmin FROM pg_catalog.pg_publication p WHERE p.pubname = 'foreshadow' AND p.puballtables "
    "AND p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND NOT p.pubviaroot AND "
    "coalesce(pg_catalog.to_jsonb(p) ->> 'pubgencols', 's') = 's')";

/// Tables, functions and event triggers.
[[nodiscard]] inline std::string schema_sql() {
    std::string sql = R"sql(
CREATE SCHEMA foreshadow;
CREATE TABLE foreshadow.hold(slot name PRIMARY KEY, acknowledged int8 NOT NULL, layout text NOT NULL, publication text NOT NULL);
CREATE TABLE foreshadow.replica_identity(oid oid PRIMARY KEY, was "char" NOT NULL);
CREATE TABLE foreshadow.known(oid oid PRIMARY KEY, described jsonb NOT NULL, stamp text);

CREATE FUNCTION foreshadow.is_published() RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT )sql";
    sql.append(publication_state_sql) += " IS NOT NULL\n$$;\n";
    sql += key_sql();
    for (const std::string_view part : {description_sql, own_parts_sql, stamps_sql, event_trigger_sql})
        sql.append(part) += '\n';
    return sql;
}

/// Which schema this is. Whoever changes what `schema_sql` makes raises it, unless the change is one of white space or
/// comments: a hold of another version is refused, and users have to release it and read the database again.
inline constexpr int setup_version = 1;

/// What the body of the function `made_by` is.
[[nodiscard]] inline std::string setup_mark() { return "SELECT 'version " + std::to_string(setup_version) + "'"; }

/// What `schema_sql` makes, in one transaction.
[[nodiscard]] inline std::string objects_sql() {
    return "BEGIN;" + schema_sql() + "CREATE FUNCTION foreshadow.made_by() RETURNS text LANGUAGE sql AS $$" +
           setup_mark() + "$$;\nCOMMIT";
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

/// In place of one that is not as it has to be. From version 18 on, the server refuses to change rows that are told
/// whole and have a stored column that is not published.
[[nodiscard]] inline std::string publication_sql() {
    return R"sql(DO $$
DECLARE
  unusable text := (SELECT pg_catalog.min(c.oid::pg_catalog.regclass::text) FROM pg_catalog.pg_class c
    WHERE foreshadow.is_table(c) AND foreshadow.is_unpublishable(c.oid));
BEGIN
  IF unusable IS NOT NULL THEN
    RAISE EXCEPTION 'table % has no key but a virtual column: published, its rows could not be changed', unusable
      USING HINT = 'give it a primary key, and replica identity DEFAULT';
  END IF;
  DROP PUBLICATION IF EXISTS foreshadow;
  EXECUTE 'CREATE PUBLICATION foreshadow FOR ALL TABLES' || CASE
    WHEN pg_catalog.current_setting('server_version_num')::int >= 180000 THEN ' WITH (publish_generated_columns = stored)' ELSE '' END;
END $$)sql";
}

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

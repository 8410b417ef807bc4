// SPDX-License-Identifier: BSL-1.0
//
// What stands in the way of a backup, before anything is touched, each finding with the statement that mends it.
#pragma once

#include "foreshadow/postgresql/server/connection.hpp"
#include "foreshadow/postgresql/server/schema_dump.hpp"
#include "foreshadow/postgresql/setup/setup.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql {

enum class severity : std::uint8_t { note, obstacle };

/// How it is mended.
enum class remedy : std::uint8_t {
    statement,  ///< by a statement
    setup,      ///< by the setup, which is several
    advice      ///< outside of the database
};

struct finding {
    severity how = severity::note;
    std::string what;
    std::string mend;  ///< a statement, or what to do
    remedy by = remedy::statement;
};

namespace detail {

/// What a session finds of rights and settings.
struct surroundings {
    std::string role;
    std::string database;
    bool is_superuser = false;
    bool has_objects = false;  ///< tables, functions and triggers
    bool is_set_up = false;    ///< these, and the publication
    std::vector<finding> findings;
};

/// One row. Catalogs only: what is asked of a table by its name fails where its schema may not be used.
[[nodiscard]] inline std::string surroundings_sql() {
    return R"sql(
WITH own AS (SELECT c.oid, n.oid AS schema FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'foreshadow' AND c.relname = 'hold'),
  theirs AS (SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS is_readable
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND c.oid >= 16384 AND n.nspname <> 'foreshadow')
SELECT s.rolname, d.datname, s.rolsuper, s.rolreplication OR s.rolsuper,
  EXISTS (SELECT 1 FROM own),
  )sql" + std::string{publication_state_sql} +
           R"sql( IS NOT NULL,
  coalesce((SELECT pg_catalog.has_schema_privilege(schema, 'USAGE')
      AND pg_catalog.bool_and(pg_catalog.has_table_privilege(oid, needed))
    FROM own, pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) needed GROUP BY schema), false),
  pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('wal_level'), pg_catalog.pg_encoding_to_char(d.encoding),
  pg_catalog.current_setting('max_replication_slots')::int,
  (SELECT count(*) FROM pg_catalog.pg_replication_slots o
    WHERE o.database IS DISTINCT FROM d.datname OR o.slot_name NOT LIKE 'foreshadow%'),
  pg_catalog.current_setting('max_wal_senders')::int,
  (SELECT count(*) FROM pg_catalog.pg_stat_replication WHERE application_name IS DISTINCT FROM 'foreshadow'),
  (SELECT min(name) FROM theirs WHERE NOT is_readable),
  (SELECT min(name) FROM theirs WHERE pg_catalog.row_security_active(oid)),
  pg_catalog.current_setting('max_slot_wal_keep_size'),
  (SELECT count(*) FROM pg_catalog.pg_replication_slots o
    WHERE o.database = d.datname AND o.slot_name LIKE 'foreshadow%' AND NOT o.temporary),
  (SELECT min(t.name) FROM theirs t JOIN pg_catalog.pg_class c ON c.oid = t.oid WHERE )sql" +
           is_unpublishable_sql() + R"sql(),
  coalesce(pg_catalog.current_setting('idle_replication_slot_timeout', true), '0'),
  (SELECT f.prosrc FROM own JOIN pg_catalog.pg_proc f ON f.pronamespace = schema AND f.proname = 'made_by')
FROM pg_catalog.pg_database d, pg_catalog.pg_roles s
WHERE d.datname = pg_catalog.current_database() AND s.rolname = current_user)sql";
}

inline task<surroundings> look_around(connection& db) {
    const result r = co_await db.run(surroundings_sql());
    surroundings here;
    const auto text = [&](int column) { return std::string{r.text(0, column)}; };
    const auto is = [&](int column) { return text(column) == "t"; };
    const auto obstacle = [&](std::string what, std::string mend, remedy by = remedy::statement) {
        here.findings.push_back({severity::obstacle, std::move(what), std::move(mend), by});
    };
    const std::string restart = " /* then restart the server */";
    const auto need_one_more = [&](const std::string& things, const std::string& setting, int most, int used) {
        const int allowed = whole_number<int>(r.text(0, most));
        if (whole_number<int>(r.text(0, used)) < allowed) return;
        obstacle("all " + things + " of the server are in use",
                 "ALTER SYSTEM SET " + setting + " = " + std::to_string(allowed + 5) + restart);
    };
    here.role = text(0);
    here.database = text(1);
    here.is_superuser = is(2);
    here.has_objects = is(4);
    here.is_set_up = is(4) && is(5);
    const std::string role = identifier(here.role);
    if (here.has_objects && (r.is_null(0, 20) || text(20) != setup_mark()))
        obstacle(
            "what is set up in the database for backups is of another version of this program",
            "take it away (foreshadow release, as a superuser, of each source) and back up again, which sets up anew",
            remedy::advice);
    if (is(7)) obstacle("the server is a standby", "back up its primary", remedy::advice);
    if (text(8) != "logical") obstacle("wal_level is " + text(8), "ALTER SYSTEM SET wal_level = logical" + restart);
    if (text(9) != "UTF8")
        obstacle("the database's encoding is " + text(9) + ", not UTF8", "this adapter backs up databases in UTF8 only",
                 remedy::advice);
    // One of each is enough: the connection that makes the slot is closed before the one that follows it is opened.
    // While something is held, whoever begins anew has another slot besides for a moment, for its snapshot; who goes on
    // from what is held has not, so that is no obstacle.
    need_one_more("replication slots", "max_replication_slots", 10, 11);
    need_one_more("walsenders", "max_wal_senders", 12, 13);
    const int slots = whole_number<int>(r.text(0, 10));
    if (const int held = whole_number<int>(r.text(0, 17)); held > 0 && whole_number<int>(r.text(0, 11)) + held >= slots)
        here.findings.push_back(
            {severity::note, "no replication slot is free: a backup goes on from what is held, and none begins anew",
             "ALTER SYSTEM SET max_replication_slots = " + std::to_string(slots + 5) + restart});
    const remedy by_grant = here.is_set_up ? remedy::statement : remedy::setup;  // which grants it, too
    if (!is(3))
        obstacle("role " + here.role + " may not use replication slots", "ALTER ROLE " + role + " REPLICATION",
                 by_grant);
    if (!here.is_set_up && !here.is_superuser)
        obstacle("the database is not set up for backups, and role " + here.role + " is no superuser",
                 "let a superuser run the setup for role " + here.role +
                     " once: foreshadow backup SOURCE --setup-sql prints it",
                 remedy::setup);
    if (here.is_set_up && !is(6))
        obstacle("role " + here.role + " may not use what was set up for backups", rights_sql(here.role));
    if (!r.is_null(0, 14))
        obstacle("role " + here.role + " may not read table " + text(14), "GRANT pg_read_all_data TO " + role,
                 by_grant);
    if (!r.is_null(0, 15))
        obstacle("row security hides rows of table " + text(15) + " from role " + here.role,
                 "ALTER ROLE " + role + " BYPASSRLS");
    if (!r.is_null(0, 18))
        obstacle("table " + text(18) + " has no key but a virtual column: published, its rows could not be changed",
                 "give it a primary key, and replica identity DEFAULT", remedy::advice);
    if (text(19) != "0")
        here.findings.push_back(
            {severity::note, "a hold that nobody uses for " + text(19) + " (idle_replication_slot_timeout) is lost",
             "back up more often, or ALTER SYSTEM SET idle_replication_slot_timeout = 0; SELECT pg_reload_conf()"});
    if (text(16) == "-1")
        here.findings.push_back(
            {severity::note,
             "max_slot_wal_keep_size is not limited: a backup that is forgotten fills the server's disk",
             "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf()"});
    co_return here;
}

/// A line that SQL passes over, whatever names are in it.
[[nodiscard]] inline std::string comment(std::string text) {
    std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return "-- " + text + "\n";
}

/// What an administrator runs, for what was found; only what is missing.
[[nodiscard]] inline std::string setup_text(const surroundings& here) {
    std::string text = comment("What a superuser runs once in database " + here.database + ", so that role " +
                               here.role + " can back it up. Not in one transaction: psql --file=THIS.");
    const std::size_t empty = text.size();
    for (const finding& f : here.findings) {
        if (f.how == severity::note || f.by == remedy::setup) continue;
        text += f.by == remedy::statement ? comment(f.what) + f.mend + ";\n" : comment(f.what + ": " + f.mend);
    }
    if (!here.is_set_up) {
        if (!here.has_objects) text += objects_sql() + ";\n";
        text += identities_sql() + ";\n" + publication_sql() + ";\n";
        if (!here.is_superuser) text += grants_sql(here.role) + ";\n";
    }
    if (text.size() == empty) text += comment("Nothing is missing.");
    for (const finding& f : here.findings)
        if (f.how == severity::note) text += comment("Advice: " + f.what) + comment(f.mend);
    return text;
}

/// Whether the program that the schema is taken with is there, and new enough.
inline task<> look_at_pg_dump(std::string program, int server_version, std::vector<finding>& findings) {
    const int needed = server_version / 10'000;
    const std::string install =
        "install PostgreSQL's client programs of version " + std::to_string(needed) + " or newer";
    const std::vector<std::string> command{program, "--version"};
    std::string told;
    try {
        child_process running{command, {}};
        told = co_await running.read();
    } catch (const error& e) {
        findings.push_back({severity::obstacle, e.message(), install, remedy::advice});
        co_return;
    }
    const std::size_t number = told.find_first_of("0123456789");
    const int version = number == std::string::npos ? 0 : std::atoi(told.c_str() + number);
    if (version < needed)
        findings.push_back({severity::obstacle,
                            program + " is of version " + std::to_string(version) + ", and the server of version " +
                                std::to_string(needed),
                            install, remedy::advice});
}

}  // namespace detail

}  // namespace foreshadow::postgresql

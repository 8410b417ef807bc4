// SPDX-License-Identifier: BSL-1.0
//
// What stands in the way of a backup, before anything is touched, each finding with the statement that mends it.
#pragma once

#include "foreshadow/postgresql/connection.hpp"
#include "foreshadow/postgresql/setup.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow::postgresql {

enum class severity : std::uint8_t { note, obstacle };

struct finding {
    severity how = severity::note;
    std::string what;
    std::string mend;  ///< a statement, or what to do
};

namespace detail {

/// What a session finds of rights and settings.
struct surroundings {
    bool is_superuser = false;
    bool is_set_up = false;
    std::vector<finding> findings;
};

inline task<surroundings> look_around(connection& db) {
    const result r = co_await db.run(
        "SELECT s.rolsuper, s.rolreplication OR s.rolsuper, pg_catalog.current_setting('wal_level'), "
        "pg_catalog.pg_is_in_recovery(), pg_catalog.pg_encoding_to_char(d.encoding), "
        "pg_catalog.to_regclass('foreshadow.hold') IS NOT NULL AND EXISTS (SELECT 1 FROM pg_catalog.pg_publication p "
        "WHERE p.pubname = 'foreshadow' AND p.puballtables), "
        "pg_catalog.current_setting('max_replication_slots')::int > (SELECT count(*) FROM "
        "pg_catalog.pg_replication_slots) OR EXISTS (SELECT 1 FROM pg_catalog.pg_replication_slots o WHERE o.database "
        "= "
        "d.datname AND o.slot_name LIKE 'foreshadow%'), current_user, "
        "pg_catalog.current_setting('max_slot_wal_keep_size'), "
        "d.datname FROM pg_catalog.pg_database d, pg_catalog.pg_roles s "
        "WHERE d.datname = pg_catalog.current_database() AND s.rolname = current_user");
    surroundings here;
    const auto is = [&](int column) { return r.text(0, column) == "t"; };
    const auto add = [&](severity how, std::string what, std::string mend) {
        here.findings.push_back({how, std::move(what), std::move(mend)});
    };
    here.is_superuser = is(0);
    here.is_set_up = is(5);
    const std::string role{r.text(0, 7)};
    if (is(3)) add(severity::obstacle, "the server is a standby", "back up its primary");
    if (r.text(0, 2) != "logical")
        add(severity::obstacle, "wal_level is " + std::string{r.text(0, 2)},
            "ALTER SYSTEM SET wal_level = logical; then restart the server");
    if (r.text(0, 4) != "UTF8")
        add(severity::obstacle, "the database's encoding is " + std::string{r.text(0, 4)} + ", not UTF8",
            "this adapter backs up databases in UTF8 only");
    if (!is(1))
        add(severity::obstacle, "role " + role + " may not use replication slots",
            "ALTER ROLE " + identifier(role) + " REPLICATION");
    if (!is(6))
        add(severity::obstacle, "all replication slots of the server are in use",
            "raise max_replication_slots, and restart the server");
    if (!here.is_set_up && !here.is_superuser)
        add(severity::obstacle, "the database is not set up for backups, and role " + role + " is no superuser",
            "let a superuser run the statements of setup_sql(\"" + role + "\"), once");
    if (r.text(0, 8) == "-1")
        add(severity::note, "max_slot_wal_keep_size is not limited: a backup that is forgotten fills the server's disk",
            "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf()");
    co_return here;
}

}  // namespace detail

}  // namespace foreshadow::postgresql

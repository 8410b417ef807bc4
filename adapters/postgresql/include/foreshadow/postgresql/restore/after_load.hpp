// SPDX-License-Identifier: BSL-1.0
//
// What a database gets once its rows are there: keys and indexes, those of different tables in several sessions at
// once; then other constraints, triggers and sequences.
#pragma once

#include "foreshadow/postgresql/restore/dump_entries.hpp"
#include "foreshadow/postgresql/restore/restored_part.hpp"
#include "foreshadow/postgresql/server/connection_pool.hpp"
#include "foreshadow/postgresql/server/sql_text.hpp"
#include "foreshadow/postgresql/table/definition_set.hpp"
#include "foreshadow/run/scope.hpp"
#include "foreshadow/task.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

class after_load {
  public:
    /// All outlive it. `sessions`: at the same time.
    after_load(const definition_set& all, restored_part& part, connection_pool& pool, std::size_t sessions)
        : all_{all}, part_{part}, pool_{pool}, sessions_{std::max<std::size_t>(sessions, 1)} {}

    /// `made_before`: statements that make again what the schema had before the rows came.
    task<> run(std::vector<std::string> made_before) {
        after_rows plan = plan_after_rows(all_, part_.tables());
        // Sessions are used again, and the dump changes these between its entries.
        plan.settings.insert(0, "RESET default_tablespace; RESET default_table_access_method;\n");
        after_rows::by_table needed;  // by the foreign keys of the dump
        after_rows::by_table own;
        std::vector<std::pair<std::string, std::string>> branched;
        std::vector<std::pair<std::string, std::string>> last;
        for (const auto& [name, oid] : part_.tables()) {
            const table& t = all_.tables.at(oid);
            for (const std::string& statement : t.own) {
                if (!statement.starts_with("ALTER ") && t.has_branches)
                    branched.emplace_back(name, with_branches(statement));
                else if (is_named_by_server(statement))
                    plan.named[name].push_back(statement);
                else if (comes_last(statement))
                    last.emplace_back(name, statement);
                else
                    (comes_first(statement) ? needed : own)[name].push_back(statement);
            }
        }
        co_await run_side_by_side(plan.settings, std::move(plan.named));
        co_await run_side_by_side(plan.settings, std::move(plan.of_leaves));
        co_await run_side_by_side(plan.settings, std::move(needed));
        const connection_pool::lease db = co_await pool_.take();
        const result set = co_await db->run(plan.settings);
        for (std::string& statement : made_before)
            co_await part_.run(*db, std::move(statement), "a foreign key or trigger of an extension's table");
        for (dump_entry& entry : plan.then) {
            std::string sql = with_branches(std::move(entry.sql));
            const std::string publication = publication_of(entry);
            const restored_part::need need = need_of(!publication.empty());
            std::string name = publication.empty() ? entry.name : "publication " + publication;
            co_await part_.run(*db, std::move(sql), std::move(name), need);
        }
        co_await run_side_by_side(plan.settings, std::move(own));
        for (auto& [name, statement] : branched) co_await part_.run(*db, std::move(statement), "an index of " + name);
        for (auto& [name, statement] : last) {
            const bool is_publication = statement.starts_with("ALTER PUBLICATION ");
            const std::string what = (is_publication ? "a publication of " : "a foreign key or constraint of ") + name;
            const restored_part::need need = need_of(is_publication);
            co_await part_.run(*db, std::move(statement), what, need);
        }
        co_await set_sequences(*db);
    }

  private:
    /// Publications ask for rights that who restores need not have, and rows do not need them.
    [[nodiscard]] static restored_part::need need_of(bool is_publication) {
        return is_publication ? restored_part::need::none : restored_part::need::whole;
    }
    /// The publication that an entry makes, adds to or says something of; empty: it is about something else.
    [[nodiscard]] static std::string publication_of(const dump_entry& entry) {
        constexpr std::string_view said_of = "PUBLICATION ";
        if (entry.name.starts_with(said_of)) return entry.name.substr(said_of.size());
        if (entry.type == "PUBLICATION") return entry.name;
        return entry.type.starts_with(said_of) ? entry.name.substr(0, entry.name.find(' ')) : std::string{};
    }
    /// Keys of a partition's own, which others refer to, and values, before there are triggers to see them change.
    [[nodiscard]] static bool comes_first(std::string_view statement) {
        if (statement.starts_with("UPDATE ONLY ")) return true;
        const std::size_t add = statement.find(" ADD CONSTRAINT ");
        if (!statement.starts_with("ALTER TABLE ") || add == std::string_view::npos) return false;
        const auto adds = [&](const char* what) { return statement.find(what, add) != std::string_view::npos; };
        return adds(" PRIMARY KEY (") || adds(" UNIQUE (") || adds(" UNIQUE NULLS NOT DISTINCT (");
    }

    /// Foreign keys, which refer to keys of others; what is said of constraints that come from above; and what other
    /// tables say as well, one after the other.
    [[nodiscard]] static bool comes_last(std::string_view statement) {
        if (statement.starts_with("UPDATE ONLY ")) return false;
        const auto says = [&](std::string_view what) { return statement.find(what) != std::string_view::npos; };
        return says(" FOREIGN KEY ") || says(" VALIDATE CONSTRAINT ") || statement.starts_with("ALTER PUBLICATION ");
    }

    /// Runs statements of different tables in several sessions.
    task<> run_side_by_side(std::string settings, after_rows::by_table by_table) {
        auto next = by_table.begin();
        const auto end = by_table.end();
        std::vector<task<>> running;
        for (std::size_t i = 0; i < std::min(sessions_, by_table.size()); ++i)
            running.push_back(run_some(settings, next, end));
        co_await all_of(std::move(running));
    }
    /// Of one session: takes the next table when it is done with the last. `next` is for all.
    task<> run_some(std::string settings, after_rows::by_table::iterator& next, after_rows::by_table::iterator end) {
        const connection_pool::lease session = co_await pool_.take();
        const result set = co_await session->run(std::move(settings));
        while (next != end) {
            const auto mine = next++;
            const std::string what = "an index or constraint of " + mine->first;
            for (std::string& statement : mine->second) co_await part_.run(*session, std::move(statement), what);
        }
    }

    /// What is said of partitioned tables only is to reach their partitions: the dump does not know these.
    [[nodiscard]] std::string with_branches(std::string dump) const {
        const auto replace_all = [&](const std::string& what, const std::string& by) {
            for (std::size_t at = 0; (at = dump.find(what, at)) != std::string::npos; at += by.size())
                dump.replace(at, what.size(), by);
        };
        for (const auto& [oid, t] : all_.tables) {
            if (!t.has_branches) continue;
            replace_all("\nALTER TABLE ONLY " + t.name + "\n    ADD CONSTRAINT ",
                        "\nALTER TABLE " + t.name + "\n    ADD CONSTRAINT ");
            replace_all(" ON ONLY " + t.name + " USING ", " ON " + t.name + " USING ");
        }
        return dump;
    }

    /// A sequence goes on after the last value that is known of it; one that belongs to a column, or that numbers the
    /// rows of a table, after the largest value there.
    task<> set_sequences(connection& db) {
        for (const auto& [name, value] : all_.sequences) {
            // Of a part of a database some are not there; then nothing is set.
            const std::string which =
                part_.is_whole() ? literal(name) : "pg_catalog.to_regclass(" + literal(name) + ")";
            const std::string set = "SELECT pg_catalog.setval(" + which + ", " + value + ")";
            const result done = co_await db.run(set);
        }
        const result used = co_await db.run(
            "SELECT pg_catalog.format('SELECT pg_catalog.setval(%L, m::int8) FROM (SELECT max(%I) AS m FROM %I.%I) "
            "of, %I.%I s WHERE m <= %s AND (m > s.last_value OR m = s.last_value AND NOT s.is_called)', "
            "pg_catalog.format('%I.%I', n.nspname, s.relname), a.attname, tn.nspname, t.relname, n.nspname, "
            "s.relname, q.seqmax) FROM ("
            "SELECT d.objid AS sequence, d.refobjid AS of, d.refobjsubid AS part FROM pg_catalog.pg_depend d "
            "WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = d.classid "
            "AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 UNION "
            "SELECT d.refobjid, e.adrelid, e.adnum FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attrdef e "
            "ON e.oid = d.objid AND d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass "
            "JOIN pg_catalog.pg_class t ON t.oid = e.adrelid AND NOT t.relispartition "
            "WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND pg_catalog.pg_get_expr(e.adbin, "
            "e.adrelid) = pg_catalog.format('nextval(%L::regclass)', d.refobjid::pg_catalog.regclass)) users "
            "JOIN pg_catalog.pg_class s ON s.oid = users.sequence AND s.relkind = 'S' "
            "JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0 "
            "JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace "
            "JOIN pg_catalog.pg_class t ON t.oid = users.of "
            "JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace "
            "JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = users.part "
            "JOIN pg_catalog.pg_type y ON y.oid = a.atttypid AND (y.oid IN (20, 21, 23, 1700) "
            "OR y.typbasetype IN (20, 21, 23, 1700))");
        for (int i = 0; i < used.rows(); ++i) {
            const std::string set{used.text(i, 0)};
            const result done = co_await db.run(set);
        }
    }

    const definition_set& all_;
    restored_part& part_;
    connection_pool& pool_;
    std::size_t sessions_;
};

}  // namespace foreshadow::postgresql::detail

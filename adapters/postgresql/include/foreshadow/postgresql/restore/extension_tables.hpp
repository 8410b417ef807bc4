// SPDX-License-Identifier: BSL-1.0
//
// What extensions bring into a new database before its rows come: tables with keys, foreign keys, triggers and rows of
// their own. No dump tells of these; CREATE EXTENSION makes them as they were on its first day. So what stands in the
// way of rows is taken away and made again once these are there: foreign keys, which want other tables first, and
// triggers, which fired when the rows were written and are not to fire again.
//
// It is asked of the catalog of the new database: what has triggers or foreign keys there before the rows, has them
// from an extension.
#pragma once

#include "foreshadow/postgresql/restore/restored_part.hpp"
#include "foreshadow/postgresql/server/connection.hpp"
#include "foreshadow/postgresql/server/sql_text.hpp"
#include "foreshadow/postgresql/table/definition_set.hpp"
#include "foreshadow/task.hpp"

#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

class extension_tables {
  public:
    /// All outlive it.
    extension_tables(const definition_set& all, const restored_part& part, connection& db)
        : all_{all}, part_{part}, db_{db} {}

    /// Makes those that are restored ready for the rows of the backup.
    task<> empty() {
        co_await drop_references();
        co_await disable_triggers();
        const result theirs = co_await db_.run(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_depend d JOIN "
            "pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'r' JOIN pg_catalog.pg_namespace n ON n.oid = "
            "c.relnamespace WHERE d.deptype = 'e' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass");
        std::vector<std::string> statements;
        for (int i = 0; i < theirs.rows(); ++i)
            if (const std::string name{theirs.text(i, 0)}; gets_rows(name))
                statements.push_back("TRUNCATE ONLY " + name);
        co_await db_.run_all(std::move(statements));
    }

    /// Statements for when the rows are there.
    [[nodiscard]] const std::vector<std::string>& to_make_again() const noexcept { return to_make_again_; }

  private:
    task<> drop_references() {
        // Those of partitions go, and come again, with the one above.
        const result references = co_await db_.run(
            "SELECT pg_catalog.format('ALTER TABLE %I.%I DROP CONSTRAINT %I', n.nspname, c.relname, k.conname), "
            "pg_catalog.format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname, "
            "pg_catalog.pg_get_constraintdef(k.oid)), pg_catalog.format('COMMENT ON CONSTRAINT %I ON %I.%I IS %L', "
            "k.conname, n.nspname, c.relname, d.description), d.description IS NOT NULL FROM pg_catalog.pg_constraint "
            "k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = "
            "c.relnamespace LEFT JOIN pg_catalog.pg_description d ON d.objoid = k.oid AND d.classoid = "
            "'pg_catalog.pg_constraint'::pg_catalog.regclass WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY "
            "k.oid");
        std::vector<std::string> statements;
        for (int i = 0; i < references.rows(); ++i) {
            statements.emplace_back(references.text(i, 0));
            to_make_again_.emplace_back(references.text(i, 1));
            if (references.text(i, 3) == "t") to_make_again_.emplace_back(references.text(i, 2));
        }
        co_await db_.run_all(std::move(statements));
    }
    task<> disable_triggers() {
        const result triggers = co_await db_.run(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), "
            "pg_catalog.format('ALTER TABLE ONLY %I.%I DISABLE TRIGGER %I', n.nspname, c.relname, t.tgname), "
            "pg_catalog.format('ALTER TABLE ONLY %I.%I ENABLE %sTRIGGER %I', n.nspname, c.relname, CASE t.tgenabled "
            "WHEN 'R' THEN 'REPLICA ' WHEN 'A' THEN 'ALWAYS ' ELSE '' END, t.tgname) FROM pg_catalog.pg_trigger t JOIN "
            "pg_catalog.pg_class c ON c.oid = t.tgrelid AND c.relkind = 'r' JOIN pg_catalog.pg_namespace n ON n.oid = "
            "c.relnamespace WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY t.oid");
        std::vector<std::string> statements;
        for (int i = 0; i < triggers.rows(); ++i) {
            if (!gets_rows(std::string{triggers.text(i, 0)})) continue;
            statements.emplace_back(triggers.text(i, 1));
            to_make_again_.emplace_back(triggers.text(i, 2));
        }
        co_await db_.run_all(std::move(statements));
    }

    [[nodiscard]] bool gets_rows(const std::string& name) const {
        const auto kept = part_.tables().find(name);
        return kept != part_.tables().end() && all_.tables.at(kept->second).is_captured();
    }

    const definition_set& all_;
    const restored_part& part_;
    connection& db_;
    std::vector<std::string> to_make_again_;
};

}  // namespace foreshadow::postgresql::detail

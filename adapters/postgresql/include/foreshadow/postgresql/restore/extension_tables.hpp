// SPDX-License-Identifier: BSL-1.0
//
// What extensions bring into a new database before its rows come: tables with keys, foreign keys, triggers and rows of
// their own, and partitions. No dump tells of these; CREATE EXTENSION makes them as they were on its first day. So what
// stands in the way of rows is taken away and made again once these are there: foreign keys, which want other tables
// first, and triggers, which fired when the rows were written and are not to fire again. Partitions that the backup
// does not have, or has elsewhere, go.
//
// It is asked of the catalog of the new database: what has triggers or foreign keys there before the rows, has them
// from an extension.
#pragma once

#include "foreshadow/postgresql/restore/restored_part.hpp"
#include "foreshadow/postgresql/server/connection.hpp"
#include "foreshadow/postgresql/server/sql_text.hpp"
#include "foreshadow/postgresql/table/definition_set.hpp"
#include "foreshadow/task.hpp"

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

/// What a new database has from its extensions.
struct brought_by_extensions {
    std::set<std::string> tables;            ///< nothing of their own is to be made again
    std::vector<std::string> to_make_again;  ///< statements, once the rows are there: what stood in the way of these
};

class extension_tables {
  public:
    /// All outlive it.
    extension_tables(const definition_set& all, restored_part& part, connection& db)
        : all_{all}, part_{part}, db_{db} {}

    [[nodiscard]] const brought_by_extensions& brought() const noexcept { return brought_; }

    /// Looks at what extensions made so far. Partitions that are not as the backup has them are no more afterwards.
    task<> look() {
        brought_.tables.clear();
        const result found = co_await db_.run(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.concat_ws('.', "
            "pg_catalog.quote_ident(pn.nspname), pg_catalog.quote_ident(p.relname)), "
            "pg_catalog.pg_get_expr(c.relpartbound, 0), pg_catalog.quote_ident(e.extname), c.relispartition "
            "FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p') "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_extension e ON e.oid = "
            "d.refobjid LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND c.relispartition LEFT JOIN "
            "pg_catalog.pg_class p ON p.oid = i.inhparent LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = "
            "p.relnamespace WHERE d.deptype = 'e' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass");
        std::vector<std::string> statements;
        for (int i = 0; i < found.rows(); ++i) {
            const std::string name{found.text(i, 0)};
            if (found.text(i, 4) != "t") {
                brought_.tables.insert(name);
                continue;
            }
            const table* kept = table_of_name(name);
            if (kept != nullptr && !kept->is_partition()) {
                brought_.tables.insert(name);
                const std::string detach = "ALTER TABLE " + std::string{found.text(i, 1)} + " DETACH PARTITION " + name;
                if (!co_await is_done(detach)) statements.push_back(detach);
            } else if (kept != nullptr && kept->bound == found.text(i, 2) && is_below(*kept, found.text(i, 1))) {
                brought_.tables.insert(name);
            } else {
                statements.push_back("ALTER EXTENSION " + std::string{found.text(i, 3)} + " DROP TABLE " + name +
                                     "; DROP TABLE " + name + " CASCADE");
            }
        }
        co_await drop_references();
        co_await run_all(std::move(statements));
    }

    /// Gives the indexes of partitions that are of an extension's table, and not the extension's, their names.
    task<> name_indexes() {
        const result found = co_await db_.run(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.format('%I.%I %I', un.nspname, "
            "u.relname, t.relname), pg_catalog.quote_ident(x.relname), pg_catalog.format('%I.%I', xn.nspname, "
            "x.relname) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid AND "
            "x.relispartition JOIN pg_catalog.pg_namespace xn ON xn.oid = x.relnamespace JOIN pg_catalog.pg_class c ON "
            "c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_class t ON "
            "t.oid = pg_catalog.pg_partition_root(x.oid) JOIN pg_catalog.pg_index ti ON ti.indexrelid = t.oid JOIN "
            "pg_catalog.pg_class u ON u.oid = ti.indrelid JOIN pg_catalog.pg_namespace un ON un.oid = u.relnamespace");
        std::vector<std::string> statements;
        for (int i = 0; i < found.rows(); ++i) {
            const std::string name{found.text(i, 0)};
            const table* of = table_of_name(name);
            if (of == nullptr || brought_.tables.count(name) != 0) continue;
            const auto known = of->index_names.find(std::string{found.text(i, 1)});
            if (known != of->index_names.end() && known->second != found.text(i, 2))
                statements.push_back("ALTER INDEX " + std::string{found.text(i, 3)} + " RENAME TO " + known->second);
        }
        co_await run_all(std::move(statements));
    }

    /// Makes them ready for the rows of the backup.
    task<> empty() {
        std::vector<std::string> statements;
        const result triggers = co_await db_.run(
            "SELECT pg_catalog.format('ALTER TABLE ONLY %I.%I DISABLE TRIGGER %I', n.nspname, c.relname, t.tgname), "
            "pg_catalog.format('ALTER TABLE ONLY %I.%I ENABLE %sTRIGGER %I', n.nspname, c.relname, CASE t.tgenabled "
            "WHEN 'R' THEN 'REPLICA ' WHEN 'A' THEN 'ALWAYS ' ELSE '' END, t.tgname) FROM pg_catalog.pg_trigger t JOIN "
            "pg_catalog.pg_class c ON c.oid = t.tgrelid AND c.relkind = 'r' JOIN pg_catalog.pg_namespace n ON n.oid = "
            "c.relnamespace WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY t.oid");
        for (int i = 0; i < triggers.rows(); ++i) {
            statements.emplace_back(triggers.text(i, 0));
            brought_.to_make_again.emplace_back(triggers.text(i, 1));
        }
        for (const std::string& name : brought_.tables) {
            const table* kept = table_of_name(name);
            if (kept != nullptr && part_.has(*kept) && kept->is_captured())
                statements.push_back("TRUNCATE ONLY " + name);
        }
        co_await run_all(std::move(statements));
    }

  private:
    /// False where rows of the extension's own refer to each other: then it can be done without its foreign keys.
    task<bool> is_done(std::string statement) {
        try {
            const result done = co_await db_.run(std::move(statement));
            co_return true;
        } catch (const error& e) {
            if (e.fact("SQLSTATE") != "23503") throw;
        }
        co_return false;
    }
    task<> drop_references() {
        std::vector<std::string> statements;
        // Those of partitions go, and come again, with the one above.
        const result references = co_await db_.run(
            "SELECT pg_catalog.format('ALTER TABLE %I.%I DROP CONSTRAINT %I', n.nspname, c.relname, k.conname), "
            "pg_catalog.format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname, "
            "pg_catalog.pg_get_constraintdef(k.oid)), pg_catalog.format('COMMENT ON CONSTRAINT %I ON %I.%I IS %L', "
            "k.conname, n.nspname, c.relname, d.description), d.description IS NOT NULL, k.conparentid = 0 FROM "
            "pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace "
            "n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_description d ON d.objoid = k.oid AND d.classoid = "
            "'pg_catalog.pg_constraint'::pg_catalog.regclass WHERE k.contype = 'f' ORDER BY k.conparentid <> 0, k.oid");
        std::vector<std::string> comments;
        for (int i = 0; i < references.rows(); ++i) {
            if (references.text(i, 4) == "t") {
                statements.emplace_back(references.text(i, 0));
                brought_.to_make_again.emplace_back(references.text(i, 1));
            }
            if (references.text(i, 3) == "t") comments.emplace_back(references.text(i, 2));
        }
        brought_.to_make_again.insert(brought_.to_make_again.end(), comments.begin(), comments.end());
        co_await run_all(std::move(statements));
    }
    [[nodiscard]] const table* table_of_name(const std::string& name) const {
        for (const auto& [oid, t] : all_.tables)
            if (t.name == name) return &t;
        return nullptr;
    }
    [[nodiscard]] bool is_below(const table& t, std::string_view parent) const {
        const auto above = all_.tables.find(t.parent);
        return above != all_.tables.end() && above->second.name == parent;
    }
    task<> run_all(std::vector<std::string> statements) {
        for (std::string& statement : statements) {
            const result done = co_await db_.run(std::move(statement));
        }
    }

    const definition_set& all_;
    restored_part& part_;
    connection& db_;
    brought_by_extensions brought_;
};

}  // namespace foreshadow::postgresql::detail

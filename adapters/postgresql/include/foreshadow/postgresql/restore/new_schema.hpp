// SPDX-License-Identifier: BSL-1.0
//
// The schema that rows need: what the dump says, and the partitions, which it leaves out. Of a part of a database the
// whole schema is made, and the other tables dropped before any row comes: what a table needs of types, functions and
// sequences is then there, without anybody having to know.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/postgresql/restore/dump_entries.hpp"
#include "foreshadow/postgresql/restore/extension_tables.hpp"
#include "foreshadow/postgresql/restore/restored_part.hpp"
#include "foreshadow/postgresql/server/connection.hpp"
#include "foreshadow/postgresql/server/sql_text.hpp"
#include "foreshadow/postgresql/table/definition_set.hpp"
#include "foreshadow/task.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

class new_schema {
  public:
    /// All outlive it.
    new_schema(const definition_set& all, restored_part& part, connection& db)
        : all_{all}, part_{part}, db_{db}, of_extensions_{all, part, db} {}

    task<> make() {
        co_await make_all();
        if (!part_.is_whole()) co_await drop_others();
        co_await of_extensions_.empty();
    }
    /// Statements that make again what stood in the way of rows, once these are there.
    [[nodiscard]] const std::vector<std::string>& to_make_again() const noexcept {
        return of_extensions_.to_make_again();
    }

  private:
    /// What the dump says, and partitions as soon as there is the table that they are of: views may be of them.
    task<> make_all() {
        std::map<std::string, std::vector<std::string>> below = partitions();
        std::vector<dump_entry> together;
        for (dump_entry& entry : entries_of(all_.before_rows)) {
            const auto branches = below.find(table_made_by(entry));
            together.push_back(std::move(entry));
            if (part_.is_whole() && branches == below.end()) continue;
            std::vector<dump_entry> now = std::exchange(together, {});
            co_await run_together(std::move(now));
            if (branches == below.end()) continue;
            co_await db_.run_all(std::move(branches->second));
            below.erase(branches);
        }
        co_await run_together(std::move(together));
        for (auto& [root, statements] : below) co_await db_.run_all(std::move(statements));
    }
    /// Entries of the dump in one statement, as that is faster. What the role may not do is found one by one then.
    task<> run_together(std::vector<dump_entry> entries) {
        if (entries.empty()) co_return;
        std::string sql;
        for (const dump_entry& entry : entries) sql += entry.sql;
        const restored_part::need need = need_of(entries.back());
        bool is_refused = false;
        try {
            co_await part_.run(db_, std::move(sql), entries.back().name, need);
        } catch (const error& e) {
            if (e.fact("SQLSTATE") != "42501" || entries.size() == 1) throw;
            is_refused = true;
        }
        if (!is_refused) co_return;
        for (dump_entry& entry : entries) {
            const restored_part::need its_need = need_of(entry);
            co_await part_.run(db_, std::move(entry.sql), entry.name, its_need);
        }
    }

    [[nodiscard]] restored_part::need need_of(const dump_entry& entry) const {
        return part_.tables().contains(table_made_by(entry)) ? restored_part::need::table : restored_part::need::whole;
    }

    /// Statements that make the partitions, parents first, by the table at the root.
    [[nodiscard]] std::map<std::string, std::vector<std::string>> partitions() const {
        std::map<std::string, std::vector<std::string>> statements;
        std::map<object_id, std::string> made;  // and their roots
        for (std::size_t before = 1; before != made.size();) {
            before = made.size();
            for (const auto& [oid, t] : all_.tables) {
                if (!t.is_partition() || made.count(oid) != 0 || !part_.has(t)) continue;
                const auto parent = all_.tables.find(t.parent);
                if (parent == all_.tables.end())
                    throw error{errc::corrupt, "partition " + t.name + " is of a table that is not defined"};
                if (parent->second.is_partition() && made.count(t.parent) == 0) continue;
                const std::string& root = parent->second.is_partition() ? made.at(t.parent) : parent->second.name;
                std::string constraints;
                for (const std::string& each : t.not_null) constraints += (constraints.empty() ? " (" : ", ") + each;
                if (!constraints.empty()) constraints += ")";
                statements[root].push_back("CREATE TABLE " + t.name + " PARTITION OF " + parent->second.name +
                                           constraints + " " + t.bound +
                                           (t.by.empty() ? " USING heap" : " PARTITION BY " + t.by));
                made.emplace(oid, root);
            }
        }
        return statements;
    }

    /// Drops all tables but those that are restored or inherited from, and what depends on them. What the restored ones
    /// lose by that is told.
    task<> drop_others() {
        // A default may rest on a sequence that belongs to another table: that one stays, and belongs to nobody.
        co_await run_each(
            "SELECT DISTINCT pg_catalog.format('ALTER SEQUENCE %I.%I OWNED BY NONE', n.nspname, s.relname) "
            "FROM pg_catalog.pg_depend o JOIN pg_catalog.pg_class s ON s.oid = o.objid AND s.relkind = 'S' "
            "JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace "
            "JOIN pg_catalog.pg_depend u ON u.refobjid = s.oid AND u.refclassid = o.classid "
            "JOIN pg_catalog.pg_attrdef d ON d.oid = u.objid "
            "AND u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass "
            "WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refclassid = o.classid "
            "AND o.deptype = 'a' AND o.refobjid NOT IN (SELECT oid FROM kept) AND d.adrelid IN (SELECT oid FROM kept)");
        const std::set<std::string> before = co_await parts_of_kept();
        co_await run_each(
            "SELECT pg_catalog.format('DROP TABLE IF EXISTS %I.%I CASCADE', n.nspname, c.relname) "
            "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384 AND c.oid NOT IN (SELECT oid FROM kept) "
            "AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND NOT EXISTS (SELECT 1 FROM "
            "pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')");
        const std::set<std::string> after = co_await parts_of_kept();
        for (const std::string& each : before)
            if (after.count(each) == 0) part_.leave_out(each, "it went with a table that is left out");
    }

    /// The tables that stay, for a query.
    [[nodiscard]] std::string with_kept(const std::string& query) const {
        std::string names;
        for (const auto& [name, oid] : part_.tables()) names += (names.empty() ? "" : ", ") + literal(name);
        return "WITH RECURSIVE kept(oid) AS (SELECT n::pg_catalog.regclass::oid FROM pg_catalog.unnest(ARRAY[" + names +
               "]::text[]) n UNION SELECT i.inhparent FROM kept k JOIN pg_catalog.pg_inherits i ON i.inhrelid = "
               "k.oid) " +
               query;
    }
    /// Columns, defaults and constraints of the tables that stay, as people call them.
    task<std::set<std::string>> parts_of_kept() {
        const std::string sql = with_kept(
            "SELECT pg_catalog.pg_describe_object(class, object, part) FROM ("
            "SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS class, a.attrelid AS object, a.attnum AS part "
            "FROM pg_catalog.pg_attribute a WHERE a.attrelid IN (SELECT oid FROM kept) AND a.attnum > 0 "
            "AND NOT a.attisdropped UNION ALL "
            "SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, 0 FROM pg_catalog.pg_attrdef d "
            "WHERE d.adrelid IN (SELECT oid FROM kept) UNION ALL "
            "SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid, 0 FROM pg_catalog.pg_constraint c "
            "WHERE c.conrelid IN (SELECT oid FROM kept)) parts");
        const result found = co_await db_.run(sql);
        std::set<std::string> parts;
        for (int i = 0; i < found.rows(); ++i) parts.emplace(found.text(i, 0));
        co_return parts;
    }
    /// Runs the statements that a query of the tables that stay returns.
    task<> run_each(std::string query) {
        const std::string sql = with_kept(query);
        const result found = co_await db_.run(sql);
        std::vector<std::string> statements;
        for (int i = 0; i < found.rows(); ++i) statements.emplace_back(found.text(i, 0));
        co_await db_.run_all(std::move(statements));
    }

    const definition_set& all_;
    restored_part& part_;
    connection& db_;
    extension_tables of_extensions_;
};

}  // namespace foreshadow::postgresql::detail

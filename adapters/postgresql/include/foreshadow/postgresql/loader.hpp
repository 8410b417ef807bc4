// SPDX-License-Identifier: BSL-1.0
//
// Fills a new database. Tables come first, then their rows by COPY, frozen as they come; then indexes and keys, several
// at once; then other constraints, triggers and sequences. Of a part of a database the whole schema is made, and the
// other tables dropped before any row comes.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/postgresql/bytes.hpp"
#include "foreshadow/postgresql/connection.hpp"
#include "foreshadow/postgresql/definition_set.hpp"
#include "foreshadow/postgresql/dump_entries.hpp"
#include "foreshadow/postgresql/new_database.hpp"
#include "foreshadow/postgresql/target_options.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/run/scope.hpp"
#include "foreshadow/task.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

class loader {
  public:
    loader(address where, target_options options) : database_{std::move(where)}, options_{options} {}

    task<> begin(layout shape) {
        abandon();
        shape_ = std::move(shape);
        set_ = {};
        kept_.clear();
        left_out_.clear();
        is_made_ = false;
        co_await database_.begin();
    }

    task<> load(partition part, const row_batch& rows) {
        if (part.holds == content::definitions) {
            for (std::size_t i = 0; i < rows.size(); ++i) set_.take(rows[i].key, rows[i].value);
            co_return;
        }
        co_await make_tables();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const object_id oid = table_of(rows[i].key);
            if (!open_ || open_->oid != oid) co_await open(oid, part);
            append_row(rows[i]);
            if (buffer_.size() >= most_buffered) co_await send();
        }
    }

    task<> complete(partition part) {
        if (part.holds == content::definitions)
            co_await make_tables();
        else
            co_await close();
    }

    task<> finish() {
        co_await make_tables();
        co_await close();
        after_rows plan = plan_after_rows(set_, kept_);
        after_rows::by_table own;
        std::vector<std::pair<std::string, std::string>> branched;
        std::vector<std::pair<std::string, std::string>> references;
        for (const auto& [name, oid] : kept_) {
            const table& t = set_.tables.at(oid);
            for (const std::string& statement : t.own) {
                if (!statement.starts_with("ALTER ") && t.has_branches)
                    branched.emplace_back(name, with_branches(statement));
                else if (is_named_by_server(statement))
                    plan.named[name].push_back(statement);
                else if (statement.find(" FOREIGN KEY ") != std::string::npos)
                    references.emplace_back(name, statement);
                else
                    own[name].push_back(statement);
            }
        }
        co_await run_side_by_side(plan.settings, std::move(plan.named));
        co_await run_side_by_side(plan.settings, std::move(plan.of_leaves));
        const result set = co_await db_->run(plan.settings);
        for (dump_entry& entry : plan.then) {
            std::string sql = with_branches(std::move(entry.sql));
            co_await run(*db_, std::move(sql), entry.name);
        }
        co_await run_side_by_side(plan.settings, std::move(own));
        for (auto& [name, statement] : branched) co_await run(*db_, std::move(statement), "an index of " + name);
        for (auto& [name, statement] : references) co_await run(*db_, std::move(statement), "a foreign key of " + name);
        co_await set_sequences();
        db_.reset();
        co_await database_.finish();
    }

    /// What the backup does not have, and of a part what could not be made without the rest.
    [[nodiscard]] std::vector<omission> omissions() const { return is_part_ ? left_out_ : set_.omissions(); }

    void abandon() noexcept {
        db_.reset();
        open_.reset();
        buffer_.clear();
        database_.abandon();
    }

  private:
    static constexpr std::size_t most_buffered = std::size_t{64} << 10;

    task<> make_tables() {
        if (is_made_) co_return;
        if (set_.is_empty())
            throw error{errc::not_restorable, "the backup brings no definitions for database " + database_.name(),
                        "restore the partition of definitions with the others"};
        choose_tables();
        co_await database_.create(set_.database);
        db_ = co_await database_.connect();
        co_await make_schema();
        if (is_part_) co_await drop_others();
        is_made_ = true;
    }

    /// What the dump says, and partitions as soon as there is the table that they are of: views may be of them.
    task<> make_schema() {
        std::map<std::string, std::vector<std::string>> below = partitions();
        std::string sql;
        for (dump_entry& entry : entries_of(set_.before_rows)) {
            sql += entry.sql;
            const auto branches = below.find(table_made_by(entry));
            if (!is_part_ && branches == below.end()) continue;
            std::string whole = std::exchange(sql, std::string{});
            co_await run(*db_, std::move(whole), entry.name);
            if (branches == below.end()) continue;
            for (const std::string& statement : branches->second) {
                const result added = co_await db_->run(statement);
            }
            below.erase(branches);
        }
        const result last = co_await db_->run(std::move(sql));
        for (const auto& [root, statements] : below)
            for (const std::string& statement : statements) {
                const result added = co_await db_->run(statement);
            }
    }

    /// All tables, or, where not everybody's rows are asked for, those that are, and what they are partitions of.
    void choose_tables() {
        const auto is_asked_for = [&](const table& t) {
            return t.is_captured() && !shape_.overlapping(t.interval()).empty();
        };
        is_part_ = std::any_of(set_.tables.begin(), set_.tables.end(), [&](const auto& each) {
            return each.second.is_captured() && !is_asked_for(each.second);
        });
        for (const auto& [oid, t] : set_.tables) {
            if (is_part_ && !is_asked_for(t)) continue;
            for (auto up = set_.tables.find(oid); up != set_.tables.end(); up = set_.tables.find(up->second.parent))
                kept_.emplace(up->second.name, up->first);
        }
    }

    /// Leaves of the schema what a part needs: types, functions, and the tables that were chosen or are inherited from.
    task<> drop_others() {
        std::string names;
        for (const auto& [name, oid] : kept_) names += (names.empty() ? "" : ", ") + literal(name);
        const std::string sql =
            "WITH RECURSIVE kept(oid) AS (SELECT n::pg_catalog.regclass::oid FROM pg_catalog.unnest(ARRAY[" + names +
            "]::text[]) n UNION SELECT i.inhparent FROM kept k JOIN pg_catalog.pg_inherits i ON i.inhrelid = k.oid) "
            "SELECT pg_catalog.format('DROP TABLE IF EXISTS %I.%I CASCADE', n.nspname, c.relname) "
            "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384 AND c.oid NOT IN (SELECT oid FROM kept) "
            "AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND NOT EXISTS (SELECT 1 FROM "
            "pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')";
        const result others = co_await db_->run(sql);
        for (int i = 0; i < others.rows(); ++i) {
            const std::string drop{others.text(i, 0)};
            const result gone = co_await db_->run(drop);
        }
    }

    /// Runs statements of different tables in several sessions.
    task<> run_side_by_side(std::string settings, after_rows::by_table by_table) {
        std::vector<std::pair<std::string, std::vector<std::string>>> lists;
        for (auto& [name, statements] : by_table) lists.emplace_back(name, std::move(statements));
        std::size_t next = 0;
        std::vector<task<>> sessions;
        const std::size_t count = std::min(std::max<std::size_t>(options_.connections, 1), lists.size());
        for (std::size_t i = 0; i < count; ++i) sessions.push_back(run_some(settings, &lists, &next));
        co_await all_of(std::move(sessions));
    }
    task<> run_some(std::string settings, std::vector<std::pair<std::string, std::vector<std::string>>>* lists,
                    std::size_t* next) {
        const std::unique_ptr<connection> session = co_await database_.connect();
        const result set = co_await session->run(std::move(settings));
        while (*next < lists->size()) {
            auto [name, mine] = std::move((*lists)[(*next)++]);
            for (std::string& statement : mine) {
                std::string what = "a part of " + name;
                co_await run(*session, std::move(statement), std::move(what));
            }
        }
    }

    /// Runs one statement, or entry of the dump. In a part of a database it may name what is not there, or refer to
    /// rows that are not: then it is left out, and named.
    task<> run(connection& db, std::string sql, std::string name) {
        if (!is_part_) {
            const result done = co_await db.run(std::move(sql));
            co_return;
        }
        try {
            const result done = co_await db.run(sql);
        } catch (const error& e) {
            const std::string state = e.fact("SQLSTATE");
            if (!state.starts_with("42") && !state.starts_with("23")) throw;
            const bool is_of_ours = std::any_of(kept_.begin(), kept_.end(), [&](const auto& t) {
                return sql.find(" " + t.first + "\n") != std::string::npos ||
                       sql.find(" " + t.first + " ") != std::string::npos;
            });
            if (is_of_ours) left_out_.push_back({std::move(name), "it needs what is not restored: " + e.message()});
        }
    }

    /// Statements that make the partitions, parents first, by the table at the root.
    [[nodiscard]] std::map<std::string, std::vector<std::string>> partitions() const {
        std::map<std::string, std::vector<std::string>> statements;
        std::map<object_id, std::string> made;  // and their roots
        for (std::size_t before = 1; before != made.size();) {
            before = made.size();
            for (const auto& [oid, t] : set_.tables) {
                if (!t.is_partition() || made.count(oid) != 0 || kept_.count(t.name) == 0) continue;
                const auto parent = set_.tables.find(t.parent);
                if (parent == set_.tables.end())
                    throw error{errc::corrupt, "partition " + t.name + " is of a table that is not defined"};
                if (parent->second.is_partition() && made.count(t.parent) == 0) continue;
                const std::string& root = parent->second.is_partition() ? made.at(t.parent) : parent->second.name;
                statements[root].push_back("CREATE TABLE " + t.name + " PARTITION OF " + parent->second.name + " " +
                                           t.bound + (t.by.empty() ? "" : " PARTITION BY " + t.by));
                made.emplace(oid, root);
            }
        }
        return statements;
    }

    /// What is said of partitioned tables only is to reach their partitions: the dump does not know these.
    [[nodiscard]] std::string with_branches(std::string dump) const {
        const auto replace_all = [&](const std::string& what, const std::string& by) {
            for (std::size_t at = 0; (at = dump.find(what, at)) != std::string::npos; at += by.size())
                dump.replace(at, what.size(), by);
        };
        for (const auto& [oid, t] : set_.tables) {
            if (!t.has_branches) continue;
            replace_all("\nALTER TABLE ONLY " + t.name + "\n    ADD CONSTRAINT ",
                        "\nALTER TABLE " + t.name + "\n    ADD CONSTRAINT ");
            replace_all(" ON ONLY " + t.name + " USING ", " ON " + t.name + " USING ");
        }
        return dump;
    }

    task<> open(object_id oid, partition part) {
        co_await close();
        const auto found = set_.tables.find(oid);
        if (found == set_.tables.end() || !found->second.is_captured())
            throw error{errc::corrupt,
                        "partition " + part.name + " brings a row of table number " + std::to_string(oid) +
                            ", which is not defined",
                        "the definitions and the rows are not of the same backup"};
        open_ = found->second;
        // Emptied in the transaction that fills it, so that nobody can see it yet: then rows may come frozen.
        const std::string begin = "BEGIN; TRUNCATE ONLY " + open_->name;
        const std::string copy =
            "COPY " + open_->name + " (" + column_list(*open_) + ") FROM STDIN (FORMAT binary, FREEZE)";
        const result begun = co_await db_->run(begin);
        co_await db_->begin_copy(copy);
        buffer_.assign("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19);
    }

    void append_row(row_view row) {
        const std::vector<std::string_view> columns = columns_of(row.value);
        if (columns.size() != open_->columns.size())
            throw error{errc::corrupt, "a row of table " + open_->name + " has " + std::to_string(columns.size()) +
                                           " values, and the table " + std::to_string(open_->columns.size()) +
                                           " columns"}
                .with("key", printable(row.key));
        append_number(static_cast<std::int16_t>(columns.size()), buffer_);
        for (const std::string_view column : columns) {
            const field value = field_of(column);
            append_number(value ? static_cast<std::int32_t>(value->size()) : -1, buffer_);
            if (value) buffer_.append(*value);
        }
    }
    task<> send() {
        co_await db_->send_copied(buffer_);
        buffer_.clear();
    }
    task<> close() {
        if (!open_) co_return;
        append_number(std::int16_t{-1}, buffer_);
        co_await send();
        co_await db_->end_copy();
        const result done = co_await db_->run("COMMIT");
        open_.reset();
    }

    /// A sequence goes on after the last value that is known of it; one that belongs to a column, after the largest
    /// value there.
    task<> set_sequences() {
        for (const auto& [name, value] : set_.sequences) {
            // Of a part of a database some are not there; then nothing is set.
            const std::string which = is_part_ ? "pg_catalog.to_regclass(" + literal(name) + ")" : literal(name);
            const std::string set = "SELECT pg_catalog.setval(" + which + ", " + value + ")";
            const result done = co_await db_->run(set);
        }
        const result owned = co_await db_->run(
            "SELECT pg_catalog.format('SELECT pg_catalog.setval(%L, m) FROM (SELECT max(%I)::int8 AS m FROM %I.%I) "
            "of, %I.%I s WHERE m > s.last_value OR m = s.last_value AND NOT s.is_called', "
            "pg_catalog.format('%I.%I', n.nspname, s.relname), a.attname, tn.nspname, t.relname, n.nspname, "
            "s.relname) FROM pg_catalog.pg_depend d "
            "JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' "
            "JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0 "
            "JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace "
            "JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = "
            "t.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid "
            "WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = "
            "'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0");
        for (int i = 0; i < owned.rows(); ++i) {
            const std::string set{owned.text(i, 0)};
            const result done = co_await db_->run(set);
        }
    }

    new_database database_;
    target_options options_;
    layout shape_;
    definition_set set_;
    std::unique_ptr<connection> db_;
    bool is_made_ = false;
    bool is_part_ = false;
    std::map<std::string, object_id> kept_;  ///< the tables that are restored, by name
    std::vector<omission> left_out_;
    std::optional<table> open_;  ///< that rows are copied into
    std::string buffer_;
};

}  // namespace foreshadow::postgresql::detail

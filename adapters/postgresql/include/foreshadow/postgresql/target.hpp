// SPDX-License-Identifier: BSL-1.0
//
// Restores into a new database. Everything is made in a database of another name; only when all is there it gets the
// name that was asked for, and never where there is one already. So what bears the name is whole; a restore that fails
// leaves nothing but the other database, which `abandon`, or else the next restore to that name, drops.
//
// Tables come first, then their rows by COPY, frozen as they come; then indexes, constraints, triggers and sequences.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/postgresql/busy_server.hpp"
#include "foreshadow/postgresql/bytes.hpp"
#include "foreshadow/postgresql/connection.hpp"
#include "foreshadow/postgresql/definition_set.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/run/steady_clock.hpp"
#include "foreshadow/store/digest.hpp"
#include "foreshadow/target/target.hpp"
#include "foreshadow/task.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::postgresql {

namespace detail {

class loader {
  public:
    explicit loader(address where) : where_{std::move(where)}, name_{where_.option("dbname")} {
        if (name_.empty())
            throw error{errc::invalid_argument, "the URL of the target names no database",
                        "write postgresql://user@host/new_database"};
        std::string digest;
        append_number(checksum_of(name_), digest);
        prefix_ = "foreshadow_partial_" + to_hex(digest) + "_";
    }

    task<> begin(layout shape) {
        abandon();
        shape_ = std::move(shape);
        set_ = {};
        is_made_ = false;
        if (!server_) server_ = co_await connection::open(where_.with_database("postgres"));
        co_await refuse_existing();
        co_await sweep();
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
        const std::string rest = with_branches(set_.after_rows);
        const result done = co_await db_->run(rest);
        for (const auto& [oid, t] : set_.tables)
            for (const std::string& statement : t.own) {
                const result added = co_await db_->run(statement);
            }
        co_await set_sequences();
        db_.reset();
        const std::string rename = "ALTER DATABASE " + identifier(partial_) + " RENAME TO " + identifier(name_);
        for (busy_server waits;;) {
            try {
                const result named = co_await server_->run(rename);
                break;
            } catch (const error& e) {
                if (!waits.may_pass(e)) throw;
            }
            co_await clock_.sleep(waits.pause());
        }
        partial_.clear();
    }

    [[nodiscard]] std::vector<omission> omissions() const { return set_.omissions(); }

    /// Blocks: whoever gives up may have been cancelled, and is not to be again.
    void abandon() noexcept {
        db_.reset();
        open_.reset();
        buffer_.clear();
        if (partial_.empty()) return;
        const std::string drop = "DROP DATABASE IF EXISTS " + identifier(partial_) + " WITH (FORCE)";
        const address there = where_.with_database("postgres");
        parameters all{there};
        PGconn* c = PQconnectdbParams(all.names(), all.values(), 0);
        PQclear(PQexec(c, drop.c_str()));
        PQfinish(c);
        partial_.clear();
    }

  private:
    static constexpr std::size_t most_buffered = std::size_t{64} << 10;

    task<> refuse_existing() {
        const std::string sql = "SELECT 1 FROM pg_catalog.pg_database WHERE datname = " + literal(name_);
        const result found = co_await server_->run(sql);
        if (found.rows() > 0)
            throw error{errc::already_exists, "database " + name_ + " exists already",
                        "restore to another name, or rename it"};
    }

    /// Drops what restores to this name left when their process died.
    task<> sweep() {
        const std::string sql =
            "SELECT datname FROM pg_catalog.pg_database d WHERE pg_catalog.starts_with(datname, " + literal(prefix_) +
            ") AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity a WHERE a.datname = d.datname)";
        const result left = co_await server_->run(sql);
        for (int i = 0; i < left.rows(); ++i) {
            const std::string drop = "DROP DATABASE IF EXISTS " + identifier(left.text(i, 0));
            const result gone = co_await server_->run(drop);
        }
    }

    task<> make_tables() {
        if (is_made_) co_return;
        if (set_.is_empty())
            throw error{errc::not_restorable, "the backup brings no definitions for database " + name_,
                        "restore the partition of definitions with the others"};
        for (const auto& [oid, t] : set_.tables)
            if (t.is_captured() && shape_.overlapping(t.interval()).empty())
                throw error{errc::unsupported, "a part of a PostgreSQL database cannot be restored by itself yet",
                            "restore the whole database, and take from it what you need"}
                    .with("missing", t.name);
        const std::vector<std::string>& d = set_.database;
        const std::string name = prefix_ + std::to_string(::getpid());
        std::string create = "CREATE DATABASE " + identifier(name) + " TEMPLATE template0 ENCODING " + literal(d[0]) +
                             " LC_COLLATE " + literal(d[1]) + " LC_CTYPE " + literal(d[2]);
        if (d[3] == "i") create += " LOCALE_PROVIDER icu ICU_LOCALE " + literal(d[4]);
        if (d[3] == "b") create += " LOCALE_PROVIDER builtin BUILTIN_LOCALE " + literal(d[4]);
        partial_ = name;
        const result created = co_await server_->run(create);
        db_ = co_await connection::open(where_.with_database(name));
        const result made = co_await db_->run(set_.before_rows);
        for (const std::string& statement : partitions()) {
            const result added = co_await db_->run(statement);
        }
        is_made_ = true;
    }

    /// Statements that make the partitions, parents first.
    [[nodiscard]] std::vector<std::string> partitions() const {
        std::vector<std::string> statements;
        std::set<object_id> made;
        for (std::size_t before = 1; before != made.size();) {
            before = made.size();
            for (const auto& [oid, t] : set_.tables) {
                if (!t.is_partition() || made.count(oid) != 0) continue;
                const auto parent = set_.tables.find(t.parent);
                if (parent == set_.tables.end())
                    throw error{errc::corrupt, "partition " + t.name + " is of a table that is not defined"};
                if (parent->second.is_partition() && made.count(t.parent) == 0) continue;
                statements.push_back("CREATE TABLE " + t.name + " PARTITION OF " + parent->second.name + " " + t.bound +
                                     (t.by.empty() ? "" : " PARTITION BY " + t.by));
                made.insert(oid);
            }
        }
        return statements;
    }

    /// What the dump says of partitioned tables only is to reach their partitions, which it does not know.
    [[nodiscard]] std::string with_branches(std::string dump) const {
        const auto replace_all = [&](const std::string& what, const std::string& by) {
            for (std::size_t at = 0; (at = dump.find(what, at)) != std::string::npos; at += by.size())
                dump.replace(at, what.size(), by);
        };
        for (const auto& [oid, t] : set_.tables) {
            if (!t.has_branches || t.is_partition()) continue;
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
            const std::string set = "SELECT pg_catalog.setval(" + literal(name) + ", " + value + ")";
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

    address where_;
    std::string name_;
    std::string prefix_;   ///< of the names of databases that are not whole
    std::string partial_;  ///< the one of this restore; empty: none
    layout shape_;
    definition_set set_;
    std::unique_ptr<connection> server_;
    std::unique_ptr<connection> db_;
    bool is_made_ = false;
    std::optional<table> open_;  ///< that rows are copied into
    std::string buffer_;
    steady_clock clock_;
};

}  // namespace detail

/// A database that does not exist yet, on a server that does.
///
/// Errors: `already_exists`; `invalid_argument` where the role may not create databases; `corrupt` or
/// `unsupported_format` for rows that cannot be decoded; `unsupported` where a part was asked for.
class target {
  public:
    explicit target(std::string url) : loader_{std::make_unique<detail::loader>(detail::address{std::move(url)})} {}

    task<> begin(const layout& shape) { return loader_->begin(shape); }
    task<> load(const partition& part, const row_batch& rows) { return loader_->load(part, rows); }
    task<> complete(const partition& part) { return loader_->complete(part); }
    task<> finish() { return loader_->finish(); }
    /// What the original had and this has not: tables without rows.
    task<std::vector<omission>> omissions() { co_return loader_->omissions(); }
    task<> abandon() {
        loader_->abandon();
        co_return;
    }

  private:
    std::unique_ptr<detail::loader> loader_;
};

static_assert(foreshadow::target<target>);

}  // namespace foreshadow::postgresql

// SPDX-License-Identifier: BSL-1.0
//
// A database that gets its name when it is whole. Everything is made in a database of another name; only when all is
// there it gets the name that was asked for, and never where there is one already. So what bears the name is whole; a
// restore that fails leaves nothing but the other database, which `abandon`, or else the next restore to that name,
// drops.
#pragma once

#include "foreshadow/postgresql/server/busy_server.hpp"
#include "foreshadow/postgresql/server/bytes.hpp"
#include "foreshadow/postgresql/server/connection.hpp"
#include "foreshadow/run/steady_clock.hpp"
#include "foreshadow/store/digest.hpp"
#include "foreshadow/task.hpp"

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

class new_database {
  public:
    explicit new_database(address where) : where_{std::move(where)}, name_{where_.option("dbname")} {
        if (name_.empty())
            throw error{errc::invalid_argument, "the URL of the target names no database",
                        "write postgresql://user@host/new_database"};
        std::string digest;
        append_number(checksum_of(name_), digest);
        prefix_ = "foreshadow_partial_" + to_hex(digest) + "_";
    }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// Errors: `already_exists`; `invalid_argument` where the role may not make databases.
    task<> begin() {
        if (!server_) server_ = co_await connection::open(where_.with_database("postgres"));
        co_await refuse_existing();
        co_await refuse_without_rights();
        co_await sweep();
    }

    /// `like`: encoding, collation, character type, locale provider and its locale.
    task<> create(std::vector<std::string> like) {
        const std::string name = prefix_ + std::to_string(::getpid());
        std::string create = "CREATE DATABASE " + identifier(name) + " TEMPLATE template0 ENCODING " +
                             literal(like[0]) + " LC_COLLATE " + literal(like[1]) + " LC_CTYPE " + literal(like[2]);
        if (like[3] == "i") create += " LOCALE_PROVIDER icu ICU_LOCALE " + literal(like[4]);
        if (like[3] == "b") create += " LOCALE_PROVIDER builtin BUILTIN_LOCALE " + literal(like[4]);
        partial_ = name;
        const result created = co_await server_->run(create);
    }
    /// What was created, for sessions in it.
    [[nodiscard]] address partial() const { return where_.with_database(partial_); }

    /// Gives it its name. Nobody has a session in it any more.
    ///
    /// Guarantees: durable on return, and so is all that was committed in it before, whatever its sessions waited for:
    /// this commit waits for its own record in the log of the server, and so for all before it.
    task<> finish() {
        co_await wait_until_unused();
        const std::string rename = "ALTER DATABASE " + identifier(partial_) + " RENAME TO " + identifier(name_);
        const result named = co_await while_busy([&] { return server_->run(rename); });
        partial_.clear();
    }

    /// Blocks: whoever gives up may have been cancelled, and is not to be again.
    void abandon() noexcept {
        if (partial_.empty()) return;
        const std::string drop = "DROP DATABASE IF EXISTS " + identifier(partial_) + " WITH (FORCE)";
        const address there = where_.with_database("postgres");
        parameters all{there};
        PGconn* c = PQconnectdbParams(all.names(), all.values(), 0);
        PQsetNoticeProcessor(c, [](void*, const char*) {}, nullptr);  // it may not have been created
        PQclear(PQexec(c, drop.c_str()));
        PQfinish(c);
        partial_.clear();
    }

  private:
    /// A moment, until the server has noticed that all sessions are gone: a rename that finds one waits for much
    /// longer.
    task<> wait_until_unused() {
        const std::string sql = "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE datname = " + literal(partial_);
        for (int tries = 0; tries < 40; ++tries) {
            const result used = co_await server_->run(sql);
            if (used.rows() == 0) co_return;
            co_await clock_.sleep(.005);
        }
    }

    task<> refuse_without_rights() {
        const result r = co_await server_->run(
            "SELECT current_user, rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user");
        if (r.text(0, 1) == "t") co_return;
        const std::string role{r.text(0, 0)};
        throw error{errc::invalid_argument, "role " + role + " may not make databases",
                    "ALTER ROLE " + identifier(role) + " CREATEDB"};
    }
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

    address where_;
    std::string name_;
    std::string prefix_;   ///< of the names of databases that are not whole
    std::string partial_;  ///< the one of this restore; empty: none
    std::unique_ptr<connection> server_;
    steady_clock clock_;
};

}  // namespace foreshadow::postgresql::detail

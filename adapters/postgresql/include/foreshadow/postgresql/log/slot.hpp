// SPDX-License-Identifier: BSL-1.0
//
// What holds the log: a replication slot, and beside it in the table foreshadow.hold the position that was
// acknowledged last with the tables of that position, and which publication the log is read by. The row is written
// first, so the slot never lets go of anything that the row still needs.
//
// If it fails half-way: a slot without a row is nobody's, and the next hold removes it.
#pragma once

#include "foreshadow/postgresql/layout/layout_model.hpp"
#include "foreshadow/postgresql/log/log_stream.hpp"
#include "foreshadow/postgresql/server/busy_server.hpp"
#include "foreshadow/postgresql/server/connection_pool.hpp"
#include "foreshadow/postgresql/server/snapshot.hpp"
#include "foreshadow/postgresql/setup/preflight.hpp"
#include "foreshadow/postgresql/setup/setup.hpp"
#include "foreshadow/run/steady_clock.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

/// A position of the log that is held, and the tables there.
struct held_position {
    position at;
    layout_model tables;
};

class slot {
  public:
    slot(connection_pool& pool, std::string name) : pool_{pool}, name_{std::move(name)} {}

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// What is held, by the table; nothing where there is no hold.
    ///
    /// Errors: `hold_lost` where the server let go of the log, or left something out of it.
    task<std::optional<held_position>> find() {
        auto db = co_await pool_.take();
        const std::string sql = "SELECT " + slot_state::sql() + ", h.acknowledged, h.layout, " + is_as_held_sql() +
                                " FROM foreshadow.hold h LEFT JOIN "
                                "pg_catalog.pg_replication_slots s ON s.slot_name = "
                                "h.slot WHERE h.slot = " +
                                literal(name_);
        const result r = co_await db->run(sql);
        if (r.rows() == 0) co_return std::nullopt;
        const position at{whole_number<std::uint64_t>(r.text(0, slot_state::columns))};
        check_slot(name_, slot_state::read(r), at);
        if (r.text(0, slot_state::columns + 2) != "t") throw publication_lost();
        co_return held_position{at, layout_model::parse(r.text(0, slot_state::columns + 1))};
    }

    /// Holds the log from now on: anew, or where something is held already, from a later position of it.
    task<held_position> begin() {
        bool is_held = false;
        try {
            const std::optional<held_position> before = co_await find();
            is_held = before.has_value();
        } catch (const error& e) {
            if (e.code() != errc::hold_lost) throw;
        }
        if (!is_held) co_await remove();
        std::unique_ptr<connection> maker = co_await connection::open(pool_.where(), connection::kind::replication);
        // The snapshot of a slot is exactly what was committed before its first position. Where there is a slot
        // already, another one is made for a moment, for its snapshot.
        const std::string made = is_held ? name_ + "_now" : name_;
        const std::string create = "CREATE_REPLICATION_SLOT " + identifier(made) + (is_held ? " TEMPORARY" : "") +
                                   " LOGICAL pgoutput (SNAPSHOT 'export')";
        const result created = co_await maker->run(create);
        held_position held{{position_of(created.text(0, 1)).value - 1}, {}};
        {
            auto db = co_await pool_.take();
            const std::string begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT " +
                                      literal(created.text(0, 2)) + "; SELECT pg_catalog.pg_current_snapshot()";
            const result begun = co_await db->run(begin);
            const snapshot seen = snapshot::read(begun.text(0, 0));
            const result published = co_await db->run("SELECT " + std::string{publication_state_sql});
            if (published.is_null(0, 0)) throw publication_lost();
            const result tables = co_await db->run(
                "SELECT foreshadow.describe(c.oid) FROM pg_catalog.pg_class c WHERE foreshadow.is_table(c)");
            for (int i = 0; i < tables.rows(); ++i) held.tables.add(read_table(tables.text(i, 0)), held.at);
            const result done = co_await db->run("COMMIT");
            co_await wait_until_visible(*db, seen);
            if (!is_held) {
                const std::vector<std::string> row{name_, std::to_string(held.at.value), held.tables.text(),
                                                   std::string{published.text(0, 0)}};
                const result kept = co_await db->run(
                    "INSERT INTO foreshadow.hold VALUES ($1, $2::pg_catalog.text::pg_catalog.int8, $3, $4)", row);
            }
        }
        co_return held;
    }

    /// Marks the log: where it ends, by a commit of ours.
    ///
    /// Errors: `hold_lost` where the log lacks something since it is held.
    task<position> mark() {
        auto db = co_await pool_.take();
        const std::string sql = mark_sql() + ", (SELECT " + is_as_held_sql() +
                                " FROM foreshadow.hold h WHERE h.slot = " + literal(name_) + ")";
        const result marked = co_await db->run(sql);
        if (marked.is_null(0, 1))
            throw error{errc::hold_lost, "another program released the hold", "the database is read again"};
        if (marked.text(0, 1) != "t") throw publication_lost();
        co_return position_of(marked.text(0, 0));
    }

    /// Notes durably what was acknowledged.
    task<> keep(position upto, std::optional<std::string> layout) {
        auto db = co_await pool_.take();
        std::vector<std::string> row{name_, std::to_string(upto.value)};
        std::string sql = "UPDATE foreshadow.hold SET acknowledged = $2::pg_catalog.text::pg_catalog.int8";
        if (layout) {
            row.push_back(std::move(*layout));
            sql += ", layout = $3";
        }
        sql += " WHERE slot = $1";
        const result kept = co_await db->run(sql, row);
    }

    /// Removes the slot and its row, whoever uses it: a walsender of a connection that was closed a moment ago may.
    task<> remove() {
        auto db = co_await pool_.take();
        const result table = co_await db->run("SELECT pg_catalog.to_regclass('foreshadow.hold')");
        if (!table.is_null(0, 0)) {
            const std::string sql = "DELETE FROM foreshadow.hold WHERE slot = " + literal(name_);
            const result gone = co_await db->run(sql);
        }
        const std::string sql =
            "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots "
            "WHERE database = pg_catalog.current_database() AND slot_name = " +
            literal(name_);
        const result dropped = co_await while_busy([&] { return db->run(sql); });
    }

  private:
    /// Whether all is published still by what it was when the row `h` of foreshadow.hold was written.
    [[nodiscard]] static std::string is_as_held_sql() {
        return "h.publication IS NOT DISTINCT FROM " + std::string{publication_state_sql};
    }
    [[nodiscard]] static error publication_lost() {
        return {errc::hold_lost, "publication foreshadow was dropped or altered: the log lacks what it left out",
                "the database is read again; leave the publication alone"};
    }

    /// A commit may be in the log before the slot's first position, so that the slot never sends it, and still not be
    /// visible. No chunk may be read before all of these are.
    task<> wait_until_visible(connection& db, snapshot seen_by_slot) {
        for (;;) {
            const result now = co_await db.run("SELECT pg_catalog.pg_current_snapshot()");
            const snapshot fresh = snapshot::read(now.text(0, 0));
            const bool all = std::none_of(fresh.active.begin(), fresh.active.end(),
                                          [&](transaction_id each) { return seen_by_slot.sees(each); });
            if (all) co_return;
            co_await clock_.sleep(.002);
        }
    }

    connection_pool& pool_;
    std::string name_;
    steady_clock clock_;
};

}  // namespace foreshadow::postgresql::detail

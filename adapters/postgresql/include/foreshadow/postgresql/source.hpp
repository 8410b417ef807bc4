// SPDX-License-Identifier: BSL-1.0
//
// A PostgreSQL database as a source. See the adapter's README for the mechanism, its limits, and what it leaves in the
// database until `release`.
#pragma once

#include "foreshadow/postgresql/log/follower.hpp"
#include "foreshadow/postgresql/log/slot.hpp"
#include "foreshadow/postgresql/scan/chunk_reader.hpp"
#include "foreshadow/postgresql/server/connection_pool.hpp"
#include "foreshadow/postgresql/setup/preflight.hpp"
#include "foreshadow/postgresql/setup/setup.hpp"
#include "foreshadow/postgresql/source_options.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/task.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql {

/// A database that is backed up while others write to it and change its partitions.
///
/// Guarantees: positions are commits of the server's log; a partition is a table with rows, leaf or not; no lock
/// outlives a chunk; no thread is blocked. Used from one thread at a time.
/// Errors: `invalid_argument` (URL, rights, settings), `unavailable` and `busy` (`retry::later`), `hold_lost`.
/// Example: `foreshadow::postgresql::source shop{"postgresql://backup@db.example/shop"};`
class source {
  public:
    static constexpr source_traits traits{.prefix_snapshots = false, .tells_layout = true, .parallel_reads = true};

    /// Touches nothing yet; the first call connects. Errors: `invalid_argument` where libpq cannot read the URL.
    explicit source(std::string url, source_options options = {})
        : state_{std::make_unique<state>(detail::address{std::move(url)}, std::move(options))} {}

    task<source_identity> identity() {
        state& s = *state_;
        auto db = co_await s.pool.take();
        const detail::result r = co_await db->run(
            "SELECT system_identifier, d.oid, d.datname FROM pg_catalog.pg_control_system(), pg_catalog.pg_database d "
            "WHERE d.datname = pg_catalog.current_database()");
        const std::string host = PQhost(db->get()) == nullptr ? "" : PQhost(db->get());
        std::string id = "postgresql-" + std::string{r.text(0, 0)} + "-" + std::string{r.text(0, 1)};
        std::string name = std::string{r.text(0, 2)} + (host.empty() ? "" : " at " + host);
        co_return source_identity{std::move(id), "postgresql", std::move(name)};
    }

    task<position> hold(std::optional<position> from) {
        state& s = *state_;
        s.log.stop();
        co_await set_up();
        co_await name_slot();
        if (!from) {
            detail::held_position held = co_await s.slot->begin();
            std::optional<detail::held_position> kept = co_await s.slot->find();
            if (!kept) throw error{errc::hold_lost, "another program released the hold", "run the same command again"};
            // Followed from here on; what was held before stays held for whoever goes on from it.
            const bool is_anew = kept->at == held.at;
            s.log.begin(s.slot->name(), std::move(is_anew ? kept->tables : held.tables), held.at, held.at);
            s.is_borrowed = !is_anew;
            co_return held.at;
        }
        std::optional<detail::held_position> kept = co_await s.slot->find();
        if (!kept)
            throw error{errc::hold_lost, "nothing is held in the database: its log was released",
                        "the same command reads the database again"};
        if (*from < kept->at)
            throw error{errc::hold_lost, "the log is held from " + detail::lsn_of(kept->at) + " only",
                        "the database is read again"};
        s.log.begin(s.slot->name(), std::move(kept->tables), kept->at, *from);
        s.is_borrowed = false;
        co_return *from;
    }

    task<> acknowledge(position upto) {
        state& s = *state_;
        require_hold();
        if (upto <= s.log.acknowledged()) co_return;
        std::optional<std::string> layout = co_await s.log.acknowledge(upto);
        if (s.is_borrowed && !layout) layout = s.log.acknowledged_tables();
        co_await s.slot->keep(upto, std::move(layout));
        s.is_borrowed = false;
        s.log.confirm();
    }
    task<bool> remembers(position acknowledged) {
        co_await name_slot();
        const std::optional<detail::held_position> kept = co_await state_->slot->find();
        co_return kept.has_value() && kept->at >= acknowledged;
    }
    /// Removes the slot, and where the role may, everything else that a hold left; see `left_behind`.
    task<> release() {
        co_await release_log();
        auto db = co_await state_->pool.take();
        const detail::surroundings here = co_await detail::look_around(*db);
        if (!here.is_superuser) co_return;
        const detail::result left =
            co_await db->run("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'foreshadow'");
        if (left.rows() == 0) co_return;
        // One whose slot is gone holds nothing: somebody dropped the slot, or the database is a copy.
        const detail::result others = co_await db->run(
            "SELECT 1 FROM foreshadow.hold h JOIN pg_catalog.pg_replication_slots s ON s.slot_name = h.slot AND "
            "s.database = pg_catalog.current_database()");
        if (others.rows() != 0) co_return;
        const detail::result gone = co_await db->run(detail::removal_sql());
    }
    /// Removes the slot only: what was set up stays.
    task<> release_log() {
        state& s = *state_;
        s.log.forget();
        co_await name_slot();
        co_await s.slot->remove();
    }

    task<foreshadow::layout> layout() {
        state& s = *state_;
        require_hold();
        foreshadow::layout shape = s.log.tables().layout_at(s.log.at());
        auto db = co_await s.pool.take();
        const detail::result sizes = co_await db->run(
            "SELECT c.oid, greatest(c.reltuples, 0)::int8, c.relpages::int8 * 8192 FROM pg_catalog.pg_class c "
            "WHERE c.relkind = 'r' AND c.oid >= 16384");
        std::map<std::uint64_t, int> rows;
        for (int i = 0; i < sizes.rows(); ++i) rows[detail::whole_number<object_id>(sizes.text(i, 0))] = i;
        for (partition& p : shape.partitions) {
            const auto found = rows.find(p.id.native & 0xffffffffU);
            if (p.holds != content::data || found == rows.end()) continue;
            p.rows = detail::whole_number<std::uint64_t>(sizes.text(found->second, 1));
            p.bytes = detail::whole_number<std::uint64_t>(sizes.text(found->second, 2));
        }
        co_return shape;
    }

    task<std::vector<omission>> omissions() {
        state& s = *state_;
        std::vector<omission> all = s.log.tables().omissions();
        auto db = co_await s.pool.take();
        const detail::result others = co_await db->run(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind FROM pg_catalog.pg_class c "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('f', 'm') AND c.oid >= 16384 "
            "UNION ALL SELECT 'subscription ' || subname, 's' FROM pg_catalog.pg_subscription s JOIN "
            "pg_catalog.pg_database d ON d.oid = s.subdbid AND d.datname = pg_catalog.current_database() "
            "UNION ALL SELECT 'large objects', 'L' WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_largeobject_metadata) "
            "ORDER BY 1");
        for (int i = 0; i < others.rows(); ++i) {
            const std::string_view kind = others.text(i, 1);
            all.push_back({std::string{others.text(i, 0)},
                           kind == "f"   ? "its rows are on another server"
                           : kind == "m" ? "it is a materialized view: refresh it after a restore"
                           : kind == "s" ? "it takes from a slot that is the original's: make another"
                                         : "no log tells their changes"});
        }
        co_return all;
    }
    task<std::vector<std::string>> cautions() {
        auto db = co_await state_->pool.take();
        const detail::surroundings here = co_await detail::look_around(*db);
        std::vector<std::string> all;
        for (const finding& f : here.findings)
            if (f.how == severity::note) all.push_back(f.what + "; " + f.mend);
        co_return all;
    }

    task<chunk> read(key_range range, read_budget budget, row_batch& rows) {
        require_hold();
        chunk made = co_await state_->chunks.read(std::move(range), budget, rows);
        co_return made;
    }
    task<> follow(position after, log_batch& out) {
        require_hold();
        co_await state_->log.follow(after, out);
    }
    task<position> head() {
        require_hold();
        const position now = co_await state_->slot->mark();
        co_return now;
    }
    task<foreshadow::strain> strain() {
        state& s = *state_;
        auto db = co_await s.pool.take();
        const double began = s.clock.seconds();
        const std::string sql =
            "SELECT coalesce(max(pg_catalog.pg_current_wal_insert_lsn() - restart_lsn), 0)::int8 "
            "FROM pg_catalog.pg_replication_slots WHERE slot_name = " +
            literal(s.log.slot());
        const detail::result kept = co_await db->run(sql);
        foreshadow::strain felt;
        felt.latency_seconds = s.clock.seconds() - began;
        felt.log_bytes =
            static_cast<double>(std::max<std::int64_t>(0, detail::whole_number<std::int64_t>(kept.text(0, 0))));
        co_return felt;
    }

    /// What is missing or dangerous, before anything is touched.
    task<std::vector<finding>> preflight() {
        auto db = co_await state_->pool.take();
        detail::surroundings here = co_await detail::look_around(*db);
        co_await detail::look_at_pg_dump(state_->options.pg_dump, db->server_version(), here.findings);
        co_return std::move(here.findings);
    }
    /// What an administrator runs once in the database, as statements, so that the role of the URL can back it up; only
    /// what is missing.
    task<std::string> setup() {
        auto db = co_await state_->pool.take();
        const detail::surroundings here = co_await detail::look_around(*db);
        co_return detail::setup_text(here);
    }
    /// What a hold, and the setup before it, left in the database.
    task<std::vector<std::string>> left_behind() {
        auto db = co_await state_->pool.take();
        const detail::result r = co_await db->run(
            "SELECT 'REPLICATION SLOT ' || slot_name FROM pg_catalog.pg_replication_slots WHERE database = "
            "pg_catalog.current_database() AND slot_name LIKE 'foreshadow%' "
            "UNION ALL SELECT 'EVENT TRIGGER ' || evtname FROM pg_catalog.pg_event_trigger WHERE evtname LIKE "
            "'foreshadow\\_%' "
            "UNION ALL SELECT 'PUBLICATION ' || pubname FROM pg_catalog.pg_publication WHERE pubname = 'foreshadow' "
            "UNION ALL SELECT 'SCHEMA ' || nspname FROM pg_catalog.pg_namespace WHERE nspname = 'foreshadow' ORDER BY "
            "1");
        std::vector<std::string> names;
        for (int i = 0; i < r.rows(); ++i) names.emplace_back(r.text(i, 0));
        co_return names;
    }

  private:
    struct state {
        state(detail::address where, source_options chosen)
            : options{std::move(chosen)}, pool{std::move(where)}, log{pool, options}, chunks{pool, log, options} {}
        source_options options;
        detail::connection_pool pool;
        detail::follower log;
        detail::chunk_reader chunks;
        std::optional<detail::slot> slot;
        steady_clock clock;
        bool is_borrowed = false;  ///< another hold, from before, is what the slot keeps
    };

    void require_hold() const {
        if (!state_->log.is_begun()) throw error{errc::hold_lost, "nothing is held in the database", "hold it first"};
    }

    /// The slot's name has to be the database's own: all databases of a server share their names.
    task<> name_slot() {
        state& s = *state_;
        if (s.slot) co_return;
        std::string name = s.options.slot;
        if (name.empty()) {
            auto db = co_await s.pool.take();
            const detail::result r = co_await db->run(
                "SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()");
            name = "foreshadow_" + std::string{r.text(0, 0)};
        }
        s.slot.emplace(s.pool, std::move(name));
    }

    /// Makes what `hold` needs, where it is not there and the role may.
    task<> set_up() {
        auto db = co_await state_->pool.take();
        const detail::surroundings here = co_await detail::look_around(*db);
        for (const finding& f : here.findings)
            if (f.how == severity::obstacle) throw error{errc::invalid_argument, f.what, f.mend};
        if (here.is_set_up) co_return;
        const detail::result begun = co_await db->run("SELECT pg_catalog.to_regclass('foreshadow.known')");
        if (begun.is_null(0, 0)) {
            const detail::result made = co_await db->run(detail::objects_sql());
        }
        const detail::result mended = co_await db->run(detail::identities_sql());
        const detail::result published = co_await db->run(detail::publication_sql());
    }

    std::unique_ptr<state> state_;
};

static_assert(foreshadow::source<source>);

}  // namespace foreshadow::postgresql

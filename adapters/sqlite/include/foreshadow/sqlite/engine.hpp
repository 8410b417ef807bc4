// SPDX-License-Identifier: BSL-1.0
//
// The blocking side of a source: its connections, and what it knows of the schema. One connection follows, one
// writes (hold, reconciliation, pruning), several read chunks; none keeps a transaction open between two calls.
#pragma once

#include "foreshadow/source/log_batch.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/sqlite/database/connection_pool.hpp"
#include "foreshadow/sqlite/database/read_gate.hpp"
#include "foreshadow/sqlite/layout/catalog.hpp"
#include "foreshadow/sqlite/log/log_reader.hpp"
#include "foreshadow/sqlite/scan/chunk_reader.hpp"
#include "foreshadow/sqlite/setup/left_behind.hpp"
#include "foreshadow/sqlite/setup/name_clashes.hpp"
#include "foreshadow/sqlite/source_options.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::sqlite::detail {

class engine {
  public:
    engine(std::string path, const source_options& options)
        : path_{std::move(path)},
          options_{options},
          gate_{options.longest_overlap},
          readers_{path_, options.busy_timeout} {}

    [[nodiscard]] std::string identity() {
        const std::lock_guard guard{writing_};
        connection& db = writer();
        refuse_name_clashes(db);
        if (has_log(db)) return db.text("SELECT uuid FROM foreshadow_control");
        if (planned_uuid_.empty()) planned_uuid_ = fresh_uuid();
        return planned_uuid_;
    }

    [[nodiscard]] position hold(std::optional<position> from) {
        const std::lock_guard following{following_};
        {
            const std::lock_guard guard{writing_};
            connection& db = writer();
            refuse_name_clashes(db);
            if (!has_log(db)) {
                if (from)
                    throw error{errc::hold_lost, "nothing is held in " + path_ + ": its log was released",
                                "the same command reads the database again"};
                begin_log(db);
            }
            check_format(db);
            if (!planned_uuid_.empty() && db.text("SELECT uuid FROM foreshadow_control") != planned_uuid_)
                throw error{errc::busy, "another backup of " + path_ + " began at the same time",
                            "run the same command again"};
            if ((db.number("SELECT recursive FROM foreshadow_control") != 0) !=
                capture().writers_use_recursive_triggers)
                db.execute(std::string{"UPDATE foreshadow_control SET recursive = "} +
                           (capture().writers_use_recursive_triggers ? "1" : "0"));
        }
        transaction look = begin_reconciled(follower());
        const position now{static_cast<std::uint64_t>(log_end(follower()))};
        log_batch nothing;
        log_reader{follower(), *tables(), from.value_or(now), nothing}.check();
        if (now.value - from.value_or(now).value > options_.most_backlog)
            throw error{errc::hold_lost, "more was written since the last backup than is worth following in " + path_,
                        "back up more often; now the database is read again"};
        pending_.clear();
        followed_ = from.value_or(now);
        known_.reset();
        if (followed_ == now) {
            known_definitions here{now, tables()->schema_version, read_schema(follower(), tables()->omissions),
                                   read_settings(follower())};
            // Definitions may have changed without a trace in the log since somebody followed it to its end.
            if (!from || follower().text("SELECT defined FROM foreshadow_control") == fingerprint(here))
                known_ = std::move(here);
        }
        return followed_;
    }

    void acknowledge(position upto) {
        const std::lock_guard following{following_};
        const std::lock_guard guard{writing_};
        connection& db = writer();
        for (bool is_done = false; !is_done;) {
            transaction work{db, transaction::kind::write};
            if (!has_log(db)) return;
            const std::int64_t last = std::min(static_cast<std::int64_t>(upto.value), log_end(db));
            const std::int64_t before = db.number("SELECT pruned_upto FROM foreshadow_control");
            const std::int64_t pruned = std::min(last, before + options_.prune_rows);
            if (before < pruned) {
                statement& forget = db.cached(
                    "DELETE FROM foreshadow_log WHERE pos <= ?1 AND pos < (SELECT max(pos) FROM foreshadow_log)");
                forget.bind(1, pruned);
                forget.run();
                statement& note = db.cached("UPDATE foreshadow_control SET pruned_upto = ?1");
                note.bind(1, pruned);
                note.run();
            }
            is_done = pruned >= last;
            if (is_done && known_ && known_->at == upto) {
                statement& note = db.cached("UPDATE foreshadow_control SET defined = ?1 WHERE defined <> ?1");
                note.bind(1, fingerprint(*known_));
                note.run();
            }
            work.commit();
        }
    }

    /// Whether the log was forgotten up to `acknowledged` in this very file: in an older copy of it, it was not.
    [[nodiscard]] bool remembers(position acknowledged) {
        const std::lock_guard guard{writing_};
        connection& db = writer();
        return has_log(db) && static_cast<std::uint64_t>(db.number("SELECT pruned_upto FROM foreshadow_control")) >=
                                  acknowledged.value;
    }

    void release() {
        const std::lock_guard following{following_};
        const std::lock_guard guard{writing_};
        connection& db = writer();
        transaction work{db, transaction::kind::write};
        refuse_name_clashes(db);
        remove_left_behind(db);
        work.commit();
        db.forget_statements();
        planned_uuid_.clear();
        publish(nullptr);
        pending_.clear();
        known_.reset();
    }

    /// See `detail::left_behind`.
    [[nodiscard]] std::vector<std::string> left_behind() {
        const std::lock_guard guard{writing_};
        return detail::left_behind(writer());
    }

    /// The layout at the end of a commit: what the log gained until then is kept for `follow`, so that its commits end
    /// there.
    [[nodiscard]] layout tell_layout() {
        const std::lock_guard following{following_};
        require_hold();
        log_batch batch;
        const position after = pending_.empty() ? followed_ : pending_.back().upto;
        layout shape;
        poll(after, batch, &shape);
        if (batch.upto > after) pending_.push_back(std::move(batch));
        return shape;
    }

    /// What the schema has and the layout has not.
    [[nodiscard]] std::vector<omission> omissions() const {
        const auto known = tables();
        return known == nullptr ? std::vector<omission>{} : known->omissions;
    }

    [[nodiscard]] chunk read(const key_range& range, const read_budget& budget, row_batch& rows) {
        const read_gate::pass pass = gate_.enter();
        const connection_pool::lease reader{readers_};
        transaction look = begin_reconciled(*reader);
        const auto used = tables();
        range_scan scan{*reader, *used, budget, rows};
        chunk result{{range.begin, {}}, horizon::exactly({static_cast<std::uint64_t>(log_end(*reader))})};
        result.interval.end = scan.run(range);
        return result;
    }

    /// One look at the log; false where nothing happened.
    [[nodiscard]] bool follow(position after, log_batch& out) {
        const std::lock_guard following{following_};
        require_hold();
        while (!pending_.empty() && pending_.front().upto <= after) pending_.pop_front();
        if (!pending_.empty() && pending_.front().after == after) {
            out = pending_.front();
            return true;
        }
        pending_.clear();
        const std::int64_t data_version = follower().number("PRAGMA data_version");
        if (data_version == seen_data_version_ && after == followed_ && known_ && known_->at == after) {
            out.clear();
            out.after = out.upto = after;
            out.now = wall_now();
            return false;
        }
        poll(after, out, nullptr);
        seen_data_version_ = data_version;
        followed_ = out.upto;
        return out.upto > after;
    }

    /// The end of the log, after every change that leaves no trace in it was given a position.
    [[nodiscard]] position head() {
        const std::lock_guard following{following_};
        require_hold();
        transaction look = begin_reconciled(follower());
        const position end{static_cast<std::uint64_t>(log_end(follower()))};
        if (known_ && (known_->at != end || !log_reader::differ(follower(), *known_, *tables()))) return end;
        look.commit();
        return mark();
    }

    [[nodiscard]] strain feel() {
        const auto begun = std::chrono::steady_clock::now();
        {
            const connection_pool::lease reader{readers_};
            (void)(*reader).number("SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)");
        }
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begun;
        return {.latency_seconds = spent.count(), .log_bytes = static_cast<double>(wal_bytes())};
    }

    /// Lets the WAL restart: called where no reader is at work.
    void pause_readers() {
        if (!gate_.wants_pause()) return;
        const read_gate::pause pause = gate_.hold_back();
        if (wal_bytes() < options_.checkpoint_above_bytes) return;
        const std::lock_guard guard{writing_};
        sqlite3_wal_checkpoint_v2(writer().get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    }

    [[nodiscard]] const source_options& options() const noexcept { return options_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

  private:
    [[noreturn]] void throw_not_held() const {
        throw error{errc::hold_lost, "nothing is held in " + path_ + ": its log was released",
                    "the same command begins a new one, and reads the database again"};
    }
    void require_hold() {
        if (!has_log(follower())) throw_not_held();
    }
    void check_format(connection& db) const {
        const std::int64_t format = db.number("SELECT format FROM foreshadow_control");
        if (format > log_format)
            throw error{errc::unsupported_format,
                        "the log in " + path_ + " has format " + std::to_string(format) + ", this program knows " +
                            std::to_string(log_format),
                        "use the newer program, or remove the log with its `foreshadow release`"};
    }

    [[nodiscard]] connection& writer() {
        if (!writer_) writer_ = open_existing(path_, options_.busy_timeout);
        return *writer_;
    }
    [[nodiscard]] connection& follower() {
        if (!follower_) follower_ = open_existing(path_, options_.busy_timeout);
        return *follower_;
    }
    [[nodiscard]] capture_options capture() const { return {options_.writers_use_recursive_triggers}; }
    [[nodiscard]] std::int64_t wal_bytes() const {
        std::error_code missing;
        const auto bytes = std::filesystem::file_size(path_ + "-wal", missing);
        return missing ? 0 : static_cast<std::int64_t>(bytes);
    }

    [[nodiscard]] std::shared_ptr<const catalog> tables() const {
        const std::lock_guard guard{publishing_};
        return tables_;
    }
    void publish(std::shared_ptr<const catalog> now) {
        const std::lock_guard guard{publishing_};
        tables_ = std::move(now);
    }

    void begin_log(connection& db) {
        transaction work{db, transaction::kind::write};
        if (has_log(db)) return;  // another backup began at the same time
        create_books(db, planned_uuid_.empty() ? fresh_uuid() : planned_uuid_, capture());
        correct(db, survey_of(db, capture()), telling::untold);
        auto now = std::make_shared<const catalog>(survey_of(db, capture()).now);
        work.commit();
        publish(std::move(now));
    }

    /// A read transaction of `db` whose schema is the catalog's; reconciles where it is not.
    [[nodiscard]] transaction begin_reconciled(connection& db) {
        for (;;) {
            transaction look{db, transaction::kind::read};
            const std::int64_t version = db.number("PRAGMA schema_version");
            const auto known = tables();
            if (known != nullptr && known->schema_version == version) return look;
            if (!has_log(db)) throw_not_held();
            look.commit();
            db.forget_statements();
            const std::lock_guard guard{writing_};
            const auto other = tables();
            const if_equal then = known != nullptr ? if_equal::mark : if_equal::leave_nothing;
            if (other == known) publish(reconcile(writer(), capture(), then));
        }
    }

    /// A commit of our own, without content.
    position mark() {
        const std::lock_guard guard{writing_};
        transaction work{writer(), transaction::kind::write};
        const position at{static_cast<std::uint64_t>(mark_commit(writer()))};
        work.commit();
        return at;
    }

    void poll(position after, log_batch& out, layout* shape) {
        for (;;) {
            transaction look = begin_reconciled(follower());
            const auto used = tables();
            log_reader log{follower(), *used, after, out};
            log.check();
            if (log.end() > after) {
                log.read(known_);
            } else if (!known_ || known_->at != after || log_reader::differ(follower(), *known_, *used)) {
                // Definitions changed, or may have, without a trace in the log: a mark gives the change a position.
                look.commit();
                (void)mark();
                continue;
            }
            if (shape != nullptr) *shape = layout_of(follower(), *used, log.end());
            return;
        }
    }

    std::string path_;
    source_options options_;
    read_gate gate_;
    connection_pool readers_;

    std::mutex following_;  ///< taken before `writing_`
    std::unique_ptr<connection> follower_;
    std::deque<log_batch> pending_;
    position followed_;
    std::optional<known_definitions> known_;
    std::int64_t seen_data_version_ = -1;

    std::mutex writing_;
    std::unique_ptr<connection> writer_;
    std::string planned_uuid_;

    mutable std::mutex publishing_;
    std::shared_ptr<const catalog> tables_;
};

}  // namespace foreshadow::sqlite::detail

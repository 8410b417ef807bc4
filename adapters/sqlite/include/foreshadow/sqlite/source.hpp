// SPDX-License-Identifier: BSL-1.0
//
// An SQLite database as a source. Whoever writes to it, from whatever process, goes on as before: what a hold adds is
// triggers and a log of keys, all of it named `foreshadow_`, all of it gone after `release`. See the adapter's README
// for the mechanism, its limits and what it costs.
#pragma once

#include "foreshadow/run/steady_clock.hpp"
#include "foreshadow/run/workers.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/sqlite/engine.hpp"
#include "foreshadow/sqlite/preflight.hpp"
#include "foreshadow/task.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::sqlite {

/// A database that is backed up while others write to it.
///
/// Guarantees: positions are commits of the database (a poll sees whole transactions); a partition is a table, or a
/// range of a `partitioned_table`; nothing is kept locked between two calls.
/// Errors: `not_found`, `invalid_argument` (no database, read-only), `busy`, `unsupported` (names the table),
/// `hold_lost`. Example: `foreshadow::sqlite::source shop{"shop.db"};`
class source {
  public:
    static constexpr source_traits traits{.prefix_snapshots = true, .tells_layout = true, .parallel_reads = true};

    /// Touches nothing yet; the first call opens the file.
    explicit source(std::string path, source_options options = {})
        : engine_{std::make_unique<detail::engine>(std::move(path), options)},
          pool_{std::make_unique<workers>(options.readers + 2)} {}

    task<source_identity> identity() {
        std::string id = co_await offload(*pool_, [e = engine_.get()] { return e->identity(); });
        co_return source_identity{std::move(id), "sqlite", engine_->path()};
    }

    task<position> hold(std::optional<position> from) {
        co_return co_await offload(*pool_, [e = engine_.get(), from] { return e->hold(from); });
    }
    task<> acknowledge(position upto) {
        co_await offload(*pool_, [e = engine_.get(), upto] { e->acknowledge(upto); });
    }
    task<bool> remembers(position acknowledged) {
        co_return co_await offload(*pool_, [e = engine_.get(), acknowledged] { return e->remembers(acknowledged); });
    }
    task<> release() {
        co_await offload(*pool_, [e = engine_.get()] { e->release(); });
    }

    task<foreshadow::layout> layout() {
        co_return co_await offload(*pool_, [e = engine_.get()] { return e->tell_layout(); });
    }

    task<std::vector<omission>> omissions() { co_return engine_->omissions(); }
    task<std::vector<std::string>> cautions() {
        co_return co_await offload(*pool_, [e = engine_.get()] { return detail::cautions(e->path(), e->options()); });
    }

    task<chunk> read(key_range range, read_budget budget, row_batch& rows) {
        co_return co_await offload(*pool_, [e = engine_.get(), &range, budget, &rows] {
            e->pause_readers();
            return e->read(range, budget, rows);
        });
    }

    task<> follow(position after, log_batch& out) {
        const double until = clock_.seconds() + seconds(engine_->options().heartbeat);
        for (;;) {
            const bool moved =
                co_await offload(*pool_, [e = engine_.get(), after, &out] { return e->follow(after, out); });
            if (moved || clock_.seconds() >= until) co_return;
            co_await clock_.sleep(seconds(engine_->options().poll_interval));
        }
    }
    task<position> head() {
        co_return co_await offload(*pool_, [e = engine_.get()] { return e->head(); });
    }
    task<foreshadow::strain> strain() {
        co_return co_await offload(*pool_, [e = engine_.get()] { return e->feel(); });
    }

    /// What is missing or dangerous, before anything is touched.
    task<std::vector<finding>> preflight() {
        co_return co_await offload(*pool_, [e = engine_.get()] { return detail::preflight(e->path(), e->options()); });
    }
    /// What a hold left in the database: triggers and tables by name.
    task<std::vector<std::string>> left_behind() {
        co_return co_await offload(*pool_, [e = engine_.get()] { return e->left_behind(); });
    }

  private:
    [[nodiscard]] static double seconds(std::chrono::milliseconds time) {
        return std::chrono::duration<double>(time).count();
    }

    std::unique_ptr<detail::engine> engine_;
    std::unique_ptr<workers> pool_;  ///< ends before the engine that its work uses
    steady_clock clock_;
};

static_assert(foreshadow::source<source>);

}  // namespace foreshadow::sqlite

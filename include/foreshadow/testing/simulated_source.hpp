// SPDX-License-Identifier: BSL-1.0
//
// The source of a simulated database. Everything takes virtual time, in which the database goes on living: between the
// request of a chunk and its snapshot, and between the snapshot and the answer.
#pragma once

#include "foreshadow/source/source.hpp"
#include "foreshadow/testing/detail/simulated_answers.hpp"
#include "foreshadow/testing/simulated_database.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

/// A handle: copies speak of the same database.
class simulated_source {
  public:
    /// Not every snapshot is a prefix: `database_options::prefix_snapshots` says whether these are.
    static constexpr source_traits traits{.prefix_snapshots = false, .tells_layout = true, .parallel_reads = true};

    explicit simulated_source(std::shared_ptr<simulated_database> database) : database_{std::move(database)} {}

    [[nodiscard]] simulated_database& database() const noexcept { return *database_; }

    task<source_identity> identity() {
        co_return source_identity{"simulated-" + std::to_string(database_->options.work.seed), "simulated",
                                  "seed " + std::to_string(database_->options.work.seed)};
    }

    task<position> hold(std::optional<position> from) {
        auto& d = *database_;
        co_await d.clock.sleep(.001);
        if (from) {
            if (*from < d.retained || !d.held) throw detail::log_lost(*from);
            co_return *from;
        }
        d.settle();
        d.retained = some_quiet_position();
        d.held = d.retained;
        co_return d.retained;
    }

    task<> acknowledge(position p) {
        auto& d = *database_;
        co_await d.clock.sleep(.001);
        d.forget_log(p);
    }

    /// A database that was put back to an older copy of itself has acknowledged less.
    task<bool> remembers(position acknowledged) {
        auto& d = *database_;
        co_await d.clock.sleep(.001);
        co_return d.held.has_value() && acknowledged <= d.retained;
    }

    task<> release() {
        database_->held.reset();
        co_return;
    }

    task<std::vector<omission>> omissions() { co_return database_->options.omissions; }

    task<foreshadow::layout> layout() {
        auto& d = *database_;
        co_await d.clock.sleep(.002);
        foreshadow::layout now = d.past().current_layout();
        now.at = std::max(d.past().end(), d.retained);  // a hold may be above the last commit
        detail::estimate(d, now);
        co_return now;
    }

    task<chunk> read(key_range range, read_budget budget, row_batch& rows) {
        auto& d = *database_;
        co_await d.clock.sleep(d.chances.gap(d.options.read_seconds / 2));
        const chunk made = read_now(range, budget, rows);
        co_await d.clock.sleep(d.chances.gap(d.options.read_seconds / 2));
        co_return made;
    }

    task<> follow(position after, log_batch& out) {
        auto& d = *database_;
        ++d.follows;
        co_await d.clock.sleep(d.chances.gap(.002));
        check(after);
        if (d.past().quiet_until() <= after) {
            d.follower = {};
            co_await d.clock.sleep(d.options.heartbeat_seconds, d.follower);
            check(after);
        }
        detail::deliver(d, d.past().commits(), d.past().quiet_until(), after, out);
    }

    task<position> head() {
        co_await database_->clock.sleep(.001);
        co_return some_quiet_position();
    }

    task<foreshadow::strain> strain() { co_return foreshadow::strain{.latency_seconds = .002, .log_bytes = 0}; }

  private:
    void check(position after) const {
        if (!database_->held || after < database_->retained) throw detail::log_lost(after);
    }

    /// A position at or above the last commit that no commit will come at or below.
    [[nodiscard]] position some_quiet_position() {
        auto& d = *database_;
        const position end = std::max(d.past().end(), d.retained);
        return {d.chances.between(end.value, std::max(end, d.past().quiet_until()).value)};
    }

    chunk read_now(const key_range& range, const read_budget& budget, row_batch& rows) {
        auto& d = *database_;
        const auto [seen, missing] = d.snapshot();
        chunk made{.interval = {range.begin, detail::border(d.past().current_layout(), range)}, .seen = seen};

        // What the snapshot lacks is undone, the latest first.
        detail::old_values undone;
        for (auto i = missing.rbegin(); i != missing.rend(); ++i) {
            const auto& before = d.past().commits()[*i].before;
            for (auto write = before.rbegin(); write != before.rend(); ++write)
                if (made.interval.contains(write->first)) undone.insert_or_assign(write->first, write->second);
        }
        detail::read_rows(d, undone, budget, made, rows);
        return made;
    }

    std::shared_ptr<simulated_database> database_;
};

static_assert(source<simulated_source>);

}  // namespace foreshadow::testing

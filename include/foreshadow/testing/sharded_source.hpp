// SPDX-License-Identifier: BSL-1.0
//
// The source of a simulated database with several logs. Its positions are those of closed cuts. A chunk is read from
// the one shard that has its keys, in a snapshot of that shard; its horizon is known when the order of all logs has got
// there, and a snapshot between two parts of one step is taken again.
#pragma once

#include "foreshadow/source/source.hpp"
#include "foreshadow/testing/detail/simulated_answers.hpp"
#include "foreshadow/testing/simulated_shards.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

/// A handle: copies speak of the same database.
class sharded_source {
  public:
    /// A shard's snapshot is a prefix of its own log, and of the order of all only as far as its own keys go.
    static constexpr source_traits traits{.prefix_snapshots = true, .tells_layout = true, .parallel_reads = true};

    explicit sharded_source(std::shared_ptr<simulated_shards> shards) : shards_{std::move(shards)} {}

    task<source_identity> identity() {
        const std::string seed = std::to_string(whole().options.work.seed);
        co_return source_identity{"sharded-" + seed, "simulated", "shards of seed " + seed};
    }

    task<position> hold(std::optional<position> from) {
        co_await whole().clock.sleep(.001);
        if (from) {
            check(*from);
            co_return *from;
        }
        shards_->catch_up();
        auto& d = whole();
        d.retained = shards_->end();
        d.held = d.retained;
        co_return d.retained;
    }

    task<> acknowledge(position p) {
        co_await whole().clock.sleep(.001);
        whole().forget_log(p);
    }

    task<bool> remembers(position acknowledged) {
        co_await whole().clock.sleep(.001);
        co_return whole().held.has_value() && acknowledged <= whole().retained;
    }

    task<> release() {
        whole().held.reset();
        co_return;
    }

    task<std::vector<omission>> omissions() { co_return whole().options.omissions; }

    task<foreshadow::layout> layout() {
        co_await whole().clock.sleep(.002);
        shards_->catch_up();
        foreshadow::layout now = shards_->current_layout();
        now.at = shards_->end();
        detail::estimate(whole(), now);
        co_return now;
    }

    task<chunk> read(key_range range, read_budget budget, row_batch& rows) {
        auto& d = whole();
        const row_batch before = rows;
        for (;;) {
            co_await d.clock.sleep(d.chances.gap(d.options.read_seconds / 2));
            shards_->catch_up();
            const shard_logs::owner from = shards_->logs().owner_of(range.begin);
            if (!from.shard) continue;  // on their way from one shard to another
            chunk made = read_now(from, range, budget, rows);
            const std::vector<std::size_t> all = shards_->logs().logged();
            std::vector<std::size_t> seen(all.size());
            seen[*from.shard] = all[*from.shard];
            co_await until_ordered(seen);
            co_await d.clock.sleep(d.chances.gap(d.options.read_seconds / 2));
            if (const auto at = shards_->stretch_of(*from.shard, seen[*from.shard])) {
                made.seen = horizon::exactly({d.chances.between(at->first.value, at->second.value)});
                co_return made;
            }
            rows = before;
        }
    }

    task<> follow(position after, log_batch& out) {
        auto& d = whole();
        ++d.follows;
        co_await d.clock.sleep(d.chances.gap(.002));
        check(after);
        shards_->catch_up();
        double left = d.options.heartbeat_seconds;
        while (shards_->end() <= after && left > shard_logs::shortest_wait) {
            const double before = d.clock.seconds();
            d.follower = {};
            co_await d.clock.sleep(std::min(left, shards_->logs().seconds_to_next()), d.follower);
            left -= d.clock.seconds() - before;
            check(after);
            shards_->catch_up();
        }
        detail::deliver(d, shards_->commits(), shards_->end(), after, out);
    }

    /// What any shard shows by now is in the order of all up to there.
    task<position> head() {
        co_await whole().clock.sleep(.001);
        shards_->catch_up();
        const std::vector<std::size_t> all = shards_->logs().logged();
        co_await until_ordered(all);
        co_return shards_->end();
    }

    task<foreshadow::strain> strain() { co_return foreshadow::strain{.latency_seconds = .002, .log_bytes = 0}; }

  private:
    [[nodiscard]] simulated_database& whole() const noexcept { return shards_->whole(); }

    void check(position after) const {
        if (!whole().held || after < whole().retained) throw detail::log_lost(after);
    }

    /// Waits until the cut has moved on over so much of each log.
    task<> until_ordered(std::vector<std::size_t> parts) {
        while (!shards_->has(parts)) {
            const double seconds = shards_->logs().seconds_to_next();
            co_await whole().clock.sleep(seconds);
            shards_->catch_up();
        }
    }

    chunk read_now(const shard_logs::owner& from, const key_range& range, const read_budget& budget, row_batch& rows) {
        const key_range mine = intersection(range, shards_->logs().owned_around(range.begin));
        chunk made{.interval = {mine.begin, detail::border(shards_->current_layout(), mine)}, .seen = {}};
        const detail::old_values undone = shards_->logs().not_yet_in(from, made.interval);
        detail::read_rows(whole(), undone, budget, made, rows);
        return made;
    }

    std::shared_ptr<simulated_shards> shards_;
};

static_assert(source<sharded_source>);

}  // namespace foreshadow::testing

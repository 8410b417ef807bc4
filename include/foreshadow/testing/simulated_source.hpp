// SPDX-License-Identifier: BSL-1.0
//
// The source of a simulated database. Everything takes virtual time, in which the database goes on living: between the
// request of a chunk and its snapshot, and between the snapshot and the answer.
#pragma once

#include "foreshadow/source/source.hpp"
#include "foreshadow/testing/simulated_database.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

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
            if (*from < d.retained || !d.held) throw lost(*from);
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

    task<> release() {
        database_->held.reset();
        co_return;
    }

    task<foreshadow::layout> layout() {
        auto& d = *database_;
        co_await d.clock.sleep(.002);
        foreshadow::layout now = d.past().current_layout();
        now.at = std::max(d.past().end(), d.retained);  // a hold may be above the last commit
        for (partition& p : now.partitions) {
            p.rows = p.bytes = 0;
            if (!d.options.estimates) continue;
            for (auto row = d.past().rows().lower_bound(p.interval.begin);
                 row != d.past().rows().end() && p.interval.ends_after(row->first); ++row) {
                ++p.rows;
                p.bytes += row->first.size() + row->second.size();
            }
        }
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
        deliver(after, out);
    }

    task<position> head() {
        co_await database_->clock.sleep(.001);
        co_return some_quiet_position();
    }

    task<foreshadow::strain> strain() { co_return foreshadow::strain{.latency_seconds = .002, .log_bytes = 0}; }

  private:
    [[nodiscard]] static error lost(position p) {
        return error{errc::hold_lost, "the simulated log no longer reaches back to position " + std::to_string(p.value),
                     "read the database again"};
    }
    void check(position after) const {
        if (!database_->held || after < database_->retained) throw lost(after);
    }

    /// A position at or above the last commit that no commit will come at or below.
    [[nodiscard]] position some_quiet_position() {
        auto& d = *database_;
        const position end = std::max(d.past().end(), d.retained);
        return {d.chances.between(end.value, std::max(end, d.past().quiet_until()).value)};
    }

    void deliver(position after, log_batch& out) {
        auto& d = *database_;
        const auto& log = d.past().commits();
        out.clear();
        out.after = out.upto = after;
        out.now = d.clock.now();
        std::size_t next = d.past().first_above(after);
        for (std::size_t most = d.chances.between(1, 24); most > 0 && next < log.size(); --most, ++next) {
            const logged_commit& c = log[next];
            out.commits.push_back({c.at, c.time, out.changes.size(), c.changes.size()});
            for (const logged_change& change : c.changes)
                out.changes.append({change.kind, change.hint, {c.at, change.ordinal}, change.where, change.payload});
            out.layouts.insert(out.layouts.end(), c.layouts.begin(), c.layouts.end());
            out.upto = c.at;
        }
        if (next < log.size()) {
            out.upto = {d.chances.between(out.upto.value, log[next].at.value - 1)};
        } else if (out.commits.empty() || d.chances.chance(.5)) {
            out.upto = std::max(out.upto, d.past().quiet_until());
        }
    }

    chunk read_now(const key_range& range, const read_budget& budget, row_batch& rows) {
        auto& d = *database_;
        const auto [seen, missing] = d.snapshot();
        chunk made{.interval = {range.begin, border(range)}, .seen = seen};

        // What the snapshot lacks is undone, the latest first.
        std::map<key, std::optional<std::string>, std::less<>> undone;
        for (auto i = missing.rbegin(); i != missing.rend(); ++i) {
            const auto& before = d.past().commits()[*i].before;
            for (auto write = before.rbegin(); write != before.rend(); ++write)
                if (made.interval.contains(write->first)) undone.insert_or_assign(write->first, write->second);
        }
        const std::size_t most = std::max<std::size_t>(
            1, std::min(budget.rows, static_cast<std::size_t>(d.chances.between(1, d.options.rows_per_chunk))));
        const std::size_t before = rows.size();
        const std::size_t bytes_before = rows.bytes();
        auto row = d.past().rows().lower_bound(made.interval.begin);
        auto old = undone.begin();
        for (;;) {
            const bool has_row = row != d.past().rows().end() && made.interval.ends_after(row->first);
            if (!has_row && old == undone.end()) break;
            const bool is_undone = old != undone.end() && (!has_row || old->first <= row->first);
            const key& k = is_undone ? old->first : row->first;
            const std::string* value = is_undone ? (old->second ? &*old->second : nullptr) : &row->second;
            const std::size_t count = rows.size() - before;
            if (value != nullptr && count > 0 &&
                (count >= most || rows.bytes() - bytes_before + k.size() + value->size() > budget.bytes)) {
                made.interval.end = d.chances.chance(.5) ? k : successor(rows[rows.size() - 1].key);
                break;
            }
            if (value != nullptr) rows.append(k, *value);
            if (is_undone && has_row && old->first == row->first) ++row;
            if (is_undone) {
                ++old;
            } else {
                ++row;
            }
        }
        d.reads.push_back({made.interval, made.seen, rows.size() - before});
        return made;
    }

    /// Where a chunk of `range` ends at the latest: with the partition that owns its begin, or where the next one
    /// begins.
    [[nodiscard]] key border(const key_range& range) const {
        const foreshadow::layout& now = database_->past().current_layout();
        if (const partition* p = now.owner(range.begin)) return intersection(range, p->interval).end;
        for (const partition& p : now.partitions)
            if (p.interval.begin > range.begin && range.ends_after(p.interval.begin)) return p.interval.begin;
        return range.end;
    }

    std::shared_ptr<simulated_database> database_;
};

static_assert(source<simulated_source>);

}  // namespace foreshadow::testing

// SPDX-License-Identifier: BSL-1.0
//
// A database that lives on its own in virtual time and keeps its whole history. What its sources do draws from another
// engine than what its users do, so the history of a seed is the same whoever looks at it.
#pragma once

#include "foreshadow/plane/horizon.hpp"
#include "foreshadow/source/omission.hpp"
#include "foreshadow/testing/virtual_time.hpp"
#include "foreshadow/testing/workload.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct database_options {
    workload_options work;
    std::size_t warm_up = 150;       ///< steps before anybody looks
    double mean_gap_seconds = 0.01;  ///< between the steps of `live`
    bool prefix_snapshots = true;    ///< false: a commit can be in the log and not yet visible
    bool estimates = true;           ///< whether the layout tells sizes
    double read_seconds = 0.004;     ///< the mean time of a chunk
    double heartbeat_seconds = 0.5;
    std::size_t rows_per_chunk = 40;       ///< the most that a chunk reads, whatever its budget
    std::vector<omission> omissions = {};  ///< what there is in no partition, as its source tells it
};

/// A chunk that somebody read.
struct read_record {
    key_range interval;
    horizon seen;
    std::size_t rows = 0;
};

class simulated_database {
  public:
    simulated_database(virtual_clock time, database_options chosen)
        : options{std::move(chosen)},
          clock{std::move(time)},
          chances{options.work.seed * 31 + 5},
          work_{options.work},
          gaps_{options.work.seed * 131 + 3} {
        const wall_time first = clock.now();
        constexpr std::int64_t gap = 10'000;
        const auto steps = static_cast<std::int64_t>(options.warm_up);
        work_.found({first.microseconds - (steps + 10) * gap});
        for (std::int64_t i = 0; i < steps; ++i) work_.step({first.microseconds - (steps - i) * gap});
        note_new();
        settle();
    }

    /// A copy of everything, as of a file: its log, what is held, and what was acknowledged.
    simulated_database(const simulated_database& other)
        : options{other.options},
          clock{other.clock},
          chances{other.chances},
          held{other.held},
          retained{other.retained},
          reads{other.reads},
          follows{other.follows},
          work_{other.work_},
          gaps_{other.gaps_},
          lags_{other.lags_},
          visible_from_{other.visible_from_},
          announced_{other.announced_} {}
    simulated_database& operator=(const simulated_database&) = delete;
    ~simulated_database() = default;

    /// From now on, its users do something else than those of the database that it is a copy of.
    void diverge(std::uint64_t seed) { work_.diverge(seed); }

    [[nodiscard]] const history& past() const noexcept { return work_.past(); }

    /// One step of users and engine, now.
    void step() {
        work_.step(clock.now());
        note_new();
        if (past().end() > announced_) clock.wake(follower);
        announced_ = past().end();
    }

    /// Lives for a number of steps, in virtual time.
    task<> live(std::size_t steps) {
        for (; steps > 0; --steps) {
            co_await clock.sleep(gaps_.gap(options.mean_gap_seconds));
            step();
        }
    }

    /// Lets every commit be visible from now on, as a database does before it lets its log be held.
    void settle() { std::fill(visible_from_.begin(), visible_from_.end(), std::size_t{0}); }

    /// What a snapshot taken now contains, and the commits of the log that it lacks, ascending.
    [[nodiscard]] std::pair<horizon, std::vector<std::size_t>> snapshot() const {
        const auto& log = past().commits();
        const std::size_t count = log.size();
        const std::size_t recent = count > longest_lag ? count - longest_lag : 0;
        std::vector<std::size_t> missing;
        for (std::size_t i = recent; i < count; ++i)
            if (visible_from_[i] > count) missing.push_back(i);
        if (missing.empty()) return {horizon::exactly(past().end()), {}};
        horizon seen;
        seen.low = seen.high = missing.front() == 0 ? past().start() : log[missing.front() - 1].at;
        for (std::size_t i = missing.front(); i < count; ++i)
            if (visible_from_[i] <= count) seen.also.push_back(log[i].at);
        if (!seen.also.empty()) seen.high = seen.also.back();
        return {std::move(seen), std::move(missing)};
    }

    /// How often a chunk with rows or without covered this key.
    [[nodiscard]] std::size_t times_read(key_view k) const {
        return static_cast<std::size_t>(
            std::count_if(reads.begin(), reads.end(), [&](const read_record& r) { return r.interval.contains(k); }));
    }

    /// Forgets the log up to `p`, whether or not anybody holds it.
    void forget_log(position p) {
        if (retained < p) retained = p;
    }

    const database_options options;
    virtual_clock clock;

    // What sources share; a test may look at it.
    seeded_random chances;
    std::optional<position> held;  ///< whether somebody holds the log
    position retained;             ///< the log is whole above here
    std::vector<read_record> reads;
    std::size_t follows = 0;
    virtual_clock::ticket follower{-1, 0};

  private:
    static constexpr std::size_t longest_lag = 12;

    [[nodiscard]] static bool conflicts(const logged_commit& a, const logged_commit& b) {
        if (!a.layouts.empty() || !b.layouts.empty()) return true;
        return std::any_of(a.changes.begin(), a.changes.end(), [&](const logged_change& x) {
            return std::any_of(b.changes.begin(), b.changes.end(),
                               [&](const logged_change& y) { return x.reach().overlaps(y.reach()); });
        });
    }
    [[nodiscard]] static bool must_be_visible(const logged_commit& c) {
        return !c.layouts.empty() || std::any_of(c.changes.begin(), c.changes.end(), [](const logged_change& x) {
            return x.kind == change_kind::replaced;
        });
    }

    /// The first commit that may be invisible still when `i` is made.
    [[nodiscard]] static std::size_t first_beside(std::size_t i) { return i < longest_lag ? 0 : i - longest_lag + 1; }

    /// Gives new commits the length of the log at which they become visible. What a commit builds upon is visible no
    /// later than itself, since a real database orders the two by locks.
    void note_new() {
        const auto& log = past().commits();
        while (visible_from_.size() < log.size()) {
            const std::size_t n = visible_from_.size();
            const bool lags = !options.prefix_snapshots && !must_be_visible(log[n]) && lags_.chance(.4);
            visible_from_.push_back(n + 1 + (lags ? static_cast<std::size_t>(lags_.below(longest_lag - 1)) : 0));
            if (options.prefix_snapshots) continue;
            for (std::size_t i = n; i-- > first_beside(n);)
                if (visible_from_[i] > visible_from_[n] && conflicts(log[i], log[n])) make_visible(i, visible_from_[n]);
        }
    }

    /// Makes commit `i`, and what it builds upon, visible no later than at the length `from`.
    void make_visible(std::size_t i, std::size_t from) {
        const auto& log = past().commits();
        visible_from_[i] = std::min(visible_from_[i], from);
        for (std::size_t j = i; j-- > first_beside(i);)
            if (visible_from_[j] > from && conflicts(log[j], log[i])) make_visible(j, from);
    }

    workload work_;
    seeded_random gaps_;
    seeded_random lags_{options.work.seed * 17 + 11};
    std::vector<std::size_t> visible_from_;
    position announced_;
};

}  // namespace foreshadow::testing

// SPDX-License-Identifier: BSL-1.0
//
// Partitions that change at random times, and forecasts of that which are given: one that knows most of it, one that
// knows all, and one that says the same of other partitions. Both benchmarks of order and pace begin with these.
#pragma once

#include "foreshadow/testing/random.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

enum class knowledge { none, forecast, oracle, shuffled };

/// What a forecast says, in seconds of a run: it is out from its time until its partition changes or the horizon is
/// over.
struct warning {
    double from;
    double upto;
    std::size_t partition;
    double confidence;
};

struct foretold_changes {
    std::size_t partitions;
    std::size_t changing;
    double begin;         ///< seconds; no partition changes before it
    double end;           ///< and none after it
    double horizon;       ///< of the forecast
    double idle;          ///< from when on there are warnings that come to nothing
    double recall = .72;  ///< of the forecast; as many of its warnings come to nothing

    /// When each partition changes; infinity where it does not.
    [[nodiscard]] std::vector<double> times(foreshadow::testing::seeded_random& random) const {
        std::vector<std::size_t> all(partitions);
        for (std::size_t i = 0; i < partitions; ++i) all[i] = i;
        std::vector<double> at(partitions, std::numeric_limits<double>::infinity());
        for (std::size_t i = 0; i < changing; ++i) {
            std::swap(all[i], all[i + random.below(partitions - i)]);
            at[all[i]] = begin + (end - begin) * random.unit();
        }
        return at;
    }

    [[nodiscard]] std::vector<warning> warnings(knowledge knows, const std::vector<double>& times,
                                                foreshadow::testing::seeded_random random) const {
        std::vector<warning> all;
        if (knows == knowledge::none) return all;
        for (std::size_t i = 0; i < partitions; ++i) {
            if (!std::isfinite(times[i])) continue;
            if (knows == knowledge::oracle) {
                all.push_back({times[i] - horizon, times[i], i, 1});
                continue;
            }
            if (!random.chance(recall)) continue;
            all.push_back({times[i] - horizon * (.2 + .8 * random.unit()), times[i], i, .5});
            const double from = idle + (end - idle) * random.unit();  // and one that comes to nothing
            all.push_back({from, from + horizon, static_cast<std::size_t>(random.below(partitions)), .5});
        }
        if (knows == knowledge::shuffled)
            for (warning& w : all) w.partition = static_cast<std::size_t>(random.below(partitions));
        return all;
    }
};

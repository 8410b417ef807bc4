// SPDX-License-Identifier: BSL-1.0
//
// What happens again and again at one edge of a table: the next partition is created behind the last one, the oldest
// is dropped. The gaps between are learnt; the next is expected a mean gap after the last.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"

#include <algorithm>
#include <cmath>

namespace foreshadow::detail {

/// One series of events that touch: each begins where the one before it ended.
struct renewal {
    key_range last;
    wall_time at;
    double mean = 0;       ///< seconds between two
    double deviation = 0;  ///< mean absolute, of the gap
    int gaps = 0;

    void again(const key_range& where, wall_time when) {
        const double gap = std::max(seconds_between(at, when), 1e-3);
        ++gaps;
        const double share = std::max(1.0 / gaps, 0.25);
        if (gaps > 1) deviation += std::max(1.0 / (gaps - 1), 0.25) * (std::abs(gap - mean) - deviation);
        mean += share * (gap - mean);
        last = where;
        at = when;
    }

    /// Two gaps are the least that shows a rhythm.
    [[nodiscard]] bool has_rhythm() const noexcept { return gaps >= 2; }
    /// Seconds until the next, from `now`; below zero when it is overdue.
    [[nodiscard]] double due_in(wall_time now) const { return mean - seconds_between(at, now); }
    /// Its uncertainty, never below a twentieth of the gap.
    [[nodiscard]] double spread() const { return std::max(deviation, 0.05 * mean); }

    /// The chance of the next within `horizon`; falls when it stays away for long.
    [[nodiscard]] double chance(wall_time now, double horizon) const {
        const double due = due_in(now);
        const double trust = 1.0 - 0.5 / gaps;
        const double overdue = std::max(0.0, -due - 2 * spread()) / std::max(mean, 1e-3);
        return trust * std::exp(-overdue) / (1.0 + std::exp(-(horizon - due) / spread()));
    }
};

}  // namespace foreshadow::detail

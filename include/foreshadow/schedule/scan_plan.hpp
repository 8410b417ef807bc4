// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/schedule/scan_order.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace foreshadow {

/// What is left to be read: the intervals of `now` that nothing usable covers and nobody is reading, one piece for each
/// interval, in key order.
///
/// `in_flight`: being read, disjoint, in any order. Complexity: O(n log n) for n boxes and partitions; no box is
/// copied.
[[nodiscard]] inline std::vector<piece> plan_scan(const boxes& known, const under_way& more, const layout& now,
                                                  position followed, std::vector<key_range> in_flight = {}) {
    std::sort(in_flight.begin(), in_flight.end(),
              [](const key_range& a, const key_range& b) { return a.begin < b.begin; });
    std::vector<piece> pieces;
    auto owner = now.partitions.begin();
    for (key_range& interval : difference(to_scan(known, now, followed, more), in_flight)) {
        while (!owner->interval.ends_after(interval.begin)) ++owner;  // each interval is of one partition
        const bool whole = interval == owner->interval;
        pieces.push_back({.interval = std::move(interval),
                          .owner = owner->id,
                          .remaining_bytes = static_cast<double>(owner->bytes) * (whole ? 1.0 : 0.5),
                          .started = !whole,
                          .holds = owner->holds});
    }
    return pieces;
}

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/schedule/scan_order.hpp"

#include <algorithm>
#include <map>
#include <span>

namespace foreshadow {

/// What is left of a scan, and what a forecast asks of it. Bytes as far as sizes are known, rates per second.
struct outlook {
    double remaining_bytes = 0;
    double change_rate = 0;  ///< expected layout changes
    double needed_rate = 0;  ///< bytes: what would read all that is predicted to change before it does, as expected
};

/// What is ahead of a scan of which these pieces are `left`, by the predictions that are `live`.
///
/// Complexity: O(n log m) for n pieces and m partitions that predictions name; O(n) without any.
[[nodiscard]] inline outlook look_ahead(std::span<const piece> left, std::span<const prediction> live) {
    outlook seen;
    std::map<partition_id, double> haste;  // how much of what is left should be read in a second
    for (const prediction& p : live) {
        const double horizon = std::max(p.horizon_seconds, 1e-3);
        seen.change_rate += p.confidence / horizon;
        // Within half of the horizon: on average that is when the change comes.
        for (const partition_id id : p.partitions) haste[id] += p.confidence / (horizon / 2);
    }
    for (const piece& p : left) {
        const double bytes = std::max(p.remaining_bytes, 0.0);
        seen.remaining_bytes += bytes;
        if (haste.empty()) continue;
        if (const auto found = haste.find(p.owner); found != haste.end()) seen.needed_rate += bytes * found->second;
    }
    return seen;
}

}  // namespace foreshadow

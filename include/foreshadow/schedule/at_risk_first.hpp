// SPDX-License-Identifier: BSL-1.0
//
// Reads what is about to change before it changes. With p the chance that a band changes soon and w the work that is
// left in it, going by the largest p / w loses least (Smith's rule for weighted completion times). A band that was
// begun is finished first: half a band protects nothing, and its remaining work only gets smaller.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/schedule/by_key.hpp"
#include "foreshadow/schedule/scan_order.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

namespace foreshadow {

/// Definitions, then bands that were begun, then the largest confidence / remaining bytes, then key order.
///
/// Complexity: O(n log n) for n pieces and predictions.
struct at_risk_first {
    void arrange(std::span<piece> pieces, std::span<const prediction> live) const {
        struct band {
            double remaining = 0;
            double risk = 0;
            bool started = false;

            [[nodiscard]] double urgency() const { return risk / std::max(remaining, 1.0); }
        };
        std::map<partition_id, band> bands;
        for (const piece& p : pieces) {
            band& b = bands[p.owner];
            if (p.remaining_bytes > 0) b.remaining += p.remaining_bytes;  // neither NaN nor less than nothing
            b.started = b.started || p.started;
        }
        for (const prediction& foretold : live)
            for (const partition_id id : foretold.partitions)
                if (const auto found = bands.find(id); found != bands.end())
                    found->second.risk = std::max(found->second.risk, std::min(foretold.confidence, 1.0));

        // Of several bands begun (workers read side by side) the most urgent is finished first as well.
        detail::arrange_by(pieces, [&](const piece& p) {
            const band& of = bands.at(p.owner);
            return std::pair{!of.started, -of.urgency()};
        });
    }
};

static_assert(scan_order<at_risk_first>);

}  // namespace foreshadow

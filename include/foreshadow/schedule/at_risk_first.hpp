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
#include <cstddef>
#include <map>
#include <span>

namespace foreshadow {

/// Definitions, then a band that was begun, then the largest confidence / remaining bytes, then key order.
///
/// Complexity: O(pieces + predictions · log).
struct at_risk_first {
    [[nodiscard]] std::size_t next(std::span<const piece> pieces, std::span<const prediction> live) const {
        if (const std::size_t i = detail::first_definitions(pieces); i < pieces.size()) return i;

        struct band {
            double remaining = 0;
            double risk = 0;
            bool started = false;
        };
        std::map<partition_id, band> bands;
        for (const piece& p : pieces) {
            band& b = bands[p.owner];
            b.remaining += std::max(p.remaining_bytes, 0.0);
            b.started = b.started || p.started;
        }
        for (const prediction& foretold : live)
            for (const partition_id id : foretold.partitions)
                if (const auto found = bands.find(id); found != bands.end())
                    found->second.risk = std::max(found->second.risk, foretold.confidence);

        const auto urgency = [&](const piece& p) {
            const band& b = bands.at(p.owner);
            return b.risk / std::max(b.remaining, 1.0);
        };
        // Of several bands begun (workers read side by side) the most urgent is finished first as well.
        std::size_t best = 0;
        for (std::size_t i = 1; i < pieces.size(); ++i) {
            const bool started = bands.at(pieces[i].owner).started;
            const bool best_started = bands.at(pieces[best].owner).started;
            if (started != best_started ? started : urgency(pieces[i]) > urgency(pieces[best])) best = i;
        }
        return best;
    }
};

static_assert(scan_order<at_risk_first>);

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/schedule/by_key.hpp"
#include "foreshadow/schedule/scan_order.hpp"

#include <algorithm>
#include <map>
#include <span>

namespace foreshadow {

/// Definitions first, then what is least likely to change: for databases where reading a hot band hurts its users more
/// than losing the race against its split costs. Nothing is missed; more of what changed is read after its change.
struct hottest_last {
    void arrange(std::span<piece> pieces, std::span<const prediction> live) const {
        std::map<partition_id, double> risk;
        for (const prediction& foretold : live)
            for (const partition_id id : foretold.partitions) risk[id] = std::max(risk[id], foretold.confidence);
        detail::arrange_by(pieces, [&](const piece& p) {
            const auto found = risk.find(p.owner);
            return found == risk.end() ? 0.0 : found->second;
        });
    }
};

static_assert(scan_order<hottest_last>);

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
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

/// Definitions first, then what is least likely to change: for databases where reading a hot band hurts its users more
/// than losing the race against its split costs. Nothing is missed; more of what changed is read after its change.
struct hottest_last {
    [[nodiscard]] std::size_t next(std::span<const piece> pieces, std::span<const prediction> live) const {
        if (const std::size_t i = detail::first_definitions(pieces); i < pieces.size()) return i;
        std::map<partition_id, double> risk;
        for (const prediction& foretold : live)
            for (const partition_id id : foretold.partitions) risk[id] = std::max(risk[id], foretold.confidence);
        const auto heat = [&](const piece& p) {
            const auto found = risk.find(p.owner);
            return found == risk.end() ? 0.0 : found->second;
        };
        std::size_t best = 0;
        for (std::size_t i = 1; i < pieces.size(); ++i)
            if (heat(pieces[i]) < heat(pieces[best])) best = i;
        return best;
    }
};

static_assert(scan_order<hottest_last>);

}  // namespace foreshadow

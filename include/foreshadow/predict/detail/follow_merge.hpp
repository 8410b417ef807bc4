// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/lineage.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace foreshadow::detail {

/// Of partitions that are foretold to become one: where some of them merge, with one another or with a neighbour, what
/// they became takes their place, in the order of keys. Returns how many did; where none or all did, nothing is moved.
inline std::size_t follow_merge(std::vector<partition_id>& foretold, const lineage_event& event) {
    const auto merged = [&](partition_id id) {
        return std::any_of(event.from.begin(), event.from.end(), [&](const partition& p) { return p.id == id; });
    };
    const auto count = static_cast<std::size_t>(std::count_if(foretold.begin(), foretold.end(), merged));
    if (event.kind != lineage_kind::merge || event.to.size() != 1 || count == 0 || count == foretold.size()) return 0;
    const auto first = std::find_if(foretold.begin(), foretold.end(), merged);
    foretold.erase(std::remove_if(first + 1, foretold.end(), merged), foretold.end());
    *first = event.to.front().id;
    return count;
}

}  // namespace foreshadow::detail

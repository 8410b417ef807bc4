// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/prediction.hpp"

#include <algorithm>
#include <compare>
#include <string>
#include <vector>

namespace foreshadow::detail {

/// What a prediction is about: a kind of change, and the partitions that it is of. A creation has no partition yet, and
/// is known by where it begins, or by its name where that is not told.
struct subject {
    lineage_kind kind;
    std::vector<partition_id> partitions;  ///< in order
    key begin;
    std::string name;

    explicit subject(const prediction& p) : kind{p.kind}, partitions{p.partitions} {
        std::sort(partitions.begin(), partitions.end());
        if (kind != lineage_kind::create) return;
        if (p.boundaries.empty())
            name = p.name;
        else
            begin = p.boundaries.front();
    }

    friend auto operator<=>(const subject&, const subject&) = default;
};

}  // namespace foreshadow::detail

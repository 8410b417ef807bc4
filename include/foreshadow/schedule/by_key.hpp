// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/schedule/scan_order.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow {

namespace detail {

/// Sorts by rank, the lowest first; alike ones in key order. Definitions come before all: a target needs them first,
/// and they are few. O(n log n).
template <class Rank>
void arrange_by(std::span<piece> pieces, Rank rank_of) {
    struct ranked {
        decltype(rank_of(pieces.front())) rank;
        std::size_t index;
    };
    std::vector<ranked> order;
    order.reserve(pieces.size());
    for (std::size_t i = 0; i < pieces.size(); ++i) order.push_back({rank_of(pieces[i]), i});
    std::sort(order.begin(), order.end(), [&](const ranked& a, const ranked& b) {
        const piece& first = pieces[a.index];
        const piece& second = pieces[b.index];
        if (first.holds != second.holds) return first.holds == content::definitions;
        return a.rank != b.rank ? a.rank < b.rank : first.interval.begin < second.interval.begin;
    });
    std::vector<piece> arranged;
    arranged.reserve(pieces.size());
    for (const ranked& each : order) arranged.push_back(std::move(pieces[each.index]));
    std::move(arranged.begin(), arranged.end(), pieces.begin());
}

}  // namespace detail

/// In key order, definitions first: the order that disturbs a database's caches least, and knows nothing.
struct by_key {
    void arrange(std::span<piece> pieces, std::span<const prediction>) const {
        detail::arrange_by(pieces, [](const piece&) { return 0; });
    }
};

static_assert(scan_order<by_key>);

}  // namespace foreshadow

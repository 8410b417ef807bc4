// SPDX-License-Identifier: BSL-1.0
//
// Who took over whose range, told from what the ranges of partitions were and are: so a split or a merge is recognised
// in whatever way and in however many transactions its users do it.
//
// A partition that is detached, or whose range shrinks, leaves its range vacant. It is remembered as whose that range
// was until others cover all of it, or it is dropped: then the lot is settled, and everybody who held a part of what
// somebody holds now is told to have become that. What nobody covers within a day is let go of.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/postgresql/key_encoding.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

/// A table whose range is not what it was when lineage heard of it last.
struct moved_bound {
    object_id of = 0;
    std::vector<key_range> before;  ///< in order, as everywhere
    std::vector<key_range> now;
    bool is_settled = false;  ///< it waits for nobody: it was dropped, or has waited for too long
};

/// Tables whose ranges, old and new, have to do with one another.
struct bound_group {
    std::vector<const moved_bound*> members;
    bool is_settled = false;

    /// Whether ranges went from one table to another.
    [[nodiscard]] bool has_descents() const noexcept { return members.size() > 1; }
};

[[nodiscard]] inline bool overlap(const std::vector<key_range>& a, const std::vector<key_range>& b) {
    for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
        if (i->overlaps(*j)) return true;
        i->begin < j->begin ? static_cast<void>(++i) : static_cast<void>(++j);
    }
    return false;
}

namespace bounds_detail {

[[nodiscard]] inline std::vector<key_range> ranges_of(const std::vector<const moved_bound*>& all,
                                                      std::vector<key_range> moved_bound::* which) {
    std::vector<key_range> sum;
    for (const moved_bound* m : all) sum.insert(sum.end(), (m->*which).begin(), (m->*which).end());
    std::sort(sum.begin(), sum.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
    return sum;
}

}  // namespace bounds_detail

/// The groups of `moved`, which outlives them. Nobody's range is another's at the same time.
[[nodiscard]] inline std::vector<bound_group> groups_of(const std::vector<moved_bound>& moved) {
    std::vector<std::size_t> leaders(moved.size());
    std::iota(leaders.begin(), leaders.end(), std::size_t{0});
    const auto leader_of = [&](std::size_t i) {
        while (leaders[i] != i) i = leaders[i];
        return i;
    };
    for (std::size_t i = 0; i < moved.size(); ++i)
        for (std::size_t j = 0; j < moved.size(); ++j)
            if (i != j && overlap(moved[i].before, moved[j].now)) leaders[leader_of(i)] = leader_of(j);
    std::vector<bound_group> by_leader(moved.size());
    for (std::size_t i = 0; i < moved.size(); ++i) by_leader[leader_of(i)].members.push_back(&moved[i]);
    std::erase_if(by_leader, [](const bound_group& g) { return g.members.empty(); });
    for (bound_group& g : by_leader) {
        const std::vector<key_range> held = bounds_detail::ranges_of(g.members, &moved_bound::before);
        const std::vector<key_range> covered = bounds_detail::ranges_of(g.members, &moved_bound::now);
        g.is_settled = difference(held, covered).empty() ||
                       std::any_of(g.members.begin(), g.members.end(), [](const auto* m) { return m->is_settled; });
    }
    return by_leader;
}

}  // namespace foreshadow::postgresql::detail

// SPDX-License-Identifier: BSL-1.0
//
// Who took over whose range, told from what the ranges of partitions were and are: so a split or a merge is recognised
// in whatever way and in however many transactions its users do it.
//
// A partition that is detached, or whose range shrinks, leaves its range vacant. It is remembered as whose that range
// was until others cover all of it, or it is dropped: then the lot is settled, and everybody who held a part of what
// somebody holds now is told to have become that. What nobody covers within a day is let go of.
#pragma once

#include "foreshadow/plane/disjoint_sets.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/postgresql/table/key_encoding.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
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

/// The groups of `moved`, which outlives them, in the order of their first members. Nobody's range is another's at the
/// same time, so at any key at most one range from before and one of now go on: whoever holds these has to do with one
/// another.
///
/// Complexity: O(n log n) for n ranges.
[[nodiscard]] inline std::vector<bound_group> groups_of(const std::vector<moved_bound>& moved) {
    struct part {
        const key_range* range;
        std::size_t whose;
        bool is_now;
    };
    std::vector<part> parts;
    for (std::size_t i = 0; i < moved.size(); ++i)
        for (const bool is_now : {false, true})
            for (const key_range& r : is_now ? moved[i].now : moved[i].before)
                if (!r.is_empty()) parts.push_back({&r, i, is_now});
    std::sort(parts.begin(), parts.end(), [](const part& a, const part& b) { return a.range->begin < b.range->begin; });
    disjoint_sets connected{moved.size()};
    const part* last[2] = {nullptr, nullptr};  // from before, and of now
    for (const part& p : parts) {
        const part* other = last[p.is_now ? 0 : 1];
        if (other != nullptr && other->range->ends_after(p.range->begin)) connected.join(p.whose, other->whose);
        last[p.is_now ? 1 : 0] = &p;
    }
    std::vector<bound_group> groups;
    std::vector<std::size_t> places(moved.size(), moved.size());  // of leaders' groups
    for (std::size_t i = 0; i < moved.size(); ++i) {
        std::size_t& place = places[connected.leader_of(i)];
        if (place == moved.size()) {
            place = groups.size();
            groups.emplace_back();
        }
        groups[place].members.push_back(&moved[i]);
    }
    for (bound_group& g : groups) {
        const std::vector<key_range> held = bounds_detail::ranges_of(g.members, &moved_bound::before);
        const std::vector<key_range> covered = bounds_detail::ranges_of(g.members, &moved_bound::now);
        g.is_settled = difference(held, covered).empty() ||
                       std::any_of(g.members.begin(), g.members.end(), [](const auto* m) { return m->is_settled; });
    }
    return groups;
}

}  // namespace foreshadow::postgresql::detail

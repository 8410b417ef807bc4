// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/key_range.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// What concerns whole intervals, to be asked which of it touches a piece: many pieces and many erasures are the rule
/// where partitions come and go. `T` has an `interval`.
template <class T>
class interval_index {
  public:
    interval_index() = default;
    explicit interval_index(std::vector<T> all) : all_{std::move(all)} {
        std::erase_if(all_, [](const T& e) { return e.interval.is_empty(); });
        std::sort(all_.begin(), all_.end(),
                  [](const auto& a, const auto& b) { return a.interval.begin < b.interval.begin; });
        furthest_.resize(4 * all_.size());
        if (!all_.empty()) measure(1, 0, all_.size());
    }

    /// Calls `take` with everything that overlaps `range`, by its begin. O(log n) for each, and once.
    template <class Take>
    void overlapping(const key_range& range, Take&& take) const {
        const auto last = std::partition_point(
            all_.begin(), all_.end(), [&](const T& e) { return range.is_unbounded() || e.interval.begin < range.end; });
        if (!range.is_empty())
            visit(1, 0, all_.size(), static_cast<std::size_t>(last - all_.begin()), range.begin, take);
    }

  private:
    std::size_t measure(std::size_t node, std::size_t from, std::size_t to) {
        if (to - from == 1) return furthest_[node] = from;
        const std::size_t middle = from + (to - from) / 2;
        const std::size_t left = measure(2 * node, from, middle);
        const std::size_t right = measure(2 * node + 1, middle, to);
        const bool is_right = end_before(all_[left].interval.end, all_[right].interval.end);
        return furthest_[node] = is_right ? right : left;
    }

    template <class Take>
    void visit(std::size_t node, std::size_t from, std::size_t to, std::size_t limit, const key& begin,
               Take& take) const {
        if (from >= std::min(to, limit)) return;
        if (!all_[furthest_[node]].interval.ends_after(begin)) return;
        if (to - from == 1) return take(all_[from]);
        const std::size_t middle = from + (to - from) / 2;
        visit(2 * node, from, middle, limit, begin, take);
        visit(2 * node + 1, middle, to, limit, begin, take);
    }

    std::vector<T> all_;                 ///< by begin
    std::vector<std::size_t> furthest_;  ///< a tree: which ends last of those below each node
};

}  // namespace foreshadow::detail

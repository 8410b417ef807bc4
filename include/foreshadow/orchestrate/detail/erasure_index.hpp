// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/key_range.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// Erasures of whole intervals, to be asked which of them touch a piece: many pieces and many erasures are the rule
/// where partitions come and go.
class erasure_index {
  public:
    erasure_index() = default;
    explicit erasure_index(std::vector<range_erasure> erasures) : erasures_{std::move(erasures)} {
        std::erase_if(erasures_, [](const range_erasure& e) { return e.interval.is_empty(); });
        std::sort(erasures_.begin(), erasures_.end(),
                  [](const auto& a, const auto& b) { return a.interval.begin < b.interval.begin; });
        furthest_.resize(4 * erasures_.size());
        if (!erasures_.empty()) measure(1, 0, erasures_.size());
    }

    /// Calls `take` with every erasure that overlaps `range`, by its begin. O(log n) for each, and once.
    template <class Take>
    void overlapping(const key_range& range, Take&& take) const {
        const auto last = std::partition_point(erasures_.begin(), erasures_.end(), [&](const range_erasure& e) {
            return range.is_unbounded() || e.interval.begin < range.end;
        });
        if (!range.is_empty())
            visit(1, 0, erasures_.size(), static_cast<std::size_t>(last - erasures_.begin()), range.begin, take);
    }

  private:
    std::size_t measure(std::size_t node, std::size_t from, std::size_t to) {
        if (to - from == 1) return furthest_[node] = from;
        const std::size_t middle = from + (to - from) / 2;
        const std::size_t left = measure(2 * node, from, middle);
        const std::size_t right = measure(2 * node + 1, middle, to);
        const bool is_right = end_before(erasures_[left].interval.end, erasures_[right].interval.end);
        return furthest_[node] = is_right ? right : left;
    }

    template <class Take>
    void visit(std::size_t node, std::size_t from, std::size_t to, std::size_t limit, const key& begin,
               Take& take) const {
        if (from >= std::min(to, limit)) return;
        if (!erasures_[furthest_[node]].interval.ends_after(begin)) return;
        if (to - from == 1) return take(erasures_[from]);
        const std::size_t middle = from + (to - from) / 2;
        visit(2 * node, from, middle, limit, begin, take);
        visit(2 * node + 1, middle, to, limit, begin, take);
    }

    std::vector<range_erasure> erasures_;  ///< by begin
    std::vector<std::size_t> furthest_;    ///< a tree: which ends last of those below each node
};

}  // namespace foreshadow::detail

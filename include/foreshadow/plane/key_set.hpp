// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/key_range.hpp"

#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace foreshadow {

/// A set of keys as disjoint intervals; intervals that touch become one.
class key_set {
  public:
    key_set() = default;
    explicit key_set(std::vector<key_range> ranges) {
        for (key_range& range : ranges) insert(std::move(range));
    }

    /// Whether `k` is in the set. O(log n).
    [[nodiscard]] bool contains(key_view k) const {
        const auto next = ends_.upper_bound(k);
        return next != ends_.begin() && reaches_over(std::prev(next)->second, k);
    }

    /// Whether any key of `range` is in the set. O(log n).
    [[nodiscard]] bool overlaps(const key_range& range) const {
        if (range.is_empty()) return false;
        auto next = ends_.upper_bound(range.begin);
        if (next != ends_.end() && range.ends_after(next->first)) return true;
        return next != ends_.begin() && reaches_over(std::prev(next)->second, range.begin);
    }

    /// Adds every key of `range`. O(log n), amortised.
    void insert(key_range range) {
        if (range.is_empty()) return;
        auto next = ends_.lower_bound(range.begin);
        if (next != ends_.begin()) {
            const auto before = std::prev(next);
            if (before->second.empty() || range.begin <= before->second) {
                if (!end_before(before->second, range.end)) return;
                range.begin = before->first;
                next = ends_.erase(before);
            }
        }
        while (next != ends_.end() && (range.is_unbounded() || next->first <= range.end)) {
            if (end_before(range.end, next->second)) range.end = next->second;
            next = ends_.erase(next);
        }
        ends_.emplace(std::move(range.begin), std::move(range.end));
    }

    /// Of disjoint intervals.
    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }

  private:
    [[nodiscard]] static bool reaches_over(const key& end, key_view k) { return end.empty() || k < end; }

    std::map<key, key, std::less<>> ends_;  ///< begin to end; an empty end is unbounded
};

}  // namespace foreshadow

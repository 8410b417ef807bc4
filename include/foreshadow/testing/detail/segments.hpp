// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/key_range.hpp"

#include <functional>
#include <iterator>
#include <map>
#include <utility>

namespace foreshadow::testing::detail {

/// A value for every key, the same over whole segments.
template <class T>
class segments {
  public:
    explicit segments(T everywhere) { begins_.emplace(key{}, std::move(everywhere)); }

    void assign(const key_range& interval, const T& value) {
        cut(interval.begin);
        if (!interval.is_unbounded()) cut(interval.end);
        for (auto next = begins_.find(interval.begin); next != begins_.end() && interval.ends_after(next->first);
             ++next)
            next->second = value;
    }
    [[nodiscard]] const T& at(key_view k) const { return std::prev(begins_.upper_bound(k))->second; }
    /// The segment of `k`.
    [[nodiscard]] key_range around(key_view k) const {
        const auto above = begins_.upper_bound(k);
        return {std::prev(above)->first, above == begins_.end() ? key{} : above->first};
    }
    /// Calls `what(part, value)` for each segment's part of `interval`.
    template <class What>
    void for_each_in(const key_range& interval, What what) const {
        for (auto next = std::prev(begins_.upper_bound(interval.begin));
             next != begins_.end() && interval.ends_after(next->first);) {
            const auto here = next++;
            const key_range part = intersection(interval, {here->first, next == begins_.end() ? key{} : next->first});
            if (!part.is_empty()) what(part, here->second);
        }
    }

  private:
    void cut(const key& at) {
        const auto above = begins_.upper_bound(at);
        const auto here = std::prev(above);
        if (here->first != at) begins_.emplace_hint(above, at, here->second);
    }

    std::map<key, T, std::less<>> begins_;
};

}  // namespace foreshadow::testing::detail

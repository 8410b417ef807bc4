// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// The erasures of whole intervals that a key lies in, for keys asked in ascending order.
///
/// Moving on costs one comparison a key, and O(log n) an erasure over the whole walk.
class erasure_sweep {
  public:
    erasure_sweep() = default;
    explicit erasure_sweep(std::vector<range_erasure> erasures) : erasures_{std::move(erasures)} {
        std::sort(erasures_.begin(), erasures_.end(),
                  [](const auto& a, const auto& b) { return a.interval.begin < b.interval.begin; });
    }

    /// Goes on to `k`, which is not below the last one.
    void move_to(key_view k) {
        while (!active_.empty() && !ends_after(active_.begin()->index, k)) {
            versions_.erase(versions_.find(erasures_[active_.begin()->index].at));
            active_.erase(active_.begin());
        }
        for (; next_ < erasures_.size() && erasures_[next_].interval.begin <= k; ++next_) {
            if (!erasures_[next_].interval.ends_after(k)) continue;
            active_.insert({&erasures_[next_].interval, next_});
            versions_.insert(erasures_[next_].at);
        }
    }

    /// The newest erasure of the key, or null.
    [[nodiscard]] const version* newest() const { return versions_.empty() ? nullptr : &*versions_.rbegin(); }

    /// Whether the key was erased after `older` and not after `newer`.
    [[nodiscard]] bool any_within(version older, version newer) const {
        const auto found = versions_.upper_bound(older);
        return found != versions_.end() && *found <= newer;
    }

    /// Whether no key up to `k` is erased, from the last one asked on.
    [[nodiscard]] bool is_quiet_up_to(key_view k) const {
        return active_.empty() && (next_ == erasures_.size() || k < erasures_[next_].interval.begin);
    }

  private:
    struct by_end {
        const key_range* interval;
        std::size_t index;
        friend bool operator<(const by_end& a, const by_end& b) { return end_before(a.interval->end, b.interval->end); }
    };

    [[nodiscard]] bool ends_after(std::size_t index, key_view k) const {
        return erasures_[index].interval.ends_after(k);
    }

    std::vector<range_erasure> erasures_;  ///< by begin
    std::size_t next_ = 0;
    std::multiset<by_end> active_;
    std::multiset<version> versions_;  ///< of the active
};

}  // namespace foreshadow::detail

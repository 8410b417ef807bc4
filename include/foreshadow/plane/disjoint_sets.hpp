// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <vector>

namespace foreshadow {

/// The numbers below `count` in sets, at first each in its own; a set is known by its leader, which is one of it.
///
/// Complexity: O(log n) amortised, by halving paths (R. E. Tarjan and J. van Leeuwen, "Worst-case analysis of set union
/// algorithms", 1984).
class disjoint_sets {
  public:
    explicit disjoint_sets(std::size_t count) {
        above_.reserve(count);
        while (above_.size() < count) above_.push_back(above_.size());
    }

    [[nodiscard]] std::size_t leader_of(std::size_t one) {
        while (above_[one] != one) one = above_[one] = above_[above_[one]];
        return one;
    }
    /// Makes one set of both; `to`'s leader leads it.
    void join(std::size_t one, std::size_t to) { above_[leader_of(one)] = leader_of(to); }

  private:
    std::vector<std::size_t> above_;
};

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/row/change.hpp"

#include <cstddef>
#include <vector>

namespace foreshadow {

/// One commit: its changes are `changes[first, first + count)` of the batch that it came in.
struct commit {
    position at;
    wall_time time;
    std::size_t first = 0;
    std::size_t count = 0;
};

/// The log over `(after, upto]`, whole commits in log order.
///
/// `upto` is at or above the last commit: a batch without commits is a heartbeat that moves the position on.
/// `now` is the wall time at which the source said so.
struct log_batch {
    position after;
    position upto;
    wall_time now;
    std::vector<commit> commits;
    change_batch changes;
    std::vector<layout_change> layouts;  ///< in log order

    [[nodiscard]] bool is_empty() const noexcept { return commits.empty(); }
    void clear() noexcept {
        after = upto = {};
        now = {};
        commits.clear();
        changes.clear();
        layouts.clear();
    }
};

}  // namespace foreshadow

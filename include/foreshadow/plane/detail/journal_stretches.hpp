// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/position.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

namespace foreshadow::detail {

/// The stretches of positions over which journal segments lie without a gap. "No data" is a segment, never silence.
class journal_stretches {
  public:
    /// `more`: what belongs to the journal, too, and is in no segment yet.
    explicit journal_stretches(const std::vector<segment>& segments, const under_way& more = {}) {
        stretches_.reserve(segments.size() + 1);
        for (const segment& s : segments)
            if (s.after < s.upto) stretches_.push_back({s.after, s.upto});
        if (more.sealed < more.taken) stretches_.push_back({more.sealed, more.taken});
        std::sort(stretches_.begin(), stretches_.end(), [](stretch a, stretch b) { return a.after < b.after; });
        std::size_t last = 0;
        for (std::size_t i = 1; i < stretches_.size(); ++i) {
            if (stretches_[i].after <= stretches_[last].upto) {
                stretches_[last].upto = std::max(stretches_[last].upto, stretches_[i].upto);
            } else {
                stretches_[++last] = stretches_[i];
            }
        }
        if (!stretches_.empty()) stretches_.resize(last + 1);
    }

    /// How far one gets from `p` without a gap; `p` itself where the next change is not there.
    [[nodiscard]] position reach(position p) const {
        const auto above = first_above(p);
        return above == stretches_.begin() ? p : std::max(p, std::prev(above)->upto);
    }

    /// Where the next stretch above `p` begins, or the last position.
    [[nodiscard]] position next_begin(position p) const {
        const auto above = first_above(p);
        return above == stretches_.end() ? position::last() : above->after;
    }

  private:
    struct stretch {
        position after;
        position upto;
    };

    [[nodiscard]] std::vector<stretch>::const_iterator first_above(position p) const {
        return std::upper_bound(stretches_.begin(), stretches_.end(), p,
                                [](position value, const stretch& s) { return value < s.after; });
    }

    std::vector<stretch> stretches_;  ///< ascending, with gaps between them
};

}  // namespace foreshadow::detail

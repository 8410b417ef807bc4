// SPDX-License-Identifier: BSL-1.0
//
// Which keys of which segment a proof needs. Segments are walked by position, and the needs that are open there are
// held as edges: where one interval ends and the next begins they cancel out, so a thousand images in a row that need
// the same segment are one interval.
#pragma once

#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// A stretch of the journal, for the keys of an interval.
struct journal_need {
    key_range interval;
    position after;
    position upto;
};

[[nodiscard]] inline std::vector<journal_need> journal_needs_of(const proof& cover) {
    std::vector<journal_need> needs;
    for (const proof_piece& piece : cover.pieces)
        for (const change_step& step : piece.chain)
            if (!step.is_run) needs.push_back({piece.interval, step.after, step.upto});
    return needs;
}

class journal_needs {
  public:
    /// What is to be read of one segment: the changes of `(after, upto]` for the keys of `keys`.
    struct part {
        std::vector<key_range> keys;  ///< ascending, with gaps between them
        position after;
        position upto;
    };

    explicit journal_needs(std::vector<journal_need> needs) : needs_{std::move(needs)} {
        for (std::size_t i = 0; i < needs_.size(); ++i) {
            if (needs_[i].upto <= needs_[i].after || needs_[i].interval.is_empty()) continue;
            opening_.push_back(i);
            closing_.push_back(i);
        }
        std::sort(opening_.begin(), opening_.end(),
                  [&](std::size_t a, std::size_t b) { return needs_[a].after < needs_[b].after; });
        std::sort(closing_.begin(), closing_.end(),
                  [&](std::size_t a, std::size_t b) { return needs_[a].upto < needs_[b].upto; });
    }
    explicit journal_needs(const proof& cover) : journal_needs{journal_needs_of(cover)} {}

    /// What is needed of the segment; no keys where nothing is.
    ///
    /// Segments are asked for by rising `after`; where one lies within another, it may be named for more than is in it.
    /// Complexity: O(log n) for each need that begins or ends, once, and the size of the answer.
    [[nodiscard]] part of(const segment& next) {
        if (next.upto <= next.after) return {};
        for (; opened_ < opening_.size() && needs_[opening_[opened_]].after < next.upto; ++opened_)
            turn(needs_[opening_[opened_]], 1);
        for (; closed_ < closing_.size() && needs_[closing_[closed_]].upto <= next.after; ++closed_)
            turn(needs_[closing_[closed_]], -1);
        part found{.keys = {}, .after = next.after, .upto = next.upto};
        std::ptrdiff_t depth = 0;
        for (const auto& [edge, step] : edges_) {
            if (depth == 0) found.keys.push_back({edge, {}});
            depth += step;
            if (depth == 0) found.keys.back().end = edge;
        }
        if (!found.keys.empty()) {
            found.after = std::max(found.after, *afters_.begin());
            found.upto = std::min(found.upto, *uptos_.rbegin());
        }
        return found;
    }

  private:
    /// Opens a need, or closes one that is open.
    void turn(const journal_need& need, std::ptrdiff_t by) {
        step(need.interval.begin, by);
        if (!need.interval.is_unbounded()) step(need.interval.end, -by);
        if (by > 0) {
            afters_.insert(need.after);
            uptos_.insert(need.upto);
        } else {
            afters_.erase(afters_.find(need.after));
            uptos_.erase(uptos_.find(need.upto));
        }
    }

    void step(const key& at, std::ptrdiff_t by) {
        const auto edge = edges_.try_emplace(at, 0).first;
        edge->second += by;
        if (edge->second == 0) edges_.erase(edge);
    }

    std::vector<journal_need> needs_;
    std::vector<std::size_t> opening_;  ///< by `after`
    std::vector<std::size_t> closing_;  ///< by `upto`
    std::size_t opened_ = 0;
    std::size_t closed_ = 0;
    std::map<key, std::ptrdiff_t> edges_;  ///< how many more needs are open from here on
    std::multiset<position> afters_;
    std::multiset<position> uptos_;
};

}  // namespace foreshadow::detail

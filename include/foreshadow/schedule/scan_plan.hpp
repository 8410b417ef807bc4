// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/schedule/scan_order.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow {

/// What is left to be read: the intervals of `now` that nothing usable covers and nobody is reading, one piece for each
/// interval, in key order.
///
/// `in_flight`: being read, disjoint, in any order. Complexity: O(n log n) for n boxes and partitions; no box is
/// copied.
[[nodiscard]] inline std::vector<piece> plan_scan(const boxes& known, const under_way& more, const layout& now,
                                                  position followed, std::vector<key_range> in_flight = {}) {
    std::sort(in_flight.begin(), in_flight.end(),
              [](const key_range& a, const key_range& b) { return a.begin < b.begin; });
    std::vector<piece> pieces;
    auto owner = now.partitions.begin();
    for (key_range& interval : difference(to_scan(known, now, followed, more), in_flight)) {
        while (!owner->interval.ends_after(interval.begin)) ++owner;  // each interval is of one partition
        const bool whole = interval == owner->interval;
        pieces.push_back({.interval = std::move(interval),
                          .owner = owner->id,
                          .remaining_bytes = static_cast<double>(owner->bytes) * (whole ? 1.0 : 0.5),
                          .started = !whole,
                          .holds = owner->holds});
    }
    return pieces;
}

/// The pieces of a scan, in the order in which they are read.
class scan_plan {
  public:
    /// Begins with these; what was planned before is forgotten.
    void make(std::vector<piece> pieces) {
        pieces_ = std::move(pieces);
        begun_.clear();
        arranged_for_.reset();
    }
    [[nodiscard]] bool is_empty() const noexcept { return pieces_.empty(); }

    /// Takes the next piece; there is one. `predictions` moves with every change of `live`: then what is left is
    /// arranged anew, in O(n log n). Else O(log n).
    template <scan_order Order>
    [[nodiscard]] piece take(Order& order, std::span<const prediction> live, std::uint64_t predictions) {
        if (arranged_for_ != predictions) {
            for (piece& p : pieces_) p.started = p.started || begun_.count(p.owner) != 0;
            order.arrange(pieces_, live);
            std::reverse(pieces_.begin(), pieces_.end());
            arranged_for_ = predictions;
        }
        piece next = std::move(pieces_.back());
        pieces_.pop_back();
        begun_.insert(next.owner);
        return next;
    }

    /// What a chunk left of the piece that was taken: it comes next, since half a band protects nothing.
    void put_back(piece rest) {
        rest.started = true;
        begun_.insert(rest.owner);
        pieces_.push_back(std::move(rest));
    }

    /// What is left, in no particular order.
    [[nodiscard]] std::span<const piece> pieces() const noexcept { return pieces_; }

  private:
    std::vector<piece> pieces_;  ///< the next one last
    std::set<partition_id> begun_;
    std::optional<std::uint64_t> arranged_for_;
};

}  // namespace foreshadow

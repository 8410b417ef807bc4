// SPDX-License-Identifier: BSL-1.0
//
// Folding: the changes of an interval with only the last of each key kept, as runs hold them. What an erasure of a
// whole interval did stays apart, with its version, so that a later merge sees the same as from the changes unfolded.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/row/columns.hpp"
#include "foreshadow/row/detail/erasure_sweep.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

namespace detail {

/// The last change of one key so far; its payload is of the batch, or folded.
class folded_change {
  public:
    explicit folded_change(const change_view& first) : last_{first} {}

    [[nodiscard]] const change_view& last() const noexcept { return last_; }

    void replace_by(const change_view& next) { last_ = next; }

    /// A patch onto what is there: a row stays a row, a patch a patch, each at the later version.
    void patch(const change_view& next) {
        spare_.clear();
        if (last_.kind == change_kind::put) {
            apply_patch(last_.payload, next.payload, spare_);
        } else {
            fold_patches(last_.payload, next.payload, spare_);
        }
        std::swap(folded_, spare_);
        last_.at = next.at;
        last_.hint = next.hint;
        last_.payload = folded_;
    }

  private:
    change_view last_;
    std::string folded_;
    std::string spare_;
};

}  // namespace detail

/// Appends to `out` the last change of each key of `interval`, in key order, patches folded onto what they change; and
/// to `erasures` the erasures of whole intervals, clipped. `changes` is sorted in place.
///
/// Errors: `internal` where a `replaced` reaches into the interval: no run spans one. `conflict` where one version says
/// two things of a key. `corrupt` where a patch does not fit its row. Complexity: O(n log n).
inline void fold(change_batch& changes, const key_range& interval, change_batch& out,
                 std::vector<range_erasure>& erasures) {
    changes.sort();
    std::vector<range_erasure> ranges;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const change_view change = changes[i];
        if (!change.is_range()) continue;
        key_range part = intersection(interval, {key{change.key}, key{change.payload}});
        if (part.is_empty()) continue;
        if (change.kind == change_kind::replaced)
            throw error{errc::internal, "a run would span a replacement of " + printable(part) + " at position " +
                                            std::to_string(change.at.at.value)};
        ranges.push_back({change.at, std::move(part)});
    }
    erasures.insert(erasures.end(), ranges.begin(), ranges.end());
    detail::erasure_sweep sweep{std::move(ranges)};

    for (std::size_t i = 0; i < changes.size();) {
        const change_view first = changes[i];
        ++i;
        if (first.is_range() || !interval.contains(first.key)) continue;
        sweep.move_to(first.key);
        detail::folded_change folded{first};
        change_view before = first;  // as the log told it
        for (; i < changes.size() && changes[i].key == first.key; ++i) {
            const change_view next = changes[i];
            if (next.is_range()) continue;
            if (next.at == before.at) {
                if (next.kind == before.kind && next.payload == before.payload) continue;  // delivered twice
                throw error{errc::conflict, "one version says two things of a key"}
                    .with("key", printable(next.key))
                    .with("position", std::to_string(next.at.at.value));
            }
            const change_view& last = folded.last();
            if (next.kind != change_kind::patch || sweep.any_within(last.at, next.at)) {
                folded.replace_by(next);
            } else if (last.kind == change_kind::erase) {
                // A patch on nothing: the merge is to find that out, so the erasure must not be lost.
                erasures.push_back({last.at, {key{next.key}, successor(next.key)}});
                folded.replace_by(next);
            } else {
                folded.patch(next);
            }
            before = next;
        }
        out.append(folded.last());
    }
}

}  // namespace foreshadow

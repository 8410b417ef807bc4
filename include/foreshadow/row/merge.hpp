// SPDX-License-Identifier: BSL-1.0
//
// The replay rule as one streaming merge: base rows, and changes on top of them, where per key the largest version
// wins, erasures of whole intervals included. Restores, fresh images made inside the repository and checks all go
// through here. Rows pass without a copy beyond the one into the output, whole batches where nothing touches them,
// and the merge only waits when a stream's batch is used up.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/horizon.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/row/conflict_policy.hpp"
#include "foreshadow/row/detail/erasure_sweep.hpp"
#include "foreshadow/row/detail/merge_inputs.hpp"
#include "foreshadow/row/detail/row_in_making.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/task.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

/// What is merged.
///
/// A change counts unless `seen` contains its commit, or it is before `since`, after `upto`, or outside the interval.
/// Several streams may tell of one change: in the same bytes, or folded in one and as it was in the other.
struct merge_plan {
    key_range interval;
    horizon seen;   ///< what the base contains
    version since;  ///< of the birth, where there is no base
    position upto;
    std::vector<range_erasure> erasures;
    row_stream base;                     ///< sorted by key; may be empty
    std::vector<change_stream> changes;  ///< each sorted by (key, version)
    std::string partition;               ///< for messages
};

struct merge_report {
    std::uint64_t rows_out = 0;
    std::uint64_t entries_seen = 0;     ///< changes that the streams gave
    std::uint64_t entries_applied = 0;  ///< those that made a difference to a row in the making
    std::uint64_t entries_skipped = 0;  ///< contained already, out of bounds, erased later, or told twice
    std::uint64_t conflicts = 0;
};

/// Merges a plan's streams into the rows at `upto`.
///
/// Conflicts go to the policy; where it returns, the newest wins, of equals the one that came last, of two rows of the
/// base the first, and a patch without a row is skipped. Errors: what the policy and the streams throw; `corrupt` where
/// a patch does not fit its row; `internal` where a stream is not in order. Cancellation: at each refill; the merge
/// cannot be continued after an error. Complexity: O(rows + changes * log(streams) + erasures * log(erasures)); memory
/// for one batch a stream.
template <conflict_policy Policy>
class merge {
  public:
    /// `policy` outlives the merge.
    merge(merge_plan plan, Policy& policy)
        : interval_{std::move(plan.interval)},
          seen_{std::move(plan.seen)},
          since_{plan.since},
          upto_{plan.upto},
          partition_{std::move(plan.partition)},
          erasures_{counting(std::move(plan.erasures))},
          base_{std::move(plan.base)},
          changes_{std::move(plan.changes)},
          policy_{&policy} {}

    merge(const merge&) = delete;
    merge& operator=(const merge&) = delete;

    /// Replaces `out` by the next rows, in key order, about a mebibyte; false, and empty, at the end.
    [[nodiscard]] task<bool> next(row_batch& out) {
        out.clear();
        while (!is_done_ && out.bytes() < batch_bytes) {
            while (base_.wants_refill()) {
                making_.keep();
                co_await base_.refill();
                base_.begin_batch(on_repeat());
            }
            while (changes_.wants_refill()) {
                making_.keep();
                co_await changes_.refill();
            }
            produce(out);
        }
        co_return !out.empty();
    }

    [[nodiscard]] const merge_report& report() const noexcept { return report_; }

  private:
    static constexpr std::size_t batch_bytes = std::size_t{1} << 20;

    [[nodiscard]] bool counts(version at) const { return at >= since_ && at.at <= upto_ && !seen_.contains(at.at); }

    [[nodiscard]] std::vector<range_erasure> counting(std::vector<range_erasure> erasures) const {
        std::erase_if(erasures, [this](const range_erasure& e) { return !counts(e.at); });
        return erasures;
    }

    /// Goes on until `out` is full or a stream has to be waited for.
    void produce(row_batch& out) {
        while (out.bytes() < batch_bytes && !base_.wants_refill() && !changes_.wants_refill()) {
            if (making_.is_open()) {
                gather(out);
            } else if (base_.is_done() && changes_.is_done()) {
                is_done_ = true;
                return;
            } else if (!changes_.is_done() && !interval_.ends_after(changes_.top().key)) {
                changes_.finish();
            } else if (base_.is_done() || (!changes_.is_done() && changes_.top().key < base_.row().key)) {
                making_.open(changes_.top().key);
            } else if (!changes_.is_done() && changes_.top().key == base_.row().key) {
                making_.open(base_.row().key, base_.row().value);
                base_.advance(on_repeat());
            } else {
                pass_base(out);
            }
        }
    }

    /// Rows of the base up to the next change.
    void pass_base(row_batch& out) {
        const bool has_changes = !changes_.is_done();
        if (out.empty() && is_batch_untouched()) {
            base_.swap_out(out);
            report_.rows_out += out.size();
            return;
        }
        while (!base_.wants_refill() && out.bytes() < batch_bytes) {
            const row_view row = base_.row();
            if (has_changes && changes_.top().key <= row.key) return;
            if (!interval_.ends_after(row.key)) {
                base_.finish();
                return;
            }
            emit(row.key, row.value, {}, out);
            base_.advance(on_repeat());
        }
    }

    /// Whether the whole batch of the base can be passed on as it is.
    [[nodiscard]] bool is_batch_untouched() {
        const key_view first = base_.row().key;
        const key_view last = base_.last_key();
        if (!changes_.is_done() && changes_.top().key <= last) return false;
        if (!interval_.contains(first) || !interval_.contains(last) || !base_.is_whole_and_ordered()) return false;
        erasures_.move_to(first);
        return erasures_.is_quiet_up_to(last);
    }

    /// What to do when a key comes again in the base with other bytes.
    [[nodiscard]] auto on_repeat() {
        return
            [this](key_view k) { settle(conflict_kind::claimed_twice, k, {seen_.low, 0}, "the images of the base"); };
    }

    /// The changes of the key in the making; emits its row when there are no more.
    void gather(row_batch& out) {
        while (!changes_.wants_refill()) {
            if (changes_.is_done() || changes_.top().key != making_.key()) {
                if (const auto value = making_.value()) emit(making_.key(), *value, making_.newest(), out);
                making_.close();
                return;
            }
            consider(changes_.top());
            changes_.advance();
        }
    }

    void consider(const change_view& change) {
        ++report_.entries_seen;
        if (change.is_range()) throw error{errc::internal, "a change of a whole interval among the sorted changes"};
        if (!counts(change.at) || !interval_.contains(change.key)) {
            ++report_.entries_skipped;
            return;
        }
        erasures_.move_to(change.key);
        const version* erased = erasures_.newest();
        if (erased != nullptr && change.at <= *erased) {
            ++report_.entries_skipped;
            return;
        }
        if (erased != nullptr) making_.erase_before(*erased);
        switch (making_.apply(change)) {
            case detail::effect::applied:
                ++report_.entries_applied;
                return;
            case detail::effect::told_twice:
                ++report_.entries_skipped;
                return;
            case detail::effect::disagrees:
                ++report_.entries_applied;
                settle(conflict_kind::same_version, change.key, change.at, "changes of one version");
                return;
            case detail::effect::no_row:
                ++report_.entries_skipped;
                settle(conflict_kind::patch_without_row, change.key, change.at, "the base and the changes up to here");
                return;
        }
    }

    /// Appends a row unless it is outside, or erased after its newest change.
    void emit(key_view k, std::string_view value, std::optional<version> newest, row_batch& out) {
        if (!interval_.contains(k)) return;
        erasures_.move_to(k);
        if (const version* erased = erasures_.newest(); erased != nullptr && (!newest || *newest <= *erased)) return;
        out.append(k, value);
        ++report_.rows_out;
    }

    void settle(conflict_kind kind, key_view k, version at, std::string boxes) {
        ++report_.conflicts;
        policy_->settle(conflict{kind, key{k}, at, partition_, std::move(boxes)});
    }

    key_range interval_;
    horizon seen_;
    version since_;
    position upto_;
    std::string partition_;
    detail::erasure_sweep erasures_;
    detail::base_input base_;
    detail::change_inputs changes_;
    detail::row_in_making making_;
    Policy* policy_;
    merge_report report_;
    bool is_done_ = false;
};

}  // namespace foreshadow

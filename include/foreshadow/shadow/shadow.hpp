// SPDX-License-Identifier: BSL-1.0
//
// The changes of a prediction's keys, kept apart while they come, already cut where the partitions are expected to
// part. Each cut becomes a run. A shadow holds nothing that the journal does not: losing one costs time, never data,
// so whatever is odd in here ends a cut's run and starts it anew.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/row/fold.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow {

/// What a cut of a shadow has to give: the content of a run, sorted and folded.
struct shadow_run {
    std::uint64_t prediction = 0;
    key_range interval;
    position after;
    position upto;
    change_batch changes;
    std::vector<range_erasure> erasures;
};

/// The stretch of keys that `cuts` came from, divided at `boundaries` (ascending).
[[nodiscard]] inline std::vector<key_range> cut_at(const key_range& whole, std::span<const key> boundaries) {
    std::vector<key_range> cuts;
    key_range rest = whole;
    for (const key& b : boundaries) {
        if (b <= rest.begin || !rest.ends_after(b)) continue;
        cuts.push_back({rest.begin, b});
        rest.begin = b;
    }
    if (!rest.is_empty()) cuts.push_back(std::move(rest));
    return cuts;
}

/// The keys that are going to be of the partitions of `p`, divided where it says so; none where that is not told.
[[nodiscard]] inline std::vector<key_range> cuts_for(const prediction& p, const partition_index& owners) {
    if (p.kind == lineage_kind::create) {
        if (p.boundaries.size() == 2) return {{p.boundaries[0], p.boundaries[1]}};
        return {};  // without an end there is no telling whose keys it would take
    }
    std::vector<key_range> cuts;
    for (const partition_id id : p.partitions) {
        const partition* owner = owners.find(id);
        if (owner == nullptr) return {};
        if (!cuts.empty() && cuts.back().end == owner->interval.begin)
            cuts.back().end = owner->interval.end;
        else if (cuts.empty() || end_before(cuts.back().end, owner->interval.begin))
            cuts.push_back(owner->interval);
        else
            return {};
    }
    std::vector<key_range> divided;
    for (const key_range& whole : cuts)
        for (key_range& part : cut_at(whole, p.boundaries)) divided.push_back(std::move(part));
    return divided;
}

class shadow {
  public:
    struct cut {
        key_range interval;
        position after;  ///< the run so far is `(after, …]`
        change_batch changes;
        std::size_t folded_bytes = 0;  ///< of `changes` when they were last folded

        /// Bytes held, keys and book-keeping included.
        [[nodiscard]] std::size_t bytes() const noexcept {
            return changes.bytes() + interval.begin.size() + interval.end.size() + sizeof(cut);
        }
    };

    /// Keeps changes of `intervals` (disjoint, ascending) from above `after`.
    shadow(prediction for_this, const std::vector<key_range>& intervals, position after)
        : prediction_{std::move(for_this)} {
        for (const key_range& interval : intervals)
            if (!interval.is_empty())
                cuts_.push_back({.interval = interval, .after = after, .changes = {}, .folded_bytes = 0});
    }

    [[nodiscard]] const prediction& of() const noexcept { return prediction_; }
    [[nodiscard]] std::uint64_t id() const noexcept { return prediction_.id; }
    [[nodiscard]] const std::vector<cut>& cuts() const noexcept { return cuts_; }
    [[nodiscard]] std::size_t bytes() const noexcept {
        std::size_t sum = 0;
        for (const cut& c : cuts_) sum += c.bytes();
        return sum;
    }

    /// Takes a change that touches cut `i`. A range is clipped; a `replaced` begins the run anew after its commit.
    void take(std::size_t i, const change_view& change) {
        cut& into = cuts_[i];
        if (change.at.at <= into.after) return;
        if (!change.is_range()) {
            into.changes.append(change);
        } else if (const key_range part = intersection(into.interval, {key{change.key}, key{change.payload}});
                   part.is_empty()) {
            return;
        } else if (change.kind == change_kind::replaced) {
            // Only an image from after it counts, and what that contains needs no run from before.
            begin_anew(into, change.at.at);
        } else {
            into.changes.append({change.kind, change.hint, change.at, part.begin, part.end});
        }
        // Folded again whenever it has doubled: amortised O(log) a change, and at most twice what has to be kept.
        if (into.changes.bytes() > fold_from && into.changes.bytes() > 2 * into.folded_bytes)
            compact(into, change.at.at);
    }

    /// Keeps only the last change of each key. `at`: up to where changes were taken.
    void compact(position at) {
        for (cut& c : cuts_) compact(c, at);
    }

    /// What the cuts hold up to `upto`, after which they go on from there. A cut without changes gives an empty run:
    /// that nothing happened is knowledge too.
    void harvest(position upto, std::vector<shadow_run>& out) {
        for (cut& c : cuts_) {
            if (upto <= c.after) continue;
            shadow_run run{.prediction = id(),
                           .interval = c.interval,
                           .after = c.after,
                           .upto = upto,
                           .changes = {},
                           .erasures = {}};
            if (fold_safely(c, run.changes, run.erasures)) {
                out.push_back(std::move(run));
            }
            begin_anew(c, upto);
        }
    }

    /// Divides the cuts at `boundaries`, with what they hold. True when that changed anything.
    bool recut(std::span<const key> boundaries) {
        std::vector<cut> divided;
        for (cut& c : cuts_) {
            std::vector<key_range> parts = cut_at(c.interval, boundaries);
            if (parts.size() == 1) {
                divided.push_back(std::move(c));
                continue;
            }
            for (key_range& part : parts) {
                cut smaller{.interval = std::move(part), .after = c.after, .changes = {}, .folded_bytes = 0};
                copy_part(c.changes, smaller);
                divided.push_back(std::move(smaller));
            }
        }
        const bool changed = divided.size() != cuts_.size();
        cuts_ = std::move(divided);
        return changed;
    }

    /// Forgets the keys of `gone`. Returns whether anything is left.
    bool forget(const key_range& gone) {
        std::vector<cut> left;
        for (cut& c : cuts_) {
            std::vector<key_range> parts = difference(c.interval, gone);
            if (parts.size() == 1 && parts.front() == c.interval) {
                left.push_back(std::move(c));
                continue;
            }
            for (key_range& part : parts) {
                cut smaller{.interval = std::move(part), .after = c.after, .changes = {}, .folded_bytes = 0};
                copy_part(c.changes, smaller);
                left.push_back(std::move(smaller));
            }
        }
        cuts_ = std::move(left);
        return !cuts_.empty();
    }

  private:
    static constexpr std::size_t fold_from = std::size_t{64} << 10;

    static void begin_anew(cut& c, position after) {
        c.changes = change_batch{};  // gives the memory back
        c.after = after;
        c.folded_bytes = 0;
    }

    static void copy_part(const change_batch& from, cut& into) {
        for (std::size_t i = 0; i < from.size(); ++i) {
            const change_view change = from[i];
            if (!change.is_range()) {
                if (into.interval.contains(change.key)) into.changes.append(change);
                continue;
            }
            const key_range part = intersection(into.interval, {key{change.key}, key{change.payload}});
            if (!part.is_empty()) into.changes.append({change.kind, change.hint, change.at, part.begin, part.end});
        }
    }

    /// A log that cannot be folded (a patch that does not fit its row) is for the restore to judge, not for a shadow.
    static bool fold_safely(cut& c, change_batch& changes, std::vector<range_erasure>& erasures) {
        try {
            fold(c.changes, c.interval, changes, erasures);
            return true;
        } catch (const error&) {
            return false;
        }
    }

    static void compact(cut& c, position at) {
        change_batch folded;
        std::vector<range_erasure> erasures;
        if (!fold_safely(c, folded, erasures)) {
            // The rest of this commit is on its way: it is not part of the new run either.
            begin_anew(c, at);
            return;
        }
        for (const range_erasure& e : erasures)
            folded.append({change_kind::erase_range, write_hint::unknown, e.at, e.interval.begin, e.interval.end});
        c.changes = std::move(folded);
        c.folded_bytes = c.changes.bytes();
    }

    prediction prediction_;
    std::vector<cut> cuts_;
};

}  // namespace foreshadow

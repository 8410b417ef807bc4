// SPDX-License-Identifier: BSL-1.0
//
// The coverage rule, once: T is restorable exactly when, for every key of the layout at T, something knows the key's
// value at an earlier position and boxes without a gap know every change since. What is scanned, what is restorable,
// what may be pruned and what a restore reads all follow from `prove` and `to_scan`; nothing else in the library
// reasons about restorability.
#pragma once

#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/detail/cover_sweep.hpp"
#include "foreshadow/plane/horizon.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/position.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

/// A stretch of a chain of changes: `(after, upto]`, from a run or from the journal.
///
/// A run may begin before its stretch; what it says from before is repeated there, and does no harm in a merge.
struct change_step {
    bool is_run = false;
    std::size_t run = 0;  ///< index into `boxes::runs`, where it is one
    position after;
    position upto;

    friend bool operator==(const change_step&, const change_step&) = default;
};

/// Keys of one owner whose state comes about in one way: from an image or from nothing, by a chain of changes.
struct proof_piece {
    key_range interval;
    partition_id owner;
    std::optional<std::size_t> image;  ///< index into `boxes::images`; none: born empty
    version since;                     ///< of the birth; {0, 0} otherwise
    horizon seen;                      ///< what the image contains; up to just before the birth otherwise
    std::vector<change_step> chain;    ///< without a gap from `seen.low` to T

    friend bool operator==(const proof_piece&, const proof_piece&) = default;
};

/// Keys for which something over `(after, upto]` is not known.
struct gap {
    key_range interval;
    position after;
    position upto;
    std::string why;

    friend bool operator==(const gap&, const gap&) = default;
};

/// How the state at a position comes about, or what is missing for it.
struct proof {
    position at;
    std::vector<proof_piece> pieces;  ///< in key order; none for keys with a gap
    std::vector<gap> gaps;            ///< in key order, then by position

    /// Whether the position is restorable.
    [[nodiscard]] bool is_complete() const noexcept { return gaps.empty(); }
};

namespace detail {

/// Whether `next` goes on where `last` ends.
[[nodiscard]] inline bool continues(const key_range& last, const key_range& next) {
    return !last.is_unbounded() && last.end == next.begin;
}

[[nodiscard]] inline std::string why_no_base(const cover_sweep& sweep, position t) {
    const std::string at = std::to_string(t.value);
    if (const auto replaced = sweep.newest_replacement(); replaced && sweep.has_image())
        return "the content was replaced at " + std::to_string(replaced->at.value) +
               " in a way that the log does not tell, and no image up to " + at + " contains that";
    if (sweep.has_later_image()) return "every image contains changes from after " + at;
    return "no image, and not born empty";
}

/// Collects the pieces and gaps of a proof, joining neighbours that come about alike.
class proof_writer {
  public:
    proof_writer(const boxes& known, proof& out) : known_{known}, out_{out} {}

    void add_piece(key_range interval, partition_id owner, const base& from, const std::vector<stretch_step>& chain) {
        if (!out_.pieces.empty()) {
            proof_piece& last = out_.pieces.back();
            const bool is_alike = last.owner == owner && continues(last.interval, interval) &&
                                  last_.image == from.image && last_.birth == from.birth && last_chain_ == chain;
            if (is_alike) {
                last.interval.end = std::move(interval.end);
                return;
            }
        }
        last_ = from;
        last_chain_ = chain;
        proof_piece piece{.interval = std::move(interval),
                          .owner = owner,
                          .image = from.image,
                          .since = from.birth ? known_.births[*from.birth].at : version{},
                          .seen = from.image ? known_.images[*from.image].seen : horizon::exactly(from.low),
                          .chain = {}};
        piece.chain.reserve(chain.size());
        for (const stretch_step& step : chain)
            piece.chain.push_back({step.run.has_value(), step.run.value_or(0), step.after, step.upto});
        out_.pieces.push_back(std::move(piece));
    }

    /// Gaps of one piece come together; those that its neighbour has as well are lengthened.
    void add_gaps(const key_range& interval, std::vector<gap> gaps) {
        const std::size_t count = gaps.size();
        const std::size_t begin = out_.gaps.size() - last_gaps_;
        bool is_alike = count == last_gaps_;
        for (std::size_t i = 0; is_alike && i < count; ++i) {
            const gap& last = out_.gaps[begin + i];
            is_alike = continues(last.interval, interval) && last.after == gaps[i].after && last.upto == gaps[i].upto &&
                       last.why == gaps[i].why;
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (is_alike) {
                out_.gaps[begin + i].interval.end = interval.end;
            } else {
                out_.gaps.push_back(std::move(gaps[i]));
            }
        }
        last_gaps_ = count;
    }

  private:
    const boxes& known_;
    proof& out_;
    base last_;
    std::vector<stretch_step> last_chain_;
    std::size_t last_gaps_ = 0;
};

}  // namespace detail

/// How far the journal tells every change above `from`: `from` itself where it lacks the next one.
[[nodiscard]] inline position journal_reach(const boxes& known, position from) {
    return detail::journal_stretches{known.segments}.reach(from);
}

/// Proves the state at `t`, for the keys of the layout at `t`.
///
/// Guarantees: refuses exactly where the rule does, and says why. A piece begins from the newest image whose `high` is
/// not above `t` and which contains every replacement, or from a later birth. Its chain takes runs that end by `t`
/// where they reach, and the journal elsewhere. Complexity: O(n log n) for n boxes, and the size of the answer.
[[nodiscard]] inline proof prove(const boxes& known, const layout& at_t, position t) {
    proof result{t, {}, {}};
    detail::proof_writer writer{known, result};
    detail::cover_sweep sweep{known, at_t, {.images = t, .told = t, .runs = t}};
    std::vector<detail::stretch_step> chain;
    std::vector<detail::stretch_step> missing;
    std::optional<std::pair<position, std::size_t>> chain_of;
    sweep.walk([&](key_range interval, const partition& owner) {
        const std::optional<detail::base> from = sweep.choose();
        if (!from) {
            std::vector<gap> gaps;
            gaps.push_back({interval, {}, t, detail::why_no_base(sweep, t)});
            writer.add_gaps(interval, std::move(gaps));
            return;
        }
        if (const std::pair wanted{from->low, sweep.generation()}; chain_of != wanted) {
            sweep.lay_chain(from->low, t, chain, missing);
            chain_of = wanted;
        }
        if (missing.empty()) {
            writer.add_piece(std::move(interval), owner.id, *from, chain);
            return;
        }
        std::vector<gap> gaps;
        for (const detail::stretch_step& hole : missing)
            gaps.push_back({interval, hole.after, hole.upto, "neither the journal nor a run knows these changes"});
        writer.add_gaps(interval, std::move(gaps));
    });
    return result;
}

/// The intervals of `now` that have to be read: where no image or birth is usable when the log is followed on from
/// `followed`.
///
/// Usable is what contains every replacement of its keys, and from which changes are known without a gap up to
/// `followed`. An image from above `followed` is usable: the log will get there. What is under way counts as if it were
/// known. Intervals are in key order and never reach over a partition's edge. Complexity: O(n log n) for n boxes, and
/// the length of the chains; no box is copied.
[[nodiscard]] inline std::vector<key_range> to_scan(const boxes& known, const layout& now, position followed,
                                                    const under_way& more = {}) {
    std::vector<key_range> intervals;
    std::vector<detail::stretch_step> chain;
    std::vector<detail::stretch_step> missing;
    std::optional<std::pair<position, std::size_t>> chain_of;
    const partition* last_owner = nullptr;
    detail::cover_sweep sweep{
        known, now, {.images = position::last(), .told = position::last(), .runs = followed}, more};
    sweep.walk([&](key_range interval, const partition& owner) {
        if (const std::optional<detail::base> from = sweep.choose()) {
            if (const std::pair wanted{from->low, sweep.generation()}; chain_of != wanted) {
                sweep.lay_chain(from->low, followed, chain, missing);
                chain_of = wanted;
            }
            if (missing.empty()) return;
        }
        if (last_owner == &owner && !intervals.empty() && detail::continues(intervals.back(), interval)) {
            intervals.back().end = std::move(interval.end);
        } else {
            intervals.push_back(std::move(interval));
        }
        last_owner = &owner;
    });
    return intervals;
}

}  // namespace foreshadow

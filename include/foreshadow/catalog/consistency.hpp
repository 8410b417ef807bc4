// SPDX-License-Identifier: BSL-1.0
//
// Whether a catalog says the same wherever it says a thing twice. Checksums tell that a document is what was written;
// that it made sense, they cannot. But much stands in it twice: births repeat what the layout changes began, and a
// point's proof repeats, of each box that it rests on, the keys, the positions and the horizon; and images and runs
// have a fingerprint of what they said when they were made. So what was dropped, shortened or shifted on the way is
// refused before anything is built upon it, and not believed.
//
// What the journal repeats, layout changes and contents that were replaced untold, is checked as it is read.
#pragma once

#include "foreshadow/catalog/catalog.hpp"
#include "foreshadow/catalog/fingerprint.hpp"
#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/error.hpp"
#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/plane/layout_history.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace foreshadow {

namespace detail {

[[noreturn]] inline void throw_contradiction(const std::string& what) {
    throw error{errc::corrupt, "the catalog contradicts itself: " + what,
                "restore the object from a copy of the repository; other restore points may be whole: run "
                "`foreshadow verify`"};
}

inline void expect_keys(const key_range& interval, const char* box) {
    if (interval.is_empty()) throw_contradiction(std::string{box} + " has no keys");
}

inline void expect_horizon(const image& i) {
    const horizon& seen = i.seen;
    const bool is_ascending = std::is_sorted(seen.also.begin(), seen.also.end());
    const bool is_within = seen.also.empty() || (seen.low < seen.also.front() && seen.also.back() <= seen.high);
    if (seen.low > seen.high || !is_ascending || !is_within)
        throw_contradiction("the image of " + printable(i.interval) + " contains commits from above its horizon");
}

template <class Box>
void expect_positions(const Box& box, const char* what) {
    if (box.upto <= box.after)
        throw_contradiction(std::string{what} + " above position " + std::to_string(box.after.value) + " ends at " +
                            std::to_string(box.upto.value));
}

template <class Box>
void expect_unchanged(const Box& box, const char* what) {
    if (box.fingerprint != fingerprint_of(box))
        throw_contradiction(std::string{what} + " of " + printable(box.interval) + " is not what was made");
}

/// Every partition that a layout change began empty is a birth, and every birth is such a partition.
inline void expect_births(const catalog& knows) {
    const auto order = [](const birth& a, const birth& b) {
        return std::tie(a.at, a.interval.begin, a.interval.end) < std::tie(b.at, b.interval.begin, b.interval.end);
    };
    std::vector<birth> begun;
    for (const layout_change& change : knows.changes)
        for (const partition& p : change.begun)
            if (p.born_empty) begun.push_back({p.interval, change.at});
    std::vector<birth> born = knows.known.births;
    for (std::vector<birth>* side : {&begun, &born}) {
        std::sort(side->begin(), side->end(), order);
        side->erase(std::unique(side->begin(), side->end()), side->end());
    }
    if (begun != born) throw_contradiction("the partitions that were born empty are not those that the layouts begin");
}

}  // namespace detail

/// Throws `corrupt` where a catalog cannot be what it says.
///
/// Complexity: O(n log n) for n boxes and layout changes.
inline void expect_consistent(const catalog& knows) {
    for (const image& i : knows.known.images) {
        detail::expect_keys(i.interval, "an image");
        detail::expect_horizon(i);
        detail::expect_unchanged(i, "the image");
    }
    for (const segment& s : knows.known.segments) detail::expect_positions(s, "the segment");
    for (const run& r : knows.known.runs) {
        detail::expect_keys(r.interval, "a run");
        detail::expect_positions(r, "the run");
        detail::expect_unchanged(r, "the run");
    }
    detail::expect_births(knows);
    try {
        (void)history_of(knows);
    } catch (const error& e) {
        detail::throw_contradiction(e.message());
    }
}

/// Throws `corrupt` where `anew`, a point's proof as it is worked out now, is none, or not the one that the point has.
inline void expect_proof(const restore_point& point, const proof& anew) {
    if (!anew.is_complete())
        detail::throw_contradiction("the proof fails for the keys " + printable(anew.gaps.front().interval) + ": " +
                                    anew.gaps.front().why);
    if (spelled_out(anew, point.knows.known) != point.proof)
        detail::throw_contradiction("its boxes do not prove the state in the way that its proof says");
}

/// Throws `corrupt` where a point's catalog contradicts itself, or does not prove the point in the way that the point
/// says it does.
///
/// Complexity: as `prove`.
inline void expect_consistent(const restore_point& point) {
    expect_consistent(point.knows);
    if (point.at < point.knows.first.at) detail::throw_contradiction("it is from before its first layout");
    expect_proof(point, prove(point.knows.known, history_of(point.knows).at(point.at), point.at));
}

/// Throws `corrupt` where the journal over `(after, upto]` tells of other layout changes than the catalog.
inline void expect_layouts(const catalog& knows, position after, position upto,
                           const std::vector<layout_change>& told) {
    const auto is_same_part = [](const partition& a, const partition& b) {
        return a.id == b.id && a.name == b.name && a.interval == b.interval && a.holds == b.holds &&
               a.born_empty == b.born_empty;  // what it is thought to hold is told anew each time
    };
    const auto is_same = [&](const layout_change& a, const layout_change& b) {
        return a.at == b.at && a.retired == b.retired && a.descents == b.descents &&
               std::equal(a.begun.begin(), a.begun.end(), b.begun.begin(), b.begun.end(), is_same_part);
    };
    const auto of_interest = [&](const std::vector<layout_change>& all) {
        std::vector<layout_change> kept;
        for (const layout_change& change : all)
            if (after < change.at.at && change.at.at <= upto && change.at.at > knows.first.at &&
                (kept.empty() || !is_same(kept.back(), change)))
                kept.push_back(change);
        return kept;
    };
    const std::vector<layout_change> known = of_interest(knows.changes);
    const std::vector<layout_change> logged = of_interest(told);
    if (!std::equal(known.begin(), known.end(), logged.begin(), logged.end(), is_same))
        detail::throw_contradiction("its layouts are not those of the journal above position " +
                                    std::to_string(after.value));
}

}  // namespace foreshadow

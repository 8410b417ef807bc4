// SPDX-License-Identifier: BSL-1.0
//
// The pieces that a backup lays on the plane. A box says which keys and which positions it knows; `where`
// names its bytes for the layers above and means nothing here.
#pragma once

#include "foreshadow/plane/horizon.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

namespace foreshadow {

/// Rows of an interval, with what they contain.
struct image {
    key_range interval;
    horizon seen;
    std::string where;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;        ///< keys and values, before compression
    std::uint32_t fingerprint = 0;  ///< of what it said when it was made: see catalog/fingerprint.hpp

    friend bool operator==(const image&, const image&) = default;
};

/// Every change of the log over `(after, upto]`, for all keys, in log order.
struct segment {
    position after;
    position upto;
    std::string where;
    std::uint64_t changes = 0;
    std::uint64_t bytes = 0;  ///< as stored

    friend bool operator==(const segment&, const segment&) = default;
};

/// An erasure of a whole interval, at a version.
struct range_erasure {
    version at;
    key_range interval;

    friend bool operator==(const range_erasure&, const range_erasure&) = default;
};

/// The changes of one interval over `(after, upto]`, sorted by key, only the last change of each key kept.
/// Never spans a `replaced` of its interval.
struct run {
    key_range interval;
    position after;
    position upto;
    std::string where;
    std::vector<range_erasure> erasures;
    std::uint64_t changes = 0;
    std::uint64_t bytes = 0;
    std::uint64_t prediction = 0;   ///< the prediction whose shadow it came from
    std::uint32_t fingerprint = 0;  ///< of what it said when it was made

    friend bool operator==(const run&, const run&) = default;
};

/// A partition that was born empty: counts as an image without rows from `at` on.
struct birth {
    key_range interval;
    version at;

    friend bool operator==(const birth&, const birth&) = default;
    friend bool operator<(const birth& a, const birth& b) {
        return std::tie(a.at, a.interval.begin, a.interval.end) < std::tie(b.at, b.interval.begin, b.interval.end);
    }
};

/// The content of an interval changed in a way that the log does not tell: only an image from after it counts.
struct replacement {
    key_range interval;
    version at;

    friend bool operator==(const replacement&, const replacement&) = default;
    friend bool operator<(const replacement& a, const replacement& b) {
        return std::tie(a.at, a.interval.begin, a.interval.end) < std::tie(b.at, b.interval.begin, b.interval.end);
    }
};

/// Adds births or replacements that the log told; what is told again is there once. `known` is in order, and stays so.
///
/// Complexity: O(m log m) for m told, and the number of known ones that do not come before them: none as a rule, since
/// a log tells in order.
template <class Told>
void add_told(std::vector<Told>& known, std::vector<Told> told) {
    if (told.empty()) return;
    std::sort(told.begin(), told.end());
    told.erase(std::unique(told.begin(), told.end()), told.end());
    const auto place = std::lower_bound(known.begin(), known.end(), told.front());
    const std::vector<Told> later{std::make_move_iterator(place), std::make_move_iterator(known.end())};
    known.erase(place, known.end());
    std::set_union(later.begin(), later.end(), told.begin(), told.end(), std::back_inserter(known));
}

/// What lies on the plane and is not in the catalog yet: it counts for what is still to be scanned, for nothing else.
struct under_way {
    std::vector<const image*> images;  ///< read; their bytes are being written
    position sealed;                   ///< the log was taken above this position
    position taken;                    ///< and up to this one, and is not in a segment yet
};

/// Everything that is known about a source's plane.
struct boxes {
    std::vector<image> images;
    std::vector<segment> segments;
    std::vector<run> runs;
    std::vector<birth> births;              ///< in order: see `add_told`
    std::vector<replacement> replacements;  ///< in order, too
};

}  // namespace foreshadow

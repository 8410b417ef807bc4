// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/position.hpp"

#include <algorithm>
#include <vector>

namespace foreshadow {

/// What an image contains: every commit up to `low`, those named in `also` between `low` and `high`, none later.
///
/// Where a snapshot is a prefix of the log (SQLite, RocksDB, MariaDB) `low == high`; in PostgreSQL it is not.
struct horizon {
    position low;
    position high;
    std::vector<position> also;  ///< ascending, all in `(low, high]`

    friend bool operator==(const horizon&, const horizon&) = default;

    [[nodiscard]] static horizon exactly(position at) { return {at, at, {}}; }

    /// The same, where it is known that every commit up to `p` is in the image.
    [[nodiscard]] horizon raised_to(position p) const {
        horizon raised{std::max(low, p), std::max(high, p), also};
        std::erase_if(raised.also, [&](position each) { return each <= raised.low; });
        return raised;
    }

    /// Whether the commit at `p` is in the image.
    [[nodiscard]] bool contains(position p) const {
        return p <= low || (p <= high && std::binary_search(also.begin(), also.end(), p));
    }
};

}  // namespace foreshadow

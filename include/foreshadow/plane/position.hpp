// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace foreshadow {

/// A point in a source's log: strictly increasing by commit, never a clock.
struct position {
    std::uint64_t value = 0;

    friend constexpr auto operator<=>(position, position) = default;
    [[nodiscard]] static constexpr position last() { return {std::numeric_limits<std::uint64_t>::max()}; }
};

/// The place of one change in the log: its commit, and its ordinal within the commit. Orders everything (order rule).
struct version {
    position at;
    std::uint32_t ordinal = 0;

    friend constexpr auto operator<=>(version, version) = default;
};

/// Wall time in microseconds since 1970-01-01 UTC: an attribute of a commit, used only to look positions up.
struct wall_time {
    std::int64_t microseconds = 0;

    friend constexpr auto operator<=>(wall_time, wall_time) = default;
};

/// Seconds from `from` to `to`.
[[nodiscard]] constexpr double seconds_between(wall_time from, wall_time to) {
    return static_cast<double>(to.microseconds - from.microseconds) * 1e-6;
}

[[nodiscard]] constexpr wall_time after_seconds(wall_time from, double seconds) {
    return {from.microseconds + static_cast<std::int64_t>(seconds * 1e6)};
}

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Keys as points on a line, for guesses about where between or beyond two keys something will be.
#pragma once

#include "foreshadow/plane/key_range.hpp"

#include <cmath>
#include <cstddef>

namespace foreshadow::detail {

/// The key at `t` of the way from `low` to `high`: 0.5 lies between them, 2 as far again beyond `high`. Six bytes after
/// the common prefix are looked at; empty where there is no such key.
[[nodiscard]] inline key point_between(key_view low, key_view high, double t) {
    std::size_t common = 0;
    while (common < low.size() && common < high.size() && low[common] == high[common]) ++common;
    const auto number = [&](key_view k) {
        double value = 0;
        for (std::size_t i = 0; i < 6; ++i)
            value = value * 256 + (common + i < k.size() ? static_cast<unsigned char>(k[common + i]) : 0);
        return value;
    };
    const double at = std::floor(number(low) + t * (number(high) - number(low)));
    if (!(at >= 0) || at >= std::exp2(48)) return {};
    key point{low.substr(0, common)};
    auto rest = static_cast<unsigned long long>(at);
    for (std::size_t i = 0; i < 6; ++i) {
        point.push_back(static_cast<char>((rest >> 40) & 0xff));
        rest = (rest << 8) & 0xffff'ffff'ffffULL;
    }
    // As long as the keys around it: no zeroes that nobody asked for.
    while (point.size() > common + 1 && point.size() > high.size() && point.back() == '\0') point.pop_back();
    return point;
}

}  // namespace foreshadow::detail

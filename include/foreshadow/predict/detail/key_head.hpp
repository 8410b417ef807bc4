// SPDX-License-Identifier: BSL-1.0
//
// The first bytes of a key as a number that orders as they do: what a search compares, many times, before it looks at a
// key itself. Keys that end sooner are filled up with zeroes, so equal numbers say nothing about the order of keys.
#pragma once

#include "foreshadow/plane/key_range.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace foreshadow::detail {

/// Eight bytes of `k` behind `skip`.
[[nodiscard]] inline std::uint64_t key_head(key_view k, std::size_t skip) noexcept {
    std::uint64_t value = 0;
    if constexpr (std::endian::native == std::endian::little) {
        if (k.size() >= skip + 8) [[likely]] {
            std::memcpy(&value, k.data() + skip, 8);
            return __builtin_bswap64(value);
        }
    }
    const std::size_t there = k.size() > skip ? std::min<std::size_t>(k.size() - skip, 8) : 0;
    if constexpr (std::endian::native == std::endian::little) {
        if (there > 0 && k.size() >= 8) {  // its last eight bytes, without those that are not asked for
            std::memcpy(&value, k.data() + k.size() - 8, 8);
            return __builtin_bswap64(value) << (8 * (8 - there));
        }
    }
    for (std::size_t i = 0; i < there; ++i) value = value << 8 | static_cast<unsigned char>(k[skip + i]);
    return there == 0 ? 0 : value << (8 * (8 - there));
}

__extension__ using wide_head = unsigned __int128;

/// Sixteen bytes of `k` behind `skip`.
[[nodiscard]] inline wide_head wide_head_of(key_view k, std::size_t skip = 0) noexcept {
    return static_cast<wide_head>(key_head(k, skip)) << 64 | key_head(k, skip + 8);
}

/// How many bytes two keys have in common at their beginning.
[[nodiscard]] inline std::size_t in_common(key_view a, key_view b) noexcept {
    const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
    return static_cast<std::size_t>(differ - a.begin());
}

/// What some keys have in common, and whether another has it.
struct shared_prefix {
    enum class side : std::uint8_t { below, among, above, unclear };

    wide_head front = 0;     ///< the first sixteen bytes of one of the keys
    std::uint32_t skip = 0;  ///< how many bytes they have in common
    std::uint8_t shift = 0;  ///< bits of `front` behind these

    shared_prefix() = default;
    shared_prefix(key_view one, std::size_t common) noexcept
        : front{wide_head_of(one)},
          skip{static_cast<std::uint32_t>(common)},
          shift{static_cast<std::uint8_t>(8 * (sizeof(wide_head) - std::min(common, sizeof(wide_head))))} {}

    /// Of a key with these first sixteen bytes; `unclear` where they do not tell.
    [[nodiscard]] side side_of(wide_head head) const noexcept {
        if (skip == 0) return side::among;
        if ((head ^ front) >> shift != 0) return head < front ? side::below : side::above;
        return skip <= sizeof(wide_head) ? side::among : side::unclear;
    }
};

}  // namespace foreshadow::detail

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

/// The eight bytes from `at` on as a number that orders as they do.
[[nodiscard]] inline std::uint64_t eight_bytes(const char* at) noexcept {
    std::uint64_t value = 0;
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&value, at, 8);
        return __builtin_bswap64(value);
    }
    for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
    return value;
}

/// Eight bytes of `k` behind `skip`.
[[nodiscard, gnu::always_inline]] inline std::uint64_t key_head(key_view k, std::size_t skip) noexcept {
    if (k.size() >= skip + 8) return eight_bytes(k.data() + skip);
    if (k.size() <= skip) return 0;
    const std::size_t missing = skip + 8 - k.size();
    if (k.size() >= 8) return eight_bytes(k.data() + k.size() - 8) << (8 * missing);  // its last, without those before
    std::uint64_t value = 0;
    for (const char c : k.substr(skip)) value = value << 8 | static_cast<unsigned char>(c);
    return value << (8 * missing);
}

__extension__ using wide_head = unsigned __int128;

/// Sixteen bytes of `k` behind `skip`.
[[nodiscard, gnu::always_inline]] inline wide_head wide_head_of(key_view k, std::size_t skip = 0) noexcept {
    return static_cast<wide_head>(key_head(k, skip)) << 64 | key_head(k, skip + 8);
}

/// How many bytes two keys have in common at their beginning.
[[nodiscard]] inline std::size_t in_common(key_view a, key_view b) noexcept {
    const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
    return static_cast<std::size_t>(differ - a.begin());
}

/// What some keys begin with, as far as sixteen bytes tell.
struct shared_front {
    wide_head bytes = 0;
    wide_head mask = 0;  ///< of those that they share

    shared_front() = default;
    shared_front(key_view one, std::size_t shared) noexcept
        : bytes{wide_head_of(one)},
          mask{shared == 0             ? 0
               : shared < sizeof(mask) ? ~wide_head{0} << (8 * (sizeof(mask) - shared))
                                       : ~wide_head{0}} {}
    [[nodiscard]] bool is_of(wide_head head) const noexcept { return ((head ^ bytes) & mask) == 0; }
};

}  // namespace foreshadow::detail

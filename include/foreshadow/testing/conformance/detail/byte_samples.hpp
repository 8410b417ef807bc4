// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/testing/random.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow::testing::detail {

inline constexpr std::size_t byte_patterns = 5;

/// Bytes as they occur: random, all zero, all 0xff, every value in turn, and rows of text.
[[nodiscard]] inline std::string sample_of(std::size_t pattern, std::size_t size, seeded_random& random) {
    constexpr std::string_view text = "order,2024-05-17,customer 1234,shipped;";
    std::string bytes(size, pattern == 2 ? '\xff' : '\0');
    for (std::size_t i = 0; i < size; ++i) {
        if (pattern == 0) bytes[i] = static_cast<char>(random());
        if (pattern == 3) bytes[i] = static_cast<char>(i);
        if (pattern == 4) bytes[i] = i % 64 == 0 ? static_cast<char>(random()) : text[i % text.size()];
    }
    return bytes;
}

/// Every length up to 5,000, and powers of two with their neighbours.
[[nodiscard]] inline std::vector<std::size_t> sizes_to_try() {
    std::vector<std::size_t> sizes;
    for (std::size_t size = 0; size <= 5000; ++size) sizes.push_back(size);
    for (std::size_t power = 8192; power <= std::size_t{1} << 20; power *= 2)
        for (const std::size_t size : {power - 1, power, power + 1}) sizes.push_back(size);
    return sizes;
}

}  // namespace foreshadow::testing::detail

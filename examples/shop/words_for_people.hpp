// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace shop {

[[nodiscard]] inline std::string decimal(double value, const char* format = "%.1f") {
    char text[48];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

[[nodiscard]] inline std::string bytes_text(double bytes) {
    static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB"};
    std::size_t unit = 0;
    for (; bytes >= 1024 && unit < 3; ++unit) bytes /= 1024;
    return decimal(bytes, unit == 0 ? "%.0f " : "%.1f ") + units[unit];
}
[[nodiscard]] inline std::string bytes_text(std::uint64_t bytes) { return bytes_text(static_cast<double>(bytes)); }

[[nodiscard]] inline std::string count_text(std::uint64_t count) {
    std::string digits = std::to_string(count);
    for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
    return digits;
}

}  // namespace shop

// SPDX-License-Identifier: BSL-1.0
//
// What the names of a calendar have in common: `public.events_p20261123` and `public.events_p20261124` differ in their
// digits only. Where partitions lie anywhere in key space, as PostgreSQL's do, that is all there is to know them by. A
// stem is a guess, as all that is made of it is: two tables that are numbered themselves have one in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace foreshadow::detail {

/// Of a stem, and of what is foretold; what comes behind tells nothing apart.
inline constexpr std::size_t longest_name = 128;
/// Stands for a run of digits.
inline constexpr char any_digits = '#';

[[nodiscard]] inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
/// Plain ASCII, so that any catalog, log or terminal can show it.
[[nodiscard]] inline char plain(char c) noexcept { return c < 0x20 || c > 0x7e ? '?' : c; }

/// The name with a mark for each run of digits, plain and not too long; empty where it has none, and so no siblings.
[[nodiscard]] inline std::string stem_of(std::string_view name) {
    std::string stem;
    bool has_digits = false;
    for (std::size_t i = 0; i < name.size() && stem.size() < longest_name;) {
        if (is_digit(name[i])) {
            while (i < name.size() && is_digit(name[i])) ++i;
            stem.push_back(any_digits);
            has_digits = true;
        } else {
            stem.push_back(plain(name[i++]));
        }
    }
    return has_digits ? stem : std::string{};
}

/// Whether a partition of this name is what was foretold: a name, or one in which marks stand for digits that are not
/// known. Every name is called as its stem.
[[nodiscard]] inline bool is_called(std::string_view name, std::string_view foretold) noexcept {
    std::size_t at = 0;
    for (const char expected : foretold) {
        if (at == name.size()) return false;
        if (expected == any_digits && is_digit(name[at])) {
            while (at < name.size() && is_digit(name[at])) ++at;
        } else if (plain(name[at++]) != expected) {
            return false;
        }
    }
    return at == name.size() || foretold.size() >= longest_name;
}

/// The numbers in a name, as bytes that are in the order of these numbers: `p9` comes before `p10`, and `2026_9_30`
/// before `2026_10_1`.
[[nodiscard]] inline std::string numbers_in(std::string_view name) {
    constexpr std::size_t most_digits = 255;
    std::string numbers;
    for (std::size_t i = 0; i < name.size() && numbers.size() < longest_name;) {
        if (!is_digit(name[i])) {
            ++i;
            continue;
        }
        while (i + 1 < name.size() && name[i] == '0' && is_digit(name[i + 1])) ++i;
        std::size_t end = i;
        while (end < name.size() && is_digit(name[end])) ++end;
        const std::size_t digits = std::min(end - i, most_digits);
        numbers.push_back(static_cast<char>(digits));
        numbers.append(name.substr(i, digits));
        i = end;
    }
    return numbers;
}

}  // namespace foreshadow::detail

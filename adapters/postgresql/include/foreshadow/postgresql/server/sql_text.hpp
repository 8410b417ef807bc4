// SPDX-License-Identifier: BSL-1.0
//
// Values as SQL text, and positions as PostgreSQL writes them: a position is the end of a commit record in the
// write-ahead log (an LSN), which rises with every commit and never comes again.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/position.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace foreshadow::postgresql {

/// `name` as an SQL identifier.
[[nodiscard]] inline std::string identifier(std::string_view name) {
    std::string text = "\"";
    for (const char c : name) {
        if (c == '"') text += '"';
        text += c;
    }
    return text += '"';
}

/// `value` as an SQL string literal, whatever `standard_conforming_strings` says.
[[nodiscard]] inline std::string literal(std::string_view value) {
    std::string text = value.find('\\') == std::string_view::npos ? "'" : " E'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') text += c;
        text += c;
    }
    return text += '\'';
}

namespace detail {

/// Reads a whole number of a base. Errors: `corrupt` where the text is none.
template <class T>
[[nodiscard]] T whole_number(std::string_view text, int base = 10) {
    T value{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (failure != std::errc{} || end != text.data() + text.size())
        throw error{errc::corrupt, "the server answers \"" + std::string{text} + "\" where a number is expected"};
    return value;
}

/// "16/B374D848" as a position.
[[nodiscard]] inline position position_of(std::string_view lsn) {
    const std::size_t slash = lsn.find('/');
    if (slash == std::string_view::npos)
        throw error{errc::corrupt, "the server answers \"" + std::string{lsn} + "\" where a log position is expected"};
    const std::uint64_t high = whole_number<std::uint32_t>(lsn.substr(0, slash), 16);
    return {high << 32 | whole_number<std::uint32_t>(lsn.substr(slash + 1), 16)};
}

[[nodiscard]] inline std::string lsn_of(position at) {
    char digits[32];
    char* end = std::to_chars(digits, digits + sizeof digits, at.value >> 32, 16).ptr;
    *end++ = '/';
    end = std::to_chars(end, digits + sizeof digits, at.value & 0xffffffffU, 16).ptr;
    return {digits, end};
}

}  // namespace detail

}  // namespace foreshadow::postgresql

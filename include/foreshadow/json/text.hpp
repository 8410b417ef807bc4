// SPDX-License-Identifier: BSL-1.0
//
// Bytes as JSON strings. Valid UTF-8 stays readable, every other byte (and the backslash) becomes `\xNN`, so that keys
// and `where`s survive the way through JSON exactly.
#pragma once

#include "foreshadow/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace foreshadow::detail {

/// Length of the valid UTF-8 sequence at the front of `text`; 0 where there is none.
[[nodiscard]] inline std::size_t utf8_length(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead < 0xe0) return follows(1) ? 2 : 0;
    if (lead >= 0xe0 && lead < 0xf0) {
        if (!follows(1) || !follows(2)) return 0;
        const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (lead >= 0xf0 && lead < 0xf5) {
        if (!follows(1) || !follows(2) || !follows(3)) return 0;
        const bool overlong = lead == 0xf0 && byte(1) < 0x90;
        const bool beyond = lead == 0xf4 && byte(1) >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

[[nodiscard]] inline std::string escape(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    while (!bytes.empty()) {
        const auto byte = static_cast<unsigned char>(bytes[0]);
        const std::size_t length = utf8_length(bytes);
        if (length == 0 || byte < 0x20 || byte == 0x7f || byte == '\\') {
            text += "\\x";
            text += digits[byte >> 4];
            text += digits[byte & 15];
            bytes.remove_prefix(1);
        } else {
            text.append(bytes.substr(0, length));
            bytes.remove_prefix(length);
        }
    }
    return text;
}

[[nodiscard]] inline std::string unescape(std::string_view text) {
    const auto digit = [](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        return -1;
    };
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            bytes += text[i];
            continue;
        }
        const bool whole =
            i + 3 < text.size() && text[i + 1] == 'x' && digit(text[i + 2]) >= 0 && digit(text[i + 3]) >= 0;
        if (!whole) throw error{errc::corrupt, "a string has an unknown escape"};
        bytes += static_cast<char>(digit(text[i + 2]) * 16 + digit(text[i + 3]));
        i += 3;
    }
    return bytes;
}

/// Text of `escape` or of a name, in quotes: of what JSON would escape it has only quotes and backslashes.
inline void append_quoted(std::string_view text, std::string& out) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
//
// SQLite's order of values as an order of bytes: null < numbers < text < blob, integers and reals compared exactly,
// text by the column's collation, descending columns inverted. Encodings are prefix-free, so columns are simply
// joined, and what is equal to SQLite is equal here. A decoded value is equal to the original under the column's
// collation, which is what a scan needs to go on; it need not be the same bytes (`ABC` comes back as `abc`).
//
//   rowid          8 bytes, big-endian, sign inverted
//   null           05
//   number         10, the largest double not above it (8 bytes, ordered), what is left to an integer (2 bytes)
//   text, blob     20 or 30, bytes with 00 written as 00 ff, then 00 00; NOCASE adds the length in 8 bytes
#pragma once

#include "foreshadow/sqlite/database/value.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::sqlite {

enum class collation : std::uint8_t { binary, nocase, rtrim };
enum class text_encoding : std::uint8_t { utf8, utf16le, utf16be };

/// A column of a table's key, as its index orders it.
struct key_column {
    std::string name;
    collation collate = collation::binary;
    bool descending = false;

    friend bool operator==(const key_column&, const key_column&) = default;
};

/// A decoded key column; owns its bytes.
struct key_value {
    value_kind kind = value_kind::null;
    std::int64_t integer = 0;
    double real = 0;
    std::string bytes = {};

    [[nodiscard]] value_view view() const { return {kind, integer, real, bytes}; }
};

namespace detail {

inline constexpr char tag_null = 0x05;
inline constexpr char tag_number = 0x10;
inline constexpr char tag_text = 0x20;
inline constexpr char tag_blob = 0x30;

inline void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
    while (bytes-- > 0) out.push_back(static_cast<char>((value >> (8 * bytes)) & 0xff));
}
[[nodiscard]] inline std::uint64_t big_endian(std::string_view in) {
    std::uint64_t value = 0;
    for (const char c : in) value = (value << 8) | static_cast<unsigned char>(c);
    return value;
}

/// Doubles in ascending order as unsigned numbers; both zeros are one.
[[nodiscard]] inline std::uint64_t ordered_bits(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
    return (bits >> 63) != 0 ? ~bits : bits | (std::uint64_t{1} << 63);
}
[[nodiscard]] inline double from_ordered_bits(std::uint64_t bits) {
    return std::bit_cast<double>((bits >> 63) != 0 ? bits & ~(std::uint64_t{1} << 63) : ~bits);
}

inline constexpr double two_to_63 = 9223372036854775808.0;

inline void append_number(std::string& out, std::int64_t value) {
    auto below = static_cast<double>(value);
    // Rounded up: beyond every integer, or above this one.
    if (below >= two_to_63 || static_cast<std::int64_t>(below) > value)
        below = std::nextafter(below, -std::numeric_limits<double>::infinity());
    const auto rest = static_cast<std::uint64_t>(value - static_cast<std::int64_t>(below));
    append_big_endian(out, ordered_bits(below), 8);
    append_big_endian(out, rest, 2);
}

inline void append_escaped(std::string& out, std::string_view bytes) {
    for (const char c : bytes) {
        out.push_back(c);
        if (c == '\0') out.push_back('\xff');
    }
    out.append(2, '\0');
}

inline void swap_pairs(std::string& bytes) {
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) std::swap(bytes[i], bytes[i + 1]);
}

inline void append_text(std::string& out, std::string_view text, collation how, bool swapped) {
    if (how == collation::nocase) {
        // SQLite's own NOCASE stops at a NUL and then compares lengths.
        std::string folded{text.substr(0, text.find('\0'))};
        for (char& c : folded)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
        append_escaped(out, folded);
        append_big_endian(out, text.size(), 8);
    } else if (how == collation::rtrim) {
        while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
        append_escaped(out, text);
    } else if (swapped) {
        std::string bytes{text};
        swap_pairs(bytes);
        append_escaped(out, bytes);
    } else {
        append_escaped(out, text);
    }
}

/// Takes escaped bytes up to their end; nothing where they do not end.
[[nodiscard]] inline std::optional<std::string> take_escaped(std::string_view& in) {
    std::string bytes = {};
    for (std::size_t i = 0; i + 1 < in.size(); ++i) {
        if (in[i] != '\0') {
            bytes.push_back(in[i]);
        } else if (in[i + 1] == '\0') {
            in.remove_prefix(i + 2);
            return bytes;
        } else {
            bytes.push_back('\0');
            ++i;
        }
    }
    return std::nullopt;
}

inline void invert(std::string& out, std::size_t from) {
    for (std::size_t i = from; i < out.size(); ++i) out[i] = static_cast<char>(~static_cast<unsigned char>(out[i]));
}

}  // namespace detail

inline void append_rowid(std::string& out, std::int64_t rowid) {
    detail::append_big_endian(out, static_cast<std::uint64_t>(rowid) ^ (std::uint64_t{1} << 63), 8);
}

/// Appends one key column.
inline void append_key(std::string& out, const value_view& value, const key_column& column,
                       text_encoding encoding = text_encoding::utf8) {
    const std::size_t from = out.size();
    switch (value.kind) {
        case value_kind::null:
            out.push_back(detail::tag_null);
            break;
        case value_kind::integer:
            out.push_back(detail::tag_number);
            detail::append_number(out, value.integer);
            break;
        case value_kind::real:
            out.push_back(detail::tag_number);
            detail::append_big_endian(out, detail::ordered_bits(value.real), 8);
            detail::append_big_endian(out, 0, 2);
            break;
        case value_kind::text:
        case value_kind::text16:
            out.push_back(detail::tag_text);
            detail::append_text(out, value.bytes, column.collate,
                                value.kind == value_kind::text16 && encoding == text_encoding::utf16be);
            break;
        case value_kind::blob:
            out.push_back(detail::tag_blob);
            detail::append_escaped(out, value.bytes);
    }
    if (column.descending) detail::invert(out, from);
}

/// Takes a rowid off a key; nothing where it is too short.
[[nodiscard]] inline std::optional<std::int64_t> take_rowid(std::string_view& in) {
    if (in.size() < 8) return std::nullopt;
    const std::uint64_t bits = detail::big_endian(in.substr(0, 8)) ^ (std::uint64_t{1} << 63);
    in.remove_prefix(8);
    return static_cast<std::int64_t>(bits);
}

/// Takes one key column off a key; nothing where the bytes are no whole column.
[[nodiscard]] inline std::optional<key_value> take_key(std::string_view& in, const key_column& column,
                                                       text_encoding encoding = text_encoding::utf8) {
    std::string turned;
    std::string_view rest = in;
    if (column.descending) {
        turned = in;
        detail::invert(turned, 0);
        rest = turned;
    }
    if (rest.empty()) return std::nullopt;
    const char tag = rest.front();
    rest.remove_prefix(1);
    key_value value;
    if (tag == detail::tag_number) {
        if (rest.size() < 10) return std::nullopt;
        const double below = detail::from_ordered_bits(detail::big_endian(rest.substr(0, 8)));
        const auto left = static_cast<std::int64_t>(detail::big_endian(rest.substr(8, 2)));
        rest.remove_prefix(10);
        if (std::isnan(below)) return std::nullopt;
        if (below >= -detail::two_to_63 && below < detail::two_to_63 && below == std::trunc(below)) {
            value.kind = value_kind::integer;
            value.integer = static_cast<std::int64_t>(below) + (left < 1024 ? left : 0);
        } else {
            value.kind = value_kind::real;
            value.real = below;
        }
    } else if (tag == detail::tag_text || tag == detail::tag_blob) {
        auto bytes = detail::take_escaped(rest);
        if (!bytes) return std::nullopt;
        value.bytes = std::move(*bytes);
        value.kind = tag == detail::tag_blob ? value_kind::blob : value_kind::text;
        if (tag == detail::tag_text && column.collate == collation::nocase) {
            if (rest.size() < 8) return std::nullopt;
            const std::uint64_t length = detail::big_endian(rest.substr(0, 8));
            rest.remove_prefix(8);
            if (length < value.bytes.size() || length > std::uint64_t{1} << 31) return std::nullopt;
            value.bytes.resize(static_cast<std::size_t>(length), '\0');
        } else if (tag == detail::tag_text && column.collate == collation::binary && encoding != text_encoding::utf8) {
            value.kind = value_kind::text16;
            if (encoding == text_encoding::utf16be) detail::swap_pairs(value.bytes);
        }
    } else if (tag != detail::tag_null) {
        return std::nullopt;
    }
    in.remove_prefix(in.size() - rest.size());
    return value;
}

}  // namespace foreshadow::sqlite

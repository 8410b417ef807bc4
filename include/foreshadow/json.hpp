// SPDX-License-Identifier: BSL-1.0
//
// Described structs to JSON and back. A struct is described once, with Boost.Describe; manifests, checkpoints and
// `--json` come from that one description. Strings are any bytes: valid UTF-8 stays readable, every other
// byte (and the backslash) becomes `\xNN`, so that keys and `where`s survive the way through JSON exactly. JSON has no
// infinities and no NaN: they become the words "infinity" and "-infinity", and null.
#pragma once

#include "foreshadow/error.hpp"

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace foreshadow {

using json = nlohmann::ordered_json;

/// Reads any JSON; text that is none gives a value that `is_discarded()`.
[[nodiscard]] inline json parse_json(std::string_view text) { return json::parse(text, nullptr, false); }

namespace detail {

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

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
concept described = boost::describe::has_describe_members<T>::value;

/// Calls `each(name, pointer to member)` for the members of a described struct, in the order of its description.
template <described T, class F>
void for_each_member(F each) {
    using members = boost::describe::describe_members<T, boost::describe::mod_public>;
    boost::mp11::mp_for_each<members>([&](auto member) { each(member.name, member.pointer); });
}

template <std::floating_point T>
void append_number(T value, std::string& out) {
    if (std::isnan(value))
        out += "null";
    else if (std::isinf(value))
        append_quoted(value > 0 ? "infinity" : "-infinity", out);
    else
        out += json(value).dump();
}

template <std::floating_point T>
[[nodiscard]] T number_from_json(const json& from) {
    if (from.is_null()) return std::numeric_limits<T>::quiet_NaN();
    if (from == "infinity") return std::numeric_limits<T>::infinity();
    if (from == "-infinity") return -std::numeric_limits<T>::infinity();
    return from.get<T>();
}

/// A number that does not fit is damage: it is never cut to size.
template <std::integral T>
[[nodiscard]] T whole_from_json(const json& from) {
    if (!from.is_number_integer()) throw error{errc::corrupt, "a whole number is expected"};
    const bool fits = from.is_number_unsigned() ? std::in_range<T>(from.get<std::uint64_t>())
                                                : std::in_range<T>(from.get<std::int64_t>());
    if (!fits) throw error{errc::corrupt, "number " + from.dump() + " is out of range"};
    return from.get<T>();
}

/// `name_of` names every value of an enum, and calls all others by one word, which is no name.
template <class T>
[[nodiscard]] T word_from_json(const json& from) {
    static_assert(sizeof(T) == 1, "give the enum std::uint8_t as its underlying type");
    const auto& word = from.get_ref<const std::string&>();
    const std::string_view nameless = name_of(static_cast<T>(0xff));
    for (std::uint8_t i = 0; name_of(static_cast<T>(i)) != nameless; ++i)
        if (word == name_of(static_cast<T>(i))) return static_cast<T>(i);
    throw error{errc::corrupt, "unknown word " + escape(word)};
}

}  // namespace detail

/// Appends a value as JSON on one line. Nothing is built in between: catalogs are long, and a checkpoint writes a whole
/// one.
template <class T>
void append_json(const T& value, std::string& out) {
    if constexpr (std::same_as<T, std::string>) {
        detail::append_quoted(detail::escape(value), out);
    } else if constexpr (std::is_enum_v<T>) {
        detail::append_quoted(name_of(value), out);
    } else if constexpr (std::is_floating_point_v<T>) {
        detail::append_number(value, out);
    } else if constexpr (std::same_as<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (std::is_arithmetic_v<T>) {
        out += std::to_string(value);
    } else if constexpr (detail::is_optional<T>::value) {
        if (value)
            append_json(*value, out);
        else
            out += "null";
    } else if constexpr (detail::is_vector<T>::value) {
        out += '[';
        for (const auto& item : value) {
            if (&item != value.data()) out += ',';
            append_json(item, out);
        }
        out += ']';
    } else {
        static_assert(detail::described<T>, "describe the struct with BOOST_DESCRIBE_STRUCT");
        char separator = '{';
        detail::for_each_member<T>([&](const char* name, auto member) {
            out += separator;
            detail::append_quoted(name, out);
            out += ':';
            append_json(value.*member, out);
            separator = ',';
        });
        out += separator == '{' ? "{}" : "}";
    }
}

/// A value as JSON on one line, for `parse_document`.
template <class T>
[[nodiscard]] std::string document_of(const T& value) {
    std::string text;
    append_json(value, text);
    return text;
}

/// The same, to look into and add to.
template <class T>
[[nodiscard]] json to_json(const T& value) {
    return parse_json(document_of(value));
}

/// Reads what `to_json` made. Errors: `corrupt`, naming the member, where it is missing or of another kind.
template <class T>
void from_json(const json& from, T& value) {
    if constexpr (std::same_as<T, std::string>) {
        value = detail::unescape(from.get_ref<const std::string&>());
    } else if constexpr (std::is_enum_v<T>) {
        value = detail::word_from_json<T>(from);
    } else if constexpr (std::is_floating_point_v<T>) {
        value = detail::number_from_json<T>(from);
    } else if constexpr (std::same_as<T, bool>) {
        value = from.get<bool>();
    } else if constexpr (std::is_arithmetic_v<T>) {
        value = detail::whole_from_json<T>(from);
    } else if constexpr (detail::is_optional<T>::value) {
        if (from.is_null()) {
            value.reset();
        } else {
            from_json(from, value.emplace());
        }
    } else if constexpr (detail::is_vector<T>::value) {
        if (!from.is_array()) throw error{errc::corrupt, "a list is expected"};
        value.clear();
        for (const auto& item : from) from_json(item, value.emplace_back());
    } else {
        static_assert(detail::described<T>, "describe the struct with BOOST_DESCRIBE_STRUCT");
        detail::for_each_member<T>([&](const char* name, auto member) {
            const auto found = from.find(name);
            if (found == from.end()) throw error{errc::corrupt, std::string{"member "} + name + " is missing"};
            from_json(*found, value.*member);
        });
    }
}

/// Parses a document that `document_of` wrote.
/// Errors: `corrupt` with the fact `object` where the text is not such a document.
template <class T>
[[nodiscard]] T parse_document(std::string_view text, const std::string& object) {
    std::string why;
    try {
        T value{};
        const json read_as = parse_json(text);
        if (read_as.is_discarded()) throw error{errc::corrupt, "it is no JSON"};
        from_json(read_as, value);
        return value;
    } catch (const json::exception& e) {
        why = e.what();
    } catch (const error& e) {
        why = e.message();
    }
    throw error{errc::corrupt, "an object does not read as what it should be: " + why,
                "run `foreshadow verify` to see what is affected"}
        .with("object", object);
}

}  // namespace foreshadow

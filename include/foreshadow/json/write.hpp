// SPDX-License-Identifier: BSL-1.0
//
// Values as JSON on one line: described structs, lists of them, and objects written member by member. Nothing is built
// in between: catalogs are long, and a checkpoint writes a whole one. JSON has no infinities and no NaN: they become
// the words "infinity" and "-infinity", and null.
#pragma once

#include "foreshadow/json/described.hpp"
#include "foreshadow/json/text.hpp"

#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace foreshadow {

template <class T>
void append_json(const T& value, std::string& out);

/// A JSON object, written member by member.
class json_object {
  public:
    template <class T>
    json_object& with(std::string_view name, const T& value) {
        text_ += text_.empty() ? '{' : ',';
        detail::append_quoted(name, text_);
        text_ += ':';
        append_json(value, text_);
        return *this;
    }

    [[nodiscard]] std::string text() const { return text_.empty() ? "{}" : text_ + '}'; }

  private:
    std::string text_;
};

namespace detail {

/// The shortest digits that read as the same number, with a point or an exponent, so that it stays a number of its
/// kind.
template <std::floating_point T>
void append_number(T value, std::string& out) {
    if (std::isnan(value)) {
        out += "null";
    } else if (std::isinf(value)) {
        append_quoted(value > 0 ? "infinity" : "-infinity", out);
    } else {
        char digits[32];
        const std::string_view text{digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
        out += text;
        if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
    }
}

}  // namespace detail

/// Appends a value as JSON on one line.
template <class T>
void append_json(const T& value, std::string& out) {
    if constexpr (std::convertible_to<T, std::string_view>) {
        detail::append_quoted(detail::escape(value), out);
    } else if constexpr (std::same_as<T, json_object>) {
        out += value.text();
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

}  // namespace foreshadow

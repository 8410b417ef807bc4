// SPDX-License-Identifier: BSL-1.0
//
// Reads what json/write.hpp wrote, whatever it may have become since: a member that is missing, of another kind or out
// of range is damage, and nothing is cut to size or guessed.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/json/described.hpp"
#include "foreshadow/json/text.hpp"
#include "foreshadow/json/tree.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace foreshadow {

namespace detail {

/// The value as a `T`. Errors: corrupt, with what is expected.
template <class T>
[[nodiscard]] const T& expect_json(const json_tree& from, const char* what) {
    if (const T* value = from.as<T>()) return *value;
    throw error{errc::corrupt, std::string{what} + " is expected"};
}

template <std::floating_point T>
[[nodiscard]] T number_from_json(const json_tree& from) {
    if (from.as<std::nullptr_t>()) return std::numeric_limits<T>::quiet_NaN();
    if (const auto* value = from.as<double>()) return static_cast<T>(*value);
    if (const auto* value = from.as<std::uint64_t>()) return static_cast<T>(*value);
    if (const auto* value = from.as<std::int64_t>()) return static_cast<T>(*value);
    const auto& word = expect_json<std::string>(from, "a number");
    if (word == "infinity") return std::numeric_limits<T>::infinity();
    if (word == "-infinity") return -std::numeric_limits<T>::infinity();
    throw error{errc::corrupt, "a number is expected"};
}

template <std::integral T>
[[nodiscard]] T whole_from_json(const json_tree& from) {
    const auto fitting = [](auto value) {
        if (!std::in_range<T>(value))
            throw error{errc::corrupt, "number " + std::to_string(value) + " is out of range"};
        return static_cast<T>(value);
    };
    if (const auto* value = from.as<std::uint64_t>()) return fitting(*value);
    return fitting(expect_json<std::int64_t>(from, "a whole number"));
}

/// `name_of` names every value of an enum, and calls all others by one word, which is no name.
template <class T>
[[nodiscard]] T word_from_json(const json_tree& from) {
    static_assert(sizeof(T) == 1, "give the enum std::uint8_t as its underlying type");
    const auto& word = expect_json<std::string>(from, "a word");
    const std::string_view nameless = name_of(static_cast<T>(0xff));
    for (std::uint8_t i = 0; name_of(static_cast<T>(i)) != nameless; ++i)
        if (word == name_of(static_cast<T>(i))) return static_cast<T>(i);
    throw error{errc::corrupt, "unknown word " + escape(word)};
}

template <class T>
void from_json(const json_tree& from, T& value) {
    if constexpr (std::same_as<T, std::string>) {
        value = unescape(expect_json<std::string>(from, "a text"));
    } else if constexpr (std::is_enum_v<T>) {
        value = word_from_json<T>(from);
    } else if constexpr (std::is_floating_point_v<T>) {
        value = number_from_json<T>(from);
    } else if constexpr (std::same_as<T, bool>) {
        value = expect_json<bool>(from, "true or false");
    } else if constexpr (std::is_arithmetic_v<T>) {
        value = whole_from_json<T>(from);
    } else if constexpr (is_optional<T>::value) {
        value.reset();
        if (!from.as<std::nullptr_t>()) from_json(from, value.emplace());
    } else if constexpr (is_vector<T>::value) {
        const auto& items = expect_json<json_tree::list>(from, "a list");
        value.clear();
        value.reserve(items.size());
        for (const json_tree& item : items) from_json(item, value.emplace_back());
    } else {
        static_assert(described<T>, "describe the struct with BOOST_DESCRIBE_STRUCT");
        for_each_member<T>([&](const char* name, auto member) {
            const json_tree* found = from.find(name);
            if (found == nullptr) throw error{errc::corrupt, std::string{"member "} + name + " is missing"};
            from_json(*found, value.*member);
        });
    }
}

}  // namespace detail

/// Reads a document that `document_of` wrote. Members that the struct lacks are passed over.
/// Errors: `corrupt` with the fact `object` where the text is not such a document.
template <class T>
[[nodiscard]] T parse_document(std::string_view text, const std::string& object) {
    std::string why;
    try {
        const std::optional<detail::json_tree> tree = detail::json_tree_of(text);
        if (!tree) throw error{errc::corrupt, "it is no JSON"};
        T value{};
        detail::from_json(*tree, value);
        return value;
    } catch (const error& e) {
        why = e.message();
    }
    throw error{errc::corrupt, "an object does not read as what it should be: " + why,
                "run `foreshadow verify` to see what is affected"}
        .with("object", object);
}

}  // namespace foreshadow

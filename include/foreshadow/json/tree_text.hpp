// SPDX-License-Identifier: BSL-1.0
//
// A tree of plain values as JSON again, in one form: without a space, members as they stand, so that equal trees have
// equal texts.
#pragma once

#include "foreshadow/json/tree.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>

namespace foreshadow::detail {

template <class Writer>
void write_tree(const json_tree& value, Writer& to) {
    const auto size_of = [](const auto& text) { return static_cast<rapidjson::SizeType>(text.size()); };
    std::visit(
        [&]<class T>(const T& is) {
            if constexpr (std::is_same_v<T, std::nullptr_t>) {
                to.Null();
            } else if constexpr (std::is_same_v<T, bool>) {
                to.Bool(is);
            } else if constexpr (std::is_same_v<T, std::uint64_t>) {
                to.Uint64(is);
            } else if constexpr (std::is_same_v<T, std::int64_t>) {
                to.Int64(is);
            } else if constexpr (std::is_same_v<T, double>) {
                to.Double(is);
            } else if constexpr (std::is_same_v<T, std::string>) {
                to.String(is.data(), size_of(is));
            } else if constexpr (std::is_same_v<T, json_tree::list>) {
                to.StartArray();
                for (const json_tree& item : is) write_tree(item, to);
                to.EndArray();
            } else {
                to.StartObject();
                for (const json_member& member : is) {
                    to.Key(member.name.data(), size_of(member.name));
                    write_tree(member.value, to);
                }
                to.EndObject();
            }
        },
        value.is);
}

[[nodiscard]] inline std::string text_of(const json_tree& value) {
    rapidjson::StringBuffer text;
    rapidjson::Writer<rapidjson::StringBuffer> writer{text};
    write_tree(value, writer);
    return {text.GetString(), text.GetSize()};
}

}  // namespace foreshadow::detail

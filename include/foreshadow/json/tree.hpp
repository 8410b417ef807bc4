// SPDX-License-Identifier: BSL-1.0
//
// A JSON text as a tree of plain values, to be looked through once and thrown away.
#pragma once

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace foreshadow::detail {

struct json_member;

struct json_tree {
    using list = std::vector<json_tree>;
    using object = std::vector<json_member>;

    std::variant<std::nullptr_t, bool, std::uint64_t, std::int64_t, double, std::string, list, object> is;

    template <class T>
    [[nodiscard]] const T* as() const noexcept {
        return std::get_if<T>(&is);
    }
    /// The member of an object; null where there is none.
    [[nodiscard]] const json_tree* find(std::string_view name) const noexcept;
};

struct json_member {
    std::string name;
    json_tree value;
};

inline const json_tree* json_tree::find(std::string_view name) const noexcept {
    if (const auto* members = as<object>())
        for (const json_member& member : *members)
            if (member.name == name) return &member.value;
    return nullptr;
}

/// Hears a text from its beginning to its end; what is complete stands on a stack until its list or object ends.
class json_tree_builder {
  public:
    [[nodiscard]] json_tree take() { return std::move(values_.front()); }

    bool Null() { return push(nullptr); }
    bool Bool(bool value) { return push(value); }
    bool Int(int value) { return push(std::int64_t{value}); }
    bool Uint(unsigned value) { return push(std::uint64_t{value}); }
    bool Int64(std::int64_t value) { return push(value); }
    bool Uint64(std::uint64_t value) { return push(value); }
    bool Double(double value) { return push(value); }
    bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
    bool String(const char* text, rapidjson::SizeType size, bool) { return push(std::string{text, size}); }
    bool Key(const char* text, rapidjson::SizeType size, bool) {
        names_.emplace_back(text, size);
        return true;
    }
    bool StartObject() { return ++depth_ <= deepest; }
    bool StartArray() { return ++depth_ <= deepest; }
    bool EndObject(rapidjson::SizeType size) {
        json_tree::object members(size);
        for (std::size_t i = size; i-- > 0;) members[i] = {pop(names_), pop(values_)};
        --depth_;
        return push(std::move(members));
    }
    bool EndArray(rapidjson::SizeType size) {
        const auto first = values_.end() - static_cast<std::ptrdiff_t>(size);
        json_tree::list items{std::move_iterator{first}, std::move_iterator{values_.end()}};
        values_.erase(first, values_.end());
        --depth_;
        return push(std::move(items));
    }

  private:
    static constexpr std::size_t deepest = 64;  // no document of ours comes near; the tree's end is recursive

    template <class T>
    bool push(T value) {
        values_.push_back({std::move(value)});
        return true;
    }
    template <class T>
    static T pop(std::vector<T>& stack) {
        T last = std::move(stack.back());
        stack.pop_back();
        return last;
    }

    std::vector<json_tree> values_;
    std::vector<std::string> names_;
    std::size_t depth_ = 0;
};

/// None where the text is no JSON, is not UTF-8, or is nested deeper than any document.
[[nodiscard]] inline std::optional<json_tree> json_tree_of(std::string_view text) {
    constexpr unsigned how =
        rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag | rapidjson::kParseValidateEncodingFlag;
    if (text.find('\0') != std::string_view::npos) return std::nullopt;  // it would end the text unheard
    rapidjson::MemoryStream bytes{text.data(), text.size()};
    rapidjson::Reader reader;
    json_tree_builder builder;
    if (reader.Parse<how>(bytes, builder).IsError()) return std::nullopt;
    return builder.take();
}

}  // namespace foreshadow::detail

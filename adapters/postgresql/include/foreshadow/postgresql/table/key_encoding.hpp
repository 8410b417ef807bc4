// SPDX-License-Identifier: BSL-1.0
//
// Rows as keys: the number of the table (its oid, 4 bytes), then the key columns, so that bytewise order is an order
// that the server can be asked for. Numbers and times become big-endian bytes with the sign turned, in their own order.
// Texts and binary strings are their bytes, ended by 00 00, with 00 FF for a zero byte. Every other type is the bytes
// of its binary form, in the order of those bytes: the server sorts by the type's send function, which no index serves.
//
// A key's text is what a chunk begins after, so every encoding can be turned back into an SQL literal.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/postgresql/server/bytes.hpp"
#include "foreshadow/postgresql/server/sql_text.hpp"
#include "foreshadow/store/digest.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace foreshadow::postgresql {

using object_id = std::uint32_t;

/// What every key of a table begins with. Number 0 holds the definitions.
[[nodiscard]] inline key table_prefix(object_id table) {
    key prefix;
    detail::append_number(table, prefix);
    return prefix;
}
/// The table that a key belongs to, or the first one that it may belong to.
[[nodiscard]] inline object_id table_of(key_view k) {
    object_id number = 0;
    for (std::size_t i = 0; i < 4; ++i)
        number = number << 8 | (i < k.size() ? static_cast<object_id>(static_cast<unsigned char>(k[i])) : 0U);
    return number;
}

enum class key_kind : std::uint8_t {
    signed_number,    ///< int2, int4, int8
    unsigned_number,  ///< oid
    boolean,
    date,
    timestamp,
    timestamptz,
    uuid,
    bytea,
    text,        ///< in a collation that is bytewise
    collated,    ///< text in any other one: sorted as if it were bytewise
    binary_form  ///< any other type, by its send function
};

/// One column of a key.
struct key_column {
    std::string name;
    key_kind kind = key_kind::binary_form;
    std::size_t width = 0;  ///< of a type of fixed size
    std::string send;       ///< the type's send function

    friend bool operator==(const key_column&, const key_column&) = default;

    /// What the server sorts and compares by.
    [[nodiscard]] std::string expression() const {
        std::string column = identifier(name);
        if (kind == key_kind::collated) return column + " COLLATE \"C\"";
        if (kind == key_kind::binary_form) return send + "(" + column + ")";
        return column;
    }
};

namespace detail {

/// The column's kind by the oid of its (base) type.
[[nodiscard]] inline key_column key_column_of(std::string name, object_id type, bool is_bytewise, std::string send) {
    const auto made = [&](key_kind kind, std::size_t width) {
        return key_column{std::move(name), kind, width, std::move(send)};
    };
    switch (type) {
        case 21:
            return made(key_kind::signed_number, 2);
        case 23:
            return made(key_kind::signed_number, 4);
        case 20:
            return made(key_kind::signed_number, 8);
        case 26:
            return made(key_kind::unsigned_number, 4);
        case 16:
            return made(key_kind::boolean, 1);
        case 1082:
            return made(key_kind::date, 4);
        case 1114:
            return made(key_kind::timestamp, 8);
        case 1184:
            return made(key_kind::timestamptz, 8);
        case 2950:
            return made(key_kind::uuid, 16);
        case 17:
            return made(key_kind::bytea, 0);
        case 25:
        case 1043:
            return made(is_bytewise ? key_kind::text : key_kind::collated, 0);
        default:
            return made(key_kind::binary_form, 0);
    }
}

[[nodiscard]] inline bool is_signed(key_kind kind) {
    return kind == key_kind::signed_number || kind == key_kind::date || kind == key_kind::timestamp ||
           kind == key_kind::timestamptz;
}

/// Appends a value, in its binary form, to a key.
inline void append_key_value(const key_column& column, std::string_view value, key& out) {
    if (column.width == 0) {
        for (const char c : value) {
            out.push_back(c);
            if (c == '\0') out.push_back('\xff');
        }
        out.append(2, '\0');
        return;
    }
    if (value.size() != column.width)
        throw error{errc::corrupt, "key column " + column.name + " has " + std::to_string(value.size()) +
                                       " bytes where " + std::to_string(column.width) + " are expected"};
    const std::size_t begin = out.size();
    out.append(value);
    if (is_signed(column.kind)) out[begin] = static_cast<char>(out[begin] ^ '\x80');
}

/// Takes a value, in its binary form, off a key; nothing where the key ends too early.
[[nodiscard]] inline std::optional<std::string> take_key_value(const key_column& column, key_view& left) {
    std::string value;
    if (column.width != 0) {
        if (left.size() < column.width) return std::nullopt;
        value = left.substr(0, column.width);
        left.remove_prefix(column.width);
        if (is_signed(column.kind)) value[0] = static_cast<char>(value[0] ^ '\x80');
        return value;
    }
    for (;;) {
        const std::size_t zero = left.find('\0');
        if (zero == key_view::npos || zero + 1 == left.size()) return std::nullopt;
        value.append(left.substr(0, zero));
        const char next = left[zero + 1];
        left.remove_prefix(zero + 2);
        if (next == '\0') return value;
        if (next != '\xff') return std::nullopt;
        value.push_back('\0');
    }
}

/// Whether a value of the right size is one: a border may be of the time when the table had another key.
[[nodiscard]] inline bool has_literal(const key_column& column, std::string_view value) {
    message_reader in{value};
    if (column.kind == key_kind::date) {
        const auto days = in.number<std::int32_t>();
        return days == INT32_MAX || days == INT32_MIN || (days >= -2'451'545 && days < 2'145'031'949);
    }
    if (column.kind == key_kind::timestamp || column.kind == key_kind::timestamptz) {
        const auto microseconds = in.number<std::int64_t>();
        return microseconds == INT64_MAX || microseconds == INT64_MIN ||
               (microseconds >= -211'813'488'000'000'000 && microseconds < 9'223'371'331'200'000'000);
    }
    if (column.kind == key_kind::boolean) return static_cast<unsigned char>(value[0]) <= 1;
    return true;
}

/// A value, in its binary form, as an SQL expression that a column's `expression()` is compared with.
[[nodiscard]] inline std::string key_literal(const key_column& column, std::string_view value) {
    const auto number = [&]() -> std::int64_t {
        message_reader in{value};
        if (column.width == 2) return in.number<std::int16_t>();
        if (column.width == 4) return in.number<std::int32_t>();
        return in.number<std::int64_t>();
    };
    const auto quoted = [&](const std::string& text, const char* type) {
        return literal(text) + "::pg_catalog." + type;
    };
    const auto since_2000 = [&](const char* type, std::int64_t last, const char* unit) -> std::string {
        const std::int64_t n = number();
        if (n == last) return quoted("infinity", type);
        if (n == -last - 1) return quoted("-infinity", type);
        // A day is added as days, so that no zone can come between; microseconds are added in UTC.
        return "(" + quoted("2000-01-01 00:00:00", type) + " + " + quoted(std::to_string(n) + unit, "interval") +
               ")::pg_catalog." + type;
    };
    switch (column.kind) {
        case key_kind::signed_number:
            return quoted(std::to_string(number()), column.width == 2 ? "int2" : column.width == 4 ? "int4" : "int8");
        case key_kind::unsigned_number:
            return quoted(std::to_string(message_reader{value}.number<std::uint32_t>()), "oid");
        case key_kind::boolean:
            return value == std::string_view{"\0", 1} ? "false" : "true";
        case key_kind::date:
            return since_2000("date", INT32_MAX, " days");
        case key_kind::timestamp:
            return since_2000("timestamp", INT64_MAX, " microseconds");
        case key_kind::timestamptz:
            return since_2000("timestamptz", INT64_MAX, " microseconds");
        case key_kind::uuid:
            return quoted(to_hex(value), "uuid");
        case key_kind::text:
        case key_kind::collated:
            return literal(value) + "::pg_catalog.text";
        case key_kind::bytea:
        case key_kind::binary_form:
            return quoted("\\x" + to_hex(value), "bytea");
    }
    throw error{errc::internal, "a key column of no kind"};
}

}  // namespace detail

}  // namespace foreshadow::postgresql

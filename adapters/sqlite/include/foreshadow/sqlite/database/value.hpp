// SPDX-License-Identifier: BSL-1.0
//
// A row's value: its columns in order, each a tag and the value exactly as SQLite stores it. A row that was stored
// before `ALTER TABLE ... ADD COLUMN` may have fewer values than its table has columns; the rest are defaults, in
// SQLite itself as here.
//
//   00 null | 01 integer: zigzag varint | 02 real: 8 bytes, little-endian | 03 text, 04 blob, 05 UTF-16 text (native
//   byte order is little-endian): varint length, bytes
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/sqlite/database/connection.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace foreshadow::sqlite {

enum class value_kind : std::uint8_t { null, integer, real, text, blob, text16 };

/// One value of a row; bytes point into the row that was decoded.
struct value_view {
    value_kind kind = value_kind::null;
    std::int64_t integer = 0;
    double real = 0;
    std::string_view bytes = {};
};

namespace detail {

inline void append_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<char>((value & 0x7f) | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<char>(value));
}

[[nodiscard]] inline std::uint64_t take_varint(std::string_view& in) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(in.front());
        in.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) return value;
    }
    throw error{errc::corrupt, "a row of an SQLite table cannot be decoded: a length does not end"};
}

}  // namespace detail

inline void append_value(std::string& out, const value_view& value) {
    out.push_back(static_cast<char>(value.kind));
    switch (value.kind) {
        case value_kind::null:
            return;
        case value_kind::integer: {
            const auto bits = static_cast<std::uint64_t>(value.integer);
            detail::append_varint(out, (bits << 1) ^ (value.integer < 0 ? ~std::uint64_t{0} : 0));
            return;
        }
        case value_kind::real: {
            const auto bits = std::bit_cast<std::uint64_t>(value.real);
            for (unsigned i = 0; i < 8; ++i) out.push_back(static_cast<char>((bits >> (8 * i)) & 0xff));
            return;
        }
        case value_kind::text:
        case value_kind::blob:
        case value_kind::text16:
            detail::append_varint(out, value.bytes.size());
            out.append(value.bytes);
    }
}
inline void append_value(std::string& out, std::string_view text) {
    append_value(out, value_view{.kind = value_kind::text, .bytes = text});
}
inline void append_value(std::string& out, std::int64_t integer) {
    append_value(out, value_view{.kind = value_kind::integer, .integer = integer});
}

/// Takes the next value off a row; the row is not empty.
[[nodiscard]] inline value_view take_value(std::string_view& row) {
    value_view value{.kind = static_cast<value_kind>(row.front())};
    row.remove_prefix(1);
    switch (value.kind) {
        case value_kind::null:
            return value;
        case value_kind::integer: {
            const std::uint64_t zigzag = detail::take_varint(row);
            value.integer = static_cast<std::int64_t>((zigzag >> 1) ^ (0 - (zigzag & 1)));
            return value;
        }
        case value_kind::real: {
            if (row.size() < 8) break;
            std::uint64_t bits = 0;
            for (unsigned i = 0; i < 8; ++i)
                bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(row[i])) << (8 * i);
            row.remove_prefix(8);
            value.real = std::bit_cast<double>(bits);
            return value;
        }
        case value_kind::text:
        case value_kind::blob:
        case value_kind::text16: {
            const std::uint64_t length = detail::take_varint(row);
            if (length > row.size()) break;
            value.bytes = row.substr(0, static_cast<std::size_t>(length));
            row.remove_prefix(static_cast<std::size_t>(length));
            return value;
        }
    }
    throw error{errc::corrupt, "a row of an SQLite table cannot be decoded"};
}

/// The value in column `i` of a statement's row; valid until the statement goes on.
/// `wide` reads text as UTF-16, which is exact where the database stores it so.
[[nodiscard]] inline value_view column_value(const statement& row, int i, bool wide = false) {
    sqlite3_stmt* s = row.get();
    value_view value;
    switch (sqlite3_column_type(s, i)) {
        case SQLITE_INTEGER:
            return {.kind = value_kind::integer, .integer = sqlite3_column_int64(s, i)};
        case SQLITE_FLOAT:
            return {.kind = value_kind::real, .real = sqlite3_column_double(s, i)};
        case SQLITE_TEXT:
            if (wide) {
                const auto* bytes = static_cast<const char*>(sqlite3_column_text16(s, i));
                value = {.kind = value_kind::text16,
                         .bytes = {bytes, static_cast<std::size_t>(sqlite3_column_bytes16(s, i))}};
            } else {
                const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(s, i));
                value = {.kind = value_kind::text,
                         .bytes = {bytes, static_cast<std::size_t>(sqlite3_column_bytes(s, i))}};
            }
            return value;
        case SQLITE_BLOB: {
            const auto* bytes = static_cast<const char*>(sqlite3_column_blob(s, i));
            value.kind = value_kind::blob;
            if (bytes != nullptr) value.bytes = {bytes, static_cast<std::size_t>(sqlite3_column_bytes(s, i))};
            return value;
        }
        default:
            return value;
    }
}

inline void bind_value(statement& s, int i, const value_view& value) {
    switch (value.kind) {
        case value_kind::null:
            s.bind_null(i);
            return;
        case value_kind::integer:
            s.bind(i, value.integer);
            return;
        case value_kind::real:
            s.bind(i, value.real);
            return;
        case value_kind::text:
            s.bind(i, value.bytes);
            return;
        case value_kind::blob:
            s.bind_blob(i, value.bytes);
            return;
        case value_kind::text16:
            s.check(sqlite3_bind_text64(s.get(), i, value.bytes.data() == nullptr ? "" : value.bytes.data(),
                                        value.bytes.size(), SQLITE_TRANSIENT, SQLITE_UTF16LE));
            return;
    }
}

}  // namespace foreshadow::sqlite

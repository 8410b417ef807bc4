// SPDX-License-Identifier: BSL-1.0
//
// The parts of `pgoutput`'s messages: what a table looks like in the log, and a row as it was sent.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/postgresql/server/bytes.hpp"
#include "foreshadow/postgresql/table/table.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace foreshadow::postgresql::detail {

/// PostgreSQL counts its times from 2000 on.
inline constexpr std::int64_t microseconds_1970_to_2000 = 946'684'800'000'000;

/// A table as the log names it before the first row of it.
struct relation {
    bool is_own = false;  ///< of the schema `foreshadow`
    std::vector<object_id> types;
};

/// The columns of a row as they were sent.
struct tuple {
    std::vector<field> fields;
    std::vector<std::size_t> unchanged;  ///< that were not sent: stored apart, and as they were
};

/// What follows the table's number.
[[nodiscard]] inline relation read_relation(message_reader& in) {
    relation r{.is_own = in.text() == "foreshadow", .types = {}};
    static_cast<void>(in.text());          // its name
    static_cast<void>(in.number<char>());  // its replica identity
    for (auto columns = in.number<std::uint16_t>(); columns > 0; --columns) {
        static_cast<void>(in.number<std::uint8_t>());
        static_cast<void>(in.text());
        r.types.push_back(in.number<object_id>());
        static_cast<void>(in.number<std::uint32_t>());
    }
    return r;
}

/// Errors: `unsupported` for values in text form.
[[nodiscard]] inline tuple read_tuple(message_reader& in) {
    tuple row;
    const auto columns = in.number<std::uint16_t>();
    for (std::size_t i = 0; i < columns; ++i) {
        const char kind = in.number<char>();
        field value;
        if (kind == 'u') row.unchanged.push_back(i);
        if (kind == 'b' || kind == 't') value = in.bytes(in.number<std::uint32_t>());
        if (kind == 't') throw error{errc::unsupported, "the log has a value in text form"};
        row.fields.push_back(value);
    }
    return row;
}

/// Whether the log names a table's columns as they are known.
[[nodiscard]] inline bool is_sent_like(const table& of, const relation& sent) {
    if (sent.types.size() != of.columns.size() + of.generated.size()) return false;
    auto made = of.generated.begin();
    auto column = of.columns.begin();
    for (std::size_t i = 0; i < sent.types.size(); ++i) {
        if (made != of.generated.end() && *made == i) {
            ++made;
        } else {
            if (column == of.columns.end() || sent.types[i] != column->type) return false;
            ++column;
        }
    }
    return true;
}

/// A row as it is kept: without what the server makes of the rest.
[[nodiscard]] inline tuple read_row(const table& of, message_reader& in) {
    tuple row = read_tuple(in);
    for (auto made = of.generated.rbegin(); made != of.generated.rend() && *made < row.fields.size(); ++made) {
        row.fields.erase(row.fields.begin() + static_cast<std::ptrdiff_t>(*made));
        std::erase(row.unchanged, *made);
        for (std::size_t& place : row.unchanged) place -= place > *made ? 1 : 0;
    }
    return row;
}

}  // namespace foreshadow::postgresql::detail

// SPDX-License-Identifier: BSL-1.0
//
// The definitions are rows, too, at the lowest keys. What tables there are is told in the log row by row, so it is
// exact at every position. The schema is a dump of everything but partitions, which the log only tells to be another
// one; so partitions come and go without a dump.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/postgresql/table/key_encoding.hpp"
#include "foreshadow/postgresql/table/table.hpp"
#include "foreshadow/row/columns.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow::postgresql {

enum class definition_kind : std::uint8_t { database = 1, table, before_rows, after_rows, sequence };

/// The key of a definition.
[[nodiscard]] inline key definition_key(definition_kind kind, std::string_view name = {}) {
    key made = table_prefix(0);
    made.push_back(static_cast<char>(kind));
    return made.append(name);
}

namespace detail {

[[nodiscard]] inline key_range definitions_interval() { return prefixed(table_prefix(0)); }

/// What a change of schema replaces: the dumps.
[[nodiscard]] inline key_range schema_interval() {
    return {definition_key(definition_kind::before_rows), prefixed(definition_key(definition_kind::after_rows)).end};
}

/// A value of several texts.
[[nodiscard]] inline std::string definition_value(const std::vector<std::string>& texts) {
    std::string value;
    for (const std::string& each : texts) append_column(each, value);
    return value;
}

[[nodiscard]] inline key table_definition_key(object_id oid) {
    return definition_key(definition_kind::table, table_prefix(oid));
}
[[nodiscard]] inline std::string table_definition(const table& of) { return definition_value({of.text}); }

}  // namespace detail

}  // namespace foreshadow::postgresql

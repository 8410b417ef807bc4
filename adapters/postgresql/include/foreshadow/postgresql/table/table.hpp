// SPDX-License-Identifier: BSL-1.0
//
// A table as the server describes it, and how its rows become keys and values. A value is the row's columns in their
// order (row/columns.hpp), each in the server's binary form behind one byte; an empty column is NULL.
#pragma once

#include "foreshadow/json/tree_text.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/postgresql/server/sql_text.hpp"
#include "foreshadow/postgresql/table/key_encoding.hpp"
#include "foreshadow/row/columns.hpp"
#include "foreshadow/source/omission.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow::postgresql {

/// A column that rows have: not dropped, not generated.
struct stored_column {
    std::int64_t number = 0;  ///< in the table; never used again
    std::string name;
    object_id type = 0;

    friend bool operator==(const stored_column&, const stored_column&) = default;
};

/// How a partitioned table divides its rows.
struct divider {
    struct column {
        object_id type = 0;  ///< that its operators are for
        bool is_bytewise = false;
    };
    char by = ' ';  ///< r: ranges, l: lists, h: remainders; a blank: it does not
    std::vector<column> columns;
};

struct table {
    object_id oid = 0;
    std::string name;  ///< with its schema, quoted where it has to be
    std::vector<stored_column> columns;
    std::vector<std::size_t> generated;  ///< places of columns that the log has besides: stored, and made by the server
    std::vector<key_column> key;
    std::vector<std::size_t> key_places;  ///< of the key's columns among `columns`
    std::string row_digest;               ///< where there is no key: what tells rows apart, as SQL
    std::string why_not;                  ///< why its rows are not captured; empty: they are
    bool has_branches = false;            ///< a partitioned table: its rows are in others
    object_id parent = 0;                 ///< of a partition
    std::string bound;                    ///< of a partition: FOR VALUES ..., DEFAULT
    std::string by;                       ///< of a partitioned table: RANGE (...)
    divider divides;                      ///< the same for lineage, where it was told
    std::vector<std::string> own;         ///< of a partition: statements that give it what its parent does not have
    std::vector<std::string> not_null;    ///< of a partition: constraints that it is made with, for their names
    std::vector<omission> lacks;          ///< of a partition: what no statement gives it
    /// Of a partition: the names of its indexes that belong to one of the table at the root, by both names of that.
    std::map<std::string, std::string> index_names;
    std::string digest;  ///< of all else that `pg_dump` tells of a table that is no partition
    std::string text;    ///< the description itself, in its one form

    [[nodiscard]] bool is_captured() const noexcept { return why_not.empty(); }
    /// Whether its rows are events (keyless_rows.hpp).
    [[nodiscard]] bool has_key() const noexcept { return !key.empty(); }
    /// Whether it has rows, and they are not backed up.
    [[nodiscard]] bool is_omitted() const noexcept { return !is_captured() && !has_branches; }
    [[nodiscard]] bool is_partition() const noexcept { return parent != 0; }
    [[nodiscard]] key_range interval() const { return prefixed(table_prefix(oid)); }
    /// Names what no backup has of it.
    void append_omissions(std::vector<omission>& all) const {
        if (is_omitted()) all.push_back({name, why_not});
        all.insert(all.end(), lacks.begin(), lacks.end());
    }

    /// Whether rows become the same keys and values.
    [[nodiscard]] bool is_stored_like(const table& other) const {
        if (columns.size() != other.columns.size() || key.size() != other.key.size()) return false;
        for (std::size_t i = 0; i < columns.size(); ++i)
            if (columns[i].number != other.columns[i].number || columns[i].type != other.columns[i].type) return false;
        for (std::size_t i = 0; i < key.size(); ++i)
            if (key[i].kind != other.key[i].kind || key[i].send != other.key[i].send) return false;
        return key_places == other.key_places;
    }
};

/// The columns that rows have, as SQL.
[[nodiscard]] inline std::string column_list(const table& of) {
    std::string all;
    for (const stored_column& c : of.columns) all += (all.empty() ? "" : ", ") + identifier(c.name);
    return all;
}

namespace detail {

template <class T>
[[nodiscard]] const T& described(const foreshadow::detail::json_tree& value) {
    if (const T* found = value.as<T>()) return *found;
    throw error{errc::corrupt, "the server describes a table in a way that is not understood"};
}
[[nodiscard]] inline const foreshadow::detail::json_tree& described_member(const foreshadow::detail::json_tree& of,
                                                                           std::string_view name) {
    const foreshadow::detail::json_tree* found = of.find(name);
    if (found == nullptr) throw error{errc::corrupt, "the server's description of a table lacks " + std::string{name}};
    return *found;
}
[[nodiscard]] inline std::int64_t described_number(const foreshadow::detail::json_tree& value) {
    if (const auto* number = value.as<std::uint64_t>()) return static_cast<std::int64_t>(*number);
    return described<std::int64_t>(value);
}

[[nodiscard]] inline divider read_divider(const foreshadow::detail::json_tree& from) {
    divider made;
    const auto* parts = from.as<foreshadow::detail::json_tree::list>();
    for (std::size_t i = 0; parts != nullptr && i < parts->size(); ++i) {
        if (i == 0) {
            made.by = described<std::string>((*parts)[0]).at(0);
            continue;
        }
        const auto& column = described<foreshadow::detail::json_tree::list>((*parts)[i]);
        if (column.size() != 2) throw error{errc::corrupt, "what a table is partitioned by is not understood"};
        made.columns.push_back({static_cast<object_id>(described_number(column[0])), described<bool>(column[1])});
    }
    return made;
}

/// Reads what `foreshadow.describe` returned.
[[nodiscard]] inline table read_table(const foreshadow::detail::json_tree& from) {
    table t;
    t.oid = static_cast<object_id>(described_number(described_member(from, "oid")));
    t.name = described<std::string>(described_member(from, "name"));
    if (const auto* why = described_member(from, "why").as<std::string>()) t.why_not = *why;
    for (const foreshadow::detail::json_tree& c :
         described<foreshadow::detail::json_tree::list>(described_member(from, "columns"))) {
        const auto& parts = described<foreshadow::detail::json_tree::list>(c);
        if (parts.size() != 3) throw error{errc::corrupt, "a column of " + t.name + " is not understood"};
        t.columns.push_back({described_number(parts[0]), described<std::string>(parts[1]),
                             static_cast<object_id>(described_number(parts[2]))});
    }
    if (const auto* generated = from.find("generated"))
        for (const auto& place : described<foreshadow::detail::json_tree::list>(*generated))
            t.generated.push_back(static_cast<std::size_t>(described_number(place)));
    for (const foreshadow::detail::json_tree& k :
         described<foreshadow::detail::json_tree::list>(described_member(from, "key"))) {
        const std::int64_t number = described_number(described_member(k, "number"));
        std::size_t place = 0;
        while (place < t.columns.size() && t.columns[place].number != number) ++place;
        if (place == t.columns.size()) throw error{errc::corrupt, "a key column of " + t.name + " is not stored"};
        t.key_places.push_back(place);
        t.key.push_back(key_column_of(
            t.columns[place].name, static_cast<object_id>(described_number(described_member(k, "type"))),
            described<bool>(described_member(k, "bytewise")), described<std::string>(described_member(k, "send"))));
    }
    t.row_digest = described<std::string>(described_member(from, "row_digest"));
    t.has_branches = described<bool>(described_member(from, "branches"));
    t.parent = static_cast<object_id>(described_number(described_member(from, "parent")));
    t.bound = described<std::string>(described_member(from, "bound"));
    t.by = described<std::string>(described_member(from, "by"));
    if (const auto* divides = from.find("divides")) t.divides = read_divider(*divides);
    for (const auto& statement : described<foreshadow::detail::json_tree::list>(described_member(from, "own")))
        t.own.push_back(described<std::string>(statement));
    if (const auto* not_null = from.find("not_null"))
        for (const auto& constraint : described<foreshadow::detail::json_tree::list>(*not_null))
            t.not_null.push_back(described<std::string>(constraint));
    if (const auto* names = from.find("names"))
        for (const auto& each : described<foreshadow::detail::json_tree::object>(*names))
            t.index_names.emplace(each.name, described<std::string>(each.value));
    if (const auto* lacks = from.find("lacks"))
        for (const auto& each : described<foreshadow::detail::json_tree::list>(*lacks)) {
            const auto& parts = described<foreshadow::detail::json_tree::list>(each);
            if (parts.size() != 2) throw error{errc::corrupt, "what " + t.name + " lacks is not understood"};
            t.lacks.push_back({described<std::string>(parts[0]), described<std::string>(parts[1])});
        }
    t.digest = described<std::string>(described_member(from, "digest"));
    t.text = foreshadow::detail::text_of(from);
    return t;
}
[[nodiscard]] inline table read_table(std::string_view text) {
    const auto tree = foreshadow::detail::json_tree_of(text);
    if (!tree) throw error{errc::corrupt, "the server's description of a table is no JSON"};
    return read_table(*tree);
}

}  // namespace detail

/// A value of a row in its binary form; none is NULL.
using field = std::optional<std::string_view>;

/// Appends one column of a row's value.
inline void append_field(const field& value, std::string& row) {
    if (!value) {
        append_column({}, row);
        return;
    }
    append_varint(value->size() + 1, row);
    row.push_back('b');
    row.append(*value);
}
/// The field in a column of a row's value.
[[nodiscard]] inline field field_of(std::string_view column) {
    if (column.empty()) return std::nullopt;
    return column.substr(1);
}

/// Appends the key of a row that has these fields, in the table's order.
inline void append_row_key(const table& of, std::span<const field> fields, key& out) {
    out.append(table_prefix(of.oid));
    for (std::size_t i = 0; i < of.key.size(); ++i) {
        const std::size_t place = of.key_places[i];
        if (place >= fields.size() || !fields[place])
            throw error{errc::corrupt, "a row of " + of.name + " has no value in its key"};
        detail::append_key_value(of.key[i], *fields[place], out);
    }
}

}  // namespace foreshadow::postgresql

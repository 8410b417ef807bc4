// SPDX-License-Identifier: BSL-1.0
//
// What went wrong with the rows of a table, named by the table and what it is a partition of: a server says of a COPY
// neither, or the one without its schema.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/postgresql/table/table.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace foreshadow::postgresql::detail {

/// "table public.t", or "partition public.ev_1 of public.ev". `find`: a table by its number, or a null pointer.
template <class Find>
[[nodiscard]] std::string title_of(const table& t, Find find) {
    if (!t.is_partition()) return "table " + t.name;
    const table* above = find(t.parent);
    while (above != nullptr && above->is_partition() && find(above->parent) != nullptr) above = find(above->parent);
    return "partition " + t.name + (above == nullptr ? "" : " of " + above->name);
}

/// `e` with the table that it is about, and what to do. `doing`: "cannot read", "cannot restore". Where the server's
/// words are about a row, they quote it, in any language: then they are not repeated, since errors end up in logs and
/// tickets, and rows are nobody's business there.
[[nodiscard]] inline error rows_error(const error& e, const std::string& doing, const std::string& title) {
    const std::string state = e.fact("SQLSTATE");
    if (e.fact("rows") == title) return e;
    const auto is = [&](std::string_view prefix) { return state.starts_with(prefix); };
    std::string what = e.message();
    std::string hint = e.hint();
    if (is("22") || is("23") || is("P0")) {
        const std::string constraint = e.fact("constraint");
        what = (is("22")             ? "a value is not what its column takes"
                : constraint.empty() ? "a row is refused by a trigger or a constraint"
                                     : "a row is refused by the constraint " + constraint) +
               (" (SQLSTATE " + state + ")");
        hint = is("22")
                   ? "are extensions and types of the same version as those of the original? The server's log has more"
                   : "the server's log has more";
    } else if (is("XX001") || is("XX002") || is("58")) {
        hint =
            "the server cannot read or write its own files of it: its log says more; mend or drop it, then run the "
            "same command again";
    } else if (is("57014")) {
        hint = "somebody cancelled the statement: run the same command again";
    } else if (hint.empty() && !state.empty()) {
        hint = "the server's log says more";
    }
    error named{e.code(), doing + " " + title + ": " + what, std::move(hint), e.again()};
    for (const auto& [name, value] : e.facts())
        if (name != "statement") static_cast<void>(std::move(named).with(name, value));  // in place
    return std::move(named).with("rows", title);
}

}  // namespace foreshadow::postgresql::detail

// SPDX-License-Identifier: BSL-1.0
//
// A row whose source tells changes by column: its value is a sequence of columns, each behind its length, and a patch
// sets some of them: (index, bytes) again and again. What the bytes of a column mean, NULL among it, is the adapter's.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/row/varint.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

/// Appends one more column to the value of a row.
inline void append_column(std::string_view bytes, std::string& row) { append_sized(bytes, row); }

/// Appends "column `index` is `bytes`" to the payload of a patch.
inline void append_patch_column(std::uint64_t index, std::string_view bytes, std::string& patch) {
    append_varint(index, patch);
    append_sized(bytes, patch);
}

/// The columns of a row's value, in order.
[[nodiscard]] inline std::vector<std::string_view> columns_of(std::string_view row) {
    std::vector<std::string_view> columns;
    while (!row.empty()) columns.push_back(read_sized(row));
    return columns;
}

namespace detail {

struct patched_column {
    std::uint64_t index;
    std::string_view bytes;
};

[[nodiscard]] inline patched_column read_patched_column(std::string_view& patch) {
    const std::uint64_t index = read_varint(patch);
    return {index, read_sized(patch)};
}

/// Whether the columns of a patch come in ascending order, each once.
[[nodiscard]] inline bool is_ascending(std::string_view patch) {
    for (std::uint64_t least = 0; !patch.empty();) {
        const std::uint64_t index = read_patched_column(patch).index;
        if (index < least) return false;
        least = index + 1;
    }
    return true;
}

}  // namespace detail

/// Appends to `out` the patch that does what `older` and then `newer` do, in its one form: columns ascending, each
/// once.
///
/// Errors: `corrupt` where a patch is malformed. `out` must not be either of the two.
inline void fold_patches(std::string_view older, std::string_view newer, std::string& out) {
    struct numbered {
        detail::patched_column what;
        std::size_t order;
    };
    std::vector<numbered> columns;
    for (std::string_view patch : {older, newer})
        while (!patch.empty()) columns.push_back({detail::read_patched_column(patch), columns.size()});
    std::sort(columns.begin(), columns.end(), [](const numbered& a, const numbered& b) {
        return a.what.index != b.what.index ? a.what.index < b.what.index : a.order < b.order;
    });
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const bool is_last = i + 1 == columns.size() || columns[i + 1].what.index != columns[i].what.index;
        if (is_last) append_patch_column(columns[i].what.index, columns[i].what.bytes, out);
    }
}

/// Appends to `out` the value `row` with the columns of `patch` set.
///
/// Errors: `corrupt` where either is malformed, or the patch sets a column that the row does not have.
/// `out` must be neither of the two. Allocates nothing beyond `out` where the patch's columns ascend.
inline void apply_patch(std::string_view row, std::string_view patch, std::string& out) {
    std::string ordered;
    if (!detail::is_ascending(patch)) {
        fold_patches({}, patch, ordered);
        patch = ordered;
    }
    for (std::uint64_t index = 0; !patch.empty(); ++index) {
        const detail::patched_column next = detail::read_patched_column(patch);
        for (; index < next.index && !row.empty(); ++index) append_column(read_sized(row), out);
        if (row.empty())
            throw error{errc::corrupt, "a patch sets column " + std::to_string(next.index) + " of a row with " +
                                           std::to_string(index) + " columns"};
        static_cast<void>(read_sized(row));
        append_column(next.bytes, out);
    }
    out.append(row);
}

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// The replay rule in its plainest form: for each image, a map of rows to which changes are applied one by one. Slow and
// plain on purpose: it shares no code with the merge that it stands beside.
#pragma once

#include "foreshadow/row/columns.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/testing/conformance/source_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing::detail {

using truth_rows = std::map<key, std::string, std::less<>>;

struct noted_change {
    change_kind kind = change_kind::put;
    version at;
    std::string key;
    std::string payload;

    friend bool operator==(const noted_change&, const noted_change&) = default;
    [[nodiscard]] key_range range() const { return {key, payload}; }
};
struct noted_commit {
    position at;
    std::vector<noted_change> changes;
    std::vector<layout_change> layouts;

    friend bool operator==(const noted_commit&, const noted_commit&) = default;
};
struct noted_chunk {
    key_range asked;
    chunk read;
    row_batch rows;                     ///< the first of them was there before
    std::optional<version> born_empty;  ///< no image, but the beginning of an empty partition

    [[nodiscard]] bool contains(const noted_change& c) const {
        return born_empty ? c.at <= *born_empty : read.seen.contains(c.at.at);
    }
    [[nodiscard]] position usable_from() const { return born_empty ? born_empty->at : read.seen.high; }
};
struct noted_truth {
    position at;
    database_truth what;
    layout told;
};

[[nodiscard]] inline truth_rows rows_of(const noted_chunk& image) {
    truth_rows rows;
    for (std::size_t i = 1; i < image.rows.size(); ++i) rows.emplace(image.rows[i].key, image.rows[i].value);
    return rows;
}

/// The first key at which `rows` and the truth differ in an interval, but for what the log does not tell.
[[nodiscard]] inline std::string difference_of(const truth_rows& rows, const truth_rows& truth, const key_range& in,
                                               const std::vector<key_range>& unknown) {
    const auto is_unknown = [&](key_view k) {
        return std::any_of(unknown.begin(), unknown.end(), [&](const key_range& r) { return r.contains(k); });
    };
    for (auto row = truth.lower_bound(in.begin); row != truth.end() && in.ends_after(row->first); ++row) {
        const auto found = rows.find(row->first);
        if (is_unknown(row->first) || (found != rows.end() && found->second == row->second)) continue;
        return "key " + printable(row->first) + (found == rows.end() ? " is missing" : " has another value");
    }
    for (const auto& row : rows)
        if (!is_unknown(row.first) && !truth.contains(row.first))
            return "key " + printable(row.first) + " should not be there";
    return {};
}

inline void apply(const noted_change& change, const key_range& in, truth_rows& rows, std::vector<key_range>& unknown) {
    switch (change.kind) {
        case change_kind::put:
            if (in.contains(change.key)) rows.insert_or_assign(change.key, change.payload);
            return;
        case change_kind::erase:
            rows.erase(change.key);
            return;
        case change_kind::erase_range:
            std::erase_if(rows, [&](const auto& row) { return change.range().contains(row.first); });
            return;
        case change_kind::replaced:
            unknown.push_back(intersection(change.range(), in));
            std::erase_if(unknown, [](const key_range& r) { return r.is_empty(); });
            return;
        case change_kind::patch:
            if (const auto row = rows.find(change.key); row != rows.end()) {
                std::string value;
                apply_patch(row->second, change.payload, value);
                row->second = std::move(value);
            }
            return;
    }
}

inline void apply(const noted_commit& c, const noted_chunk& image, truth_rows& rows, std::vector<key_range>& unknown) {
    for (const noted_change& change : c.changes)
        if (!image.contains(change)) apply(change, image.read.interval, rows, unknown);
}

}  // namespace foreshadow::testing::detail

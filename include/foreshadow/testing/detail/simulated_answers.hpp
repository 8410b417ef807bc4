// SPDX-License-Identifier: BSL-1.0
//
// What sources of a simulated database have in common: how they cut batches and chunks, at random within the contract.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/testing/simulated_database.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace foreshadow::testing::detail {

/// What keys held before writes that a snapshot does not have.
using old_values = std::map<key, std::optional<std::string>, std::less<>>;

/// Gives some commits above `after`, of a log that is whole up to `quiet_until`.
inline void deliver(simulated_database& d, const std::vector<logged_commit>& log, position quiet_until, position after,
                    log_batch& out) {
    out.clear();
    out.after = out.upto = after;
    out.now = d.clock.now();
    auto next =
        std::upper_bound(log.begin(), log.end(), after, [](position p, const logged_commit& c) { return p < c.at; });
    for (std::size_t most = d.chances.between(1, 24); most > 0 && next != log.end(); --most, ++next) {
        out.commits.push_back({next->at, next->time, out.changes.size(), next->changes.size()});
        for (const logged_change& change : next->changes)
            out.changes.append({change.kind, change.hint, {next->at, change.ordinal}, change.where, change.payload});
        out.layouts.insert(out.layouts.end(), next->layouts.begin(), next->layouts.end());
        out.upto = next->at;
    }
    if (next != log.end()) {
        out.upto = {d.chances.between(out.upto.value, next->at.value - 1)};
    } else if (out.commits.empty() || d.chances.chance(.5)) {
        out.upto = std::max(out.upto, quiet_until);
    }
}

/// Where a chunk of `range` ends at the latest: with the partition that owns its begin, or where the next one begins.
[[nodiscard]] inline key border(const layout& now, const key_range& range) {
    if (const partition* p = now.owner(range.begin)) return intersection(range, p->interval).end;
    for (const partition& p : now.partitions)
        if (p.interval.begin > range.begin && range.ends_after(p.interval.begin)) return p.interval.begin;
    return range.end;
}

/// Appends the rows of a chunk's interval as they were before what is undone, and shortens it where the budget ends.
inline void read_rows(simulated_database& d, const old_values& undone, const read_budget& budget, chunk& made,
                      row_batch& rows) {
    const std::size_t most = std::max<std::size_t>(
        1, std::min(budget.rows, static_cast<std::size_t>(d.chances.between(1, d.options.rows_per_chunk))));
    const std::size_t before = rows.size();
    const std::size_t bytes_before = rows.bytes();
    auto row = d.past().rows().lower_bound(made.interval.begin);
    auto old = undone.begin();
    for (;;) {
        const bool has_row = row != d.past().rows().end() && made.interval.ends_after(row->first);
        if (!has_row && old == undone.end()) break;
        const bool is_undone = old != undone.end() && (!has_row || old->first <= row->first);
        const key& k = is_undone ? old->first : row->first;
        const std::string* value = is_undone ? (old->second ? &*old->second : nullptr) : &row->second;
        const std::size_t count = rows.size() - before;
        if (value != nullptr && count > 0 &&
            (count >= most || rows.bytes() - bytes_before + k.size() + value->size() > budget.bytes)) {
            made.interval.end = d.chances.chance(.5) ? k : successor(rows[rows.size() - 1].key);
            break;
        }
        if (value != nullptr) rows.append(k, *value);
        if (is_undone && has_row && old->first == row->first) ++row;
        if (is_undone) {
            ++old;
        } else {
            ++row;
        }
    }
    d.reads.push_back({made.interval, made.seen, rows.size() - before});
}

/// Fills in how large partitions are, where the database tells that.
inline void estimate(const simulated_database& d, layout& now) {
    for (partition& p : now.partitions) {
        p.rows = p.bytes = 0;
        if (!d.options.estimates) continue;
        for (auto row = d.past().rows().lower_bound(p.interval.begin);
             row != d.past().rows().end() && p.interval.ends_after(row->first); ++row) {
            ++p.rows;
            p.bytes += row->first.size() + row->second.size();
        }
    }
}

[[nodiscard]] inline error log_lost(position p) {
    return error{errc::hold_lost, "the simulated log no longer reaches back to position " + std::to_string(p.value),
                 "read the database again"};
}

}  // namespace foreshadow::testing::detail

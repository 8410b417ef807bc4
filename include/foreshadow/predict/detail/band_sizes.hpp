// SPDX-License-Identifier: BSL-1.0
//
// How large bands are: what a tick adds, what the source tells, and what the difference between the two teaches. What
// is missing of a size, beyond what was erased, are old versions that vanished.
#pragma once

#include "foreshadow/predict/detail/bands.hpp"

#include <algorithm>
#include <cmath>

namespace foreshadow::detail {

inline void bands::measured(const layout& told) {
    settle();
    is_told_ = is_told_ || std::any_of(told.partitions.begin(), told.partitions.end(),
                                       [](const partition& p) { return p.rows > 0 || p.bytes > 0; });
    auto next = told.partitions.begin();
    index_.for_each([&](slot s) {
        const key& begin = index_.range_of(s).begin;
        while (next != told.partitions.end() && next->interval.begin < begin) ++next;
        if (next == told.partitions.end() || next->id != columns.id[s]) return;
        const auto bytes = static_cast<double>(next->bytes);
        if (is_told_) learn_from(s, bytes);
        const double missing = correct(s, static_cast<double>(next->rows), bytes);
        if (missing > 0 && columns.old[s] != old_versions::none) vanished_.push_back({s, next->id, missing});
    });
}

inline double bands::fold(slot s) {
    const double more_rows = grown(s, by_rows);
    const double more_bytes = grown(s, by_bytes);
    const double gained = leading == by_rows ? more_rows : more_bytes;
    if (is_told_) {
        const inflow& in = columns.in[s];
        versions.forget_overdue(columns.old[s], ticks.last, lives);
        versions.add(columns.old[s], ticks.last, learnt.kept(static_cast<double>(in.updated_bytes), erased_bytes(s)));
    }
    detail::fold(columns, s, ticks, gained);
    columns.rows(s) = static_cast<float>(std::max(0.0, static_cast<double>(columns.rows(s)) + more_rows));
    columns.bytes(s) = static_cast<float>(std::max(0.0, static_cast<double>(columns.bytes(s)) + more_bytes));
    inflow& in = columns.in[s];
    in.inserted = in.updated = in.erased = in.bytes = in.updated_bytes = 0;
    in.is_touched = false;
    return gained;
}

inline void bands::note_vanished() {
    lives.refresh();
    for (const loss& l : vanished_)
        if (columns.id[l.of] == l.id) versions.gone(columns.old[l.of], ticks.last, l.bytes, lives);
    vanished_.clear();
    lives.refresh();
}

inline double bands::correct(slot s, double rows, double bytes, bool is_change) {
    inflow& in = columns.in[s];
    // What nothing that was written or kept can explain was wrong for long, and is no growth of this tick.
    const double written = static_cast<double>(in.inserted + in.updated + std::abs(in.erased));
    const double rows_off = rows - size(s, by_rows);
    if ((rows > 0 || is_told_) && rows_off != 0) {
        touch(s);
        if (is_change || std::abs(rows_off) <= written + 1)
            in.erased -= static_cast<float>(rows_off);
        else
            columns.rows(s) = std::max(0.0F, columns.rows(s) + static_cast<float>(rows_off));
    }
    const double off = bytes - size(s, by_bytes);
    if (off == 0 || !(bytes > 0 || is_told_)) return 0;
    touch(s);
    const double written_bytes =
        std::abs(static_cast<double>(in.bytes)) + static_cast<double>(in.updated_bytes) + std::abs(erased_bytes(s));
    const double kept = off < 0 ? versions.ahead(columns.old[s], ticks.last, 0, lives).held : 0;
    if (is_change || std::abs(off) <= 2 * (written_bytes + kept) + 1)
        in.bytes += static_cast<float>(off);
    else
        columns.bytes(s) = std::max(0.0F, columns.bytes(s) + static_cast<float>(off));
    return off < -0.5 - 1e-6 * bytes ? -off : 0;  // a float does not hold more digits
}

inline void bands::learn_from(slot s, double bytes) {
    const inflow& in = columns.in[s];
    if (static_cast<double>(columns.born(s)) > ticks.last) return;
    const double grown_otherwise = bytes - static_cast<double>(columns.bytes(s)) - static_cast<double>(in.bytes);
    learnt.learn(static_cast<double>(in.updated_bytes), erased_bytes(s), grown_otherwise);
}

}  // namespace foreshadow::detail

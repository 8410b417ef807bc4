// SPDX-License-Identifier: BSL-1.0
//
// How large were partitions when they changed? A source may tell, at the change, what became of them; where it does
// not, or tells what is out of date, the stream is believed.
#pragma once

#include "foreshadow/predict/detail/bands.hpp"
#include "foreshadow/predict/detail/thresholds.hpp"

#include <cmath>
#include <utility>

namespace foreshadow::detail {

/// Whether what is told of the children is nothing but what had been told of their parents, shared out: a source that
/// tells sizes once does so, and what was written since is not in it.
[[nodiscard]] inline bool repeats_sizes(const lineage_event& event) {
    double told = 0;
    const auto repeats = [&](auto size) {
        double before = 0;
        double after = 0;
        for (const partition& p : event.from) before += size(p);
        for (const partition& p : event.to) after += size(p);
        told += after;
        return std::abs(after - before) <= static_cast<double>(event.to.size());  // shares are rounded
    };
    const bool rows = repeats([](const partition& p) { return static_cast<double>(p.rows); });
    const bool bytes = repeats([](const partition& p) { return static_cast<double>(p.bytes); });
    return told > 0 && rows && bytes && !event.from.empty();
}

/// The same change, as a source would tell it that knows no sizes.
[[nodiscard]] inline lineage_event without_sizes(lineage_event event) {
    for (partition& p : event.to) p.rows = p.bytes = 0;
    return event;
}

/// By each measure, how large a band was when it split.
[[nodiscard]] inline thresholds::sizes sizes_at_split(const bands& all, const lineage_event& event, bands::slot s) {
    double rows = 0;
    double bytes = 0;
    for (const partition& p : event.to) {
        rows += static_cast<double>(p.rows);
        bytes += static_cast<double>(p.bytes);
    }
    return {rows > 0 ? rows : all.size(s, by_rows), bytes > 0 ? bytes : all.size(s, by_bytes),
            static_cast<double>(all.columns.writes(s)) * thresholds::rate_scale};
}

/// By one measure, how large two bands were when they merged. What is told of the two is believed where it adds
/// up to what is told of the one that they became.
[[nodiscard]] inline std::pair<double, double> sizes_at_merge(const bands& all, const lineage_event& event,
                                                              bands::slot a, bands::slot b, measure m) {
    const auto told = [&](const partition& p) { return static_cast<double>(m == by_rows ? p.rows : p.bytes); };
    double after = 0;
    for (const partition& p : event.to) after += told(p);
    const std::pair known{all.size(a, m), all.size(b, m)};
    if (!(after > 0)) return all.is_told() ? std::pair{0.0, 0.0} : known;
    const std::pair before{told(event.from[0]), told(event.from[1])};
    if (std::abs(before.first + before.second - after) <= 0.01 * after) return before;
    const double sum = known.first + known.second;
    const double scale = sum > 0 ? after / sum : 0;
    return {known.first * scale, known.second * scale};
}

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
//
// What the rhythms of creations and drops say is coming: the next partition begins where the last one ended and is as
// wide; what is dropped next is the neighbour of what was dropped last. Of a series of names, what is created next is
// called as the others, wherever it will lie, and what is dropped next is the oldest.
#pragma once

#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/predict/detail/band_lineage.hpp"
#include "foreshadow/predict/detail/calendar.hpp"
#include "foreshadow/predict/detail/drop_queues.hpp"
#include "foreshadow/predict/detail/key_line.hpp"
#include "foreshadow/predict/detail/rhythms.hpp"

#include <algorithm>
#include <utility>

namespace foreshadow::detail {

/// Completes what is `told` by when it is due, and why.
[[nodiscard]] inline prediction timed(prediction told, const rhythm& series, wall_time now) {
    const double waited = seconds_between(series.at, now);
    const auto due = [&](double deviations) { return std::max(series.gap(deviations) - waited, 0.0); };
    told.when = {due(-1.28), due(0), due(1.28)};
    told.because = {{"every", series.gap(0), "s"},
                    {"give or take", (series.gap(1) - series.gap(-1)) / 2, "s"},
                    {"gaps seen", static_cast<double>(series.gaps), ""}};
    return told;
}

/// Calls `say(prediction, chance)` for the next creation of each series.
template <class Say>
void foretell_creations(const rhythms& creations, wall_time now, double horizon, Say&& say) {
    for (const rhythm& series : creations.all()) {
        if (!series.is_known() || series.last.is_unbounded()) continue;
        const double chance = series.chance(now, horizon);
        if (!(chance > 0)) continue;
        prediction told;
        told.kind = lineage_kind::create;
        told.boundaries = {series.last.end};
        if (key end = point_between(series.last.begin, series.last.end, 2.0); end > series.last.end)
            told.boundaries.push_back(std::move(end));
        say(timed(std::move(told), series, now), chance);
    }
}

/// The same for the next drop of each series.
template <class Say>
void foretell_drops(const rhythms& drops, const bands& alive, wall_time now, double horizon, Say&& say) {
    for (const rhythm& series : drops.all()) {
        const bands::slot next = series.is_known() ? alive.index().find_begin(series.last.end) : bands::none;
        const double chance = next == bands::none ? 0 : series.chance(now, horizon);
        if (!(chance > 0)) continue;
        prediction told;
        told.kind = lineage_kind::drop;
        told.partitions = {alive.columns.id[next]};
        say(timed(std::move(told), series, now), chance);
    }
}

/// The same for the next creation of each series of names.
template <class Say>
void foretell_creations_by_name(const rhythms& creations, wall_time now, double horizon, Say&& say) {
    for (const rhythm& series : creations.all()) {
        const double chance = series.is_known() ? series.chance(now, horizon) : 0;
        if (!(chance > 0)) continue;
        prediction told;
        told.kind = lineage_kind::create;
        told.name = series.last.end;
        say(timed(std::move(told), series, now), chance);
    }
}

/// The same for the next drop of each series of names.
template <class Say>
void foretell_drops_by_name(const rhythms& drops, const drop_queues& queues, wall_time now, double horizon, Say&& say) {
    for (const rhythm& series : drops.all()) {
        const partition_id* const next = series.is_known() ? queues.next(series.last.end) : nullptr;
        const double chance = next == nullptr ? 0 : series.chance(now, horizon);
        if (!(chance > 0)) continue;
        prediction told;
        told.kind = lineage_kind::drop;
        told.partitions = {*next};
        say(timed(std::move(told), series, now), chance);
    }
}

/// All of them.
template <class Say>
void foretell_by_calendar(const calendar& dates, const bands& alive, const drop_queues& queues, wall_time now,
                          double horizon, Say&& say) {
    foretell_creations(dates.creations, now, horizon, say);
    foretell_drops(dates.drops, alive, now, horizon, say);
    foretell_creations_by_name(dates.named_creations, now, horizon, say);
    foretell_drops_by_name(dates.named_drops, queues, now, horizon, say);
}

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
//
// Lineage: which partitions became which. Derived from a layout entry by laying what ends over what begins; where rows
// move to other keys when partitions change, the database tells it. One entry may tell of several independent changes.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/disjoint_sets.hpp"
#include "foreshadow/plane/layout.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

enum class lineage_kind : std::uint8_t { split, merge, create, drop, reshape };

[[nodiscard]] inline const char* name_of(lineage_kind kind) noexcept {
    switch (kind) {
        case lineage_kind::split:
            return "split";
        case lineage_kind::merge:
            return "merge";
        case lineage_kind::create:
            return "create";
        case lineage_kind::drop:
            return "drop";
        case lineage_kind::reshape:
            return "reshape";
    }
    return "unknown";
}

/// One change of layout: `from` ended, `to` began; `boundaries` are the inner edges that came or went.
struct lineage_event {
    version at;
    wall_time time;
    lineage_kind kind = lineage_kind::split;
    std::vector<partition> from;
    std::vector<partition> to;
    std::vector<key> boundaries;

    friend bool operator==(const lineage_event&, const lineage_event&) = default;
};

namespace detail {

/// The ends of the partitions that lie strictly between the outermost ones of a group, ascending.
[[nodiscard]] inline std::vector<key> inner_edges(const std::vector<partition>& side, const key_range& hull) {
    std::vector<key> edges;
    const auto keep = [&](const key& edge) {
        if (!edge.empty() && hull.begin < edge && hull.ends_after(edge)) edges.push_back(edge);
    };
    for (const partition& p : side) {
        keep(p.interval.begin);
        keep(p.interval.end);
    }
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    return edges;
}

/// The edges of `these` that are not among `those`.
[[nodiscard]] inline std::vector<key> edges_without(const std::vector<key>& these, const std::vector<key>& those) {
    std::vector<key> rest;
    std::set_difference(these.begin(), these.end(), those.begin(), those.end(), std::back_inserter(rest));
    return rest;
}

/// Names what became of a group of partitions that are connected by overlap.
inline void name_lineage(lineage_event& event, const key_range& hull) {
    const std::size_t ended = event.from.size();
    const std::size_t began = event.to.size();
    if (ended == 0) {
        event.kind = lineage_kind::create;
    } else if (began == 0) {
        event.kind = lineage_kind::drop;
    } else if (ended == 1 && began > 1) {
        event.kind = lineage_kind::split;
    } else if (ended > 1 && began == 1) {
        event.kind = lineage_kind::merge;
    } else {
        event.kind = lineage_kind::reshape;
    }
    const std::vector<key> before = inner_edges(event.from, hull);
    const std::vector<key> after = inner_edges(event.to, hull);
    std::vector<key> came = edges_without(after, before);
    const std::vector<key> went = edges_without(before, after);
    if (event.kind == lineage_kind::split) {
        event.boundaries = std::move(came);
    } else if (event.kind == lineage_kind::merge) {
        event.boundaries = went;
    } else if (event.kind == lineage_kind::reshape) {
        std::merge(came.begin(), came.end(), went.begin(), went.end(), std::back_inserter(event.boundaries));
    }
}

/// Takes the partitions that descents connect out of `ended` and `begun`, as an event for each group.
[[nodiscard]] inline std::vector<lineage_event> lineage_by_descent(std::vector<partition>& ended,
                                                                   std::vector<partition>& begun,
                                                                   const layout_change& change) {
    const std::vector<descent>& told = change.descents;
    using places =
        std::vector<std::pair<partition_id, std::size_t>>;  // sorted: of each partition the first comes first
    places parents;
    places children;
    for (std::size_t i = 0; i < told.size(); ++i) {
        parents.emplace_back(told[i].from, i);
        children.emplace_back(told[i].to, i);
    }
    std::sort(parents.begin(), parents.end());
    std::sort(children.begin(), children.end());
    const auto first_of = [](const places& side, partition_id id) {
        return std::lower_bound(side.begin(), side.end(), std::pair{id, std::size_t{0}});
    };
    disjoint_sets connected{told.size()};
    for (std::size_t i = 0; i < told.size(); ++i) {
        connected.join(i, first_of(parents, told[i].from)->second);
        connected.join(i, first_of(children, told[i].to)->second);
    }
    std::vector<lineage_event> groups(told.size());  // each in its leader's place
    const auto take = [&](std::vector<partition>& side, const places& named, auto where) {
        std::erase_if(side, [&](partition& p) {
            const auto found = first_of(named, p.id);
            if (found == named.end() || found->first != p.id) return false;
            (groups[connected.leader_of(found->second)].*where).push_back(std::move(p));
            return true;
        });
    };
    take(ended, parents, &lineage_event::from);
    take(begun, children, &lineage_event::to);
    std::vector<lineage_event> events;
    for (lineage_event& event : groups) {
        if (event.from.empty() && event.to.empty()) continue;
        event.at = change.at;
        event.time = change.time;
        name_lineage(event, {});
        event.boundaries.clear();  // the rows have other keys, so no border lies between them
        events.push_back(std::move(event));
    }
    return events;
}

/// By overlap.
[[nodiscard]] inline std::vector<lineage_event> lineage_by_overlap(std::vector<partition> ended,
                                                                   std::vector<partition> begun,
                                                                   const layout_change& change) {
    struct side {
        partition what;
        bool began;
    };
    std::vector<side> all;
    all.reserve(ended.size() + begun.size());
    for (partition& p : ended) all.push_back({.what = std::move(p), .began = false});
    for (partition& p : begun) all.push_back({.what = std::move(p), .began = true});
    std::sort(all.begin(), all.end(), [](const side& a, const side& b) {
        const int order = a.what.interval.begin.compare(b.what.interval.begin);
        return order != 0 ? order < 0 : a.began < b.began;
    });

    // Both sides are disjoint in themselves, so whatever begins before the end of the group so far overlaps a
    // member of the other side.
    std::vector<lineage_event> events;
    key_range hull;
    for (side& next : all) {
        const bool joins =
            !events.empty() && hull.ends_after(next.what.interval.begin) && !next.what.interval.is_empty();
        if (!joins) {
            if (!events.empty()) name_lineage(events.back(), hull);
            events.push_back(
                {.at = change.at, .time = change.time, .kind = {}, .from = {}, .to = {}, .boundaries = {}});
            hull = next.what.interval;
        } else if (end_before(hull.end, next.what.interval.end)) {
            hull.end = next.what.interval.end;
        }
        (next.began ? events.back().to : events.back().from).push_back(std::move(next.what));
    }
    if (!events.empty()) name_lineage(events.back(), hull);
    return events;
}

/// `lineage_of` where the partitions that end are known already.
[[nodiscard]] inline std::vector<lineage_event> lineage_between(std::vector<partition> ended,
                                                                const layout_change& change) {
    if (change.descents.empty()) return lineage_by_overlap(std::move(ended), change.begun, change);
    std::vector<partition> begun = change.begun;
    std::vector<lineage_event> events = lineage_by_descent(ended, begun, change);
    // Keys whose partition is in a group on one side only go on: they are neither dropped nor created.
    std::vector<key> taken;
    for (const lineage_event& event : events)
        for (const auto* side : {&event.from, &event.to})
            for (const partition& p : *side) taken.push_back(p.interval.begin);
    std::sort(taken.begin(), taken.end());
    const auto is_taken = [&](const partition& p) {
        return std::binary_search(taken.begin(), taken.end(), p.interval.begin);
    };
    for (lineage_event& event : lineage_by_overlap(std::move(ended), std::move(begun), change)) {
        const bool goes_on = std::any_of(event.from.begin(), event.from.end(), is_taken) ||
                             std::any_of(event.to.begin(), event.to.end(), is_taken);
        if (goes_on) event.kind = lineage_kind::reshape;
        events.push_back(std::move(event));
    }
    return events;
}

}  // namespace detail

/// What `change` makes of the partitions of `before`: one event for each group that is connected by descents, then one
/// for each that is connected by overlap, in key order.
///
/// One to several is a split, several to one a merge, nothing to one a creation, one to nothing a drop; one to one and
/// several to several are a reshape. Partitions that merely touch have nothing to do with one another.
/// Each partition is in one event only. Where one side of a table's keys is in a group of descents, the other side, if
/// it is not, is a reshape without a counterpart: it was neither created nor dropped.
/// Errors: `conflict` when a retired partition is not in `before`.
/// Complexity: O(n + m log m) for n partitions and m named by the change.
[[nodiscard]] inline std::vector<lineage_event> lineage_of(const layout& before, const layout_change& change) {
    std::vector<partition_id> ids = change.retired;
    std::sort(ids.begin(), ids.end());
    std::vector<partition> ended;
    for (const partition& p : before.partitions)
        if (std::binary_search(ids.begin(), ids.end(), p.id)) ended.push_back(p);
    if (ended.size() != ids.size())
        throw error{errc::conflict, "a layout change at position " + std::to_string(change.at.at.value) +
                                        " ends a partition that the layout before it does not have"};
    return detail::lineage_between(std::move(ended), change);
}

}  // namespace foreshadow

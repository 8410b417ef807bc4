// SPDX-License-Identifier: BSL-1.0
//
// What a change of layout makes of the bands: who comes, who goes, and what the children get of their parents. Sizes
// are shared as the sample of keys says, or as the source tells; growth goes where the last writes went, and all of it
// to the last child where writes come at the end.
#pragma once

#include "foreshadow/predict/detail/band_sizes.hpp"
#include "foreshadow/predict/detail/bands.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <vector>

namespace foreshadow::detail {

inline std::vector<bands::slot> bands::add(const std::vector<partition>& born, std::uint32_t family) {
    std::vector<std::size_t> order(born.size());
    for (std::size_t i = 0; i < born.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](auto a, auto b) { return born[a].interval.begin < born[b].interval.begin; });
    std::vector<slot> slots;
    const bool is_first_of_all = index_.size() == 0;
    const partition* before = nullptr;
    std::uint32_t here = family;
    for (const std::size_t i : order) {
        const partition& p = born[i];
        if (p.interval.is_empty() || (before != nullptr && before->interval.begin == p.interval.begin)) continue;
        if (const slot there = index_.find_begin(p.interval.begin); there != none) remove(there);
        const slot s = take_slot();
        columns.reset(s);
        alive_[s] = 1;
        columns.id[s] = p.id;
        columns.rows(s) = static_cast<float>(p.rows);
        columns.bytes(s) = static_cast<float>(p.bytes);
        const bool touches = before != nullptr && before->interval.end == p.interval.begin;
        if (family == none && !touches) here = new_family();
        columns.in[s].family = here;
        ++family_bands_[here];
        if (used_ <= most_samples)
            sample(s, family != none ? 0 : static_cast<double>(leading == by_rows ? p.rows : p.bytes));
        index_.insert(s, p.interval);
        if (is_first_of_all) {
            if (touches) columns.in[slots.back()].may_have_gap = false;
        } else {
            const auto [left, right] = index_.neighbours(s);
            if (left != none) columns.in[left].may_have_gap = index_.range_of(left).end != p.interval.begin;
            if (right != none) columns.in[s].may_have_gap = p.interval.end != index_.range_of(right).begin;
        }
        slots.push_back(s);
        before = &p;
    }
    return slots;
}

inline void bands::remove(slot s) {
    if (const slot left = index_.neighbours(s).first; left != none) columns.in[left].may_have_gap = true;
    index_.erase(s);
    alive_[s] = 0;
    versions.clear(columns.old[s]);
    const inflow& in = columns.in[s];
    if (in.sample != inflow::no_sample) free_samples_.push_back(in.sample);
    leave(in.family);
    columns.reset(s);
    free_.push_back(s);
}

inline band_columns::record bands::at_last_tick(slot s) const {
    band_columns::record r = columns.read(s);
    for (std::size_t j = 0; j < r.net.size(); ++j) r.net[j] *= ticks.faded(j, ticks.last - r.folded);
    r.inserts *= ticks.faded(1, ticks.last - r.folded);
    r.writes *= ticks.faded(0, ticks.last - r.folded);
    r.variance *= ticks.faded(2, ticks.last - r.folded);
    r.jump *= ticks.faded(2, ticks.last - r.folded);
    r.folded = ticks.last;
    return r;
}

inline void bands::change(const lineage_event& event) {
    struct parent {
        key_range range;
        band_columns::record was;
        float split;
        std::unique_ptr<key_sample> sample;
        std::vector<old_versions::entry> old;
    };
    std::vector<parent> parents;
    std::uint32_t family = none;
    const std::vector<slot> ended = known(event.from);
    for (const slot s : ended) {
        const key_sample* sampled = sample_of(s);
        parents.push_back({index_.range_of(s), at_last_tick(s), columns.split(s),
                           sampled != nullptr ? std::make_unique<key_sample>(*sampled) : nullptr,
                           versions.take_all(columns.old[s])});
        if (family == none) family = columns.in[s].family;
    }
    if (family != none) ++family_bands_[family];  // it lives on until the children are counted
    for (const slot s : ended) remove(s);
    const std::vector<slot> born = add(event.to, family);
    if (family != none) leave(family);

    const auto now = static_cast<float>(seconds(event.time));
    const double equal = 1 / static_cast<double>(std::max<std::size_t>(born.size(), 1));
    if (parents.size() * born.size() > most_pairs) parents.clear();  // nobody can tell what came of what
    double told = 0;
    for (const slot s : born) told += static_cast<double>(columns.bytes(s));
    for (const slot s : born) {
        const key_range& range = index_.range_of(s);
        const auto rows_told = columns.rows(s);
        const auto bytes_told = columns.bytes(s);
        band_columns::record sum;
        sum.in = columns.in[s];  // with what is its own: sample, family and neighbours
        sum.folded = ticks.last;
        std::vector<old_versions::entry> old;
        columns.born(s) = now;
        if (event.kind == lineage_kind::split) columns.split(s) = now;
        for (const parent& p : parents) {
            if (!range.overlaps(p.range)) continue;
            const bool whole = range.covers(p.range);
            key_sample::shares share{1, 1};
            if (!whole) share = p.sample ? p.sample->within(range, p.range, equal) : key_sample::shares{equal, equal};
            if (!whole && told > 0 && parents.size() == 1) share.size = static_cast<double>(bytes_told) / told;
            if (event.kind != lineage_kind::split) columns.split(s) = std::max(columns.split(s), p.split);
            inherit(sum, p.was, static_cast<float>(share.size), static_cast<float>(share.growth));
            sum.rows += static_cast<float>(share.size) * p.was.rows;
            sum.bytes += static_cast<float>(share.size) * p.was.bytes;
            if (p.sample && sum.in.sample != inflow::no_sample)
                samples_[sum.in.sample].inherit(*p.sample, range, share.size);
            for (old_versions::entry e : p.old) {
                e.bytes *= static_cast<float>(share.size);
                old.push_back(e);
            }
        }
        columns.write(s, sum);
        if (parents.size() > 1)
            std::sort(old.begin(), old.end(),
                      [](auto& a, auto& b) { return std::tie(a.at, a.bytes) < std::tie(b.at, b.bytes); });
        for (const old_versions::entry& e : old) versions.add(columns.old[s], e.at, static_cast<double>(e.bytes));
        if (sum.in.inserted + sum.in.updated + sum.in.erased + sum.in.bytes != 0) touch(s);
        if (parents.empty()) {
            columns.rows(s) = rows_told;
            columns.bytes(s) = bytes_told;
        } else {
            // The source may have told better than can be guessed: then the parents had grown by what is missing.
            const double missing = correct(s, static_cast<double>(rows_told), static_cast<double>(bytes_told), true);
            versions.gone(columns.old[s], seconds(event.time), missing, lives);
        }
    }
}

inline void bands::inherit(band_columns::record& child, const band_columns::record& parent, float size, float growth) {
    child.in.inserted += size * parent.in.inserted;
    child.in.updated += size * parent.in.updated;
    child.in.erased += size * parent.in.erased;
    child.in.bytes += size * parent.in.bytes;
    child.in.updated_bytes += size * parent.in.updated_bytes;
    child.in.last_write = std::max(child.in.last_write, parent.in.last_write);
    for (std::size_t j = 0; j < child.net.size(); ++j) child.net[j] += growth * parent.net[j];
    child.inserts += growth * parent.inserts;
    child.writes += growth * parent.writes;
    child.variance += growth * parent.variance;
    child.jump = std::max(child.jump, growth * parent.jump);
}

inline void bands::align(const layout& now) {
    std::vector<partition> gone;
    std::vector<partition> born;
    std::vector<std::uint8_t> stays(columns.capacity());
    for (const partition& p : now.partitions) {
        const slot s = find(p);
        if (s == none)
            born.push_back(p);
        else
            stays[s] = 1;
    }
    std::vector<slot> dead;
    index_.for_each([&](slot s) {
        if (stays[s] == 0) dead.push_back(s);
    });
    for (const slot s : dead) remove(s);
    add(born, none);
}

}  // namespace foreshadow::detail

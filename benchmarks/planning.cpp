// SPDX-License-Identifier: BSL-1.0
//
// How planning grows: each measurement is made with ten times as much, twice. What takes n log n becomes ten to
// thirteen times as slow; what becomes a hundred times as slow has a square in it.
#include "foreshadow/orchestrate/detail/interval_index.hpp"
#include "foreshadow/orchestrate/detail/journal_needs.hpp"
#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/predict/judge.hpp"
#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/scan_plan.hpp"
#include "foreshadow/shadow/shadow_set.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace foreshadow;

std::string key_of(std::size_t i) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "orders/%012zu", i);
    return text.data();
}

/// So many partitions, side by side.
layout partitions(std::size_t count) {
    layout made{{1}, {}};
    for (std::size_t i = 0; i < count; ++i)
        made.partitions.push_back({.id = {i + 1, {1}},
                                   .name = "orders_" + std::to_string(i),
                                   .interval = {key_of(2 * i), key_of(2 * i + 2)},
                                   .bytes = 1'000'000});
    return made;
}

std::size_t count_of(const benchmark::State& state) { return static_cast<std::size_t>(state.range(0)); }

/// Every second partition has its image, half of these are being written, and two workers read.
void plan_scan(benchmark::State& state) {
    const layout now = partitions(count_of(state));
    boxes known;
    std::vector<image> being_written;
    known.segments.push_back({.after = {1}, .upto = {10}, .where = {}});
    for (std::size_t i = 0; i < now.partitions.size(); i += 2)
        (i % 4 == 0 ? known.images : being_written)
            .push_back({.interval = now.partitions[i].interval, .seen = horizon::exactly({5}), .where = key_of(i)});
    under_way more{.images = {}, .sealed = {10}, .taken = {20}};
    for (const image& i : being_written) more.images.push_back(&i);
    for (auto _ : state) {
        std::vector<key_range> in_flight{now.partitions[1].interval, now.partitions[3].interval};
        benchmark::DoNotOptimize(foreshadow::plan_scan(known, more, now, {20}, std::move(in_flight)));
    }
    state.SetComplexityN(state.range(0));
}
BENCHMARK(plan_scan)->ArgName("partitions")->RangeMultiplier(10)->Range(1'000, 100'000)->Complexity();

/// Every piece is taken, a chunk each, by what is at risk; a hundred predictions come one after the other.
void take_pieces(benchmark::State& state) {
    const layout now = partitions(count_of(state));
    const std::vector<piece> pieces = foreshadow::plan_scan({}, {}, now, {1});
    std::vector<prediction> live(100);
    for (std::size_t i = 0; i < live.size(); ++i) {
        live[i].partitions = {now.partitions[i * now.partitions.size() / live.size()].id};
        live[i].confidence = 0.5;
    }
    const at_risk_first order;
    for (auto _ : state) {
        scan_plan plan;
        plan.make(pieces);
        for (std::size_t taken = 0; !plan.is_empty(); ++taken) {
            const std::size_t known = taken * live.size() / pieces.size();
            benchmark::DoNotOptimize(plan.take(order, std::span{live}.first(known), known));
        }
    }
    state.SetComplexityN(state.range(0));
}
BENCHMARK(take_pieces)->ArgName("partitions")->RangeMultiplier(10)->Range(1'000, 100'000)->Complexity();

/// The log tells of so many partitions that were born empty, one in a batch, and of the last ten again.
void births(benchmark::State& state) {
    const std::size_t count = count_of(state);
    const auto told = [](std::size_t i) {
        return std::vector<birth>{{.interval = {key_of(i % 100), key_of(i % 100 + 1)}, .at = {{i}, 0}}};
    };
    for (auto _ : state) {
        std::vector<birth> known;
        for (std::size_t i = 0; i < count; ++i) add_told(known, told(i));
        for (std::size_t i = count - 10; i < count; ++i) add_told(known, told(i));
        benchmark::DoNotOptimize(known);
    }
    state.SetComplexityN(state.range(0));
}
BENCHMARK(births)->ArgName("partitions")->RangeMultiplier(10)->Range(1'000, 100'000)->Complexity();

/// One batch of the log in which every partition is split, and every split was foretold.
void settle_predictions(benchmark::State& state) {
    const layout now = partitions(count_of(state));
    judge foretold;
    std::vector<lineage_event> events;
    for (std::size_t i = 0; i < now.partitions.size(); ++i) {
        prediction p;
        p.id = i + 1;
        p.partitions = {now.partitions[i].id};
        p.confidence = static_cast<double>(i % 1000) * 0.001;
        p.horizon_seconds = 60;
        foretold.record(p);
        lineage_event event{.at = {{10}, 0}, .time = {}, .kind = {}, .from = {}, .to = {}, .boundaries = {}};
        event.from = {now.partitions[i]};
        events.push_back(std::move(event));
    }
    for (auto _ : state) {
        judge settling = foretold;
        benchmark::DoNotOptimize(settling.settle(events));
    }
    state.SetComplexityN(state.range(0));
}
BENCHMARK(settle_predictions)->ArgName("partitions")->RangeMultiplier(10)->Range(1'000, 100'000)->Complexity();

/// One tick in which a split of every partition is likely, and there is no room for another shadow.
void consider_shadows(benchmark::State& state) {
    const layout now = partitions(count_of(state));
    std::vector<prediction> live(now.partitions.size());
    for (std::size_t i = 0; i < live.size(); ++i) {
        live[i].id = i + 1;
        live[i].partitions = {now.partitions[i].id};
        live[i].confidence = 0.9;
        live[i].horizon_seconds = 60;
    }
    shadow_set shadows;
    benchmark::DoNotOptimize(shadows.consider(live, now, {1}, 0));
    for (auto _ : state) benchmark::DoNotOptimize(shadows.consider(live, now, {1}, 0));
    state.SetComplexityN(state.range(0));
}
BENCHMARK(consider_shadows)->ArgName("partitions")->RangeMultiplier(10)->Range(1'000, 100'000)->Complexity();

/// Ten images to a partition, a segment to ten images, a run to a hundred.
void prove_state(benchmark::State& state) {
    const std::size_t images = count_of(state);
    const layout now = partitions(images / 10);
    boxes known;
    for (std::size_t i = 0; i < images; ++i)
        known.images.push_back(
            {.interval = {key_of(i / 5) + "-" + key_of(i), key_of((i + 1) / 5) + "-" + key_of(i + 1)},
             .seen = horizon::exactly({1 + i % 50}),
             .where = {}});
    known.images.front().interval.begin.clear();
    known.images.back().interval.end.clear();
    for (std::uint64_t after = 0; after < images / 10; ++after)
        known.segments.push_back({.after = {after}, .upto = {after + 1}, .where = {}});
    for (std::size_t i = 0; i < images / 100; ++i)
        known.runs.push_back({.interval = {key_of(20 * i), key_of(20 * i + 3)},
                              .after = {50},
                              .upto = {60},
                              .where = {},
                              .erasures = {}});
    for (auto _ : state) {
        const proof found = prove(known, now, {images / 10});
        if (!found.is_complete()) state.SkipWithError(found.gaps.front().why.c_str());
        benchmark::DoNotOptimize(found);
    }
    state.SetComplexityN(state.range(0));
}
BENCHMARK(prove_state)->ArgName("images")->RangeMultiplier(10)->Range(1'000, 100'000)->Complexity();

/// So many images, read one after the other while the journal grew to a tenth as many segments, and then twice that.
std::vector<detail::journal_need> needs(std::size_t count) {
    std::vector<detail::journal_need> made;
    for (std::size_t i = 0; i < count; ++i) made.push_back({{key_of(i), key_of(i + 1)}, {i}, {2 * count}});
    return made;
}

/// Which keys of which segment a restore reads.
void journal_needs(benchmark::State& state) {
    const std::vector<detail::journal_need> all = needs(count_of(state));
    for (auto _ : state) {
        detail::journal_needs sweep{all};
        for (std::uint64_t after = 0; after < 2 * all.size(); after += 10) {
            const segment next{.after = {after}, .upto = {after + 10}, .where = {}};
            benchmark::DoNotOptimize(sweep.of(next));
        }
    }
    state.SetComplexityN(state.range(0));
}
BENCHMARK(journal_needs)->ArgName("images")->RangeMultiplier(10)->Range(1'000, 100'000)->Complexity();

/// Which erasures each piece of a restore has to know: as many as there are pieces, and one over all keys.
void erasures_of_pieces(benchmark::State& state) {
    const layout now = partitions(count_of(state));
    std::vector<range_erasure> erasures{{{{1}, 0}, key_range::all()}};
    for (const partition& p : now.partitions) erasures.push_back({{{2}, 0}, p.interval});
    for (auto _ : state) {
        const detail::interval_index<range_erasure> index{erasures};
        std::size_t found = 0;
        for (const partition& p : now.partitions) index.overlapping(p.interval, [&](const range_erasure&) { ++found; });
        benchmark::DoNotOptimize(found);
    }
    state.SetComplexityN(state.range(0));
}
BENCHMARK(erasures_of_pieces)->ArgName("pieces")->RangeMultiplier(10)->Range(1'000, 100'000)->Complexity();

}  // namespace

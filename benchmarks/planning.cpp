// SPDX-License-Identifier: BSL-1.0
//
// How planning grows: each measurement is made with ten times as much, twice. What takes n log n becomes ten to
// thirteen times as slow; what becomes a hundred times as slow has a square in it.
#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/schedule/scan_plan.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
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

}  // namespace

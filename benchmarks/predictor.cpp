// SPDX-License-Identifier: BSL-1.0
//
// What the learned predictor costs: an event, a forecast, and the memory of a partition. Partitions are as large as
// they are in a database that has run for long, anywhere below the threshold; a share of them is written to.
#include "foreshadow/predict/hazard_predictor.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace foreshadow;

constexpr std::size_t batch_changes = 10'000;
constexpr std::uint64_t threshold = 100'000'000;

std::string key_of(std::uint64_t table, std::uint64_t row) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "table%02llu/%012llu", static_cast<unsigned long long>(table),
                  static_cast<unsigned long long>(row));
    return text.data();
}

/// Sixteen tables of equally many partitions, a thousand rows apart.
layout some_layout(std::size_t partitions) {
    std::mt19937_64 random{7};
    layout made{{1}, {}};
    const std::size_t tables = 16;
    for (std::size_t t = 0; t < tables; ++t) {
        for (std::size_t i = 0; i < partitions / tables; ++i) {
            partition p{{t * partitions + i, {1}}, "p", {key_of(t, 1000 * i), key_of(t, 1000 * (i + 1))}};
            p.rows = random() % 1'000'000;
            p.bytes = random() % threshold;
            made.partitions.push_back(std::move(p));
        }
    }
    return made;
}

/// Writes anywhere in the first `hot` partitions of each table.
log_batch some_writes(std::uint64_t seed, std::size_t hot, position after, wall_time at) {
    std::mt19937_64 random{seed};
    log_batch batch;
    batch.after = after;
    batch.upto = {after.value + 1};
    batch.now = at;
    batch.commits.push_back({batch.upto, at, 0, batch_changes});
    const std::string value(200, 'v');
    for (std::size_t i = 0; i < batch_changes; ++i) {
        const std::string k = key_of(random() % 16, random() % (1000 * hot));
        batch.changes.append({change_kind::put,
                              i % 3 == 0 ? write_hint::updated : write_hint::inserted,
                              {batch.upto, static_cast<std::uint32_t>(i)},
                              k,
                              value});
    }
    return batch;
}

void observe(benchmark::State& state) {
    const auto partitions = static_cast<std::size_t>(state.range(0));
    const layout now = some_layout(partitions);
    hazard_predictor one;
    one.start(now);
    std::vector<log_batch> batches;
    for (std::uint64_t i = 0; i < 16; ++i) batches.push_back(some_writes(i, partitions / 16, {i}, {0}));
    std::size_t turn = 0;
    for (auto _ : state) one.observe(batches[turn++ % batches.size()], now);
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_changes));
    state.counters["ns_an_event"] =
        benchmark::Counter(static_cast<double>(batch_changes) * 1e-9,
                           benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    state.counters["bytes_a_partition"] = static_cast<double>(detail::band_columns::bytes_a_band);
}
BENCHMARK(observe)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

/// A tick: what was written is folded, rows whose time is over are learnt, the model is asked.
void forecast(benchmark::State& state) {
    const auto partitions = static_cast<std::size_t>(state.range(0));
    const layout now = some_layout(partitions);
    hazard_predictor one{{.split_at_bytes = static_cast<double>(threshold)}};
    one.start(now);
    std::vector<prediction> said;
    std::uint64_t tick = 0;
    for (auto _ : state) {
        state.PauseTiming();
        const wall_time at{static_cast<std::int64_t>(++tick) * 5'000'000};
        one.observe(some_writes(tick, partitions / 16, {tick}, at), now);
        said.clear();
        state.ResumeTiming();
        one.forecast(at, 60, said);
        benchmark::DoNotOptimize(said);
    }
    state.counters["said"] = static_cast<double>(said.size());
}
BENCHMARK(forecast)->Arg(1'000)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace

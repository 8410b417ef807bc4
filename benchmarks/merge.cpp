// SPDX-License-Identifier: BSL-1.0
//
// The merge alone: how many rows and bytes a second pass through, untouched and with changes on top.
#include "foreshadow/row/merge.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/row/conflict_policies.hpp"
#include "run.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace foreshadow;

constexpr std::size_t rows = 100'000;
constexpr std::size_t rows_a_batch = 1'000;

std::string key_of(std::size_t i) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "orders/%012zu", i);
    return text.data();
}

const std::vector<row_batch>& base_rows() {
    static const std::vector<row_batch> batches = [] {
        std::vector<row_batch> made(rows / rows_a_batch);
        for (std::size_t i = 0; i < rows; ++i) made[i / rows_a_batch].append(key_of(i), std::string(100, 'v'));
        return made;
    }();
    return batches;
}

/// One change in `every` rows, dealt to `streams` streams.
std::vector<std::vector<change_batch>> changes(std::size_t every, std::size_t streams) {
    std::vector<std::vector<change_batch>> made(streams, std::vector<change_batch>(rows / rows_a_batch));
    const std::string value(100, 'w');
    for (std::size_t i = 0; i < rows; i += every) {
        const std::string k = key_of(i);
        made[i / every % streams][i / rows_a_batch].append(
            {.kind = change_kind::put, .at = {.at = {10 + i}, .ordinal = 0}, .key = k, .payload = value});
    }
    return made;
}

/// A stream of copies: refilling costs a memcpy, as it does from a decoded block.
template <class Batch>
std::function<task<bool>(Batch&)> stream_of(const std::vector<Batch>& batches) {
    return [&batches, next = std::size_t{0}](Batch& out) mutable -> task<bool> {
        const bool has_more = next < batches.size();
        if (has_more) out = batches[next++];
        co_return has_more;
    };
}

task<merge_report> drain(merge_plan plan) {
    fail policy;
    merge<fail> merging{std::move(plan), policy};
    row_batch out;
    bool has_more = true;
    while (has_more) {
        has_more = co_await merging.next(out);
        benchmark::DoNotOptimize(out);
    }
    co_return merging.report();
}

void merge_rows(benchmark::State& state) {
    const auto every = static_cast<std::size_t>(state.range(0));
    const auto streams = static_cast<std::size_t>(state.range(1));
    const auto changed = every == 0 ? std::vector<std::vector<change_batch>>{} : changes(every, streams);
    static_cast<void>(base_rows());  // made outside of what is measured
    std::uint64_t rows_out = 0;
    for (auto _ : state) {
        merge_plan plan{.interval = key_range::all(),
                        .seen = {.low = {1}, .high = {1}, .also = {}},
                        .since = {},
                        .upto = position::last(),
                        .erasures = {},
                        .base = stream_of(base_rows()),
                        .changes = {},
                        .partition = "orders"};
        for (const auto& batches : changed) plan.changes.push_back(stream_of(batches));
        rows_out += testing::run(drain(std::move(plan))).rows_out;
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(rows_out));
    state.SetBytesProcessed(static_cast<std::int64_t>(rows_out) * 119);
}
BENCHMARK(merge_rows)
    ->ArgNames({"a change in rows", "streams"})
    ->Args({0, 1})
    ->Args({100, 1})
    ->Args({10, 1})
    ->Args({10, 8})
    ->Args({1, 1});

}  // namespace

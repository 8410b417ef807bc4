// SPDX-License-Identifier: BSL-1.0
//
// What a block passes through on its way into a repository, a stage at a time: cut, encoded, hashed, compressed; and
// back. A backup cannot be faster than the slowest of them.
#include "foreshadow/store/block.hpp"
#include "foreshadow/store/block_cutter.hpp"
#include "foreshadow/store/digest.hpp"
#include "foreshadow/store/lz4.hpp"
#include "foreshadow/store/zstd.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace foreshadow;

/// Rows as a shop's orders are: ascending keys, values of words and numbers that repeat and differ.
const row_batch& orders() {
    static const row_batch made = [] {
        std::mt19937_64 random{1};
        const std::vector<std::string> words{"pending", "shipped", "returned", "amsterdam",
                                             "lisbon",  "oslo",    "express"};
        row_batch rows;
        for (std::uint64_t i = 0; i < 20'000; ++i) {
            std::string key = "orders/" + std::to_string(1'000'000'000 + i * 7);
            std::string value;
            for (int column = 0; column < 8; ++column) {
                value += words[random() % words.size()];
                value += std::to_string(random() % 100'000);
            }
            rows.append(key, value);
        }
        return rows;
    }();
    return made;
}

std::vector<row_batch> cut() {
    block_cutter cutter{42};
    std::vector<row_batch> blocks;
    for (std::size_t i = 0; i < orders().size(); ++i) cutter.push(orders()[i], blocks);
    blocks.push_back(cutter.finish());
    return blocks;
}

const std::string& encoded() {
    static const std::string block = encode_block(block_kind::rows, cut().front());
    return block;
}

void count_bytes(benchmark::State& state, std::size_t bytes) {
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void cut_into_blocks(benchmark::State& state) {
    static_cast<void>(orders());  // made outside of what is measured
    for (auto _ : state) benchmark::DoNotOptimize(cut());
    count_bytes(state, orders().bytes());
}
BENCHMARK(cut_into_blocks);

void encode(benchmark::State& state) {
    const row_batch rows = cut().front();
    for (auto _ : state) benchmark::DoNotOptimize(encode_block(block_kind::rows, rows));
    count_bytes(state, rows.bytes());
}
BENCHMARK(encode);

void decode(benchmark::State& state) {
    row_batch rows;
    for (auto _ : state) {
        rows.clear();
        decode_block(block_kind::rows, encoded(), key_range::all(), rows);
        benchmark::DoNotOptimize(rows);
    }
    count_bytes(state, rows.bytes());
}
BENCHMARK(decode);

void hash(benchmark::State& state) {
    const digest under = sha256("a key");
    for (auto _ : state) benchmark::DoNotOptimize(hmac_sha256(under, {encoded()}));
    count_bytes(state, encoded().size());
}
BENCHMARK(hash);

template <codec Codec>
void compress(benchmark::State& state, Codec codec) {
    std::string out;
    for (auto _ : state) {
        out.clear();
        codec.compress(encoded(), out);
        benchmark::DoNotOptimize(out);
    }
    count_bytes(state, encoded().size());
    state.counters["ratio"] = static_cast<double>(encoded().size()) / static_cast<double>(out.size());
}
BENCHMARK_CAPTURE(compress, zstd_1, zstd{1});
BENCHMARK_CAPTURE(compress, zstd_3, zstd{3});
BENCHMARK_CAPTURE(compress, lz4, lz4{});

template <codec Codec>
void decompress(benchmark::State& state, Codec codec) {
    std::string packed;
    codec.compress(encoded(), packed);
    std::string out;
    for (auto _ : state) {
        out.clear();
        codec.decompress(packed, encoded().size(), out);
        benchmark::DoNotOptimize(out);
    }
    count_bytes(state, encoded().size());
}
BENCHMARK_CAPTURE(decompress, zstd_1, zstd{1});
BENCHMARK_CAPTURE(decompress, lz4, lz4{});

}  // namespace

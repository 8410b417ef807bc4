// SPDX-License-Identifier: BSL-1.0
//
// The least that fills each role: what a template of the library may use of a policy is what these have, and no more.
// Only good for compiling against.
#pragma once

#include "foreshadow/observe/observer.hpp"
#include "foreshadow/predict/predictor.hpp"
#include "foreshadow/row/conflict_policy.hpp"
#include "foreshadow/run/clock.hpp"
#include "foreshadow/schedule/pace.hpp"
#include "foreshadow/schedule/scan_order.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/store/cipher.hpp"
#include "foreshadow/store/codec.hpp"
#include "foreshadow/store/object_store.hpp"
#include "foreshadow/store/partition_storage.hpp"
#include "foreshadow/target/target.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow::testing::archetype {

struct source {
    static constexpr source_traits traits{};
    task<source_identity> identity() { co_return source_identity{}; }
    task<position> hold(std::optional<position>) { co_return position{}; }
    task<> acknowledge(position) { co_return; }
    task<> release() { co_return; }
    task<foreshadow::layout> layout() { co_return foreshadow::layout{}; }
    task<chunk> read(key_range range, read_budget, row_batch&) { co_return chunk{range, {}}; }
    task<> follow(position, log_batch&) { co_return; }
    task<position> head() { co_return position{}; }
    task<foreshadow::strain> strain() { co_return foreshadow::strain{}; }
};

struct target {
    task<> begin(const layout&) { co_return; }
    task<> load(const partition&, const row_batch&) { co_return; }
    task<> complete(const partition&) { co_return; }
    task<> finish() { co_return; }
    task<> abandon() { co_return; }
};

struct object_store {
    task<> put(std::string, std::string_view) { co_return; }
    task<std::string> get(std::string, byte_range) { co_return std::string{}; }
    task<std::vector<object_info>> list(std::string) { co_return std::vector<object_info>{}; }
    task<> remove(std::string) { co_return; }
};

struct codec {
    static constexpr std::uint8_t id = 0;
    void compress(std::string_view, std::string&) const {}
    void decompress(std::string_view, std::size_t, std::string&) const {}
};

struct cipher {
    static constexpr std::uint8_t id = 0;
    void seal(std::string_view, std::string_view, std::string&) const {}
    void open(std::string_view, std::string_view, std::string&) const {}
};

struct row_writer {
    task<> append(const row_batch&) { co_return; }
    task<stored_rows> finish() { co_return stored_rows{}; }
};
struct row_cursor {
    task<bool> next(row_batch&) { co_return false; }
    std::uint64_t stored_bytes() { return 0; }
};
struct partition_storage {
    row_writer write() { return {}; }
    row_cursor read(const std::string&, const key_range&) { return {}; }
    task<> flush() { co_return; }
};

struct predictor {
    static constexpr std::string_view name = "archetype";
    void start(const layout&) {}
    void observe(const log_batch&, const layout&) {}
    void learn(const lineage_event&) {}
    void forecast(wall_time, double, std::vector<prediction>&) {}
    std::string save() const { return {}; }
    void load(std::string_view) {}
};

struct scan_order {
    void arrange(std::span<piece>, std::span<const prediction>) {}
};

struct pace {
    pace_decision decide(const pace_input&) { return {}; }
};

struct conflict_policy {
    void settle(const conflict&) {}
};

struct observer {
    void on(const event&) {}
};

struct clock {
    wall_time now() { return {}; }
    double seconds() { return 0; }
    task<> sleep(double) { co_return; }
};

static_assert(foreshadow::source<source>);
static_assert(foreshadow::target<target>);
static_assert(foreshadow::object_store<object_store>);
static_assert(foreshadow::codec<codec>);
static_assert(foreshadow::cipher<cipher>);
static_assert(foreshadow::row_writer<row_writer>);
static_assert(foreshadow::row_cursor<row_cursor>);
static_assert(foreshadow::partition_storage<partition_storage>);
static_assert(foreshadow::predictor<predictor>);
static_assert(foreshadow::scan_order<scan_order>);
static_assert(foreshadow::pace<pace>);
static_assert(foreshadow::conflict_policy<conflict_policy>);
static_assert(foreshadow::observer<observer>);
static_assert(foreshadow::clock<clock>);

}  // namespace foreshadow::testing::archetype

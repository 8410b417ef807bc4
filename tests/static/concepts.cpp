// SPDX-License-Identifier: BSL-1.0
//
// Each concept accepts the least that fills its role, and refuses it when any one part is missing or of another type.
// An archetype's part is taken away by hiding it in a derived type.
#include "foreshadow/testing/archetypes.hpp"

#include <string>
#include <utility>

namespace {

using namespace foreshadow;
namespace archetype = foreshadow::testing::archetype;

struct nothing_at_all {};
static_assert(!source<nothing_at_all> && !target<nothing_at_all> && !object_store<nothing_at_all>);
static_assert(!codec<nothing_at_all> && !cipher<nothing_at_all> && !partition_storage<nothing_at_all>);
static_assert(!predictor<nothing_at_all> && !scan_order<nothing_at_all> && !pace<nothing_at_all>);
static_assert(!conflict_policy<nothing_at_all> && !observer<nothing_at_all> && !foreshadow::clock<nothing_at_all>);
static_assert(!row_writer<nothing_at_all> && !row_cursor<nothing_at_all>);
static_assert(!source<int> && !object_store<int> && !predictor<int>);

// No role is filled by the policy of another.
static_assert(!object_store<archetype::source> && !source<archetype::object_store> && !target<archetype::source>);
static_assert(!codec<archetype::cipher> && !cipher<archetype::codec>);
static_assert(!pace<archetype::scan_order> && !scan_order<archetype::pace> && !observer<archetype::conflict_policy>);

// A source in parts.
struct nameless_source : archetype::source {
    void identity() {}
};
struct source_without_traits : archetype::source {
    static constexpr int traits = 1;
};
struct source_that_forgets : archetype::source {
    task<position> hold() { co_return position{}; }
};
struct source_without_layout : archetype::source {
    foreshadow::layout layout() { return {}; }  // no task
};
struct source_that_returns_rows : archetype::source {
    task<row_batch> read(key_range, read_budget) { co_return row_batch{}; }
};
struct source_of_silence : archetype::source {
    task<> follow(wall_time, log_batch&) { co_return; }  // a clock is no position
};
struct source_without_strain : archetype::source {
    int strain = 0;
};
static_assert(identifies<archetype::source> && !identifies<nameless_source> && !identifies<source_without_traits>);
static_assert(holds_its_log<archetype::source> && !holds_its_log<source_that_forgets>);
static_assert(tells_layout<archetype::source> && !tells_layout<source_without_layout>);
static_assert(reads_ranges<archetype::source> && !reads_ranges<source_that_returns_rows>);
static_assert(can_be_followed<archetype::source> && !can_be_followed<source_of_silence>);
static_assert(feels_strain<archetype::source> && !feels_strain<source_without_strain>);
static_assert(!source<nameless_source> && !source<source_without_traits> && !source<source_that_forgets>);
static_assert(!source<source_without_layout> && !source<source_that_returns_rows> && !source<source_of_silence>);
static_assert(!source<source_without_strain>);

struct target_without_abandon : archetype::target {
    bool abandon() { return true; }
};
struct target_without_finish : archetype::target {
    void finish() {}
};
static_assert(!target<target_without_abandon> && !target<target_without_finish>);

struct store_that_overwrites : archetype::object_store {
    task<bool> put(std::string, std::string_view) { co_return true; }
};
struct store_of_whole_objects : archetype::object_store {
    task<std::string> get(std::string) { co_return std::string{}; }
};
struct store_that_lists_names : archetype::object_store {
    task<std::vector<std::string>> list(std::string) { co_return std::vector<std::string>{}; }
};
struct store_that_keeps : archetype::object_store {
    int remove = 0;
};
static_assert(!object_store<store_that_overwrites> && !object_store<store_of_whole_objects>);
static_assert(!object_store<store_that_lists_names> && !object_store<store_that_keeps>);

struct codec_without_id {
    void compress(std::string_view, std::string&) const {}
    void decompress(std::string_view, std::size_t, std::string&) const {}
};
struct codec_one_way {
    static constexpr std::uint8_t id = 9;
    void compress(std::string_view, std::string&) const {}
};
static_assert(!codec<codec_without_id> && !codec<codec_one_way>);

struct predictor_without_name {
    void start(const layout&) {}
    void observe(const log_batch&, const layout&) {}
    void learn(const lineage_event&) {}
    void forecast(wall_time, double, std::vector<prediction>&) {}
    std::string save() const { return {}; }
    void load(std::string_view) {}
};
struct predictor_that_waits : archetype::predictor {
    task<> observe(const log_batch&, const layout&) { co_return; }  // synchronous by contract
};
struct predictor_that_changes_by_saving : archetype::predictor {
    std::string save() { return {}; }
};
static_assert(!predictor<predictor_without_name> && !predictor<predictor_that_waits>);
static_assert(!predictor<predictor_that_changes_by_saving>);

struct order_of_pieces : archetype::scan_order {
    piece arrange(std::span<piece>, std::span<const prediction>) { return {}; }
};
struct pace_in_numbers : archetype::pace {
    double decide(const pace_input&) { return 1; }
};
struct policy_that_chooses : archetype::conflict_policy {
    bool settle(const conflict&) { return true; }
};
struct observer_that_answers : archetype::observer {
    bool on(const event&) { return true; }
};
struct clock_that_blocks : archetype::clock {
    void sleep(double) {}
};
static_assert(!scan_order<order_of_pieces> && !pace<pace_in_numbers> && !conflict_policy<policy_that_chooses>);
static_assert(!observer<observer_that_answers> && !foreshadow::clock<clock_that_blocks>);

struct storage_that_cannot_flush : archetype::partition_storage {
    void flush() {}
};
static_assert(!partition_storage<storage_that_cannot_flush>);

}  // namespace

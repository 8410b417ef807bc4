// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/testing/simulated_database.hpp"

#include "foreshadow/testing/archetypes.hpp"
#include "foreshadow/testing/hostile.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace foreshadow;
using namespace foreshadow::testing;

namespace {

history history_of(workload_options options, std::size_t steps) {
    workload work{std::move(options)};
    work.found({1'000'000});
    for (std::size_t i = 1; i <= steps; ++i) work.step({1'000'000 + static_cast<std::int64_t>(i) * 10'000});
    return work.past();
}

/// Replays the log from nothing, without any help of the history's own.
rows_by_key replayed(const history& past, position upto) {
    rows_by_key rows;
    for (const logged_commit& c : past.commits()) {
        if (c.at > upto) break;
        for (const logged_change& change : c.changes) {
            if (change.kind == change_kind::put) rows.insert_or_assign(change.where, change.payload);
            if (change.kind == change_kind::erase) rows.erase(change.where);
            if (change.kind == change_kind::patch) {
                std::string value;
                apply_patch(rows.at(change.where), change.payload, value);
                rows.at(change.where) = value;
            }
            if (change.kind == change_kind::erase_range || change.kind == change_kind::replaced)
                std::erase_if(rows, [&](const auto& row) { return change.reach().contains(row.first); });
            if (change.kind == change_kind::replaced)
                for (const auto& [k, value] : c.untold)
                    if (change.reach().contains(k)) rows.insert_or_assign(k, value);
        }
    }
    return rows;
}

bool same_log(const history& a, const history& b) {
    if (a.commits().size() != b.commits().size()) return false;
    for (std::size_t i = 0; i < a.commits().size(); ++i) {
        const logged_commit& x = a.commits()[i];
        const logged_commit& y = b.commits()[i];
        if (x.at != y.at || x.time != y.time || x.changes != y.changes || x.layouts != y.layouts) return false;
    }
    return a.rows() == b.rows();
}

}  // namespace

TEST_CASE("the state at any position is what a replay of the log gives") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        const history past = history_of({.seed = seed, .rules = {}, .untold_changes = seed % 2 == 0}, 300);
        seeded_random choose{seed};
        for (int i = 0; i < 5; ++i) {
            const position at = past.commits()[static_cast<std::size_t>(choose.below(past.commits().size()))].at;
            REQUIRE(past.state_at(at) == replayed(past, at));
        }
        REQUIRE(past.state_at(past.end()) == past.rows());
        REQUIRE(past.state_at({}).empty());
    }
}

TEST_CASE("one seed gives one history, another seed another") {
    const history once = history_of({.seed = 7, .rules = {}, .untold_changes = true}, 200);
    CHECK(same_log(once, history_of({.seed = 7, .rules = {}, .untold_changes = true}, 200)));
    CHECK_FALSE(same_log(once, history_of({.seed = 8, .rules = {}, .untold_changes = true}, 200)));
}

TEST_CASE("positions rise, ordinals are used once, layouts stay disjoint and own every row") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        const history past = history_of({.seed = seed, .rules = {}, .untold_changes = true}, 300);
        position last;
        for (const logged_commit& c : past.commits()) {
            REQUIRE(c.at > last);
            last = c.at;
            std::map<std::uint32_t, int> ordinals;
            for (const logged_change& change : c.changes) ++ordinals[change.ordinal];
            for (const layout_change& change : c.layouts) {
                ++ordinals[change.at.ordinal];
                REQUIRE(change.at.at == c.at);
                for (const partition& p : change.begun) REQUIRE(p.id.created == c.at);
            }
            for (const auto& [ordinal, uses] : ordinals) REQUIRE(uses == 1);
            if (c.layouts.empty()) continue;
            const layout shape = past.layout_at(c.at);
            for (std::size_t i = 0; i + 1 < shape.partitions.size(); ++i)
                REQUIRE(shape.partitions[i].interval.end <= shape.partitions[i + 1].interval.begin);
        }
        for (const auto& [k, value] : past.rows()) REQUIRE(past.current_layout().owner(k) != nullptr);
    }
}

TEST_CASE("each engine rule changes the layout in its own way") {
    for (std::size_t r = 0; r < engine_rule_count; ++r) {
        const auto rule = static_cast<engine_rule>(r);
        CAPTURE(name_of(rule));
        std::map<lineage_kind, int> seen;
        for (std::uint64_t seed = 1; seed <= 20; ++seed)
            for (const lineage_event& event : future_of(history_of({.seed = seed, .rules = {rule}}, 400)))
                ++seen[event.kind];
        CHECK(seen[lineage_kind::create] > 0);
        CHECK(seen[lineage_kind::drop] > 0);
        if (rule == engine_rule::calendar) {
            CHECK(seen[lineage_kind::create] > 100);
        } else {
            CHECK(seen[lineage_kind::split] > 20);
            CHECK(seen[lineage_kind::merge] > 5);
            CHECK(seen[lineage_kind::reshape] > 0);
        }
    }
}

TEST_CASE("a history has every kind of change that a log can tell") {
    std::map<change_kind, int> kinds;
    std::size_t recreated_at_once = 0;
    std::size_t most = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const history past = history_of({.seed = seed, .rules = {}, .untold_changes = true}, 400);
        for (const logged_commit& c : past.commits()) {
            for (const logged_change& change : c.changes) ++kinds[change.kind];
            if (c.layouts.size() >= 2 && c.layouts[0].begun.empty() && c.layouts[1].retired.empty())
                ++recreated_at_once;
        }
        most = std::max(most, past.current_layout().partitions.size());
    }
    CHECK(kinds.size() == 5);
    CHECK(recreated_at_once > 5);
    CHECK(most > 15);
}

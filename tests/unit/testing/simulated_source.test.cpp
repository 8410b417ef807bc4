// SPDX-License-Identifier: BSL-1.0
//
// The simulated source proves itself with the smallest backup there is: read every key while the database lives,
// follow to the head, replay per key into a map. No part of the library but the contract is used.
#include "foreshadow/testing/simulated_source.hpp"

#include "foreshadow/testing/simulated_target.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace foreshadow;
using foreshadow::testing::rows_by_key;
using foreshadow::testing::simulated_database;
using foreshadow::testing::simulated_source;

namespace {

struct known_row {
    horizon seen;  ///< of the chunk that covered the key
    std::optional<std::string> value;
};

struct tiny_backup {
    std::vector<std::pair<key_range, horizon>> chunks;
    std::vector<row_batch> rows;
    std::vector<log_batch> log;
    position held;
    position at;
};

task<tiny_backup> back_up_everything(simulated_source from) {
    tiny_backup made;
    made.held = co_await from.hold(std::nullopt);
    const layout first = co_await from.layout();
    REQUIRE(first.at >= position{0});
    key_range left = key_range::all();
    const read_budget budget{};
    while (!left.is_empty() || left.begin.empty()) {
        row_batch rows;
        const chunk read = co_await from.read(left, budget, rows);
        REQUIRE(read.interval.begin == left.begin);
        made.chunks.emplace_back(read.interval, read.seen);
        made.rows.push_back(std::move(rows));
        if (read.interval.is_unbounded()) break;
        left.begin = read.interval.end;
    }
    made.at = made.held;
    position head = co_await from.head();
    while (made.at < head) {
        log_batch batch;
        co_await from.follow(made.at, batch);
        REQUIRE(batch.after == made.at);
        REQUIRE(batch.upto >= made.at);
        made.at = batch.upto;
        made.log.push_back(std::move(batch));
    }
    co_return made;
}

/// The rows at `made.at`, by rule 1, a key at a time; and the intervals whose content the log did not tell.
rows_by_key replay(const tiny_backup& made, const layout& shape, std::vector<key_range>& untold) {
    rows_by_key result;
    for (std::size_t c = 0; c < made.chunks.size(); ++c) {
        const auto& [interval, seen] = made.chunks[c];
        rows_by_key rows;
        for (std::size_t i = 0; i < made.rows[c].size(); ++i) {
            REQUIRE(interval.contains(made.rows[c][i].key));
            REQUIRE(rows.emplace(made.rows[c][i].key, made.rows[c][i].value).second);
        }
        REQUIRE(made.held <= std::max(seen.low, made.held));
        for (const log_batch& batch : made.log)
            for (std::size_t i = 0; i < batch.changes.size(); ++i) {
                const change_view change = batch.changes[i];
                if (seen.contains(change.at.at)) continue;
                const key_range range{key{change.key}, key{change.payload}};
                if (change.is_range()) {
                    if (change.kind == change_kind::replaced) untold.push_back(intersection(range, interval));
                    std::erase_if(rows, [&](const auto& row) { return range.contains(row.first); });
                } else if (interval.contains(change.key)) {
                    if (change.kind == change_kind::put) rows.insert_or_assign(key{change.key}, change.payload);
                    if (change.kind == change_kind::erase) rows.erase(key{change.key});
                    if (change.kind == change_kind::patch) {
                        const auto row = rows.find(change.key);
                        const bool excused = std::any_of(untold.begin(), untold.end(),
                                                         [&](const key_range& r) { return r.contains(change.key); });
                        if (row == rows.end() && excused) continue;
                        REQUIRE(row != rows.end());
                        std::string value;
                        apply_patch(row->second, change.payload, value);
                        row->second = std::move(value);
                    }
                }
            }
        for (const auto& row : rows)
            if (shape.owner(row.first) != nullptr) result.insert(row);
    }
    return result;
}

}  // namespace

TEST_CASE("what the source tells while the database lives gives the true state, for any horizon") {
    std::size_t with_also = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        foreshadow::testing::simulation world;
        const auto database = std::make_shared<simulated_database>(
            world.clock(),
            foreshadow::testing::database_options{.work = {.seed = seed, .rules = {}, .untold_changes = seed % 3 == 0},
                                                  .prefix_snapshots = seed % 2 == 0});
        simulated_source from{database};
        world.spawn(database->live(300));
        const tiny_backup made = world.run(back_up_everything(from));
        for (const auto& part : made.chunks)
            if (!part.second.also.empty()) ++with_also;

        std::vector<key_range> untold;
        rows_by_key restored = replay(made, database->past().layout_at(made.at), untold);
        rows_by_key truth = database->past().state_at(made.at);
        const auto is_untold = [&](const auto& row) {
            return std::any_of(untold.begin(), untold.end(),
                               [&](const key_range& r) { return !r.is_empty() && r.contains(row.first); });
        };
        std::erase_if(restored, is_untold);
        std::erase_if(truth, is_untold);
        REQUIRE(restored == truth);
    }
    REQUIRE(with_also > 100);
}

namespace {

task<std::string> trace_of(simulated_source from) {
    const tiny_backup made = co_await back_up_everything(from);
    std::string text;
    for (const auto& [interval, seen] : made.chunks)
        text +=
            printable(interval) + " " + std::to_string(seen.low.value) + "-" + std::to_string(seen.high.value) + "\n";
    for (const log_batch& batch : made.log)
        text += std::to_string(batch.upto.value) + " at " + std::to_string(batch.now.microseconds) + "\n";
    co_return text;
}

std::string traced(std::uint64_t seed) {
    foreshadow::testing::simulation world;
    const auto database = std::make_shared<simulated_database>(
        world.clock(),
        foreshadow::testing::database_options{.work = {.seed = seed, .rules = {}}, .prefix_snapshots = false});
    world.spawn(database->live(200));
    return world.run(trace_of(simulated_source{database}));
}

task<errc> follow_forgotten(simulated_source from) {
    const position held = co_await from.hold(std::nullopt);
    for (int i = 0; i < 30; ++i) from.database().step();
    const position later = co_await from.head();
    co_await from.acknowledge(later);
    log_batch batch;
    errc code{};
    try {
        co_await from.follow(held, batch);
    } catch (const error& e) {
        code = e.code();
    }
    co_return code;
}

task<bool> heartbeat_reaches_head(simulated_source from) {
    position at = co_await from.hold(std::nullopt);
    const position head = co_await from.head();
    log_batch batch;
    for (int i = 0; i < 3 && at < head; ++i) {
        co_await from.follow(at, batch);
        at = batch.upto;
    }
    co_await from.follow(at, batch);
    co_return at >= head&& batch.is_empty();
}

}  // namespace

TEST_CASE("one seed gives one order of events, to the microsecond") {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        const std::string once = traced(seed);
        CHECK(once == traced(seed));
        CHECK(once != traced(seed + 100));
    }
}

TEST_CASE("the log below what was acknowledged is gone, and following it says so") {
    foreshadow::testing::simulation world;
    const auto database = std::make_shared<simulated_database>(world.clock(), foreshadow::testing::database_options{});
    CHECK(world.run(follow_forgotten(simulated_source{database})) == errc::hold_lost);
}

TEST_CASE("heartbeats move an idle database's position on to its head") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        foreshadow::testing::simulation world;
        const auto database = std::make_shared<simulated_database>(
            world.clock(), foreshadow::testing::database_options{.work = {.seed = seed, .rules = {}}});
        CHECK(world.run(heartbeat_reaches_head(simulated_source{database})));
    }
}

// SPDX-License-Identifier: BSL-1.0
//
// Shards disagree with one another, and the source of them all keeps the contract nevertheless.
#include "foreshadow/testing/sharded_source.hpp"

#include "foreshadow/testing/conformance/source.hpp"
#include "foreshadow/testing/virtual_time.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <utility>

namespace {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;

struct sharded_world {
    explicit sharded_world(std::uint64_t seed, bool untold = false)
        : database{std::make_shared<ft::simulated_database>(time.clock(), options(seed, untold))},
          shards{std::make_shared<ft::simulated_shards>(database, ft::shard_options{.count = 2 + seed % 3})} {}

    [[nodiscard]] static ft::database_options options(std::uint64_t seed, bool untold) {
        ft::database_options chosen;
        chosen.work.seed = seed;
        chosen.work.untold_changes = untold;
        chosen.warm_up = 60;
        chosen.mean_gap_seconds = .004;
        return chosen;
    }
    /// Lives, and lets every part get into its log.
    void live(std::size_t steps) {
        time.run(database->live(steps));
        time.run(time.clock().sleep(10));
        shards->catch_up();
    }

    ft::simulation time;
    std::shared_ptr<ft::simulated_database> database;
    std::shared_ptr<ft::simulated_shards> shards;
};

}  // namespace

TEST_CASE("when every part has arrived, the order of all logs ends in the state of the whole") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        sharded_world world{seed};
        world.live(150);
        const ft::history& past = world.database->past();
        CHECK(world.shards->has(world.shards->logs().logged()));
        CHECK(world.shards->state_at(world.shards->end()) == past.rows());
        const fs::layout now = world.shards->layout_at(world.shards->end());
        REQUIRE(now.partitions.size() == past.current_layout().partitions.size());
        for (std::size_t i = 0; i < now.partitions.size(); ++i)
            CHECK(now.partitions[i].interval == past.current_layout().partitions[i].interval);
    }
}

TEST_CASE("the order of all logs replayed gives the true state at every position") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        CAPTURE(seed);
        sharded_world world{seed};
        world.live(120);
        ft::rows_by_key rows;
        std::size_t number = 0;
        for (const ft::logged_commit& c : world.shards->commits()) {
            for (const ft::logged_change& change : c.changes) {
                if (change.kind == fs::change_kind::put) rows.insert_or_assign(change.where, change.payload);
                if (change.kind == fs::change_kind::erase) rows.erase(change.where);
                if (change.kind == fs::change_kind::erase_range)
                    std::erase_if(rows, [&](const auto& row) { return change.reach().contains(row.first); });
                if (change.kind != fs::change_kind::patch) continue;
                std::string value;
                fs::apply_patch(rows.at(change.where), change.payload, value);
                rows.at(change.where) = value;
            }
            if (number++ % 7 == 0) REQUIRE(world.shards->state_at(c.at) == rows);
        }
    }
}

TEST_CASE("shards disagree about the order, and commits hang together over several of them") {
    std::size_t together = 0;  // commits that stand for several of the whole's
    std::size_t swapped = 0;   // neighbours that the whole has the other way round
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        sharded_world world{seed};
        world.live(150);
        std::map<std::string, std::size_t> order;
        for (const ft::logged_commit& c : world.database->past().commits())
            for (const ft::logged_change& change : c.changes)
                if (change.kind == fs::change_kind::put)
                    order.emplace(change.where + '=' + change.payload, static_cast<std::size_t>(c.at.value));
        std::size_t last = 0;
        for (const ft::logged_commit& c : world.shards->commits()) {
            std::set<std::size_t> of;
            for (const ft::logged_change& change : c.changes)
                if (change.kind == fs::change_kind::put) of.insert(order.at(change.where + '=' + change.payload));
            if (of.empty()) continue;
            together += of.size() > 1;
            swapped += *of.begin() < last;
            last = *of.rbegin();
        }
    }
    CHECK(together > 20);
    CHECK(swapped > 100);
}

namespace {

struct sharded_bench {
    explicit sharded_bench(sharded_world& of) : world{of}, source{of.shards} {}
    fs::task<> change() {
        co_await world.database->live(3);
        co_await world.time.clock().sleep(.1);  // the truth is what has arrived everywhere
    }
    fs::task<ft::database_truth> truth() {
        ft::database_truth now;
        now.rows = world.database->past().rows();
        for (const fs::partition& p : world.database->past().current_layout().partitions)
            now.partitions.push_back({p.name, p.interval});
        co_return now;
    }
    sharded_world& world;
    ft::sharded_source source;
};

}  // namespace

TEST_CASE("the source of several logs keeps the contract") {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        CAPTURE(seed);
        sharded_world world{seed, seed % 2 == 0};
        const ft::report report = ft::check_source([&] { return sharded_bench{world}; }, world.time);
        INFO(report.text());
        CHECK(report.is_kept());
    }
}

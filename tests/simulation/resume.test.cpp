// SPDX-License-Identifier: BSL-1.0
//
// A backup that dies goes on where its last checkpoint was, and restores exactly. Here every fifth of the points at
// which short ones can die; `trials --crash-points` goes through all of a longer one.
#include "crash_points.hpp"
#include "simulated_world.hpp"

#include "foreshadow/predict/size_extrapolation.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <variant>

namespace {

namespace fs = support::fs;
using support::simulated_world;

/// Dies at every point of a short backup.
support::crash_totals die_everywhere(support::crash_plan plan) {
    CAPTURE(plan.seed);
    const support::crash_totals all = support::crash_everywhere(plan);
    for (const support::crash_failure& f : all.failures) UNSCOPED_INFO("point " << f.point << ": " << f.what);
    CHECK(all.failures.empty());
    CHECK(all.operations > 150);
    CHECK(all.steps > all.operations);
    CHECK(all.deaths > 0);
    return all;
}

}  // namespace

TEST_CASE("a backup that dies at any point, or whose machine does, is resumed exactly", "[simulation]") {
    std::uint64_t power_cuts = 0;
    std::uint64_t resumed = 0;
    for (const std::uint64_t seed : {2, 3, 4, 5}) {
        const support::crash_totals all = die_everywhere({.seed = seed, .from = seed % 5, .every = 5});
        power_cuts += all.power_cuts;
        resumed += all.resumed;
    }
    CHECK(power_cuts > 50);
    CHECK(resumed > 100);
}

TEST_CASE("a store that forgets to sync its folders, or its files, is found out by a power cut", "[simulation]") {
    CHECK_FALSE(support::crash_everywhere({.seed = 3, .every = 29, .syncs_folders = false}).failures.empty());
    CHECK_FALSE(support::crash_everywhere({.seed = 3, .every = 29, .syncs_files = false}).failures.empty());
}

TEST_CASE(
    "a backup that dies around the publishing of its point is gone on from, although it was too short for checkpoints",
    "[simulation]") {
    fs::back_up_options options = support::small_numbers(3);
    options.checkpoint_seconds = 1e9;
    const auto backed_up = [&](simulated_world& world) {
        world.open();
        return world.back_up(fs::size_extrapolation{}, options);
    };
    const auto two_backups = [&](std::uint64_t after) {
        auto world = std::make_unique<simulated_world>(support::lively(3));
        world->be_known_when_dead();
        world->live(60);
        const std::uint64_t before = world->fate().moments();
        world->fate().die_after(after);
        try {
            backed_up(*world);
        } catch (const support::ft::process_death&) {
            // the next one goes on
        }
        const std::uint64_t moments = world->fate().moments() - before;
        world->fate().cease();
        world->live(30);
        const fs::restore_point point = backed_up(*world);
        CHECK(point.knows.timeline == 1);  // not read again as if the database had been put back
        CHECK(world->restore(point).first.rows() == world->database().past().state_at(point.at));
        return moments;
    };
    const std::uint64_t moments = two_backups(1'000'000);
    for (std::uint64_t n = moments - 30; n < moments; ++n) {
        CAPTURE(n);
        two_backups(n);
    }
}

TEST_CASE("a database that was put back to an older copy of itself is read again, and its points stay as they are",
          "[simulation]") {
    for (const std::size_t shards : {1U, 3U}) {
        for (std::uint64_t seed = 2; seed <= 9; ++seed) {
            CAPTURE(seed, shards);
            simulated_world world{support::lively(seed), {}, {.count = shards}};
            world.live(300);
            const auto backed_up = [&] {
                world.open();
                return world.back_up(fs::size_extrapolation{}, support::small_numbers(seed));
            };
            const fs::restore_point first = backed_up();
            const support::simulated_home older = world.home().copy();
            world.live(100);
            world.time().run(world.time().clock().sleep(.2));
            const fs::restore_point second = backed_up();
            const support::simulated_home newer = world.home();
            REQUIRE(first.at < second.at);
            CHECK(second.knows.timeline == 1);

            older.database->diverge(seed + 50);
            world.put_back(older);
            world.live(200);
            world.time().run(world.time().clock().sleep(.6));  // the same positions, other commits
            std::string warned;
            world.listen([&](const fs::event& what) {
                if (const auto* said = std::get_if<fs::warning>(&what)) warned += said->text;
            });
            const fs::restore_point third = backed_up();
            world.listen({});
            CHECK(warned.find("it was put back to an older copy of itself") != std::string::npos);
            CHECK(third.knows.timeline == 2);
            CHECK(world.restore(third).first.rows() == older.state_at(third.at));
            CHECK(world.restore(second).first.rows() == newer.state_at(second.at));
            CHECK(world.restore(first).first.rows() == older.state_at(first.at));
            CHECK(world.verify(true).findings.empty());
        }
    }
}

TEST_CASE("a backup that dies after it found the database put back does not hide that from the next one",
          "[simulation]") {
    std::size_t held_anew = 0;
    for (std::uint64_t moments = 1; moments <= 160; moments += 3) {
        CAPTURE(moments);
        simulated_world world{support::lively(3)};
        world.be_known_when_dead();
        const auto live = [&](std::size_t steps) {
            world.live(steps);
            world.time().run(world.time().clock().sleep(.6));
        };
        const auto backed_up = [&] {
            world.open();
            return world.back_up(fs::size_extrapolation{}, support::small_numbers(3));
        };
        live(200);
        backed_up();
        const support::simulated_home older = world.home().copy();
        live(50);
        const fs::restore_point second = backed_up();
        older.database->diverge(1);
        world.put_back(older);
        live(100);
        world.fate().die_after(moments);
        CHECK_THROWS_AS(backed_up(), support::ft::process_death);
        world.fate().cease();
        if (world.database().retained != older.retained_at_copy) {
            ++held_anew;
            world.database().retained = second.at;  // where the new hold may be by chance
        }
        const fs::restore_point third = backed_up();
        CHECK(third.knows.timeline == 2);
        CHECK(world.restore(third).first.rows() == world.database().past().state_at(third.at));
    }
    CHECK(held_anew > 10);
}

TEST_CASE("a copy that nothing was acknowledged after is followed on", "[simulation]") {
    simulated_world world{support::lively(4)};
    world.live(300);
    const fs::restore_point first = world.back_up(fs::size_extrapolation{}, support::small_numbers(4));
    const support::simulated_home same = world.home().copy();
    same.database->diverge(5);
    world.put_back(same);
    world.live(100);
    world.time().run(world.time().clock().sleep(.3));
    world.open();
    const fs::restore_point second = world.back_up(fs::size_extrapolation{}, support::small_numbers(4));
    CHECK(second.knows.timeline == first.knows.timeline);
    CHECK(first.at < second.at);
    CHECK(world.restore(second).first.rows() == world.database().past().state_at(second.at));
}

TEST_CASE("a backup that is asked to stop keeps what it has, and is resumed", "[simulation]") {
    std::uint64_t resumed = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(300);
        std::atomic<bool> stop = false;
        fs::back_up_options options = support::small_numbers(seed);
        options.stop = &stop;
        const auto stop_soon = [](support::ft::virtual_clock clock, std::atomic<bool>& flag) -> fs::task<> {
            co_await clock.sleep(0.1);
            flag = true;
        };
        world.time().spawn(stop_soon(world.time().clock(), stop));
        try {
            world.back_up(fs::size_extrapolation{}, options);
        } catch (const fs::error& e) {
            CHECK(e.code() == fs::errc::interrupted);
        }
        world.open();
        const fs::restore_point point = world.back_up(fs::size_extrapolation{}, support::small_numbers(seed));
        resumed += point.figures.resumed;
        const auto [into, report] = world.restore(point);
        CHECK(into.rows() == world.database().past().state_at(point.at));
    }
    CHECK(resumed > 0);
}

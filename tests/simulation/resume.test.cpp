// SPDX-License-Identifier: BSL-1.0
//
// A backup that dies at any operation of its store goes on where its last checkpoint was, and restores exactly.
#include "simulated_world.hpp"

#include "foreshadow/predict/size_extrapolation.hpp"

#include <catch2/catch.hpp>

namespace {

namespace fs = support::fs;
using support::simulated_world;

/// Backs up until a process lives long enough; returns the point. `lifetimes` are operations of the store.
fs::restore_point back_up_dying(simulated_world& world, std::uint64_t seed, std::vector<std::uint64_t> lifetimes) {
    for (const std::uint64_t operations : lifetimes) {
        world.open();
        world.store().die_after(operations);
        try {
            fs::restore_point point = world.back_up(fs::size_extrapolation{}, support::small_numbers(seed));
            world.store().live_on();
            return point;
        } catch (const support::process_death&) {
            world.store().live_on();
        }
        // A minute and more later: whoever held the lease is known to be gone.
        world.time().run(world.time().clock().sleep(61));
    }
    world.open();
    return world.back_up(fs::size_extrapolation{}, support::small_numbers(seed));
}

}  // namespace

TEST_CASE("a backup that dies at any operation of its store is resumed exactly", "[simulation]") {
    for (std::uint64_t operations = 0; operations < 120; ++operations) {
        const std::uint64_t seed = operations % 12 + 1;
        CAPTURE(seed, operations);
        simulated_world world{support::lively(seed)};
        world.live(300);
        const fs::restore_point point =
            back_up_dying(world, seed, {operations, operations / 2 + 3, operations / 3 + 5});
        const auto [into, report] = world.restore(point);
        CHECK(into.rows() == world.database().past().state_at(point.at));
        CHECK(world.verify(true).is_sound());
    }
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

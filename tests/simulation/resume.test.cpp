// SPDX-License-Identifier: BSL-1.0
//
// A backup that dies goes on where its last checkpoint was, and restores exactly. Here a sample of the points at which
// it can die; `trials --crash-points` goes through all of them in a longer backup.
#include "crash_points.hpp"
#include "simulated_world.hpp"

#include "foreshadow/predict/size_extrapolation.hpp"

#include <catch2/catch.hpp>

#include <atomic>

namespace {

namespace fs = support::fs;
using support::crash_at;
using support::simulated_world;

void die_everywhere(crash_at where, std::uint64_t sample) {
    std::uint64_t died = 0;
    std::uint64_t resumed = 0;
    for (const std::uint64_t seed : {2, 3, 4, 5}) {
        constexpr std::size_t steps = 150;
        const std::uint64_t points = support::count_crash_points(seed, steps, where);
        REQUIRE(points > sample);
        for (std::uint64_t n = seed; n < points; n += points / sample) {
            CAPTURE(seed, n);
            const support::crash_result result = support::crash(seed, steps, where, n);
            CHECK(result.wrong == "");
            died += result.died;
            resumed += result.resumed;
        }
    }
    CHECK(died > sample * 3);
    CHECK(resumed > sample);
}

}  // namespace

TEST_CASE("a backup that dies before or after any operation is resumed exactly", "[simulation]") {
    die_everywhere(crash_at::operation, 40);
}

TEST_CASE("a backup that dies between any two steps is resumed exactly", "[simulation]") {
    die_everywhere(crash_at::step, 40);
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

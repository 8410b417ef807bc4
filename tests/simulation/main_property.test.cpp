// SPDX-License-Identifier: BSL-1.0
//
// The main property: for any seed, a backup made while partitions split, merge, appear and vanish restores exactly the
// state at its T, and at any earlier T that is said to be restorable; with any predictor.
#include "simulated_backup.hpp"

#include "foreshadow/predict/scripted.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/testing/hostile.hpp"

#include <catch2/catch.hpp>

namespace {

using support::fs::error;
using support::fs::errc;
using support::fs::position;
using support::fs::restore_point;
using support::simulated_world;

void check_restores(simulated_world& world, const restore_point& point) {
    const auto& past = world.database().past();
    std::size_t restored = 0;
    for (const position at : world.interesting_positions(point)) {
        INFO("restoring position " << at.value << " of a point at " << point.at.value);
        support::fs::restore_options options;
        if (at != point.at) options.at = at;
        try {
            const auto [into, report] = world.restore(point, options);
            REQUIRE(report.at == std::min(at, point.at));
            // Positions between the last commit and T change nothing.
            CHECK(into.rows() == past.state_at(report.at));
            ++restored;
        } catch (const error& e) {
            // What is not restorable is refused; the point itself always is restorable.
            INFO(e.line());
            CHECK(e.code() == errc::not_restorable);
            CHECK(at != point.at);
        }
    }
    CHECK(restored > 0);
}

template <class Predictor>
void check_seed(std::uint64_t seed, Predictor predictor) {
    CAPTURE(seed);
    simulated_world world{support::lively(seed)};
    world.live(400);
    const restore_point point = world.back_up(predictor, support::small_numbers(seed));
    check_restores(world, point);
    CHECK(world.verify(true).is_sound());
    CHECK(point.figures.run_bytes <= (point.figures.image_bytes + point.figures.journal_bytes) / 10 + 4096);
}

constexpr std::uint64_t seeds = 100;

}  // namespace

TEST_CASE("a backup restores exactly the state at T, with a predictor that says nothing", "[simulation]") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) check_seed(seed, support::fs::silent{});
}

TEST_CASE("a backup restores exactly the state at T, with a predictor that extrapolates", "[simulation]") {
    for (std::uint64_t seed = 1001; seed <= 1000 + seeds; ++seed) check_seed(seed, support::fs::size_extrapolation{});
}

// SPDX-License-Identifier: BSL-1.0
//
// The main property: for any seed, a backup made while partitions split, merge, appear and vanish restores exactly the
// state at its T, and at every earlier T that is said to be restorable; whatever the predictor says.
#include "simulated_world.hpp"

#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/testing/hostile.hpp"

#include <catch2/catch.hpp>

namespace {

namespace fs = support::fs;
namespace ft = support::ft;
using support::simulated_world;

constexpr std::uint64_t seeds = 84;  // of each of the six predictors
constexpr std::size_t steps = 400;

/// Restores the point at its T and around each layout change since `from`; returns how many were restorable.
std::size_t check_restores(simulated_world& world, const fs::restore_point& point, fs::position from) {
    std::size_t restored = 0;
    for (const fs::position at : world.interesting_positions(point, from)) {
        INFO("restoring position " << at.value << " of a point at " << point.at.value);
        fs::restore_options options;
        if (at != point.at) options.at = at;
        try {
            const auto [into, report] = world.restore(point, options);
            REQUIRE(report.at == at);
            CHECK(into.rows() == world.database().past().state_at(at));
            ++restored;
        } catch (const fs::error& e) {
            INFO(e.line());
            CHECK(e.code() == fs::errc::not_restorable);
            // From the T of the first backup on, every commit is restorable.
            // Only what changed untold hides the past from those who come after it.
            CHECK((at < from || !point.knows.known.replacements.empty()));
        }
    }
    return restored;
}

/// Two backups, the second from where the first ended and in a new process; then restores everywhere in between.
void check_seed(std::uint64_t seed, const fs::predictor auto& foretelling) {
    CAPTURE(seed);
    simulated_world world{support::lively(seed)};
    world.live(steps);
    const fs::restore_point first = world.back_up(foretelling, support::small_numbers(seed));
    REQUIRE(check_restores(world, first, first.at) >= 1);

    world.open();
    world.time().run(world.time().clock().sleep(0.3));
    const fs::restore_point second = world.back_up(foretelling, support::small_numbers(seed + 1));
    CHECK(check_restores(world, second, first.at) >= 1);

    const fs::verify_report verified = world.verify(true);
    for (const fs::finding& f : verified.findings) FAIL_CHECK(f.object << ": " << f.what);
    const std::uint64_t primary = second.figures.image_bytes + second.figures.journal_bytes;
    CHECK(second.figures.run_bytes <= primary / 10 + support::small_numbers(seed).shadows.stored_always);
}

/// What is going to happen to a seed's database, learnt from one of the same seed that nobody backs up.
std::vector<fs::lineage_event> future_of(std::uint64_t seed) {
    ft::simulation time;
    ft::simulated_database ahead{time.clock(), support::lively(seed)};
    time.run(ahead.live(steps));
    return ft::future_of(ahead.past());
}

}  // namespace

TEST_CASE("a backup restores exactly, with a predictor that says nothing", "[simulation]") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) check_seed(seed, fs::silent{});
}

TEST_CASE("a backup restores exactly, with a predictor that extrapolates sizes", "[simulation]") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) check_seed(seed, fs::size_extrapolation{});
}

TEST_CASE("a backup restores exactly, with a predictor that knows the future", "[simulation]") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) check_seed(seed, ft::prophet{future_of(seed)});
}

TEST_CASE("a backup restores exactly, with a predictor that knows the future and lies", "[simulation]") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
        check_seed(seed, ft::prophet{future_of(seed),
                                     seed % 2 == 0 ? ft::prophet::manner::wrong : ft::prophet::manner::too_late});
}

TEST_CASE("a backup restores exactly, with a predictor that is certain of everything", "[simulation]") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) check_seed(seed, ft::always_certain{});
}

TEST_CASE("a backup restores exactly, with a predictor that talks nonsense", "[simulation]") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        if (seed % 2 == 0)
            check_seed(seed, ft::erratic{seed});
        else
            check_seed(seed, ft::malformed{});
    }
}

TEST_CASE("a shadow whose change comes about takes the place of the journal", "[simulation]") {
    std::uint64_t adopted = 0;
    std::uint64_t run_bytes = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        simulated_world world{support::lively(seed)};
        world.live(steps);
        const fs::restore_point point = world.back_up(ft::prophet{future_of(seed)}, support::small_numbers(seed));
        adopted += point.figures.shadows_adopted + point.figures.shadows_recut;
        const auto [into, report] = world.restore(point);
        run_bytes += report.run_bytes_read;
        CHECK(into.rows() == world.database().past().state_at(point.at));
    }
    CHECK(adopted > 0);
    CHECK(run_bytes > 0);
}

TEST_CASE("nothing is read twice because of a split or merge", "[simulation]") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        ft::database_options options = support::lively(seed);
        options.work.untold_changes = false;
        options.work.drops = false;
        simulated_world world{options};
        world.live(steps);
        const fs::restore_point point = world.back_up(fs::silent{}, support::small_numbers(seed));
        // Only what began with rows, or changed untold, is read again.
        if (point.knows.known.replacements.empty()) CHECK(point.figures.bytes_read_twice == 0);
    }
}

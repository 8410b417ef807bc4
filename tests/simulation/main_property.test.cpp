// SPDX-License-Identifier: BSL-1.0
//
// The main property: for any seed, backups made while partitions split, merge, appear and vanish restore exactly the
// state at their T, and at every earlier T that is said to be restorable; whatever the predictor says. `trials` lives
// through it over many seeds and with faults; here is what it cannot say: what prediction and layout changes cost.
#include "simulated_world.hpp"

#include "foreshadow/predict/silent.hpp"
#include "foreshadow/testing/hostile.hpp"

#include <catch2/catch.hpp>

namespace {

namespace fs = support::fs;
namespace ft = support::ft;
using support::simulated_world;

constexpr std::size_t steps = 400;

/// What is going to happen to a seed's database, learnt from one of the same seed that nobody backs up.
std::vector<fs::lineage_event> future_of(std::uint64_t seed) {
    ft::simulation time;
    ft::simulated_database ahead{time.clock(), support::lively(seed)};
    time.run(ahead.live(steps));
    return ft::future_of(ahead.past());
}

}  // namespace

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

TEST_CASE("what is foretold of a database in shards comes true, and its shadows are adopted", "[simulation]") {
    std::uint64_t exact = 0;
    std::uint64_t adopted = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed), {}, {.count = 2 + seed % 3}};
        world.live(steps);
        const fs::restore_point point = world.back_up(ft::prophet{future_of(seed)}, support::small_numbers(seed));
        adopted += point.figures.shadows_adopted;
        for (const fs::foretold& told : point.knows.predictions) {
            if (told.became.kind != fs::outcome_kind::exact) continue;
            ++exact;
            for (const fs::partition_id id : told.what.partitions)
                CHECK(world.home().layout_at(told.what.issued_at).find(id) != nullptr);
        }
        const auto [into, report] = world.restore(point);
        CHECK(into.rows() == world.home().state_at(point.at));
    }
    CHECK(exact > 20);
    CHECK(adopted > 0);
}

TEST_CASE("nothing is read twice because of a split or merge", "[simulation]") {
    for (std::uint64_t seed = 1; seed <= 84; ++seed) {
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

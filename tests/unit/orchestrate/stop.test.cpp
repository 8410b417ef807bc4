// SPDX-License-Identifier: BSL-1.0
//
// A backup that is asked to stop ends at a durable point: what it read is kept, and the same call goes on from there.
#include "simulated_world.hpp"

#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/plane/key_set.hpp"
#include "foreshadow/predict/silent.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <variant>

namespace {

namespace fs = support::fs;
using support::simulated_world;

/// Makes a backup that does not come to its point, and says what it ended with.
[[nodiscard]] fs::errc ending(simulated_world& world, const fs::back_up_options& options) {
    try {
        static_cast<void>(world.back_up(fs::silent{}, options));
    } catch (const fs::error& e) {
        INFO(e.line());
        CHECK(!e.hint().empty());
        return e.code();
    }
    return fs::errc{};
}

[[nodiscard]] std::optional<fs::checkpoint> what_is_left(simulated_world& world, std::uint64_t seed) {
    return world.time().run(fs::latest_checkpoint(world.repository(), "simulated-" + std::to_string(seed)));
}

/// No checkpoint but the one that stopping writes.
[[nodiscard]] fs::back_up_options that_stops(std::uint64_t seed, const std::atomic<bool>& stop) {
    fs::back_up_options options = support::small_numbers(seed);
    options.checkpoint_seconds = 1e6;
    options.stop = &stop;
    return options;
}

/// The same call again, which goes on from what is left and restores exactly.
fs::restore_point resumed(simulated_world& world, std::uint64_t seed) {
    world.open();
    fs::restore_point point = world.back_up(fs::silent{}, support::small_numbers(seed));
    CHECK(point.figures.resumed == 1);
    CHECK(world.restore(point).first.rows() == world.database().past().state_at(point.at));
    return point;
}

}  // namespace

TEST_CASE("what was read and followed before a stop is not read and followed again") {
    for (const std::uint64_t seed : {2, 3, 5}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(300);
        std::atomic<bool> stop{false};
        fs::key_set read;
        fs::position followed;
        std::size_t chunks = 0;
        std::string backup;
        world.listen([&](const fs::event& what) {
            if (const auto* began = std::get_if<fs::backup_started>(&what)) backup = began->backup;
            if (const auto* batch = std::get_if<fs::log_followed>(&what)) followed = batch->upto;
            const auto* chunk = std::get_if<fs::chunk_read>(&what);
            if (chunk == nullptr) return;
            read.insert(chunk->interval);
            if (++chunks == 4) stop = true;
        });
        CHECK(ending(world, that_stops(seed, stop)) == fs::errc::interrupted);
        REQUIRE(chunks >= 4);
        const std::optional<fs::checkpoint> left = what_is_left(world, seed);
        REQUIRE(left.has_value());
        CHECK(left->sequence == 1);
        CHECK(left->backup == backup);
        CHECK(left->knows.followed == followed);

        std::size_t again = 0;
        std::string goes_on;
        world.listen([&](const fs::event& what) {
            if (const auto* began = std::get_if<fs::backup_started>(&what)) goes_on = began->backup;
            const auto* chunk = std::get_if<fs::chunk_read>(&what);
            if (chunk == nullptr) return;
            again += read.overlaps(chunk->interval);
            ++chunks;
        });
        const fs::restore_point point = resumed(world, seed);
        CHECK(again == 0);
        CHECK(goes_on == backup);
        CHECK(point.figures.chunks == chunks);
    }
}

TEST_CASE("a stop that comes while the source lets a backup wait keeps what was read, too") {
    simulated_world world{support::lively(3)};
    world.live(300);
    std::atomic<bool> stop{false};
    std::size_t chunks = 0;
    world.listen([&](const fs::event& what) {
        if (std::holds_alternative<fs::chunk_read>(what) && ++chunks == 3) world.fate().bring({.busy = 1});
        if (std::holds_alternative<fs::source_busy>(what)) stop = true;
    });
    CHECK(ending(world, that_stops(3, stop)) == fs::errc::interrupted);
    REQUIRE(chunks == 3);
    world.listen({});
    world.fate().cease();
    const std::optional<fs::checkpoint> left = what_is_left(world, 3);
    REQUIRE(left.has_value());
    CHECK(!left->knows.known.images.empty());
    resumed(world, 3);
}

TEST_CASE("an error that comes with a stop is heard, and not the stop") {
    simulated_world world{support::lively(7)};
    world.live(500);
    std::atomic<bool> stop{false};
    std::size_t chunks = 0;
    world.listen([&](const fs::event& what) {
        if (!std::holds_alternative<fs::chunk_read>(what) || ++chunks != 3) return;
        world.database().forget_log(fs::position::last());
        stop = true;
    });
    CHECK(ending(world, that_stops(7, stop)) == fs::errc::hold_lost);
}

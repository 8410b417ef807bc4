// SPDX-License-Identifier: BSL-1.0
#include "crash_points.hpp"

#include "simulated_world.hpp"

#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace support {

namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

fs::back_up_options how(std::uint64_t seed) {
    fs::back_up_options options = small_numbers(seed);
    options.checkpoint_seconds = .05;
    return options;
}

ft::database_options what(std::uint64_t seed, std::size_t steps) {
    ft::database_options options = lively(seed);
    options.work.untold_changes = false;  // what changes untold is read again, and rightly
    options.warm_up = 50 + steps / 2;     // a longer life, a larger database, a longer backup
    return options;
}

/// What one process did.
struct lifetime {
    std::vector<fs::key_range> chunks;
    std::size_t before_checkpoint = 0;  ///< chunks that were read when its last checkpoint was done
    std::uint64_t points = 0;           ///< at which it might have died
    std::optional<fs::restore_point> made;
};

lifetime back_up_until(simulated_world& world, std::uint64_t seed, crash_at where, std::uint64_t number) {
    lifetime past;
    world.listen([&past](const fs::event& told) {
        if (const auto* chunk = std::get_if<fs::chunk_read>(&told)) past.chunks.push_back(chunk->interval);
        if (std::holds_alternative<fs::checkpointed>(told)) past.before_checkpoint = past.chunks.size();
    });
    const std::uint64_t moments = world.fate().moments();
    std::uint64_t steps = 0;
    if (where == crash_at::operation) world.fate().die_after(number);
    world.time().before_each_step([&] {
        if (steps++ == number && where == crash_at::step) world.fate().kill();
    });
    try {
        world.open();
        past.made = world.back_up(fs::size_extrapolation{}, how(seed));
    } catch (const ft::process_death&) {
        // what it did counts
    }
    past.points = where == crash_at::step ? steps : world.fate().moments() - moments;
    world.time().before_each_step({});
    world.listen({});
    world.fate().cease();
    return past;
}

/// What is wrong with the objects that are left; counts segments that no point names.
std::string check_objects(simulated_world& world, std::uint64_t& orphans) {
    std::set<std::string> named;
    for (const fs::point_name& name : world.time().run(fs::list_points(world.repository()))) {
        const fs::restore_point point = world.time().run(fs::read_point(world.repository(), name.object));
        for (const fs::segment& s : point.knows.known.segments) named.insert(s.where);
    }
    std::size_t leases = 0;
    for (const auto& [name, bytes] : world.objects()) {
        if (name.find("/running/") != std::string::npos) return "a checkpoint is left: " + name;
        if (name.find("/leases/") != std::string::npos && ++leases > 1) return "more than one lease is left: " + name;
        if (name.find("/journal/") != std::string::npos && named.count(name) == 0) ++orphans;
    }
    for (const fs::finding& f : world.verify(true).findings) return "verify finds " + f.object + ": " + f.what;
    return {};
}

crash_result crash_and_go_on(std::uint64_t seed, std::size_t steps, crash_at where, std::uint64_t number) {
    crash_result result;
    simulated_world world{what(seed, steps)};
    world.be_known_when_dead();
    world.live(steps);
    const lifetime first = back_up_until(world, seed, where, number);
    result.died = !first.made;
    const lifetime second = back_up_until(world, seed, where, never);
    if (!second.made) {
        result.wrong = "the next backup does not end";
        return result;
    }
    const fs::restore_point& point = *second.made;
    result.resumed = result.died && point.figures.resumed > 0;
    world.open();
    if (world.restore(point).first.rows() != world.database().past().state_at(point.at))
        result.wrong = "the point is restored with wrong rows";
    if (result.wrong.empty()) result.wrong = check_objects(world, result.orphan_segments);
    for (std::size_t i = 0; i < first.before_checkpoint; ++i)
        if (std::any_of(second.chunks.begin(), second.chunks.end(),
                        [&](const fs::key_range& again) { return again.overlaps(first.chunks[i]); }))
            ++result.chunks_again;
    if (result.wrong.empty() && result.chunks_again > how(seed).workers)
        result.wrong = std::to_string(result.chunks_again) + " chunks from before the last checkpoint are read again";
    return result;
}

}  // namespace

std::uint64_t count_crash_points(std::uint64_t seed, std::size_t steps, crash_at where) {
    simulated_world world{what(seed, steps)};
    world.be_known_when_dead();
    world.live(steps);
    return back_up_until(world, seed, where, never).points;
}

crash_result crash(std::uint64_t seed, std::size_t steps, crash_at where, std::uint64_t number) {
    crash_result failed;
    try {
        return crash_and_go_on(seed, steps, where, number);
    } catch (const fs::error& e) {
        failed.wrong = "unexpected: " + e.line();
    }
    return failed;
}

}  // namespace support

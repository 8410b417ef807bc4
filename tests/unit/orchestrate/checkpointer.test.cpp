// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/orchestrate/checkpointer.hpp"

#include "simulated_world.hpp"

#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/store/lease.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

namespace fs = support::fs;
namespace ft = support::ft;
using support::simulated_world;
using objects = fs::memory_store::objects_type;

[[nodiscard]] fs::back_up_options with_many_checkpoints(std::uint64_t seed) {
    fs::back_up_options options = support::small_numbers(seed);
    options.checkpoint_seconds = 0.02;
    return options;
}

[[nodiscard]] std::vector<std::string> checkpoints_in(const objects& store) {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : store)
        if (name.find("/running/") != std::string::npos) names.push_back(name);
    return names;
}

fs::task<std::uint64_t> count_rows(support::simulated_storage& storage, std::string where, fs::key_range keys) {
    auto rows = storage.read(std::move(where), std::move(keys));
    fs::row_batch batch;
    std::uint64_t count = 0;
    for (;;) {
        const bool has_more = co_await rows.next(batch);
        if (!has_more) break;
        count += batch.size();
    }
    co_return count;
}

/// A process that believes everybody dead takes the lease, and notes which checkpoints there are then.
fs::task<> take_over(simulated_world& world, std::string source, std::vector<std::string>& found) {
    using lease = fs::lease<support::simulated_repository, ft::virtual_clock>;
    const fs::lease_owner owner{.host = "elsewhere", .boot = "1", .process = 1, .started = 1};
    const lease::death_test everybody = [](const fs::lease_owner&) { return true; };
    lease held = co_await lease::take(world.repository(), source, world.time().clock(), owner, everybody);
    found = checkpoints_in(world.objects());
    co_await world.time().clock().sleep(30);
    co_await held.give_back();
}

}  // namespace

TEST_CASE("each checkpoint takes the place of the one before, and names nothing that is not durable") {
    std::size_t images = 0;
    for (const std::uint64_t seed : {2, 5}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(300);
        std::vector<std::pair<fs::checkpointed, objects>> kept;
        double last = -1;
        world.listen([&](const fs::event& what) {
            const auto* done = std::get_if<fs::checkpointed>(&what);
            if (done == nullptr) return;
            kept.emplace_back(*done, world.objects());
            CHECK(world.time().clock().seconds() - last >= 0.02);
            last = world.time().clock().seconds();
        });
        const fs::restore_point point = world.back_up(fs::size_extrapolation{}, with_many_checkpoints(seed));
        CHECK(checkpoints_in(world.objects()).empty());
        REQUIRE(kept.size() > 2);
        for (std::size_t i = 0; i < kept.size(); ++i) {
            CAPTURE(i);
            const auto& [told, store] = kept[i];
            REQUIRE(checkpoints_in(store).size() == 1);
            simulated_world after{support::lively(seed)};  // as if everybody had died just then
            after.objects() = store;
            after.open();
            const std::optional<fs::checkpoint> left =
                after.time().run(fs::latest_checkpoint(after.repository(), point.knows.source.id));
            REQUIRE(left.has_value());
            CHECK(left->sequence == i + 1);
            CHECK(told.sequence == i + 1);
            CHECK(left->knows.followed == told.followed);
            CHECK_FALSE(left->knows.model.empty());
            if (i > 0) CHECK(left->knows.acknowledged == kept[i - 1].first.followed);
            for (const fs::segment& s : left->knows.known.segments) CHECK(store.count(s.where) == 1);
            REQUIRE_FALSE(left->knows.known.segments.empty());
            CHECK(left->knows.known.segments.back().upto == told.followed);
            for (const fs::image& read : left->knows.known.images) {
                const std::uint64_t rows = after.time().run(count_rows(after.storage(), read.where, read.interval));
                CHECK(rows == read.rows);
                ++images;
            }
        }
    }
    CHECK(images > 0);
}

TEST_CASE("a backup that was displaced writes no checkpoint more, and removes none") {
    for (const std::uint64_t seed : {2, 3, 4}) {
        CAPTURE(seed);
        simulated_world world{support::lively(seed)};
        world.live(300);
        world.open();
        std::vector<std::string> found;
        std::size_t checkpoints = 0;
        world.listen([&](const fs::event& what) {
            if (std::holds_alternative<fs::checkpointed>(what) && ++checkpoints == 1)
                world.time().spawn(take_over(world, "simulated-" + std::to_string(seed), found));
        });
        CHECK_THROWS_AS(world.back_up(fs::size_extrapolation{}, with_many_checkpoints(seed)), fs::error);
        REQUIRE(found.size() == 1);
        CHECK(checkpoints_in(world.objects()) == found);
    }
}

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/plane/lineage.hpp"

#include "part.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace foreshadow;
using testing::part;

namespace {

std::vector<std::uint64_t> natives(const std::vector<partition>& side) {
    std::vector<std::uint64_t> ids;
    for (const partition& p : side) ids.push_back(p.id.native);
    return ids;
}

}  // namespace

TEST_CASE("one partition that becomes several was split at their inner edges") {
    const layout before{{0}, {part(1, "a", "m")}};
    const auto events = lineage_of(
        before, {{{5}, 2}, {7}, {before.partitions[0].id}, {part(2, "a", "d"), part(3, "d", "g"), part(4, "g", "m")}});
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == lineage_kind::split);
    CHECK(events[0].at == version{{5}, 2});
    CHECK(events[0].time == wall_time{7});
    CHECK(natives(events[0].from) == std::vector<std::uint64_t>{1});
    CHECK(natives(events[0].to) == std::vector<std::uint64_t>{2, 3, 4});
    CHECK(events[0].boundaries == std::vector<key>{"d", "g"});
}

TEST_CASE("several partitions that become one were merged, and the edges between them went") {
    const layout before{{0}, {part(1, "a", "d"), part(2, "d", "")}};
    const auto events =
        lineage_of(before, {{{5}, 0}, {}, {before.partitions[1].id, before.partitions[0].id}, {part(3, "a", "")}});
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == lineage_kind::merge);
    CHECK(natives(events[0].from) == std::vector<std::uint64_t>{1, 2});
    CHECK(events[0].boundaries == std::vector<key>{"d"});
}

TEST_CASE("independent changes of one log entry become events of their own, in key order") {
    const layout before{{0}, {part(1, "a", "d"), part(2, "d", "g"), part(3, "g", "k"), part(4, "p", "t")}};
    const auto events = lineage_of(
        before, {{{5}, 0},
                 {},
                 {before.partitions[0].id, before.partitions[1].id, before.partitions[2].id, before.partitions[3].id},
                 {part(5, "a", "b"), part(6, "b", "d"), part(7, "d", "k"), part(8, "x", "y"), part(9, "y", "z")}});
    REQUIRE(events.size() == 5);
    CHECK(events[0].kind == lineage_kind::split);
    CHECK(events[1].kind == lineage_kind::merge);
    CHECK(natives(events[1].from) == std::vector<std::uint64_t>{2, 3});
    CHECK(events[2].kind == lineage_kind::drop);
    CHECK(events[2].to.empty());
    CHECK(events[3].kind == lineage_kind::create);
    CHECK(natives(events[3].to) == std::vector<std::uint64_t>{8});
    CHECK(events[4].kind == lineage_kind::create);
    CHECK(natives(events[4].to) == std::vector<std::uint64_t>{9});
}

TEST_CASE("a partition that gets another identity, or several that become several, were reshaped") {
    const layout before{{0}, {part(1, "a", "d"), part(2, "d", "m"), part(3, "m", "z")}};
    const auto renamed = lineage_of(before, {{{5}, 0}, {}, {before.partitions[0].id}, {part(4, "a", "d")}});
    REQUIRE(renamed.size() == 1);
    CHECK(renamed[0].kind == lineage_kind::reshape);
    CHECK(renamed[0].boundaries.empty());

    const auto moved = lineage_of(
        before,
        {{{5}, 0}, {}, {before.partitions[0].id, before.partitions[1].id}, {part(4, "a", "f"), part(5, "f", "m")}});
    REQUIRE(moved.size() == 1);
    CHECK(moved[0].kind == lineage_kind::reshape);
    CHECK(moved[0].boundaries == std::vector<key>{"d", "f"});
}

TEST_CASE("the outer edges of what changed are no boundaries, those on either side of a hole are") {
    const layout before{{0}, {part(1, "b", "d"), part(2, "f", "h"), part(3, "k", "")}};
    const auto merged =
        lineage_of(before, {{{5}, 0}, {}, {before.partitions[0].id, before.partitions[1].id}, {part(4, "b", "h")}});
    REQUIRE(merged.size() == 1);
    CHECK(merged[0].boundaries == std::vector<key>{"d", "f"});

    const auto split =
        lineage_of(before, {{{5}, 0}, {}, {before.partitions[2].id}, {part(4, "k", "m"), part(5, "p", "")}});
    REQUIRE(split.size() == 1);
    CHECK(split[0].boundaries == std::vector<key>{"m", "p"});

    const auto moved = lineage_of(before, {{{5}, 0}, {}, {before.partitions[0].id}, {part(4, "c", "e")}});
    REQUIRE(moved.size() == 1);
    CHECK(moved[0].kind == lineage_kind::reshape);
    CHECK(moved[0].boundaries == std::vector<key>{"c", "d"});
}

TEST_CASE("a chain of overlaps is one event") {
    const layout before{{0}, {part(1, "a", "c"), part(2, "c", "e"), part(3, "e", "g")}};
    const auto events = lineage_of(before, {{{5}, 0},
                                            {},
                                            {before.partitions[0].id, before.partitions[1].id, before.partitions[2].id},
                                            {part(4, "a", "b"), part(5, "b", "d"), part(6, "d", "g")}});
    REQUIRE(events.size() == 1);
    CHECK(events[0].from.size() == 3);
    CHECK(events[0].to.size() == 3);
}

TEST_CASE("a change that ends an unknown partition has no lineage") {
    CHECK_THROWS_AS(lineage_of(layout{}, {{{5}, 0}, {}, {partition_id{9, {1}}}, {}}), error);
}

TEST_CASE("partitions whose rows move to other keys were split and merged where the database tells so") {
    const layout before{{0}, {part(1, "a", "b"), part(2, "b", "c"), part(3, "c", "d"), part(4, "d", "e")}};
    const auto old = [&](std::size_t i) { return before.partitions[i].id; };
    const partition low{.id = {1, {5}}, .name = "low", .interval = {"a", "b"}};
    const partition high{.id = {7, {5}}, .name = "high", .interval = {"x", "y"}};
    const partition one{.id = {3, {5}}, .name = "one", .interval = {"c", "d"}};
    const auto events =
        lineage_of(before, {.at = {{5}, 0},
                            .time = {7},
                            .retired = {old(0), old(1), old(2), old(3)},
                            .begun = {low, one, high, part(9, "d", "f")},
                            .descents = {{old(0), low.id}, {old(0), high.id}, {old(1), one.id}, {old(2), one.id}}});
    REQUIRE(events.size() == 3);
    CHECK(events[0].kind == lineage_kind::split);
    CHECK(events[0].time == wall_time{7});
    CHECK(natives(events[0].from) == std::vector<std::uint64_t>{1});
    CHECK(natives(events[0].to) == std::vector<std::uint64_t>{1, 7});
    CHECK(events[0].boundaries.empty());
    CHECK(events[1].kind == lineage_kind::merge);
    CHECK(natives(events[1].from) == std::vector<std::uint64_t>{2, 3});
    CHECK(natives(events[1].to) == std::vector<std::uint64_t>{3});
    CHECK(events[2].kind == lineage_kind::reshape);
    CHECK(natives(events[2].from) == std::vector<std::uint64_t>{4});
}

TEST_CASE("keys that go on beside a group of descents are neither dropped nor created") {
    // 1 was split into 2, which had been filled before, and 3; its table is left, and belongs to nobody.
    const layout before{{0}, {part(1, "a", "b"), part(2, "b", "c")}};
    const partition left{.id = {1, {5}}, .name = "left", .interval = {"a", "b"}};
    const partition filled{.id = {2, {5}}, .name = "filled", .interval = {"b", "c"}};
    const partition fresh{.id = {3, {5}}, .name = "fresh", .interval = {"c", "d"}};
    const partition_id whole = before.partitions[0].id;
    const auto events = lineage_of(before, {.at = {{5}, 0},
                                            .time = {},
                                            .retired = {whole, before.partitions[1].id},
                                            .begun = {left, filled, fresh, part(8, "e", "f")},
                                            .descents = {{whole, filled.id}, {whole, fresh.id}}});
    REQUIRE(events.size() == 4);
    CHECK(events[0].kind == lineage_kind::split);
    CHECK(natives(events[0].to) == std::vector<std::uint64_t>{2, 3});
    CHECK(events[1].kind == lineage_kind::reshape);
    CHECK(natives(events[1].to) == std::vector<std::uint64_t>{1});
    CHECK(events[2].kind == lineage_kind::reshape);
    CHECK(natives(events[2].from) == std::vector<std::uint64_t>{2});
    CHECK(events[3].kind == lineage_kind::create);
}

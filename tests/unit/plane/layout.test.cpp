// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/plane/layout.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace foreshadow;

TEST_CASE("a key belongs to the partition whose interval it lies in, or to nobody") {
    const partition first{.id = {1, {1}}, .name = "p", .interval = {"b", "d"}};
    const partition second{.id = {2, {1}}, .name = "p", .interval = {"d", "f"}};
    const partition third{.id = {3, {1}}, .name = "p", .interval = {"m", ""}};
    const layout all{{1}, {first, second, third}};
    CHECK(all.owner("a") == nullptr);
    CHECK(all.owner("b") == &all.partitions[0]);
    CHECK(all.owner("cz") == &all.partitions[0]);
    CHECK(all.owner("d") == &all.partitions[1]);
    CHECK(all.owner("f") == nullptr);
    CHECK(all.owner("m") == &all.partitions[2]);
    CHECK(all.owner("zz") == &all.partitions[2]);
    CHECK(layout{}.owner("a") == nullptr);
}

TEST_CASE("a partition is found by its id, the position of its creation included") {
    const partition before{.id = {1, {1}}, .name = "p", .interval = {"a", "b"}};
    const partition again{.id = {1, {4}}, .name = "p", .interval = {"b", "c"}};
    const layout all{{5}, {before, again}};
    CHECK(all.find({1, {1}}) == &all.partitions[0]);
    CHECK(all.find({1, {4}}) == &all.partitions[1]);
    CHECK(all.find({2, {1}}) == nullptr);
}

TEST_CASE("nothing is taken for empty that was not said to be") { CHECK_FALSE(partition{}.born_empty); }

TEST_CASE("the partitions that an interval overlaps are those that trying each finds") {
    const auto seed = GENERATE(range(1u, 100u));
    CAPTURE(seed);
    std::mt19937 random{seed};
    layout shape;
    for (char at = static_cast<char>('a' + random() % 3); at < 'w';) {
        const char end = static_cast<char>(at + 1 + random() % 4);
        shape.partitions.push_back(
            {.id = {shape.partitions.size(), {1}}, .name = {}, .interval = {key(1, at), key(1, end)}});
        at = static_cast<char>(end + random() % 2);
    }
    if (seed % 3 == 0) shape.partitions.front().interval.begin.clear();
    if (seed % 4 == 0) shape.partitions.back().interval.end.clear();
    for (int asked = 0; asked < 30; ++asked) {
        const char begin = static_cast<char>('a' + random() % 24);
        const key_range range{random() % 8 == 0 ? key{} : key(1, begin),
                              random() % 8 == 0 ? key{} : key(1, static_cast<char>(begin + random() % 6))};
        std::vector<partition> expected;
        for (const partition& p : shape.partitions)
            if (p.interval.overlaps(range)) expected.push_back(p);
        const auto found = shape.overlapping(range);
        CHECK(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
    }
}

TEST_CASE("an index finds every partition by its id, and no other") {
    layout shape;
    for (std::uint64_t n : {7, 3, 9, 1}) shape.partitions.push_back({.id = {n, {n % 3}}, .name = {}, .interval = {}});
    const partition_index index{shape};
    for (const partition& p : shape.partitions) CHECK(index.find(p.id) == &p);
    CHECK(index.find({7, {0}}) == nullptr);
    CHECK(index.find({100, {0}}) == nullptr);
    CHECK(partition_index{layout{}}.find({1, {1}}) == nullptr);
}

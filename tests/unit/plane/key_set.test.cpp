// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/plane/key_set.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <set>
#include <string>

using foreshadow::key;
using foreshadow::key_range;
using foreshadow::key_set;

TEST_CASE("intervals that touch become one") {
    key_set keys;
    keys.insert({"b", "c"});
    keys.insert({"d", "e"});
    CHECK(keys.size() == 2);
    keys.insert({"c", "d"});
    CHECK(keys.size() == 1);
    CHECK(keys.overlaps({"a", "b\x01"}));
    CHECK_FALSE(keys.overlaps({"a", "b"}));
    CHECK_FALSE(keys.overlaps({"e", ""}));
}

TEST_CASE("an unbounded interval takes in everything above it") {
    key_set keys;
    keys.insert({"x", "y"});
    keys.insert({"m", ""});
    CHECK(keys.size() == 1);
    CHECK(keys.overlaps({"zzz", ""}));
    keys.insert({"q", "r"});
    CHECK(keys.size() == 1);
    keys.insert(key_range::all());
    CHECK(keys.overlaps({"", "\x01"}));
}

TEST_CASE("a set of intervals knows the same keys as a set of keys") {
    const auto seed = GENERATE(range(1u, 60u));
    CAPTURE(seed);
    std::mt19937 random{seed};
    key_set keys;
    std::set<char> truth;
    for (int round = 0; round < 30; ++round) {
        const char a = static_cast<char>('a' + random() % 20);
        const char b = static_cast<char>(a + random() % 5);
        const key_range range{key(1, a), key(1, b)};
        bool expected = false;
        for (char c = a; c < b; ++c) expected = expected || truth.count(c) > 0;
        CHECK(keys.overlaps(range) == expected);
        CHECK(keys.contains(range.begin) == (truth.count(a) > 0));
        if (round % 2 == 0) continue;
        keys.insert(range);
        for (char c = a; c < b; ++c) truth.insert(c);
    }
}

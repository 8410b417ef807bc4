// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/plane/box.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace foreshadow;

TEST_CASE("what the log tells is added in order, and once") {
    const birth a{.interval = {"a", "b"}, .at = {{5}, 0}};
    const birth b{.interval = {"b", "c"}, .at = {{5}, 0}};
    const birth later{.interval = {"a", "b"}, .at = {{5}, 1}};
    const birth last{.interval = {"", ""}, .at = {{9}, 0}};
    std::vector<birth> known;
    add_told(known, {});
    CHECK(known.empty());
    add_told(known, {later, b, a, b});
    CHECK(known == std::vector<birth>{a, b, later});
    add_told(known, {last});
    add_told(known, {last, a});
    CHECK(known == std::vector<birth>{a, b, later, last});
}

TEST_CASE("telling again changes nothing, whatever of it and how often") {
    const auto seed = GENERATE(range(1u, 100u));
    CAPTURE(seed);
    std::mt19937 random{seed};
    std::vector<replacement> known;
    std::vector<replacement> expected;  // by looking at all of them
    for (int batch = 0; batch < 20; ++batch) {
        std::vector<replacement> told;
        for (std::size_t n = random() % 5; n > 0; --n) {
            const key begin(1, static_cast<char>('a' + random() % 4));
            told.push_back(
                {.interval = {begin, begin + "z"}, .at = {{random() % 8}, static_cast<std::uint32_t>(random() % 2)}});
        }
        for (const replacement& one : told)
            if (std::find(expected.begin(), expected.end(), one) == expected.end()) expected.push_back(one);
        add_told(known, told);
    }
    CHECK(std::is_sorted(known.begin(), known.end()));
    CHECK(known.size() == expected.size());
    CHECK(std::is_permutation(known.begin(), known.end(), expected.begin(), expected.end()));
}

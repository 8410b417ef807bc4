// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/plane/disjoint_sets.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

using foreshadow::disjoint_sets;

TEST_CASE("at first each number is alone") {
    disjoint_sets sets{3};
    for (std::size_t i = 0; i < 3; ++i) CHECK(sets.leader_of(i) == i);
}

TEST_CASE("two sets that are joined have the leader of the one that was joined to") {
    disjoint_sets sets{5};
    sets.join(4, 1);
    sets.join(1, 0);
    sets.join(0, 4);  // one already
    CHECK(sets.leader_of(4) == 0);
    CHECK(sets.leader_of(1) == 0);
    CHECK(sets.leader_of(2) == 2);
}

TEST_CASE("whoever is joined in whatever order is in the sets that painting them over gives") {
    std::mt19937_64 random{7};
    for (int round = 0; round < 50; ++round) {
        constexpr std::size_t count = 40;
        disjoint_sets sets{count};
        std::vector<std::size_t> colours(count);
        for (std::size_t i = 0; i < count; ++i) colours[i] = i;
        for (std::size_t joins = random() % count; joins > 0; --joins) {
            const std::size_t a = random() % count;
            const std::size_t b = random() % count;
            sets.join(a, b);
            const std::size_t from = colours[a];
            std::replace(colours.begin(), colours.end(), from, std::size_t{colours[b]});
        }
        for (std::size_t a = 0; a < count; ++a)
            for (std::size_t b = 0; b < count; ++b)
                REQUIRE((sets.leader_of(a) == sets.leader_of(b)) == (colours[a] == colours[b]));
    }
}

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/plane/horizon.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <vector>

using namespace foreshadow;

TEST_CASE("an image contains what is up to low and what is named, and nothing above high") {
    const horizon seen{{5}, {9}, {{7}, {9}}};
    const std::vector<bool> expected{true, true, true, true, true, true, false, true, false, true, false, false};
    for (std::uint64_t p = 0; p < expected.size(); ++p) {
        CAPTURE(p);
        CHECK(seen.contains({p}) == expected[p]);
        CHECK(horizon::exactly({5}).contains({p}) == (p <= 5));
    }
}

TEST_CASE("a raised horizon contains what it did and everything up to there") {
    const horizon seen{{5}, {9}, {{7}, {9}}};
    CHECK(seen.raised_to({3}) == seen);
    CHECK(seen.raised_to({6}) == horizon{{6}, {9}, {{7}, {9}}});
    CHECK(seen.raised_to({7}) == horizon{{7}, {9}, {{9}}});
    CHECK(seen.raised_to({9}) == horizon::exactly({9}));
    CHECK(seen.raised_to({12}) == horizon::exactly({12}));
}

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/by_key.hpp"
#include "foreshadow/schedule/hottest_last.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <vector>

using namespace foreshadow;

namespace {

partition_id id(std::uint64_t n) { return {n, {1}}; }

std::vector<piece> three() {
    return {{{"a", "b"}, id(1), 100, false, content::data},
            {{"b", "c"}, id(2), 100, false, content::data},
            {{"c", "d"}, id(3), 1000, false, content::data}};
}

prediction foretell(std::uint64_t partition, double confidence) {
    prediction p;
    p.partitions = {id(partition)};
    p.confidence = confidence;
    return p;
}

}  // namespace

TEST_CASE("every order reads definitions first") {
    auto pieces = three();
    pieces.push_back({{"x", "y"}, id(9), 5, false, content::definitions});
    pieces[0].started = true;
    const std::vector<prediction> live{foretell(2, 1.0)};
    CHECK(at_risk_first{}.next(pieces, live) == 3);
    CHECK(by_key{}.next(pieces, live) == 3);
    CHECK(hottest_last{}.next(pieces, live) == 3);
}

TEST_CASE("without predictions every order is key order") {
    const auto pieces = three();
    CHECK(at_risk_first{}.next(pieces, {}) == 0);
    CHECK(by_key{}.next(pieces, {}) == 0);
    CHECK(hottest_last{}.next(pieces, {}) == 0);
}

TEST_CASE("at risk first takes the largest confidence per remaining work") {
    const auto pieces = three();
    const std::vector<prediction> live{foretell(3, 0.9), foretell(2, 0.3)};
    CHECK(at_risk_first{}.next(pieces, live) == 1);
    const std::vector<prediction> surer{foretell(3, 0.9), foretell(2, 0.01)};
    CHECK(at_risk_first{}.next(pieces, surer) == 2);
}

TEST_CASE("at risk first finishes a band that was begun, and counts all that is left of it") {
    auto pieces = three();
    pieces[2].started = true;
    const std::vector<prediction> live{foretell(1, 1.0)};
    CHECK(at_risk_first{}.next(pieces, live) == 2);

    auto split = three();
    split.push_back({{"d", "e"}, id(1), 5000, false, content::data});  // more work in the first band
    const std::vector<prediction> both{foretell(1, 0.9), foretell(2, 0.5)};
    CHECK(at_risk_first{}.next(split, both) == 1);
}

TEST_CASE("an unknown size and an unknown partition do no harm") {
    auto pieces = three();
    pieces[1].remaining_bytes = 0;
    pieces[0].remaining_bytes = -5;
    const std::vector<prediction> live{foretell(77, 1.0), foretell(2, 0.4)};
    CHECK(at_risk_first{}.next(pieces, live) == 1);
}

TEST_CASE("hottest last leaves the likely changes to the end") {
    const auto pieces = three();
    const std::vector<prediction> live{foretell(1, 0.9), foretell(2, 0.3)};
    CHECK(hottest_last{}.next(pieces, live) == 2);
}

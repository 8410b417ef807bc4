// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/schedule/outlook.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <utility>
#include <vector>

using namespace foreshadow;

namespace {

piece of(std::uint64_t partition, double bytes) {
    piece p;
    p.owner = {partition, {1}};
    p.remaining_bytes = bytes;
    return p;
}

prediction that(std::vector<partition_id> partitions, double confidence, double horizon) {
    prediction p;
    p.partitions = std::move(partitions);
    p.confidence = confidence;
    p.horizon_seconds = horizon;
    return p;
}

}  // namespace

TEST_CASE("what is left is what the pieces have, where that is known") {
    const std::vector<piece> left{of(1, 100), of(2, 0), of(1, 50), of(3, -7)};
    const outlook seen = look_ahead(left, {});
    CHECK(seen.remaining_bytes == 150);
    CHECK(seen.change_rate == 0);
    CHECK(seen.needed_rate == 0);
}

TEST_CASE("what is predicted is needed within half of its horizon, as surely as it comes") {
    const std::vector<piece> left{of(1, 100), of(2, 40), of(1, 60), of(3, 1000)};
    const std::vector<prediction> live{that({{1, {1}}}, .5, 10), that({{1, {1}}, {2, {1}}}, .25, 20),
                                       that({{9, {1}}}, 1, 1), that({{3, {2}}}, 1, 1)};
    const outlook seen = look_ahead(left, live);
    CHECK(seen.change_rate == Approx(.05 + .0125 + 2));
    CHECK(seen.needed_rate == Approx(160 * (.5 / 5 + .25 / 10) + 40 * .25 / 10));
}

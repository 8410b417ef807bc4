// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/by_key.hpp"
#include "foreshadow/schedule/hottest_last.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <utility>
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

/// Where the piece that is read first stood.
template <class Order>
std::size_t first_of(Order order, const std::vector<piece>& pieces, const std::vector<prediction>& live) {
    std::vector<piece> arranged = pieces;
    order.arrange(arranged, live);
    std::size_t i = 0;
    while (pieces[i].interval != arranged.front().interval) ++i;
    return i;
}

}  // namespace

TEST_CASE("every order reads definitions first") {
    auto pieces = three();
    pieces.push_back({{"x", "y"}, id(9), 5, false, content::definitions});
    pieces[0].started = true;
    const std::vector<prediction> live{foretell(2, 1.0)};
    CHECK(first_of(at_risk_first{}, pieces, live) == 3);
    CHECK(first_of(by_key{}, pieces, live) == 3);
    CHECK(first_of(hottest_last{}, pieces, live) == 3);
}

TEST_CASE("without predictions every order is key order") {
    const auto pieces = three();
    CHECK(first_of(at_risk_first{}, pieces, {}) == 0);
    CHECK(first_of(by_key{}, pieces, {}) == 0);
    CHECK(first_of(hottest_last{}, pieces, {}) == 0);
}

TEST_CASE("at risk first takes the largest confidence per remaining work") {
    const auto pieces = three();
    const std::vector<prediction> live{foretell(3, 0.9), foretell(2, 0.3)};
    CHECK(first_of(at_risk_first{}, pieces, live) == 1);
    const std::vector<prediction> surer{foretell(3, 0.9), foretell(2, 0.01)};
    CHECK(first_of(at_risk_first{}, pieces, surer) == 2);
}

TEST_CASE("at risk first finishes a band that was begun, and counts all that is left of it") {
    auto pieces = three();
    pieces[2].started = true;
    const std::vector<prediction> live{foretell(1, 1.0)};
    CHECK(first_of(at_risk_first{}, pieces, live) == 2);

    auto split = three();
    split.push_back({{"d", "e"}, id(1), 5000, false, content::data});  // more work in the first band
    const std::vector<prediction> both{foretell(1, 0.9), foretell(2, 0.5)};
    CHECK(first_of(at_risk_first{}, split, both) == 1);
}

TEST_CASE("an unknown size and an unknown partition do no harm") {
    auto pieces = three();
    pieces[1].remaining_bytes = 0;
    pieces[0].remaining_bytes = -5;
    const std::vector<prediction> live{foretell(77, 1.0), foretell(2, 0.4)};
    CHECK(first_of(at_risk_first{}, pieces, live) == 1);
}

TEST_CASE("hottest last leaves the likely changes to the end") {
    const auto pieces = three();
    const std::vector<prediction> live{foretell(1, 0.9), foretell(2, 0.3)};
    CHECK(first_of(hottest_last{}, pieces, live) == 2);
}

TEST_CASE("an order arranges all pieces, whatever order they come in") {
    auto pieces = three();
    pieces.push_back({{"d", "e"}, id(1), std::numeric_limits<double>::quiet_NaN(), false, content::data});
    std::swap(pieces[0], pieces[2]);
    const auto begins = [&](auto order, const std::vector<prediction>& live) {
        std::vector<piece> arranged = pieces;
        order.arrange(arranged, live);
        std::string letters;
        for (const piece& p : arranged) letters += p.interval.begin;
        return letters;
    };
    const std::vector<prediction> live{foretell(3, 0.9), foretell(1, 0.9), foretell(2, 0.1)};
    CHECK(begins(by_key{}, live) == "abcd");
    CHECK(begins(at_risk_first{}, live) == "adbc");
    CHECK(begins(hottest_last{}, live) == "bacd");
    CHECK(begins(at_risk_first{}, {}) == "abcd");
}

TEST_CASE("in a storm, when everything is about to change, at risk first takes what is done soonest") {
    auto pieces = three();
    pieces[0].remaining_bytes = 300;
    std::vector<prediction> storm;
    for (std::uint64_t n = 1; n <= 3; ++n) storm.push_back(foretell(n, 1.0));
    CHECK(first_of(at_risk_first{}, pieces, storm) == 1);
    // A thousand more of the same, and of partitions that are not there, change nothing.
    for (std::uint64_t n = 0; n < 1000; ++n) storm.push_back(foretell(n % 50, 1.0));
    CHECK(first_of(at_risk_first{}, pieces, storm) == 1);
}

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/schedule/fixed_rate.hpp"
#include "foreshadow/schedule/flat_out.hpp"
#include "foreshadow/schedule/two_thresholds.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace foreshadow;

namespace {
pace_input changes(double rate, double seconds = 1) {
    pace_input input;
    input.predicted_change_rate = rate;
    input.seconds_since_last = seconds;
    return input;
}
}  // namespace

TEST_CASE("flat out is unlimited and a fixed rate is fixed") {
    CHECK(std::isinf(flat_out{}.decide({}).bytes_per_second));
    CHECK(fixed_rate{1234}.decide(changes(5)).bytes_per_second == 1234);
}

TEST_CASE("two thresholds: faster above the upper, slower below the lower, steady between") {
    two_thresholds law{
        {.speed_up_above = 1, .slow_down_below = 0.1, .step = 2, .slowest = 10, .fastest = 1000, .first = 100}};
    CHECK(law.decide(changes(0.5)).bytes_per_second == 100);
    CHECK(law.decide(changes(1)).bytes_per_second == 100);
    CHECK(law.decide(changes(0.1)).bytes_per_second == 100);
    CHECK(law.decide(changes(1.1)).bytes_per_second == Approx(200));
    CHECK(law.decide(changes(0.0)).bytes_per_second == Approx(100));
    CHECK(law.decide(changes(2, 2)).bytes_per_second == Approx(400));
}

TEST_CASE("two thresholds stay within their bounds, whatever comes in") {
    two_thresholds law{
        {.speed_up_above = 1, .slow_down_below = 0.1, .step = 2, .slowest = 10, .fastest = 1000, .first = 1e9}};
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double rate : {0.0, 5.0, infinity, std::nan(""), -1.0, 1e300})
        for (const double seconds : {0.0, 1.0, infinity, -3.0})
            for (int i = 0; i < 20; ++i) {
                const double allowed = law.decide(changes(rate, seconds)).bytes_per_second;
                CHECK(allowed >= 10);
                CHECK(allowed <= 1000);
            }
}

TEST_CASE("a change rate that is not a number holds the pace") {
    two_thresholds law;
    const double before = law.decide(changes(0.05)).bytes_per_second;
    CHECK(law.decide(changes(std::nan(""))).bytes_per_second == before);
}

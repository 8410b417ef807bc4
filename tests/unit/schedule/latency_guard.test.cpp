// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/schedule/latency_guard.hpp"

#include "foreshadow/testing/random.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace foreshadow;

namespace {

constexpr latency_guard::options bounds{.slowest = 1, .fastest = 1000, .first = 100};

pace_input heard(double latency, double used = 1e9) {
    pace_input input;
    input.latency_seconds = latency;
    input.scanned_bytes_rate = used;
    input.allowed_rate = used;
    return input;
}

/// A database whose tail latency rises with what it and the backup do, as a queue's does.
struct database {
    double load = 0.4;        ///< of what it can do, by its users
    double most_rate = 1000;  ///< of a backup that has it alone
    double noise = 0;
    testing::seeded_random random{5};

    double latency(double rate) {
        const double free = std::max(1 - load - rate / most_rate, 0.02);
        return .005 / free * (1 + noise * (2 * random.unit() - 1));
    }
};

struct second {
    double rate;
    double latency;  ///< without noise
    bool pause;
};

/// The guard and a database, so many decisions of a second each.
std::vector<second> run(latency_guard& guard, database& with, int seconds) {
    std::vector<second> all;
    pace_decision last{.bytes_per_second = 0, .reason = "", .pause = true};
    for (int i = 0; i < seconds; ++i) {
        const double rate = last.pause ? 0 : last.bytes_per_second;
        const pace_input input = heard(with.latency(rate), last.bytes_per_second);
        database quiet{with.load, with.most_rate};
        all.push_back({rate, quiet.latency(rate), last.pause});
        last = guard.decide(input);
    }
    return all;
}

}  // namespace

TEST_CASE("the guard finds the rate at which latency is where it should be, and stays there") {
    for (const double load : {0.4, 0.6, 0.8}) {
        CAPTURE(load);
        database shop{load};
        latency_guard guard{bounds};
        const auto all = run(guard, shop, 300);
        const double target = 1.1 * database{load}.latency(0);
        for (std::size_t i = 100; i < all.size(); ++i) {
            if (all[i].pause) continue;
            CHECK(all[i].latency < target * 1.11);
            CHECK(all[i].latency > database{load}.latency(0));
        }
        CHECK(all.back().rate > 1);
    }
}

TEST_CASE("after a step of the load the guard settles within ten seconds, and does not swing") {
    database shop{.4};
    shop.noise = .05;
    latency_guard guard{bounds};
    static_cast<void>(run(guard, shop, 100));
    shop.load = .8;
    const auto all = run(guard, shop, 80);
    for (std::size_t i = 10; i < all.size(); ++i)
        if (!all[i].pause) CHECK(all[i].latency < 1.25 * database{.8}.latency(0));
    int turns = 0;
    double before = 0;
    for (std::size_t i = 11; i < all.size(); ++i) {
        if (all[i].pause || all[i - 1].pause) continue;
        const double step = all[i].rate - all[i - 1].rate;
        turns += step * before < 0;
        if (step != 0) before = step;
    }
    CHECK(turns <= 10);
}

TEST_CASE("above the hard limit the rate halves, whatever is forecast") {
    latency_guard guard{bounds};
    static_cast<void>(guard.decide(heard(.01)));
    pace_input input = heard(.05);
    input.needed_rate = 1e9;
    double rate = 100;
    for (int i = 0; i < 3; ++i) {
        const pace_decision decided = guard.decide(input);
        CHECK(decided.bytes_per_second == Approx(rate / 2));
        rate = decided.bytes_per_second;
    }
}

TEST_CASE("a forecast makes it faster, within bounds") {
    const auto settled = [](double needed) {
        database shop{.5};
        latency_guard guard{bounds};
        pace_decision last{.bytes_per_second = 0, .reason = {}};
        for (int i = 0; i < 50; ++i) {
            pace_input input = heard(shop.latency(last.pause ? 0 : last.bytes_per_second), last.bytes_per_second);
            input.needed_rate = needed;
            last = guard.decide(input);
        }
        return shop.latency(last.bytes_per_second);
    };
    CHECK(settled(1e9) > 1.1 * settled(0));
    CHECK(settled(1e9) < 1.1 * 1.42 * database{.5}.latency(0) * 1.11);
}

TEST_CASE("a rate that is not used does not grow") {
    latency_guard guard{bounds};
    for (int i = 0; i < 50; ++i) CHECK(guard.decide(heard(.01, 10)).bytes_per_second == 100);
}

TEST_CASE("without samples it holds, and then slows down to the floor") {
    latency_guard guard{bounds};
    static_cast<void>(guard.decide(heard(.01)));
    const double nothing = std::nan("");
    for (int i = 0; i < 5; ++i) CHECK(guard.decide(heard(nothing)).bytes_per_second == 100);
    for (int i = 0; i < 31; ++i) static_cast<void>(guard.decide(heard(nothing)));
    CHECK(guard.decide(heard(nothing)).bytes_per_second == 1);
    CHECK(guard.decide(heard(.001, 1)).bytes_per_second >= 1);
}

TEST_CASE("a deadline raises the floor") {
    latency_guard guard{bounds};
    static_cast<void>(guard.decide(heard(.01)));
    pace_input input = heard(.1);
    input.remaining_bytes = 50'000;
    input.deadline_seconds = 100;
    CHECK(guard.decide(input).bytes_per_second == 500);
    input.deadline_seconds = 1e6;
    CHECK(guard.decide(input).bytes_per_second < 100);
}

TEST_CASE("one decision in sixty pauses, and no pause follows another") {
    database shop{.4};
    latency_guard guard{bounds};
    const auto all = run(guard, shop, 600);
    int pauses = 0;
    for (std::size_t i = 2; i < all.size(); ++i) {
        pauses += all[i].pause;
        CHECK_FALSE((all[i].pause && all[i - 1].pause));
    }
    CHECK(pauses >= 9);
    CHECK(pauses <= 12);
}

TEST_CASE("a clock that jumps is one decision") {
    latency_guard guard{bounds};
    static_cast<void>(guard.decide(heard(.01)));
    pace_input input = heard(.001);
    input.seconds_since_last = 1e9;
    CHECK(guard.decide(input).bytes_per_second <= 100 * std::exp(.25) + 1e-9);
    input.seconds_since_last = -5;
    CHECK(guard.decide(input).bytes_per_second >= 100);
}

TEST_CASE(
    "a forecast that nothing can satisfy, or that is no number, moves the rate no further than one that asks for all") {
    const auto rates = [](double needed) {
        database shop{.5};
        latency_guard guard{bounds};
        std::vector<double> all;
        pace_decision last{.bytes_per_second = 0, .reason = {}, .pause = false};
        for (int i = 0; i < 120; ++i) {
            pace_input input = heard(shop.latency(last.pause ? 0 : last.bytes_per_second), last.bytes_per_second);
            input.needed_rate = needed;
            input.predicted_change_rate = needed;
            last = guard.decide(input);
            all.push_back(last.bytes_per_second);
        }
        return all;
    };
    CHECK(rates(std::numeric_limits<double>::infinity()) == rates(1e12));
    CHECK(rates(std::numeric_limits<double>::quiet_NaN()) == rates(0));
    CHECK(rates(-1e12) == rates(0));
}

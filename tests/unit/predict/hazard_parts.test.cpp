// SPDX-License-Identifier: BSL-1.0
//
// The parts of the hazard predictor, each against what it must be by hand, by simulation or by brute force.
#include "foreshadow/predict/detail/additive_model.hpp"
#include "foreshadow/predict/detail/band_index.hpp"
#include "foreshadow/predict/detail/calibration.hpp"
#include "foreshadow/predict/detail/first_passage.hpp"
#include "foreshadow/predict/detail/key_sample.hpp"
#include "foreshadow/predict/detail/log_odds.hpp"
#include "foreshadow/predict/detail/merge_chains.hpp"
#include "foreshadow/predict/detail/model_bytes.hpp"
#include "foreshadow/predict/detail/rhythms.hpp"
#include "foreshadow/predict/detail/size_axis.hpp"
#include "foreshadow/predict/detail/split_features.hpp"
#include "foreshadow/predict/detail/thresholds.hpp"
#include "foreshadow/predict/detail/waiting_rows.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace foreshadow;
using namespace foreshadow::detail;

TEST_CASE("The product limit is events over those at risk, shrunk by one crossing") {
    size_axis axis;
    const size_bin at = size_axis::bin_of(1000);
    // Ten pass the bin, two of them change in it: their threshold is known to the bin.
    for (int i = 0; i < 8; ++i) axis.survive(static_cast<size_bin>(at - 1), at);
    for (int i = 0; i < 2; ++i) axis.happen(static_cast<size_bin>(at - 1), at);
    axis.refresh();
    const double expected = (2 + size_axis::prior_hazard) / (10 + 1);
    CHECK(static_cast<double>(axis.hazards()[at]) == Approx(expected).epsilon(2e-3));  // early ones fade a little
    CHECK(static_cast<double>(axis.hazards()[at + 1U]) == Approx(size_axis::prior_hazard));
    CHECK(axis.seen() == 2);
}

TEST_CASE("A change that jumped over many bins is shared among them as the hazard says") {
    size_axis axis;
    const size_bin sharp = size_axis::bin_of(5000);
    for (int i = 0; i < 50; ++i) axis.happen(static_cast<size_bin>(sharp - 1), sharp);
    axis.refresh();
    axis.happen(static_cast<size_bin>(sharp - 100), static_cast<size_bin>(sharp + 100));
    axis.refresh();
    // Nearly all of it goes where fifty were seen: the other two hundred bins stay as they were.
    CHECK(static_cast<double>(axis.hazards()[sharp]) > 0.97);
    CHECK(static_cast<double>(axis.hazards()[sharp + 50U]) < 2 * size_axis::prior_hazard);
}

TEST_CASE("A threshold is learnt within one percent") {
    std::mt19937 random{3};
    std::uniform_real_distribution<double> start{200, 900};
    std::exponential_distribution<double> step{0.1};
    size_axis axis;
    for (int i = 0; i < 300; ++i) {
        double size = start(random);
        size_bin highest = size_axis::bin_of(size);
        while (size < 2000) {
            size += step(random);
            const size_bin now = size_axis::bin_of(size);
            if (size >= 2000)
                axis.happen(highest, now);
            else
                axis.survive(highest, now);
            highest = now;
        }
    }
    axis.refresh();
    CHECK(axis.quantile(1000, 0.5) == Approx(2000).epsilon(0.01));
    CHECK(axis.quantile(1000, 0.1) > 1900);
    CHECK(axis.quantile(1000, 0.9) < 2100);
}

TEST_CASE("What stands above the threshold and never changes pulls the hazard down there") {
    size_axis axis;
    const size_bin at = size_axis::bin_of(2000);
    for (int i = 0; i < 20; ++i) axis.happen(static_cast<size_bin>(at - 1), at);
    axis.refresh();
    const double before = axis.quantile(2100, 0.5);
    for (int i = 0; i < 20; ++i) axis.survive(static_cast<size_bin>(at + 1), static_cast<size_bin>(at + 600));
    axis.refresh();
    CHECK(axis.quantile(2100, 0.5) > 1.5 * before);
    CHECK(axis.quantile(1000, 0.5) == Approx(2000).epsilon(0.01));
}

TEST_CASE("The first passage is what a simulated walk does") {
    std::mt19937 random{11};
    std::normal_distribution<double> noise;
    constexpr int walks = 4000;
    constexpr int steps = 2000;
    for (const auto& [distance, drift, deviation] :
         {std::array{1.0, 0.5, 0.8}, std::array{1.0, 1.2, 0.3}, std::array{0.5, -0.5, 1.0}}) {
        int reached = 0;
        for (int w = 0; w < walks; ++w) {
            double at = 0;
            for (int i = 0; i < steps && at < distance; ++i)
                at += drift / steps + deviation * noise(random) / std::sqrt(static_cast<double>(steps));
            reached += at >= distance ? 1 : 0;
        }
        // A walk in steps misses a little of what a continuous one reaches: half a step's overshoot.
        const double simulated = static_cast<double>(reached) / walks;
        CHECK(first_passage(distance, drift, deviation) == Approx(simulated).margin(0.03));
    }
}

TEST_CASE("The first passage is the naive product where that is safe, and finite where it is not") {
    for (const double distance : {0.1, 0.5, 1.0, 2.0})
        for (const double drift : {-0.5, 0.0, 0.3, 1.5})
            for (const double deviation : {0.3, 1.0, 3.0}) {
                const double naive = normal_cdf((drift - distance) / deviation) +
                                     std::exp(2 * drift * distance / (deviation * deviation)) *
                                         normal_cdf((-drift - distance) / deviation);
                CHECK(first_passage(distance, drift, deviation) == Approx(naive).margin(1e-12));
            }
    // exp(2 * 1000 * 1000 / 1) overflows, and its factor underflows: together they are next to nothing, or one.
    CHECK(first_passage(1000, 999, 1) == Approx(normal_cdf(-1)).margin(0.02));
    CHECK(first_passage(1000, 2000, 1) == Approx(1));
    CHECK(first_passage(1e12, 1, 1e-3) == 0);
    double before = 0;
    for (double distance = 10; distance > 0; distance -= 0.01) {
        CHECK(first_passage(distance, 0.7, 1.3) >= before);
        before = first_passage(distance, 0.7, 1.3);
    }
    CHECK(first_passage(0, -5, 1) == 1);
    CHECK(first_passage(1, 2, 0) == 1);
    CHECK(first_passage(1, 0.5, 0) == 0);
}

TEST_CASE("The logarithm of the normal distribution goes on where the distribution is 0") {
    CHECK(log_normal_cdf(-7.999999) == Approx(log_normal_cdf(-8.000001)).epsilon(1e-5));
    CHECK(log_normal_cdf(-100) == Approx(-5005.524).epsilon(1e-5));
    CHECK(log_normal_cdf(0) == Approx(std::log(0.5)));
}

TEST_CASE("The passage term does not fall when a band grows and all else stays") {
    size_axis axis;
    for (int i = 0; i < 200; ++i) axis.survive(0, size_axis::bin_of(9890));
    for (int i = 0; i < 40; ++i) axis.happen(size_axis::bin_of(9900.0 + 5 * i), size_axis::bin_of(9990.0 + 5 * i));
    axis.refresh();
    for (const double drift : {0.0, 10.0, 500.0, 5000.0}) {
        motion moves;
        moves.drift.fill(drift);
        moves.deviation = 100;
        moves.jump = drift;
        double before = 0;
        for (double size = 100; size < 12'000; size *= 1.01) {
            split_features::setting here;
            here.size = size;
            here.rows = 100;
            split_features f;
            f.fill(moves, here, axis);
            // A bin is a 512th of an octave: what the size gains within one, the threshold given that it is above, may
            // gain, too. Beyond the threshold what is whole is more and more of a kind that does not split.
            if (size < 9900) CHECK(f.passage >= before * (1 - 1e-3));
            before = std::max(before, f.passage);
        }
    }
}

TEST_CASE("Isotonic regression is the nearest non-decreasing sequence") {
    std::mt19937 random{5};
    for (int round = 0; round < 200; ++round) {
        const std::size_t n = 1 + random() % 7;
        std::vector<double> values(n);
        std::vector<double> weights(n);
        for (std::size_t i = 0; i < n; ++i) {
            values[i] = static_cast<double>(random() % 100) / 100;
            weights[i] = 1 + static_cast<double>(random() % 5);
        }
        // Its closed form: the largest, over beginnings, of the smallest, over ends, of the means between.
        std::vector<double> expected(n);
        for (std::size_t i = 0; i < n; ++i) {
            double best = -1;
            for (std::size_t from = 0; from <= i; ++from) {
                double least = 2;
                for (std::size_t to = i; to < n; ++to) {
                    double sum = 0;
                    double weight = 0;
                    for (std::size_t k = from; k <= to; ++k) {
                        sum += values[k] * weights[k];
                        weight += weights[k];
                    }
                    least = std::min(least, sum / weight);
                }
                best = std::max(best, least);
            }
            expected[i] = best;
        }
        make_isotonic(values, weights);
        for (std::size_t i = 0; i < n; ++i) CHECK(values[i] == Approx(expected[i]).margin(1e-12));
    }
}

TEST_CASE("Calibration makes claims that are too high come true as often as they say") {
    std::mt19937 random{13};
    std::normal_distribution<double> noise{-2, 1.5};
    std::uniform_real_distribution<double> unit;
    for (const int steps : {40, 3000}) {  // few positives: two numbers; many: the curve
        calibration curve;
        for (int s = 0; s < steps; ++s) {
            for (int i = 0; i < 20; ++i) {
                const double truth = noise(random);
                curve.add(truth + 1.5, unit(random) < sigmoid(truth), 1);  // the score claims too much
            }
            curve.step();
        }
        double said = 0;
        double meant = 0;
        for (int i = 0; i < 2000; ++i) {
            const double truth = noise(random);
            said += sigmoid(curve(truth + 1.5));
            meant += sigmoid(truth);
        }
        CHECK(said / meant == Approx(1).margin(steps > 100 ? 0.1 : 0.35));
    }
}

TEST_CASE("Lead-time intervals hold as often as they say, whatever is foretold") {
    std::mt19937 random{17};
    std::lognormal_distribution<double> off{0.7, 0.5};
    lead_time lead;
    int inside = 0;
    constexpr int rounds = 20'000;
    for (int i = 0; i < rounds; ++i) {
        const double came = 100 * off(random);
        if (i >= rounds / 2) inside += came >= lead.earliest(100) && came <= lead.latest(100) ? 1 : 0;
        lead.add(100, came);
    }
    CHECK(inside / (rounds / 2.0) == Approx(lead_time::coverage).margin(0.03));
    CHECK(lead.middle(100) == Approx(100 * std::exp(0.7)).epsilon(0.15));
}

TEST_CASE("The additive model learns a bend that a line cannot") {
    std::mt19937 random{19};
    std::uniform_real_distribution<double> unit;
    additive_model line{{0, 0}, 0, {}};
    additive_model bent{{0, 0}, 10, {}};
    double loss_of_line = 0;
    double loss_of_bent = 0;
    for (int i = 0; i < 20'000; ++i) {
        const double x = unit(random);
        const std::vector<float> numbers{1, static_cast<float>(x)};
        const std::vector<std::uint16_t> cells{static_cast<std::uint16_t>(x * 10)};
        const bool came = unit(random) < (x > 0.4 && x < 0.6 ? 0.9 : 0.1);
        const double p = sigmoid(line.score(numbers, cells));
        const double q = sigmoid(bent.score(numbers, cells));
        if (i > 10'000) {
            loss_of_line += (p - came) * (p - came);
            loss_of_bent += (q - came) * (q - came);
        }
        line.add(numbers, cells, p - (came ? 1 : 0));
        line.step();
        bent.add(numbers, cells, q - (came ? 1 : 0));
        bent.step();
    }
    CHECK(loss_of_bent < 0.65 * loss_of_line);
}

TEST_CASE("The index finds the band of any key, through inserts and erasures") {
    std::mt19937 random{23};
    band_index index;
    std::map<std::string, band_index::slot> model;  // begin to slot; ends are the next begin, or nothing
    const auto some_key = [&] {
        char text[32];
        std::snprintf(text, sizeof text, "t%u/%07u", static_cast<unsigned>(random() % 3),
                      static_cast<unsigned>(random() % 100'000));
        return std::string{text};
    };
    band_index::slot next = 0;
    for (int round = 0; round < 6000; ++round) {
        const std::string k = round % 17 == 0 ? std::string(random() % 3, '\0') : some_key();
        const auto found = model.find(k);
        if (found == model.end()) {
            index.insert(next, {k, {}});
            model[k] = next++;
        } else if (round % 3 == 0) {
            index.erase(found->second);
            model.erase(found);
        }
        const std::string asked = some_key();
        auto owner = model.upper_bound(asked);
        const band_index::slot expected = owner == model.begin() ? band_index::none : std::prev(owner)->second;
        REQUIRE(index.find(asked) == expected);
        if (expected != band_index::none) {
            const auto here = std::prev(owner);
            const auto [before, after] = index.neighbours(expected);
            REQUIRE(before == (here == model.begin() ? band_index::none : std::prev(here)->second));
            REQUIRE(after == (owner == model.end() ? band_index::none : owner->second));
        }
    }
    REQUIRE(index.size() == model.size());
    auto walk = model.begin();
    index.for_each([&](band_index::slot s) { CHECK(s == (walk++)->second); });
    for (const auto& [k, s] : std::map{model}) index.erase(s);
    CHECK(index.size() == 0);
    CHECK(index.find("t1/5") == band_index::none);
}

TEST_CASE("Many keys looked up at once find what each finds alone") {
    std::mt19937 random{31};
    const auto some_key = [&] {
        // Tables with a common name as long as a head and longer, keys shorter than it, and keys of zeroes.
        const std::array<std::string, 5> tables{"", "t", "customers/", "customers/of/the/north/",
                                                "customers/of/the/south/"};
        std::string k = tables[random() % tables.size()];
        for (std::size_t i = random() % 7; i > 0; --i)
            k += static_cast<char>(random() % 3 == 0 ? 0 : 'a' + random() % 4);
        return k;
    };
    band_index index;
    std::map<std::string, band_index::slot> model;
    band_index::slot next = 0;
    for (int round = 0; round < 3000; ++round) {
        const std::string k = some_key();
        const auto found = model.find(k);
        if (found == model.end()) {
            index.insert(next, {k, {}});
            model[k] = next++;
        } else if (round % 2 == 0) {
            index.erase(found->second);
            model.erase(found);
        }
        std::vector<std::string> asked(1 + random() % band_index::at_once);
        for (std::string& each : asked) each = some_key();
        const std::vector<key_view> keys(asked.begin(), asked.end());
        std::vector<band_index::slot> all(keys.size());
        index.at_or_before(keys, all);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const auto after = model.upper_bound(asked[i]);
            REQUIRE(all[i] == (after == model.begin() ? band_index::none : std::prev(after)->second));
            REQUIRE(index.at_or_before(keys[i]) == all[i]);
        }
    }
}

TEST_CASE("A key below all bands belongs to none, though it ends like one that has an owner") {
    band_index index;
    band_index::slot next = 0;
    for (const char* table : {"customers/", "invoices/"}) {
        for (int i = 100; i < 300; ++i) {
            const std::string begin = table + std::to_string(i);
            index.insert(next++, {begin, begin + "~"});
        }
    }
    for (const char* below : {"", "a", "accounts/250", "archives/150", "customer", "customers.", "customers/0"}) {
        const key_view asked{below};
        CHECK(index.find(asked) == band_index::none);
        band_index::slot found = 0;
        index.at_or_before({&asked, 1}, {&found, 1});
        CHECK(found == band_index::none);
    }
}

TEST_CASE("Families that split often have thresholds of their own, however many came before, and each its own") {
    thresholds limits;
    const auto split = [&](std::uint32_t family, double at_bytes) {
        std::array<size_bin, measures> highest;
        highest.fill(band_columns::unseen);
        for (double size = at_bytes / 2; size < at_bytes; size *= 1.02) limits.live(highest, family, {10, size, 1});
        limits.split(highest, family, {10, at_bytes, 1});
        limits.refresh();
    };
    const auto threshold = [&](std::uint32_t family) { return limits.axis(by_bytes, family).quantile(5'000, 0.5); };
    for (std::uint32_t family = 0; family < 40; ++family) split(family, 100'000);
    for (int i = 0; i < 40; ++i) split(50, 10'000);
    CHECK(threshold(50) == Approx(10'000).epsilon(0.05));
    limits.forget(50);  // the number is another table's now
    CHECK(&limits.axis(by_bytes, 50) == &limits.axis(by_bytes, 51));
}

TEST_CASE("What splits as soon as it is there tells nothing of thresholds") {
    thresholds limits;
    const auto bands = [](thresholds& t, int splits, double at_bytes) {
        for (int i = 0; i < splits; ++i) {
            std::array<size_bin, measures> highest;
            highest.fill(band_columns::unseen);
            for (double size = at_bytes / 2; size < at_bytes; size *= 1.01)
                t.live(highest, 0, {1000.0 + 37 * (i % 11), size, 1});
            t.split(highest, 0, {1000.0 + 37 * (i % 11), at_bytes, 1});
        }
        t.refresh();
    };
    bands(limits, 30, 65'536);
    const double before = limits.axis(by_bytes, 0).quantile(40'000, 0.5);
    REQUIRE(limits.weights()[by_bytes] > 0.9);
    // A bulk write: children are above the threshold, too, and split again at once, wherever they are.
    for (int i = 0; i < 40; ++i) {
        std::array<size_bin, measures> highest;
        highest.fill(band_columns::unseen);
        thresholds::begin(highest, {1037, 70'000.0 + 997 * i, 0});
        limits.split(highest, 0, {1037, 70'000.0 + 997 * i, 0});
    }
    limits.refresh();
    CHECK(limits.weights()[by_bytes] > 0.9);
    CHECK(limits.axis(by_bytes, 0).quantile(40'000, 0.5) == before);
}

TEST_CASE("The middle of the written keys is where a band will be cut, and the end is where it grows") {
    std::mt19937_64 random{29};
    const key_range whole{"k0000", "k9999"};
    const auto key_of = [](std::uint64_t n) {
        char text[16];
        std::snprintf(text, sizeof text, "k%04llu", static_cast<unsigned long long>(n));
        return std::string{text};
    };
    key_sample anywhere;
    for (int i = 0; i < 5000; ++i) anywhere.add(key_of(random() % 9000), 1, 1, random());
    const std::vector<key> cuts = anywhere.cuts(whole, 2);
    REQUIRE(cuts.size() == 1);
    CHECK(cuts[0] > key_of(3400));
    CHECK(cuts[0] < key_of(5600));
    CHECK_FALSE(anywhere.grows_at_end());
    CHECK(anywhere.cuts(whole, 4).size() == 3);

    key_sample at_end{3000};  // three thousand rows were there before, below what came
    for (std::uint64_t i = 3000; i < 4000; ++i) at_end.add(key_of(i), 1, 1, random());
    CHECK(at_end.grows_at_end());
    const auto left = at_end.within({"k0000", "k2000"}, whole, 0.5);
    const auto right = at_end.within({"k2000", "k9999"}, whole, 0.5);
    CHECK(left.growth == 0);
    CHECK(right.growth == 1);
    const std::vector<key> middle = at_end.cuts(whole, 2);
    REQUIRE(middle.size() == 1);
    CHECK(middle[0] > key_of(1700));
    CHECK(middle[0] < key_of(2300));
}

TEST_CASE("A rhythm is known from its third time, is sharp when it is a clock, and is given up when it stops") {
    rhythms all;
    const auto day = [](double n) { return after_seconds({1'700'000'000'000'000}, n * 86'400); };
    const auto name = [](int n) { return "d" + std::to_string(100 + n); };
    for (int n = 0; n < 12; ++n) all.add({name(n), name(n + 1)}, day(n));
    REQUIRE(all.all().size() == 1);
    const rhythm& daily = all.all().front();
    CHECK(daily.gaps == 11);
    CHECK(daily.last.end == name(12));
    CHECK(daily.chance(day(11.2), 6 * 3600.0) < 0.02);
    CHECK(daily.chance(day(11.9), 6 * 3600.0) > 0.9);
    CHECK(daily.chance(day(40), 6 * 3600.0) < 0.1);
    CHECK(daily.gap(0) == Approx(86'400).epsilon(0.01));
}

TEST_CASE("The rhythms of a thousand tables do not drive each other out") {
    rhythms all;
    const auto edge = [](int table, int n) { return "t" + std::to_string(10'000 + table) + "/" + std::to_string(n); };
    for (int n = 0; n < 5; ++n)
        for (int table = 0; table < 1000; ++table)
            all.add({edge(table, n), edge(table, n + 1)}, after_seconds({1'700'000'000'000'000}, n * 86'400.0));
    REQUIRE(all.all().size() == 1000);
    for (const rhythm& each : all.all()) CHECK(each.gaps == 4);
}

TEST_CASE("Series beyond what is kept replace those that were not heard of") {
    rhythms all;
    const auto at = [](double n) { return after_seconds({1'700'000'000'000'000}, n); };
    const auto edge = [](std::size_t n) { return "d" + std::to_string(100 + n); };
    for (std::size_t n = 0; n < 5; ++n) all.add({edge(n), edge(n + 1)}, at(static_cast<double>(n)));
    for (std::size_t i = 0; i < 3 * rhythms::most / 2; ++i) {
        const std::string once = "x" + std::to_string(100'000 + 2 * i);
        all.add({once, once + "y"}, at(10));
        if (i % 1000 == 0) all.add({edge(5 + i / 1000), edge(6 + i / 1000)}, at(11 + static_cast<double>(i)));
    }
    CHECK(all.all().size() == rhythms::most);
    CHECK(std::any_of(all.all().begin(), all.all().end(), [](const rhythm& r) { return r.gaps > 8; }));
}

TEST_CASE("Partitions made ahead at one time are one event of their series, and weekends belong to a rhythm") {
    const auto day = [](double n) { return after_seconds({1'700'000'000'000'000}, n * 86'400); };
    const auto name = [](int n) { return "d" + std::to_string(100 + n); };
    rhythms ahead;
    for (int n = 0; n < 4; ++n) ahead.add({name(n), name(n + 1)}, day(0));
    for (int n = 4; n < 7; ++n) ahead.add({name(n), name(n + 1)}, day(n - 3));
    REQUIRE(ahead.all().size() == 1);
    CHECK(ahead.all().front().gaps == 3);
    CHECK(ahead.all().front().chance(day(3.9), 6 * 3600.0) > 0.7);

    rhythms workdays;
    for (int n = 0, made = 0; n < 21; ++n)
        if (n % 7 < 5) workdays.add({name(made), name(made + 1)}, day(n)), ++made;
    const rhythm& each = workdays.all().front();  // the last was on a Friday
    CHECK(each.chance(day(18.9), 6 * 3600.0) > 0.5);
    CHECK(each.chance(day(20), 6 * 3600.0) < 0.2);
    CHECK(each.chance(day(20.9), 6 * 3600.0) > 0.6);
}

TEST_CASE("No row is learnt before its horizon is over, and each with what came of it") {
    waiting_rows rows;
    const auto row = [](double at, std::uint64_t id) {
        waiting_row r;
        r.at = at;
        r.until = at + 10;
        r.first = {id, {}};
        return r;
    };
    for (const double at : {0.0, 5.0, 10.0})
        for (std::uint64_t id = 1; id <= 3; ++id) rows.add(row(at, id));
    rows.end({1, {}}, lineage_kind::split, 7, 1);
    rows.end({2, {}}, lineage_kind::merge, 8, 2);
    rows.end({3, {}}, lineage_kind::split, 16, 3);
    std::map<std::pair<double, std::uint64_t>, bool> learnt;
    int steps = 0;
    const auto mature = [&](double now) {
        rows.mature(
            now, lineage_kind::split,
            [&](const waiting_row& r, bool came, double) {
                REQUIRE(r.until <= now);
                learnt[{r.at, r.first.native}] = came;
            },
            [&] { ++steps; });
    };
    mature(9.9);
    CHECK(learnt.empty());  // one came already, but what did not is not known
    mature(15);
    CHECK(learnt.size() == 6);
    mature(100);
    CHECK(steps == 3);
    CHECK(rows.size() == 0);
    const std::map<std::pair<double, std::uint64_t>, bool> expected{
        {{0, 1}, true},  {{0, 2}, false},  {{0, 3}, false},  {{5, 1}, true}, {{5, 2}, false},
        {{5, 3}, false}, {{10, 1}, false}, {{10, 2}, false}, {{10, 3}, true}};
    CHECK(learnt == expected);
}

TEST_CASE("Neighbours have come together when they are parts of one, however many merges that took") {
    waiting_rows rows;
    const auto id = [](std::uint64_t n) { return partition_id{n, {}}; };
    for (const auto& [first, second] : {std::pair{1, 2}, {2, 3}, {3, 4}, {4, 5}}) {
        waiting_row r;
        r.until = 10;
        r.first = id(static_cast<std::uint64_t>(first));
        r.second = id(static_cast<std::uint64_t>(second));
        rows.add(r);
    }
    // 1 and 2 become 12, and with 3 become 13; 4 joins too late; 5 merges with one that nobody waits for.
    rows.end(id(1), lineage_kind::merge, 4, 1, id(12));
    rows.end(id(2), lineage_kind::merge, 4, 1, id(12));
    rows.end(id(12), lineage_kind::merge, 6, 2, id(13));
    rows.end(id(3), lineage_kind::merge, 6, 2, id(13));
    rows.end(id(5), lineage_kind::merge, 7, 3, id(56));
    rows.end(id(13), lineage_kind::merge, 11, 4, id(14));
    rows.end(id(4), lineage_kind::merge, 11, 4, id(14));
    std::vector<double> after;
    rows.mature(
        20, lineage_kind::merge, [&](const waiting_row&, bool came, double when) { after.push_back(came ? when : -1); },
        [] {});
    CHECK(after == std::vector<double>{4, 6, -1, -1});
}

TEST_CASE("Merges that lead back to where they began are followed to no end") {
    waiting_rows rows;
    waiting_row r;
    r.until = 10;
    r.first = {1, {}};
    r.second = {2, {}};
    rows.add(r);
    rows.end({1, {}}, lineage_kind::merge, 4, 1, {1, {}});
    rows.end({2, {}}, lineage_kind::merge, 5, 2, {1, {}});
    int learnt = 0;
    rows.mature(
        20, lineage_kind::merge, [&](const waiting_row&, bool came, double) { learnt += came ? 100 : 1; }, [] {});
    CHECK(learnt == 1);
}

TEST_CASE("Two pairs with a partition in common are foretold as a group as often as the third joins") {
    CHECK(chance_of_both(.4, .3, 0) == 0);
    CHECK(chance_of_both(.4, .4, 1) == Approx(.4));
    CHECK(chance_of_both(.2, .6, 1) == Approx(.2));
    CHECK(chance_of_both(.9, .8, 0) == Approx(.7));  // one partition cannot merge more surely than surely
    CHECK(chance_of_both(1, .3, .5) == .3);          // and 1 + .3 - 1 is more than .3
    const double both = chance_of_both(.4, .3, .5);
    CHECK(both == Approx(.5 * (.4 + .3 - both)));
}

TEST_CASE("The groups of a partition exclude each other, and add up to the chance that it merges at all") {
    double left_out = 0;
    int counted = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random{seed};
        std::uniform_real_distribution<double> share{0, 1};
        // Chains of up to ten pairs; certain ones, unlikely ones and everything between.
        std::vector<merge_group> pairs;
        std::vector<double> third;
        bands::slot next = 0;
        for (int i = 0; i < 40; ++i) {
            if (share(random) < .1) ++next;  // a gap: nobody's neighbour
            const double p = std::pow(share(random), seed % 3 == 0 ? .2 : seed % 3 == 1 ? 1.0 : 8.0);
            pairs.push_back({{next, next + 1}, p, static_cast<double>(i % 4)});
            third.push_back(share(random));
            ++next;
        }
        const auto joins = [&](const merge_group&, const merge_group& right) {
            return third[right.slots.front() % 40];
        };
        std::map<bands::slot, double> sums;
        std::map<bands::slot, double> together;  // by the left one of two
        for (const merge_group& group : groups_of(pairs, joins)) {
            CHECK(group.p >= 0);
            REQUIRE(group.slots.size() >= 2);
            for (std::size_t k = 0; k < group.slots.size(); ++k) {
                sums[group.slots[k]] += group.p;
                if (k == 0) continue;
                CHECK(group.slots[k] == group.slots[k - 1] + 1);
                together[group.slots[k - 1]] += group.p;
            }
        }
        for (const auto& [slot, sum] : sums) CHECK(sum <= 1 + 1e-9);
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            // Where a run becomes too long, what comes next has to begin another one.
            const double said = together[pairs[i].slots.front()];
            CHECK(said <= pairs[i].p + 1e-9);
            left_out += pairs[i].p - said;
            ++counted;
        }
    }
    CHECK(left_out / counted < 0.001);
}

TEST_CASE("Many neighbours that are sure to come together are one group") {
    std::vector<merge_group> pairs;
    for (bands::slot s = 0; s < 6; ++s) pairs.push_back({{s, s + 1}, 1, static_cast<double>(9 - s)});
    std::vector<merge_group> likely;
    for (merge_group& group : groups_of(pairs, [](auto&&...) { return 1.0; }))
        if (group.p > 0) likely.push_back(std::move(group));
    REQUIRE(likely.size() == 1);
    CHECK(likely[0].slots == std::vector<bands::slot>{0, 1, 2, 3, 4, 5, 6});
    CHECK(likely[0].p == 1);
    CHECK(likely[0].rests_for == 4);
}

TEST_CASE("Of very many neighbours that are sure to come together, all are told, in groups that can be told") {
    std::vector<merge_group> pairs;
    for (bands::slot s = 0; s < 100'000; ++s) pairs.push_back({{s, s + 1}, 1, 0});
    std::vector<bands::slot> told;
    for (const merge_group& group : groups_of(pairs, [](auto&&...) { return 1.0; })) {
        CHECK(group.slots.size() <= most_together);
        if (group.p == 1) told.insert(told.end(), group.slots.begin(), group.slots.end());
    }
    CHECK(told.size() >= 99'999);  // one may be left that has nobody to merge with
    CHECK(std::adjacent_find(told.begin(), told.end(), std::greater_equal<>{}) == told.end());
}

TEST_CASE("What is written of a model is read again, and nothing else is") {
    std::vector<float> sparse(1000);
    sparse[7] = 1.5F;
    sparse[999] = -2;
    double number = 0.25;
    std::string text = "a\0b";
    model_writer out{"magic "};
    out.sparse(sparse);
    out.number(number);
    out.text(text);
    const std::string bytes = std::move(out).finish();
    CHECK(bytes.size() < 100);

    std::vector<float> again(1000, 3.0F);
    double number_again = 0;
    std::string text_again;
    model_reader in{"magic ", bytes};
    in.sparse(again);
    in.number(number_again);
    in.text(text_again);
    in.finish();
    CHECK(again == sparse);
    CHECK(number_again == number);
    CHECK(text_again == text);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ 4);
        CHECK_THROWS_AS((model_reader{"magic ", damaged}), error);
        CHECK_THROWS_AS((model_reader{"magic ", bytes.substr(0, i)}), error);
    }
}

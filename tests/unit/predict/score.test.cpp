// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/predict/score.hpp"

#include "foreshadow/predict/block_bootstrap.hpp"
#include "foreshadow/predict/reliability_plot.hpp"
#include "foreshadow/testing/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

using namespace foreshadow;
using foreshadow::testing::seeded_random;

namespace {

struct columns {
    std::vector<std::uint8_t> came;
    std::vector<double> said;

    [[nodiscard]] scored_rows rows() const { return {came, said}; }
};

/// Rows as they come in tests of changes: rare, with many equal probabilities.
columns drawn(seeded_random& random, std::size_t n) {
    columns made;
    for (std::size_t i = 0; i < n; ++i) {
        const double p = random.chance(.3) ? 0.0 : std::floor(random.unit() * random.unit() * 20) / 20;
        made.said.push_back(p);
        made.came.push_back(random.chance(.02 + .8 * p) ? 1 : 0);
    }
    return made;
}

/// Precision and recall at a threshold, by counting.
operating_point counted_at(const columns& of, double threshold) {
    double alarms = 0;
    double hits = 0;
    double all = 0;
    for (std::size_t i = 0; i < of.said.size(); ++i) {
        all += of.came[i];
        if (of.said[i] < threshold) continue;
        alarms += 1;
        hits += of.came[i];
    }
    return {threshold, hits / alarms, hits / std::max(all, 1.0), alarms / static_cast<double>(of.said.size())};
}

/// Sum over distinct thresholds from above, by counting.
double counted_average_precision(const columns& of) {
    std::vector<double> thresholds = of.said;
    std::sort(thresholds.rbegin(), thresholds.rend());
    thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
    double area = 0;
    double before = 0;
    for (const double threshold : thresholds) {
        const operating_point at = counted_at(of, threshold);
        area += (at.recall - before) * at.precision;
        before = at.recall;
    }
    return area;
}

}  // namespace

TEST_CASE("figures of six rows are those worked out by hand") {
    const columns six{{1, 0, 1, 0, 0, 1}, {.9, .8, .7, .7, .2, .1}};
    // .9: 1/1, recall 1/3; .8: 1/2; .7 (two rows): 2/4, recall 2/3; .2: 2/5; .1: 3/6, recall 1.
    CHECK(average_precision(six.rows()) == Approx(1.0 / 3 + .5 / 3 + .5 / 3));
    CHECK(brier(six.rows()) == Approx((.01 + .64 + .09 + .49 + .04 + .81) / 6));
    CHECK(brier_skill(six.rows(), .5) == Approx(1 - (2.08 / 6) / .25));
    CHECK(recall_at(six.rows(), .75) == operating_point{.9, 1, 1.0 / 3, 1.0 / 6});
    // At .5 all three are caught only by calling everything.
    CHECK(recall_at(six.rows(), .5) == operating_point{.1, .5, 1, 1});
    CHECK_FALSE(recall_at(six.rows(), 1.1));
    CHECK(positives(six.rows()) == 3);
}

TEST_CASE("equal probabilities are one threshold, whatever their order") {
    const columns one{{1, 0, 0, 0}, {.5, .5, .5, .5}};
    const columns other{{0, 0, 0, 1}, {.5, .5, .5, .5}};
    CHECK(average_precision(one.rows()) == .25);
    CHECK(average_precision(other.rows()) == .25);
    CHECK(precision_recall(one.rows()).size() == 1);
}

TEST_CASE("bins of equal mass have one row more in front where it does not come out even") {
    columns eleven;
    for (int i = 0; i < 11; ++i) {
        eleven.said.push_back((10 - i) / 10.0);
        eleven.came.push_back(i < 4 ? 1 : 0);
    }
    const std::vector<calibration_bin> bins = equal_mass_bins(eleven.rows(), 4);
    REQUIRE(bins.size() == 4);
    CHECK(bins[0].rows == 3);
    CHECK(bins[0].said == Approx(.1));
    CHECK(bins[3].rows == 2);
    CHECK(bins[3].said == Approx(.95));
    CHECK(bins[3].came == 1);
    // |0-.1|*3 + |0-.4|*3 + |2/3-.7|*3 + |1-.95|*2, over 11
    CHECK(calibration_error(bins) == Approx((.3 + 1.2 + .1 + .1) / 11));
}

TEST_CASE("bins of equal width pass over what is below the least, and hold the one") {
    const columns five{{0, 1, 1, 0, 1}, {.05, .1, .19, .95, 1}};
    const std::vector<calibration_bin> bins = equal_width_bins(five.rows(), .1);
    REQUIRE(bins.size() == 2);
    CHECK(bins[0] == calibration_bin{(.1 + .19) / 2, 1, 2});
    CHECK(bins[1] == calibration_bin{.975, .5, 2});
}

TEST_CASE("a perfect forecast, the base rate and nothing at all score as they should") {
    columns perfect{{0, 1, 0, 0}, {0, 1, 0, 0}};
    CHECK(average_precision(perfect.rows()) == 1);
    CHECK(brier_skill(perfect.rows(), .25) == 1);
    CHECK(calibration_error(equal_mass_bins(perfect.rows())) == 0);
    columns base{{0, 1, 0, 0}, {.25, .25, .25, .25}};
    CHECK(brier_skill(base.rows(), .25) == 0);
    const columns none;
    CHECK(average_precision(none.rows()) == 0);
    CHECK(std::isnan(brier(none.rows())));
    CHECK(std::isnan(brier_skill(none.rows(), .1)));
    CHECK(std::isnan(calibration_error(equal_mass_bins(none.rows()))));
    const columns never{{0, 0}, {.1, .2}};
    CHECK(std::isnan(brier_skill(never.rows(), 0)));
}

TEST_CASE("on any rows the figures are those of counting") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        INFO("seed " << seed);
        seeded_random random{seed};
        const columns of = drawn(random, 1 + random.below(300));
        CHECK(average_precision(of.rows()) == Approx(counted_average_precision(of)));
        for (const operating_point& p : precision_recall(of.rows())) {
            const operating_point counted = counted_at(of, p.threshold);
            CHECK(p.precision == Approx(counted.precision));
            CHECK(p.recall == Approx(counted.recall));
            CHECK(p.alarm_rate == Approx(counted.alarm_rate));
        }
        std::size_t rows = 0;
        double said = 0;
        for (const calibration_bin& bin : equal_mass_bins(of.rows())) {
            rows += bin.rows;
            said += bin.said * static_cast<double>(bin.rows);
        }
        CHECK(rows == of.said.size());
        CHECK(said == Approx(std::accumulate(of.said.begin(), of.said.end(), 0.0)));
    }
}

TEST_CASE("the intervals hold the figure itself, and are those of resampled rows") {
    seeded_random random{7};
    const columns of = drawn(random, 4000);
    std::vector<std::size_t> block;
    for (std::size_t i = 0; i < of.said.size(); ++i) block.push_back(i * 40 / of.said.size());
    const score_intervals within = bootstrap(of.rows(), block, .1);
    const auto holds = [](const interval& i, double value) { return i.low < value && value < i.high; };
    CHECK(holds(within.average_precision, average_precision(of.rows())));
    CHECK(holds(within.brier, brier(of.rows())));
    CHECK(holds(within.brier_skill, brier_skill(of.rows(), .1)));
    CHECK(within.ece.low < within.ece.high);

    // By hand, with the same draws: the rows of the blocks drawn, copied.
    std::mt19937_64 draws{1};
    std::vector<double> areas;
    std::vector<double> errors;
    for (int round = 0; round < 400; ++round) {
        std::vector<std::size_t> times(40, 0);
        for (int i = 0; i < 40; ++i) ++times[draws() % 40];
        columns copied;
        for (std::size_t i = 0; i < of.said.size(); ++i)
            for (std::size_t n = 0; n < times[block[i]]; ++n) {
                copied.said.push_back(of.said[i]);
                copied.came.push_back(of.came[i]);
            }
        areas.push_back(average_precision(copied.rows()));
        errors.push_back(brier(copied.rows()));
    }
    std::sort(areas.begin(), areas.end());
    std::sort(errors.begin(), errors.end());
    CHECK(within.average_precision.low == Approx(areas[10]));
    CHECK(within.average_precision.high == Approx(areas[389]));
    CHECK(within.brier.low == Approx(errors[10]));
    CHECK(within.brier.high == Approx(errors[389]));
}

TEST_CASE("one block of time leaves nothing to resample, and no rows no interval") {
    const columns two{{0, 1}, {.2, .4}};
    const std::vector<std::size_t> block{0, 0};
    const score_intervals within = bootstrap(two.rows(), block, .5, {.blocks = 1});
    CHECK(within.brier.low == within.brier.high);
    const columns none;
    CHECK(std::isnan(bootstrap(none.rows(), {}, .5).brier.low));
}

TEST_CASE("a reliability plot has a dot for each bin and survives any title") {
    const std::string svg = reliability_plot(
        {{.title = "split", .subtitle = "", .bins = {{.001, .002, 900}, {.3, .25, 10}}}, {"merge", "none", {}}},
        "a<b & c");
    const auto count = [&](const std::string& what) {
        std::size_t n = 0;
        for (std::size_t at = svg.find(what); at != std::string::npos; at = svg.find(what, at + 1)) ++n;
        return n;
    };
    CHECK(svg.rfind("<svg ", 0) == 0);
    CHECK(count("<circle") == 2);
    CHECK(count("a&lt;b &amp; c") == 1);
    CHECK(count("<text") == count("</text>"));
    CHECK(count("nan") == 0);
}

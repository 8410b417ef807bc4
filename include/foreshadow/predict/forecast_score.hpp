// SPDX-License-Identifier: BSL-1.0
//
// The score of one kind of change: which rows are the test, the figures on them, which events were alarmed beforehand,
// and how sure the figures are. Changes come in bursts, so rows close in time are not independent: the intervals come
// from resampling blocks of time, not rows.
#pragma once

#include "foreshadow/predict/prequential.hpp"
#include "foreshadow/predict/score.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace foreshadow {

/// Which rows are the test, and the base rate of those before it.
struct test_part {
    std::int64_t after = 0;  ///< the change at 60 % of all; microseconds
    std::int64_t upto = 0;   ///< the last tick whose horizon the log covers
    std::vector<std::size_t> rows;
    std::size_t training_rows = 0;
    double base_rate = std::nan("");  ///< of the training rows
};

/// Nothing where no change came.
[[nodiscard]] inline std::optional<test_part> split_off_test(const forecast_rows& rows, double share = 0.6) {
    if (rows.events.empty() || rows.at.empty()) return std::nullopt;
    std::vector<std::int64_t> times;
    for (const forecast_rows::event& e : rows.events) times.push_back(e.at);
    std::sort(times.begin(), times.end());
    test_part part;
    part.after = times[std::min(static_cast<std::size_t>(share * static_cast<double>(times.size())), times.size() - 1)];
    part.upto = rows.at.back() - rows.horizon;
    std::size_t came = 0;
    for (std::size_t i = 0; i < rows.at.size(); ++i) {
        if (rows.at[i] > part.after && rows.at[i] <= part.upto) part.rows.push_back(i);
        if (rows.at[i] + rows.horizon > part.after) continue;
        ++part.training_rows;
        came += rows.came[i];
    }
    if (part.training_rows > 0) part.base_rate = static_cast<double>(came) / static_cast<double>(part.training_rows);
    return part;
}

/// What calling alarms at a threshold would have been worth.
struct alarm_score {
    operating_point point;
    std::size_t events_alarmed = 0;     ///< at least once within the horizon before them
    double median_lead = std::nan("");  ///< ticks from the first alarm to the event
};

/// A figure with its 95 % interval.
struct interval {
    double low = std::nan("");
    double high = std::nan("");
};

struct forecast_score {
    std::size_t rows = 0;  ///< of the test
    std::size_t training_rows = 0;
    std::size_t positives = 0;  ///< rows of the test
    std::size_t events = 0;     ///< in the test's time, foretold or not
    double base_rate = std::nan("");
    double average_precision = std::nan("");
    double brier = std::nan("");
    double brier_skill = std::nan("");
    double ece = std::nan("");        ///< 20 bins of equal mass
    double ece_above = std::nan("");  ///< over rows of .1 and above, ten bins of equal width; NaN below 50 of them
    std::size_t rows_above = 0;
    std::optional<alarm_score> at_half;     ///< recall at precision .5; nothing where that is never reached
    std::optional<alarm_score> at_quarter;  ///< at precision .25
    interval average_precision_interval;
    interval brier_interval;
    interval brier_skill_interval;
    interval ece_interval;
    std::vector<calibration_bin> bins;  ///< the 20 of equal mass
};

struct bootstrap_options {
    std::size_t blocks = 40;
    std::size_t rounds = 400;
    std::uint64_t seed = 1;
};

namespace detail {

/// Scores resampled blocks of time; rows are sorted once, and each round only weighs them.
class block_bootstrap {
  public:
    /// `block` of each row, below `options.blocks`.
    block_bootstrap(const scored_rows& rows, std::vector<std::size_t> block, double base_rate,
                    bootstrap_options options)
        : rows_{rows}, block_{std::move(block)}, order_{rising(rows.said)}, base_rate_{base_rate}, options_{options} {}

    void into(forecast_score& score) const {
        std::array<std::vector<double>, 4> seen;
        std::mt19937_64 random{options_.seed};
        std::vector<double> weights(options_.blocks);
        for (std::size_t round = 0; round < options_.rounds; ++round) {
            std::fill(weights.begin(), weights.end(), 0.0);
            for (std::size_t i = 0; i < options_.blocks; ++i) weights[random() % options_.blocks] += 1;
            const std::array<double, 4> figures = weighed(weights);
            for (std::size_t i = 0; i < seen.size(); ++i)
                if (std::isfinite(figures[i])) seen[i].push_back(figures[i]);
        }
        score.average_precision_interval = middle(seen[0]);
        score.brier_interval = middle(seen[1]);
        score.brier_skill_interval = middle(seen[2]);
        score.ece_interval = middle(seen[3]);
    }

  private:
    [[nodiscard]] std::array<double, 4> weighed(const std::vector<double>& weights) const {
        double mass = 0;
        double hits = 0;
        double error = 0;
        double reference = 0;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            const double w = weights[block_[i]];
            const double came = rows_.came[i];
            mass += w;
            hits += w * came;
            error += w * (rows_.said[i] - came) * (rows_.said[i] - came);
            reference += w * (base_rate_ - came) * (base_rate_ - came);
        }
        return {precision(weights, hits), error / mass, 1 - error / reference, miscalibration(weights, mass)};
    }

    [[nodiscard]] double precision(const std::vector<double>& weights, double all) const {
        double area = 0;
        double alarms = 0;
        double hits = 0;
        double counted = 0;
        for (std::size_t i = order_.size(); i-- > 0;) {
            const std::size_t row = order_[i];
            const double w = weights[block_[row]];
            alarms += w;
            hits += w * rows_.came[row];
            if (hits == counted || (i > 0 && rows_.said[order_[i - 1]] == rows_.said[row])) continue;
            area += (hits - counted) * hits / alarms;
            counted = hits;
        }
        return area / all;
    }

    [[nodiscard]] double miscalibration(const std::vector<double>& weights, double mass) const {
        constexpr double bins = 20;
        double sum = 0;
        double off = 0;
        double seen = 0;
        double bin = 1;
        for (const std::size_t row : order_) {
            const double w = weights[block_[row]];
            off += w * (rows_.came[row] - rows_.said[row]);
            seen += w;
            if (seen < mass * bin / bins) continue;
            sum += std::abs(std::exchange(off, 0));
            bin = std::floor(seen * bins / mass) + 1;
        }
        return (sum + std::abs(off)) / mass;
    }

    [[nodiscard]] static interval middle(std::vector<double>& seen) {
        if (seen.size() < 2) return {};
        std::sort(seen.begin(), seen.end());
        const auto at = [&](double share) {
            return seen[static_cast<std::size_t>(share * static_cast<double>(seen.size() - 1) + 0.5)];
        };
        return {at(0.025), at(0.975)};
    }

    scored_rows rows_;
    std::vector<std::size_t> block_;
    std::vector<std::size_t> order_;
    double base_rate_;
    bootstrap_options options_;
};

/// The events that rows at the threshold and above come before, and how long before.
[[nodiscard]] inline alarm_score alarms_at(const operating_point& point, const forecast_rows& rows,
                                           const test_part& test) {
    std::unordered_map<std::uint64_t, std::int64_t> events;
    for (const forecast_rows::event& e : rows.events)
        if (e.at > test.after && e.at <= test.upto) events[e.subject] = e.at;
    std::unordered_map<std::uint64_t, std::int64_t> first;
    for (const std::size_t i : test.rows) {
        if (rows.said[i] < point.threshold) continue;
        const auto event = events.find(rows.subject[i]);
        if (event == events.end()) continue;
        const std::int64_t lead = event->second - rows.at[i];
        if (lead <= 0 || lead > rows.horizon) continue;
        first.try_emplace(rows.subject[i], lead);
    }
    std::vector<double> leads;
    for (const auto& [subject, lead] : first)
        leads.push_back(static_cast<double>(lead) / static_cast<double>(std::max<std::int64_t>(rows.tick, 1)));
    alarm_score score{.point = point, .events_alarmed = leads.size()};
    if (leads.empty()) return score;
    std::sort(leads.begin(), leads.end());
    const std::size_t half = leads.size() / 2;
    score.median_lead = leads.size() % 2 == 1 ? leads[half] : (leads[half - 1] + leads[half]) / 2;
    return score;
}

}  // namespace detail

/// The rows of the test alone.
struct test_rows {
    std::vector<std::uint8_t> came;
    std::vector<double> said;

    test_rows(const forecast_rows& rows, const test_part& test) {
        for (const std::size_t i : test.rows) {
            came.push_back(rows.came[i]);
            said.push_back(rows.said[i]);
        }
    }
    [[nodiscard]] scored_rows view() const { return {came, said}; }
};

/// Scores the test part of `rows`. Figures that nothing can be said of are NaN.
[[nodiscard]] inline forecast_score score_forecasts(const forecast_rows& rows, bootstrap_options options = {}) {
    forecast_score score;
    const std::optional<test_part> test = split_off_test(rows);
    if (!test) return score;
    score.training_rows = test->training_rows;
    score.base_rate = test->base_rate;
    for (const forecast_rows::event& e : rows.events) score.events += e.at > test->after && e.at <= test->upto ? 1 : 0;
    if (test->rows.empty()) return score;

    const test_rows columns{rows, *test};
    const scored_rows tested = columns.view();
    score.rows = tested.size();
    score.positives = positives(tested);
    score.average_precision = average_precision(tested);
    score.brier = brier(tested);
    score.brier_skill = brier_skill(tested, test->base_rate);
    score.bins = equal_mass_bins(tested);
    score.ece = calibration_error(score.bins);
    const std::vector<calibration_bin> above = equal_width_bins(tested, .1);
    for (const calibration_bin& bin : above) score.rows_above += bin.rows;
    if (score.rows_above >= 50) score.ece_above = calibration_error(above);
    if (const auto point = recall_at(tested, .5)) score.at_half = detail::alarms_at(*point, rows, *test);
    if (const auto point = recall_at(tested, .25)) score.at_quarter = detail::alarms_at(*point, rows, *test);

    const auto first = static_cast<double>(rows.at[test->rows.front()]);
    const double span = static_cast<double>(rows.at[test->rows.back()]) - first + 1;
    std::vector<std::size_t> block;
    for (const std::size_t i : test->rows)
        block.push_back(static_cast<std::size_t>((static_cast<double>(rows.at[i]) - first) / span *
                                                 static_cast<double>(options.blocks)));
    detail::block_bootstrap{tested, std::move(block), test->base_rate, options}.into(score);
    return score;
}

}  // namespace foreshadow

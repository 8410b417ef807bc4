// SPDX-License-Identifier: BSL-1.0
//
// The score of one kind of change: which rows are the test, the figures on them, which events were alarmed beforehand,
// and how sure the figures are.
#pragma once

#include "foreshadow/predict/block_bootstrap.hpp"
#include "foreshadow/predict/prequential.hpp"
#include "foreshadow/predict/score.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
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
    score_intervals within;
    std::vector<calibration_bin> bins;  ///< the 20 of equal mass
};

namespace detail {

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
    if (score.positives > 0) score.average_precision = average_precision(tested);
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
    score.within = bootstrap(tested, block, test->base_rate, options);
    return score;
}

}  // namespace foreshadow

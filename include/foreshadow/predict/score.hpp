// SPDX-License-Identifier: BSL-1.0
//
// How good probabilities were, once it is known what came of them: pure functions of what happened (0 or 1) and what
// was said. Ranking (average precision, recall at a precision) and calibration (Brier, expected calibration error) are
// both needed: a rare event can be ranked well by numbers that mean nothing, and foretold "never" with a small Brier.
//
// Rows keep the order they come in; equal probabilities are one threshold, however they are ordered.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

namespace foreshadow {

/// What happened in each row (1 or 0), and the probability that was said of it.
struct scored_rows {
    std::span<const std::uint8_t> came;
    std::span<const double> said;

    [[nodiscard]] std::size_t size() const noexcept { return came.size(); }
};

/// Calling every row at `threshold` and above an alarm.
struct operating_point {
    double threshold = 0;
    double precision = 0;
    double recall = 0;
    double alarm_rate = 0;  ///< share of rows

    friend bool operator==(const operating_point&, const operating_point&) = default;
};

/// Rows whose probabilities are alike: what was said and what came, on average.
struct calibration_bin {
    double said = 0;
    double came = 0;
    std::size_t rows = 0;

    friend bool operator==(const calibration_bin&, const calibration_bin&) = default;
};

/// Places of rows by rising probability; equal ones stay in their order. O(n log n).
[[nodiscard]] inline std::vector<std::size_t> rising(std::span<const double> said) {
    std::vector<std::size_t> order(said.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return said[a] != said[b] ? said[a] < said[b] : a < b; });
    return order;
}

[[nodiscard]] inline std::size_t positives(const scored_rows& rows) {
    return static_cast<std::size_t>(std::count(rows.came.begin(), rows.came.end(), std::uint8_t{1}));
}

/// Precision and recall at every threshold, from the highest down.
[[nodiscard]] inline std::vector<operating_point> precision_recall(const scored_rows& rows) {
    const std::vector<std::size_t> order = rising(rows.said);
    const double all = static_cast<double>(std::max<std::size_t>(positives(rows), 1));
    std::vector<operating_point> curve;
    double alarms = 0;
    double hits = 0;
    for (std::size_t i = order.size(); i-- > 0;) {
        alarms += 1;
        hits += rows.came[order[i]];
        if (i > 0 && rows.said[order[i - 1]] == rows.said[order[i]]) continue;
        curve.push_back({.threshold = rows.said[order[i]],
                         .precision = hits / alarms,
                         .recall = hits / all,
                         .alarm_rate = alarms / static_cast<double>(rows.size())});
    }
    return curve;
}

/// Area under precision over recall, as the sum of steps: without interpolation, which flatters.
[[nodiscard]] inline double average_precision(const scored_rows& rows) {
    double area = 0;
    double recall = 0;
    for (const operating_point& p : precision_recall(rows)) {
        area += (p.recall - recall) * p.precision;
        recall = p.recall;
    }
    return area;
}

/// The point of the largest recall among those with at least this precision; nothing where there is none. Of equal ones
/// the one with the highest threshold.
[[nodiscard]] inline std::optional<operating_point> recall_at(const scored_rows& rows, double precision) {
    std::optional<operating_point> best;
    for (const operating_point& p : precision_recall(rows))
        if (p.precision >= precision && (!best || p.recall > best->recall)) best = p;
    return best;
}

/// Mean squared error. NaN without rows.
[[nodiscard]] inline double brier(const scored_rows& rows) {
    double sum = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const double off = rows.said[i] - rows.came[i];
        sum += off * off;
    }
    return sum / static_cast<double>(rows.size());
}

/// The share of the Brier score that is saved against always saying `base_rate`: 1 is perfect, 0 as good as that, below
/// worse. NaN where nothing can be saved.
[[nodiscard]] inline double brier_skill(const scored_rows& rows, double base_rate) {
    double sum = 0;
    for (const std::uint8_t came : rows.came) sum += (base_rate - came) * (base_rate - came);
    const double reference = sum / static_cast<double>(rows.size());
    return reference > 0 ? 1 - brier(rows) / reference : std::nan("");
}

/// Rows by rising probability in bins of equal mass; the first ones have one row more where it does not come out even.
[[nodiscard]] inline std::vector<calibration_bin> equal_mass_bins(const scored_rows& rows, std::size_t count = 20) {
    const std::vector<std::size_t> order = rising(rows.said);
    std::vector<calibration_bin> bins;
    for (std::size_t bin = 0, next = 0; bin < count; ++bin) {
        const std::size_t end = next + rows.size() / count + (bin < rows.size() % count ? 1 : 0);
        calibration_bin made;
        made.rows = end - next;
        for (; next < end; ++next) {
            made.said += rows.said[order[next]];
            made.came += rows.came[order[next]];
        }
        if (made.rows == 0) continue;
        made.said /= static_cast<double>(made.rows);
        made.came /= static_cast<double>(made.rows);
        bins.push_back(made);
    }
    return bins;
}

/// Rows of probability `least` and above in ten bins of equal width.
[[nodiscard]] inline std::vector<calibration_bin> equal_width_bins(const scored_rows& rows, double least = 0) {
    std::vector<calibration_bin> bins(10);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!(rows.said[i] >= least)) continue;
        calibration_bin& bin = bins[static_cast<std::size_t>(std::clamp(rows.said[i] * 10, 0.0, 9.0))];
        bin.said += rows.said[i];
        bin.came += rows.came[i];
        ++bin.rows;
    }
    std::erase_if(bins, [](const calibration_bin& bin) { return bin.rows == 0; });
    for (calibration_bin& bin : bins) {
        bin.said /= static_cast<double>(bin.rows);
        bin.came /= static_cast<double>(bin.rows);
    }
    return bins;
}

/// Expected calibration error: by how much what was said is off in a bin, over the rows. NaN without rows.
[[nodiscard]] inline double calibration_error(const std::vector<calibration_bin>& bins) {
    double sum = 0;
    double rows = 0;
    for (const calibration_bin& bin : bins) {
        sum += std::abs(bin.came - bin.said) * static_cast<double>(bin.rows);
        rows += static_cast<double>(bin.rows);
    }
    return sum / rows;
}

}  // namespace foreshadow

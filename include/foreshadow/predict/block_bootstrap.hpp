// SPDX-License-Identifier: BSL-1.0
//
// How sure a score is. Changes come in bursts, so rows that are close in time are not independent, and resampling rows
// would promise too much: blocks of time are resampled instead (Künsch 1989).
#pragma once

#include "foreshadow/predict/score.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow {

/// The 2.5 % and the 97.5 % quantile of a figure over the rounds; NaN where it cannot be told.
struct interval {
    double low = std::nan("");
    double high = std::nan("");
};

struct bootstrap_options {
    std::size_t blocks = 40;
    std::size_t rounds = 400;
    std::uint64_t seed = 1;
};

struct score_intervals {
    interval average_precision;
    interval brier;
    interval brier_skill;
    interval ece;
};

namespace detail {

class block_bootstrap {
  public:
    /// `block` of each row, below `options.blocks`.
    block_bootstrap(const scored_rows& rows, std::span<const std::size_t> block, double base_rate,
                    bootstrap_options options)
        : options_{options}, sums_(options.blocks) {
        rows_.reserve(rows.size());
        for (const std::size_t i : rising(rows.said)) {
            rows_.push_back(
                {.said = rows.said[i], .block = static_cast<std::uint32_t>(block[i]), .came = rows.came[i]});
            const double off = rows.said[i] - rows.came[i];
            const double reference = base_rate - rows.came[i];
            sums& of = sums_[block[i]];
            of.rows += 1;
            of.came += rows.came[i];
            of.error += off * off;
            of.reference += reference * reference;
        }
    }

    [[nodiscard]] score_intervals run() const {
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
        return {middle(seen[0]), middle(seen[1]), middle(seen[2]), middle(seen[3])};
    }

  private:
    struct row {
        double said = 0;
        std::uint32_t block = 0;
        std::uint8_t came = 0;
    };
    struct sums {
        double rows = 0;
        double came = 0;
        double error = 0;
        double reference = 0;
    };

    [[nodiscard]] std::array<double, 4> weighed(const std::vector<double>& weights) const {
        sums all;
        for (std::size_t i = 0; i < sums_.size(); ++i) {
            all.rows += weights[i] * sums_[i].rows;
            all.came += weights[i] * sums_[i].came;
            all.error += weights[i] * sums_[i].error;
            all.reference += weights[i] * sums_[i].reference;
        }
        return {precision(weights, all.came), all.error / all.rows, 1 - all.error / all.reference,
                miscalibration(weights, all.rows)};
    }

    /// Average precision, from the highest probability down.
    [[nodiscard]] double precision(const std::vector<double>& weights, double all) const {
        double area = 0;
        double alarms = 0;
        double hits = 0;
        double counted = 0;
        for (std::size_t i = rows_.size(); i-- > 0;) {
            const double weight = weights[rows_[i].block];
            alarms += weight;
            hits += weight * rows_[i].came;
            if (hits == counted || (i > 0 && rows_[i - 1].said == rows_[i].said)) continue;
            area += (hits - counted) * hits / alarms;
            counted = hits;
        }
        return area / all;
    }

    /// Over 20 bins of equal weight.
    [[nodiscard]] double miscalibration(const std::vector<double>& weights, double all) const {
        const double bin = all / 20;
        double sum = 0;
        double off = 0;
        double seen = 0;
        double end = bin;
        for (const row& r : rows_) {
            const double weight = weights[r.block];
            off += weight * (r.came - r.said);
            seen += weight;
            if (seen < end) continue;
            sum += std::abs(std::exchange(off, 0.0));
            end = (std::floor(seen / bin) + 1) * bin;
        }
        return (sum + std::abs(off)) / all;
    }

    [[nodiscard]] static interval middle(std::vector<double>& seen) {
        if (seen.size() < 2) return {};
        std::sort(seen.begin(), seen.end());
        const auto at = [&](double share) {
            return seen[static_cast<std::size_t>(std::lround(share * static_cast<double>(seen.size() - 1)))];
        };
        return {at(0.025), at(0.975)};
    }

    bootstrap_options options_;
    std::vector<row> rows_;  ///< by rising probability
    std::vector<sums> sums_;
};

}  // namespace detail

/// Intervals of the figures over `rows`, of which `block` tells the block of time that each belongs to.
///
/// Complexity: O(n log n + rounds · n).
[[nodiscard]] inline score_intervals bootstrap(const scored_rows& rows, std::span<const std::size_t> block,
                                               double base_rate, bootstrap_options options = {}) {
    return detail::block_bootstrap{rows, block, base_rate, options}.run();
}

}  // namespace foreshadow

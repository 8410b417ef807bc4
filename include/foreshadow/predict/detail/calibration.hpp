// SPDX-License-Identifier: BSL-1.0
//
// From scores to probabilities that can be believed, and from expected times to intervals that hold as often as they
// say. With enough positives an isotonic regression over bins of log-odds (pool adjacent violators, Ayer et al. 1955),
// whose counts fade so that it follows a drifting base rate; before that two numbers, slope and offset (Platt 1999).
#pragma once

#include "foreshadow/predict/detail/log_odds.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace foreshadow::detail {

/// The non-decreasing sequence nearest to `values` in weighted squares.
inline void make_isotonic(std::span<double> values, std::span<const double> weights) {
    struct block {
        double value;
        double weight;
        std::size_t size;
    };
    std::vector<block> blocks;
    blocks.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        blocks.push_back({values[i], weights[i], 1});
        while (blocks.size() > 1 && blocks[blocks.size() - 2].value >= blocks.back().value) {
            const block last = blocks.back();
            blocks.pop_back();
            block& pooled = blocks.back();
            const double weight = pooled.weight + last.weight;
            pooled = {(pooled.value * pooled.weight + last.value * last.weight) / weight, weight,
                      pooled.size + last.size};
        }
    }
    std::size_t at = 0;
    for (const block& b : blocks)
        for (std::size_t i = 0; i < b.size; ++i) values[at++] = b.value;
}

class calibration {
  public:
    static constexpr std::size_t bins = 80;
    static constexpr double lowest = -12;
    static constexpr double highest = 4;
    /// Positives below which a curve of 80 bins would be drawn through noise.
    static constexpr double enough_positives = 200;
    static constexpr double fading = 0.999;  ///< a step
    static constexpr double identity_rows = 20;

    calibration() { draw(); }

    /// The log-odds that a score deserves.
    [[nodiscard]] double operator()(double score) const noexcept {
        if (positives_ < enough_positives) return std::clamp(offset_ + slope_ * score, -16.0, 16.0);
        // Linear between the middles of bins, so that order is kept within them.
        const double place = std::clamp((score - lowest) / width - 0.5, 0.0, bins - 1.001);
        const auto left = static_cast<std::size_t>(place);
        const double share = place - static_cast<double>(left);
        return curve_[left] + share * (curve_[left + 1] - curve_[left]);
    }

    void add(double score, bool came, double weight) noexcept {
        const double place = std::clamp((score - lowest) / width, 0.0, bins - 1.0);
        rows_[static_cast<std::size_t>(place)] += weight;
        if (came) came_[static_cast<std::size_t>(place)] += weight;
        const double error = weight * (sigmoid(offset_ + slope_ * score) - (came ? 1 : 0));
        offset_step_ += error;
        slope_step_ += error * score / 4;
    }

    /// Ends a step: after the rows of one time.
    void step() {
        descend(offset_, offset_squares_, offset_step_);
        double quarter = slope_ * 4;
        descend(quarter, slope_squares_, slope_step_);
        slope_ = std::clamp(quarter / 4, 0.25, 4.0);  // a score may be too sure or too shy, never upside down
        positives_ = 0;
        for (std::size_t i = 0; i < bins; ++i) {
            rows_[i] *= fading;
            came_[i] *= fading;
            positives_ += came_[i];
        }
        if (++steps_ % 7 == 0) draw();
    }

    [[nodiscard]] double positives() const noexcept { return positives_; }

    template <class Archive>
    void visit(Archive& archive) {
        archive.dense(rows_);
        archive.dense(came_);
        archive.dense(curve_);
        for (double* n : {&offset_, &slope_, &offset_squares_, &slope_squares_, &positives_}) archive.number(*n);
        archive.number(steps_);
    }

  private:
    static constexpr double width = (highest - lowest) / bins;

    static void descend(double& weight, double& squares, double& step) noexcept {
        squares += step * step;
        weight -= 0.15 * step / std::sqrt(squares);
        step = 0;
    }

    void draw() {
        std::array<double, bins> rates{};
        std::array<double, bins> weights{};
        for (std::size_t i = 0; i < bins; ++i) {
            const double claimed = sigmoid(lowest + (static_cast<double>(i) + 0.5) * width);
            weights[i] = rows_[i] + identity_rows;
            rates[i] = (came_[i] + identity_rows * claimed) / weights[i];
        }
        make_isotonic(rates, weights);
        for (std::size_t i = 0; i < bins; ++i) curve_[i] = logit(rates[i]);
    }

    std::array<double, bins> rows_{};
    std::array<double, bins> came_{};
    std::array<double, bins> curve_{};
    double offset_ = 0;
    double slope_ = 1;
    double offset_squares_ = 1;
    double slope_squares_ = 1;
    double offset_step_ = 0;
    double slope_step_ = 0;
    double positives_ = 0;
    std::uint64_t steps_ = 0;
};

/// How far the logarithm of a time is off the one that was foretold: an adaptive conformal width (Gibbs and Candès
/// 2021) that holds in `coverage` of cases whatever their distribution, and the bias of the middle.
class lead_time {
  public:
    static constexpr double coverage = 0.8;  ///< between p10 and p90

    void add(double foretold, double came) noexcept {
        const double off = std::log(std::max(came, 1e-9)) - std::log(std::max(foretold, 1e-9));
        if (!std::isfinite(off)) return;
        const double error = off - bias_;
        width_ = std::clamp(width_ + rate * ((std::abs(error) > width_ ? 1 : 0) - (1 - coverage)), 0.05, 6.0);
        bias_ = std::clamp(bias_ + rate * (error > 0 ? 0.5 : -0.5), -3.0, 3.0);
    }
    [[nodiscard]] double earliest(double foretold) const noexcept { return foretold * std::exp(bias_ - width_); }
    [[nodiscard]] double middle(double foretold) const noexcept { return foretold * std::exp(bias_); }
    [[nodiscard]] double latest(double foretold) const noexcept { return foretold * std::exp(bias_ + width_); }

    template <class Archive>
    void visit(Archive& archive) {
        archive.number(width_);
        archive.number(bias_);
    }

  private:
    static constexpr double rate = 0.05;

    double width_ = 1;
    double bias_ = 0;
};

}  // namespace foreshadow::detail

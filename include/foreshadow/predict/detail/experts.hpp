// SPDX-License-Identifier: BSL-1.0
//
// Several answers to one question, mixed in log-odds by how well each did lately: the first passage as it is, which
// needs no labels; a regression on all numbers; the same with tables; and that one calibrated. None is best on every
// stream: the passage wins while little is known, tables where growth is not smooth, calibration where the base rate
// drifts. Rows are learnt from when their horizon is over, the rows of one time as one step.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/predict/detail/additive_model.hpp"
#include "foreshadow/predict/detail/calibration.hpp"
#include "foreshadow/predict/detail/log_odds.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// A row that waits for its outcome.
struct waiting_row {
    static constexpr std::size_t most_numbers = 20;
    static constexpr std::size_t most_cells = 40;

    double at = 0;     ///< seconds since the origin
    double until = 0;  ///< the end of its horizon
    partition_id first;
    partition_id second;  ///< of a pair
    float weight = 1;     ///< one over the share of such rows that is kept
    float foretold = 0;   ///< seconds to the change, where it was going
    std::array<float, most_numbers> numbers{};
    std::array<std::uint16_t, most_cells> cells{};
};

class experts {
  public:
    static constexpr std::size_t count = 5;
    static constexpr double memory = 0.01;  ///< share of the newest time in the decayed losses
    /// Losses are means over rows, of which few are positive: a difference of one in 200 decides.
    static constexpr double sharpness = 200;
    static constexpr double passage_scale = 4;  ///< log-odds stand among the numbers as a quarter of themselves

    /// For rows of `numbers` numbers, of which the first is 1 and the second the log-odds of the passage, and of
    /// `cells_a_row` cells out of `cells`; the first `one_way` are of one number each.
    experts(std::size_t numbers, std::size_t one_way, std::size_t cells_a_row, std::size_t cells)
        : one_way_{one_way},
          used_cells_{cells_a_row},
          plain_{first_weights(numbers), 0, {}},
          bent_{first_weights(numbers), cells, {}},
          full_{first_weights(numbers), cells, {}} {
        weigh();
    }

    /// The log-odds that all of them together give.
    [[nodiscard]] double ask(std::span<const float> numbers, std::span<const std::uint16_t> cells) const noexcept {
        const scores said = each(numbers, cells.first(used_cells_));
        double mixed = 0;
        for (std::size_t i = 0; i < count; ++i) mixed += weights_[i] * std::clamp(said[i], -16.0, 16.0);
        return mixed;
    }

    /// How much each is believed; they sum to 1.
    [[nodiscard]] const std::array<double, count>& weights() const noexcept { return weights_; }

    /// One row whose outcome is known.
    void learn(const waiting_row& row, bool came) {
        const auto used = std::span{row.cells}.first(used_cells_);
        const double outcome = came ? 1 : 0;
        const scores said = each(row.numbers, used);
        const auto weight = static_cast<double>(row.weight);
        for (std::size_t i = 0; i < count; ++i) {
            const double z = std::clamp(said[i], -30.0, 30.0);
            step_loss_[i] += weight * (std::log1p(std::exp(z)) - outcome * z);
        }
        step_rows_ += weight;
        plain_.add(row.numbers, used, weight * (sigmoid(said[1]) - outcome));
        bent_.add(row.numbers, used.first(one_way_), weight * (sigmoid(said[2]) - outcome));
        full_.add(row.numbers, used, weight * (sigmoid(said[3]) - outcome));
        curve_.add(said[3], came, weight);
        rows_seen_ += 1;
        came_ += outcome;
    }

    /// The rows of one time are all learnt.
    void step() {
        if (!(step_rows_ > 0)) return;
        for (std::size_t i = 0; i < count; ++i)
            loss_[i] += memory * (sharpness * step_loss_[i] / step_rows_ - loss_[i]);
        step_loss_ = {};
        step_rows_ = 0;
        weigh();
        plain_.step();
        bent_.step();
        full_.step();
        curve_.step();
    }

    [[nodiscard]] double rows_seen() const noexcept { return rows_seen_; }
    [[nodiscard]] double came() const noexcept { return came_; }

    template <class Archive>
    void visit(Archive& archive) {
        plain_.visit(archive);
        bent_.visit(archive);
        full_.visit(archive);
        curve_.visit(archive);
        archive.dense(loss_);
        archive.number(rows_seen_);
        archive.number(came_);
        weigh();
    }

  private:
    using scores = std::array<double, count>;

    [[nodiscard]] scores each(std::span<const float> numbers, std::span<const std::uint16_t> cells) const noexcept {
        const double full = full_.score(numbers, cells);
        return {static_cast<double>(numbers[1]) * passage_scale, plain_.score(numbers, cells),
                bent_.score(numbers, cells.first(one_way_)), full, curve_(full)};
    }

    void weigh() noexcept {
        const double best = *std::min_element(loss_.begin(), loss_.end());
        double total = 0;
        for (std::size_t i = 0; i < count; ++i) total += weights_[i] = std::exp(best - loss_[i]);
        for (double& weight : weights_) weight /= total;
    }

    /// One in a hundred changes, until it is known better.
    [[nodiscard]] static std::vector<float> first_weights(std::size_t numbers) {
        std::vector<float> w(numbers);
        w[0] = -4.6F;
        return w;
    }

    std::size_t one_way_;
    std::size_t used_cells_;
    additive_model plain_;
    additive_model bent_;  ///< with tables of one number
    additive_model full_;  ///< and of pairs
    calibration curve_;
    /// Those that have to learn first begin as if they had been wrong.
    std::array<double, count> loss_{0, 3, 3, 3, 3};
    std::array<double, count> weights_{};
    std::array<double, count> step_loss_{};
    double step_rows_ = 0;
    double rows_seen_ = 0;
    double came_ = 0;
};

}  // namespace foreshadow::detail

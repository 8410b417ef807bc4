// SPDX-License-Identifier: BSL-1.0
//
// A logistic regression that learns as it goes, on a few numbers and a few tables. A table has a weight for each bin of
// a number, or of a pair of numbers, so that the model can bend where a line cannot and can still be printed term by
// term. Steps follow AdaGrad (Duchi, Hazan and Singer 2011): a weight that was moved often moves less, so rare bins
// learn as fast as common ones and no rate has to be tuned to the stream.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace foreshadow::detail {

class additive_model {
  public:
    struct rates {
        double numbers = 0.15;
        double tables = 0.05;
        double shrinkage = 1e-3;  ///< pull of every touched cell towards 0
    };

    additive_model(std::vector<float> start, std::size_t cells, rates chosen)
        : numbers_{std::move(start)},
          number_squares_(numbers_.size(), 1e-2F),
          number_step_(numbers_.size()),
          cells_(cells),
          cell_squares_(cells, 1e-2F),
          cell_step_(cells),
          rates_{chosen} {}

    [[nodiscard]] double score(std::span<const float> numbers, std::span<const std::uint16_t> cells) const noexcept {
        double z = 0;
        for (std::size_t i = 0; i < numbers_.size(); ++i)
            z += static_cast<double>(numbers_[i]) * static_cast<double>(numbers[i]);
        if (!cells_.empty())
            for (const std::uint16_t c : cells) z += static_cast<double>(cells_[c]);
        return z;
    }

    /// Adds one row to the step that is being prepared; `error` is probability minus outcome, times its weight.
    void add(std::span<const float> numbers, std::span<const std::uint16_t> cells, double error) {
        const auto e = static_cast<float>(error);
        for (std::size_t i = 0; i < numbers_.size(); ++i) number_step_[i] += e * numbers[i];
        if (cells_.empty()) return;
        for (const std::uint16_t c : cells) {
            if (cell_step_[c] == 0) touched_.push_back(c);
            cell_step_[c] += e;
        }
    }

    /// Takes the step.
    void step() noexcept {
        for (std::size_t i = 0; i < numbers_.size(); ++i)
            descend(numbers_[i], number_squares_[i], number_step_[i], rates_.numbers);
        for (const std::uint16_t c : touched_) {
            if (cell_step_[c] == 0) continue;
            cell_step_[c] += static_cast<float>(rates_.shrinkage) * cells_[c];
            descend(cells_[c], cell_squares_[c], cell_step_[c], rates_.tables);
        }
        touched_.clear();
    }

    [[nodiscard]] std::span<const float> numbers() const noexcept { return numbers_; }
    [[nodiscard]] std::span<const float> cells() const noexcept { return cells_; }

    template <class Archive>
    void visit(Archive& archive) {
        archive.dense(numbers_);
        archive.dense(number_squares_);
        archive.sparse(cells_);
        archive.sparse(cell_squares_);
    }

  private:
    static void descend(float& weight, float& squares, float& step, double rate) noexcept {
        squares += step * step;
        weight -= static_cast<float>(rate) * step / std::sqrt(squares);
        step = 0;
    }

    std::vector<float> numbers_;
    std::vector<float> number_squares_;
    std::vector<float> number_step_;
    std::vector<float> cells_;
    std::vector<float> cell_squares_;
    std::vector<float> cell_step_;
    std::vector<std::uint16_t> touched_;
    rates rates_;
};

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
//
// What do an update and an erasure do to the size of a partition? Engines that replace rows in place and engines that
// keep old versions differ in nothing but this. A band whose old versions vanish as fast as new ones come looks like
// one that replaces in place, so a fit to what is seen goes astray; what tells the two apart is which of them is right
// to the byte in between. So the pure answers compete, with a fit for whatever is none of them, by how many digits of
// the size each gets right.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace foreshadow::detail {

class accounting {
  public:
    /// Bytes that a band grows by for each byte that an update writes, and shrinks by for each that is erased.
    struct effect {
        double of_update = 0;
        double of_erasure = 1;
    };

    [[nodiscard]] double of_update() const noexcept { return answers_[best_].of_update; }
    [[nodiscard]] double of_erasure() const noexcept { return answers_[best_].of_erasure; }

    /// Bytes that became old versions: they still count, and will vanish.
    [[nodiscard]] double kept(double updated, double erased) const noexcept {
        return of_update() * updated + (1 - of_erasure()) * std::max(erased, 0.0);
    }

    /// In one tick `updated` and `erased` bytes made a band grow by `grown`, beyond what was inserted.
    void learn(double updated, double erased, double grown) {
        const double moved = updated + std::abs(erased);
        if (!(moved > 0) || !std::isfinite(moved) || !std::isfinite(grown)) return;
        for (std::size_t i = 0; i < answers_.size(); ++i) {
            const double off = grown - answers_[i].of_update * updated + answers_[i].of_erasure * erased;
            losses_[i] += memory * (wrong_digits(off / moved) - losses_[i]);
        }
        effect& fit = answers_[fitted];
        const double off = grown - fit.of_update * updated + fit.of_erasure * erased;
        const double power = updated * updated + erased * erased;
        if (power > 0 && std::isfinite(power) && std::abs(off) <= 2 * moved) {  // more tells of something else
            fit.of_update = std::clamp(fit.of_update + 0.02 * off * updated / power, 0.0, 1.0);
            fit.of_erasure = std::clamp(fit.of_erasure - 0.02 * off * erased / power, 0.0, 1.0);
        }
        const auto least = std::min_element(losses_.begin(), losses_.end());
        if (*least < losses_[best_] - margin) best_ = static_cast<std::size_t>(least - losses_.begin());
    }

    template <class Archive>
    void visit(Archive& archive) {
        for (double* n : {&answers_[fitted].of_update, &answers_[fitted].of_erasure}) archive.number(*n);
        archive.dense(losses_);
        best_ = static_cast<std::size_t>(std::min_element(losses_.begin(), losses_.end()) - losses_.begin());
    }

  private:
    /// 0 where three digits are right, 1 where none is.
    [[nodiscard]] static double wrong_digits(double off) noexcept {
        return std::min(1.0, std::log1p(1000 * std::abs(off)) / std::log(1001.0));
    }

    static constexpr double memory = 0.005;
    static constexpr double margin = 0.02;  ///< not to go to and fro between equals
    static constexpr std::size_t fitted = 4;

    std::array<effect, 5> answers_{{{0, 1}, {1, 0}, {0, 0}, {1, 1}, {0, 1}}};
    std::array<double, 5> losses_{};
    std::size_t best_ = 0;
};

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
//
// Probabilities as log-odds, in which what is known of a change adds up.
#pragma once

#include <algorithm>
#include <cmath>

namespace foreshadow::detail {

/// The probability that has these log-odds.
[[nodiscard]] inline double sigmoid(double z) noexcept { return 1 / (1 + std::exp(-z)); }

/// Log-odds, of a probability that is kept away from certainty.
[[nodiscard]] inline double logit(double p) noexcept {
    p = std::clamp(p, 1e-7, 1 - 1e-7);
    return std::log(p / (1 - p));
}

}  // namespace foreshadow::detail

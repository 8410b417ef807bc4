// SPDX-License-Identifier: BSL-1.0
//
// Will a drifting process reach a distance within its horizon? For a Wiener process with drift the answer is the
// inverse Gaussian distribution (Schrödinger 1915; Folks and Chhikara 1978). Its second term is the product of a factor
// that overflows and one that underflows, so it stays a logarithm until the end.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

namespace foreshadow::detail {

[[nodiscard]] inline double normal_cdf(double z) noexcept { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

/// The logarithm of `normal_cdf`, also where that is 0 in floating point.
[[nodiscard]] inline double log_normal_cdf(double z) noexcept {
    if (z > -8) return std::log(normal_cdf(z));
    // Mills' ratio; the first term left out is below 105 / z^8, 6e-6.
    const double square = 1 / (z * z);
    return -0.5 * z * z - std::log(-z) - 0.5 * std::log(2 * std::numbers::pi) +
           std::log1p(square * (-1 + square * (3 - square * 15)));
}

/// The probability that a process with this drift and standard deviation, both over the whole horizon, is at `distance`
/// or beyond it at some time within the horizon.
[[nodiscard]] inline double first_passage(double distance, double drift, double deviation) noexcept {
    if (!(distance > 0)) return 1;
    if (!(deviation > 0)) return drift >= distance ? 1 : 0;
    const double ahead = (drift - distance) / deviation;
    if (ahead < -8 && drift > -distance) return 0;  // below 1e-15 in both terms
    const double reflected =
        2 * drift * distance / (deviation * deviation) + log_normal_cdf((-drift - distance) / deviation);
    return std::clamp(normal_cdf(ahead) + std::exp(std::min(reflected, 0.0)), 0.0, 1.0);
}

}  // namespace foreshadow::detail

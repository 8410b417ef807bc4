// SPDX-License-Identifier: BSL-1.0
//
// The plain law of adaptive rescheduling: when many layout changes are predicted the backup hurries, so that bands
// are read before they change; when few are, it steps back and leaves the machine to its users; between the two
// thresholds it holds, so that a rate near one of them does not make it swing.
#pragma once

#include "foreshadow/schedule/pace.hpp"

#include <algorithm>
#include <cmath>

namespace foreshadow {

/// Faster above one predicted change rate, slower below another, steady between. Rates in bytes and changes per second.
class two_thresholds {
  public:
    struct options {
        double speed_up_above = 0.1;
        double slow_down_below = 0.01;
        double step = 1.25;  ///< factor per second, up and down
        double slowest = 1.0 * 1024 * 1024;
        double fastest = 256.0 * 1024 * 1024;
        double first = 32.0 * 1024 * 1024;
    };

    two_thresholds() : two_thresholds{options{}} {}
    explicit two_thresholds(options chosen)
        : options_{chosen}, rate_{std::clamp(chosen.first, chosen.slowest, chosen.fastest)} {}

    /// A rate of changes that is not a number holds.
    [[nodiscard]] pace_decision decide(const pace_input& input) {
        // A decision after a long silence is still one decision: at most five seconds' worth.
        const double seconds = input.seconds_since_last > 0 ? std::min(input.seconds_since_last, 5.0) : 0.0;
        const double factor = std::pow(options_.step, seconds);
        if (input.predicted_change_rate > options_.speed_up_above) {
            rate_ = std::min(rate_ * factor, options_.fastest);
            return {rate_, rate_ < options_.fastest ? "changes ahead: faster" : "changes ahead: fastest"};
        }
        if (input.predicted_change_rate < options_.slow_down_below) {
            rate_ = std::max(rate_ / factor, options_.slowest);
            return {rate_, rate_ > options_.slowest ? "calm: slower" : "calm: slowest"};
        }
        return {rate_, "between the thresholds: steady"};
    }

  private:
    options options_;
    double rate_;
};

static_assert(pace<two_thresholds>);

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Turns a rate into waiting. A chunk is admitted before it is read and paid for afterwards: it may start as soon as
// the account is not in debt, however large it is, so a chunk above the burst still gets through and the rate holds.
#pragma once

#include "foreshadow/run/budget.hpp"
#include "foreshadow/run/clock.hpp"
#include "foreshadow/run/pulse.hpp"
#include "foreshadow/run/scope.hpp"
#include "foreshadow/task.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace foreshadow {

/// A token bucket of bytes on a clock. Unlimited until a rate is set. Users live on one strand; the clock outlives it.
template <clock Clock>
class token_bucket {
  public:
    /// `burst_seconds`: how long an idle bucket may save up.
    explicit token_bucket(Clock& time, double burst_seconds = 0.1)
        : time_{&time}, burst_seconds_{burst_seconds}, last_{time.seconds()} {}

    /// From now on so many bytes per second; infinity never waits, 0, negative and NaN wait until the rate changes.
    void rate(double bytes_per_second) {
        settle();
        rate_ = bytes_per_second > 0 ? bytes_per_second : 0.0;
        changed_.notify();
    }
    [[nodiscard]] double rate() const noexcept { return rate_; }

    /// Waits for its turn, then until the account is not in debt, and takes `bytes`. First come, first served.
    /// Cancellation: throws `operation_aborted`, nothing is taken.
    task<> admit(double bytes) {
        const budget_lease turn = co_await turns_.take(1);
        for (;;) {
            settle();
            if (tokens_ >= 0 && rate_ > 0) break;
            std::vector<task<>> either;
            either.push_back(changed_.wait());
            // A little longer than exact: rounding must not make a round of nothing.
            if (rate_ > 0) either.push_back(time_->sleep(std::max(-tokens_, 0.0) / rate_ + 1e-6));
            co_await any_of(std::move(either));
        }
        if (rate_ < std::numeric_limits<double>::infinity()) tokens_ -= std::max(bytes, 0.0);
    }

    /// Corrects the account when a chunk turned out larger (positive) or smaller (negative) than what was admitted.
    void correct(double bytes) {
        if (rate_ < std::numeric_limits<double>::infinity()) tokens_ -= bytes;
    }

  private:
    void settle() {
        const double now = time_->seconds();
        const double elapsed = std::max(now - last_, 0.0);
        last_ = now;
        if (rate_ == std::numeric_limits<double>::infinity())
            tokens_ = 0;
        else
            tokens_ = std::min(tokens_ + elapsed * rate_, std::max(rate_ * burst_seconds_, 0.0));
    }

    Clock* time_;
    double burst_seconds_;
    double last_;
    double rate_ = std::numeric_limits<double>::infinity();
    double tokens_ = 0;
    budget turns_{1};
    pulse changed_;
};

}  // namespace foreshadow

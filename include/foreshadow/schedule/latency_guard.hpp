// SPDX-License-Identifier: BSL-1.0
//
// As fast as the database's users do not notice. The rate follows the foreground's tail latency with
// velocity-form proportional-integral control of its logarithm, so that a step is a factor, and nothing winds up. The
// target is what the database needs by itself, and a little more; what it needs by itself is measured, one decision in
// sixty, while the backup pauses. A forecast may relax the target within bounds, so that what is about to change is
// read before it changes; above a hard limit it is not heard, and the rate halves.
#pragma once

#include "foreshadow/schedule/pace.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace foreshadow {

/// Holds the foreground's latency near `inflation` times what it is without the backup. Latencies in seconds, rates in
/// bytes per second. Decisions are expected about every second.
class latency_guard {
  public:
    struct options {
        double inflation = 1.1;                                         ///< of the latency without the backup
        double most_latency = std::numeric_limits<double>::infinity();  ///< whatever the database needs by itself
        double hard_limit = 2;                                          ///< times the target; above it the rate halves
        double relaxation = 0.35;  ///< what a forecast may add to the logarithm of the target
        double proportional = 0.25;
        double integral = 0.15;   ///< per second
        double dead_band = 0.1;   ///< of the logarithm of latency: less is noise
        double smoothing = 0.3;   ///< weight of a new sample
        int measured_every = 60;  ///< decisions from one pause to the next
        // Weights of what is measured without the backup: above what was known it may be a peak, which passes.
        double trust_in_more = 0.15;
        double trust_in_less = 0.5;
        double slowest = 1.0 * 1024 * 1024;
        double fastest = 1024.0 * 1024 * 1024;
        double first = 8.0 * 1024 * 1024;
    };

    latency_guard() : latency_guard{options{}} {}
    explicit latency_guard(options chosen)
        : options_{chosen}, rate_{std::clamp(chosen.first, chosen.slowest, chosen.fastest)} {}

    [[nodiscard]] pace_decision decide(const pace_input& input) {
        // A decision after a long silence is still one decision: at most five seconds' worth.
        const double seconds = input.seconds_since_last > 0 ? std::min(input.seconds_since_last, 5.0) : 0.0;
        const double sample = input.latency_seconds;
        const bool was_pause = std::exchange(pauses_, false);
        if (!(sample > 0) || std::isinf(sample)) return decided(input, without_samples(seconds));
        unheard_seconds_ = 0;
        if (was_pause || !alone_) {
            // What was heard before anything was decided is the database by itself, as good as it is known.
            const double weight = alone_ && sample > *alone_ ? options_.trust_in_more : options_.trust_in_less;
            alone_ = alone_ ? *alone_ + weight * (sample - *alone_) : sample;
            if (was_pause) return decided(input, "measured without the backup");
        }
        smooth_ = smooth_ ? *smooth_ + options_.smoothing * (sample - *smooth_) : sample;
        ++since_pause_;
        const double target = std::min(options_.most_latency, options_.inflation * *alone_);
        above_ = *smooth_ > target * std::exp(options_.dead_band) ? above_ + 1 : 0;
        if (since_pause_ >= options_.measured_every || (above_ >= early_ && since_pause_ >= 2 * early_)) return pause();
        return decided(input, steer(input, sample, target, seconds));
    }

  private:
    /// Latency above its target for so long may be the database's own: it is measured anew before its time.
    static constexpr int early_ = 5;

    pace_decision pause() {
        since_pause_ = 0;
        above_ = 0;
        pauses_ = true;
        return {
            .bytes_per_second = rate_, .reason = "pauses to measure the database without the backup", .pause = true};
    }

    const char* without_samples(double seconds) {
        if (unheard_seconds_ == 0) rate_when_heard_ = rate_;
        unheard_seconds_ += seconds;
        if (unheard_seconds_ <= 5) return "no latency is known: holds";
        rate_ *= std::pow(options_.slowest / std::max(rate_when_heard_, options_.slowest), seconds / 30);
        return "no latency is known: slows down";
    }

    const char* steer(const pace_input& input, double sample, double target, double seconds) {
        if (sample > options_.hard_limit * target && *smooth_ > target) {
            rate_ /= 2;
            last_error_ = 0;
            return "latency is above the hard limit: half";
        }
        const double missing = input.needed_rate > 0 ? input.needed_rate / rate_ - 1 : 0;
        const double forecast = options_.relaxation * std::clamp(missing, 0.0, 1.0);
        const double error = std::log(target / *smooth_) + forecast;
        const double before = std::exchange(last_error_, error);
        if (std::abs(error) <= options_.dead_band) return "latency is near its target: steady";
        const double wanted = options_.proportional * (error - before) + options_.integral * seconds * error;
        const double step = std::clamp(wanted, -0.5, 0.25);
        if (step < 0) {
            rate_ *= std::exp(step);
            return "latency is above its target: slower";
        }
        // Growth of a rate that nobody uses would be noticed too late.
        if (input.scanned_bytes_rate < 0.9 * std::min(rate_, input.allowed_rate)) return "the rate is not used: steady";
        rate_ *= std::exp(step);
        return forecast > 0 ? "changes ahead: faster" : "latency is below its target: faster";
    }

    pace_decision decided(const pace_input& input, const char* reason) {
        rate_ = std::clamp(rate_, options_.slowest, options_.fastest);
        const double in_time = input.deadline_seconds > 0 ? input.remaining_bytes / input.deadline_seconds : 0;
        if (in_time > rate_ && std::isfinite(in_time))
            return {.bytes_per_second = in_time, .reason = "the deadline asks for more"};
        return {.bytes_per_second = rate_, .reason = reason};
    }

    options options_;
    double rate_;
    std::optional<double> alone_;   // the database's latency without the backup
    std::optional<double> smooth_;  // and with it
    double last_error_ = 0;
    double unheard_seconds_ = 0;
    double rate_when_heard_ = 0;
    int since_pause_ = 0;
    int above_ = 0;
    bool pauses_ = false;
};

static_assert(pace<latency_guard>);

}  // namespace foreshadow

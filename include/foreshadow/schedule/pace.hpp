// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <limits>
#include <string_view>

namespace foreshadow {

/// What a pace may know when it decides. Rates are bytes per second, times seconds.
struct pace_input {
    double seconds_since_last = 1;     ///< since the last decision
    double latency_seconds = 0;        ///< the foreground's, by the source's probe; NaN where there is no sample
    double predicted_change_rate = 0;  ///< expected layout changes per second, from live predictions
    double needed_rate = 0;            ///< what would read all that is predicted to change before it does, as expected
    double change_bytes_rate = 0;      ///< what the log brings
    double scanned_bytes_rate = 0;     ///< what the scan really read since the last decision
    double remaining_bytes = 0;        ///< of the scan, estimated
    double allowed_rate = 0;           ///< the rate in force
    double deadline_seconds = 0;       ///< until the backup should have ended; 0 where nobody said so
};

/// The rate from now on, and why, in a few words for the log. Infinity means unlimited; 0 is raised to a floor by the
/// caller, so that a backup always ends. A pause lasts until the next decision, whose latency is then the database's
/// own; the caller lets no pause follow another.
struct pace_decision {
    double bytes_per_second = std::numeric_limits<double>::infinity();
    std::string_view reason;
    bool pause = false;
};

template <class P>
concept pace = requires(P& p, const pace_input& input) {
    { p.decide(input) } -> std::same_as<pace_decision>;
};

}  // namespace foreshadow

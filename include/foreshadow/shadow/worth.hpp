// SPDX-License-Identifier: BSL-1.0
//
// The arithmetic of opening a shadow, in one place. Everything is in bytes: what a restore will not have to read and
// sort, against what is written a second time.
#pragma once

#include "foreshadow/plane/shadow_account.hpp"

#include <algorithm>
#include <cmath>

namespace foreshadow {

/// What is known when a prediction asks for a shadow. Rates in bytes per second.
struct shadow_terms {
    double confidence = 0;
    double lead_seconds = 0;       ///< until the change is expected (median)
    double remaining_seconds = 0;  ///< how long the shadow would be open: the prediction's horizon
    double band_rate = 0;          ///< what is written to the keys of the prediction
    double whole_rate = 0;         ///< what is written to all keys: what the journal grows by
};

/// worth = confidence × (journal that is not read and sorted for these keys + what is sorted by the time of the
/// change); cost = write rate of the band × the remaining time.
[[nodiscard]] inline shadow_account worth_of(const shadow_terms& terms) {
    const auto sound = [](double value) { return std::isfinite(value) ? std::max(value, 0.0) : 0.0; };
    const double open = sound(terms.remaining_seconds);
    const double band = sound(terms.band_rate);
    const double spared = std::max(sound(terms.whole_rate), band) * open;
    const double ready = band * std::min(sound(terms.lead_seconds), open);
    return {.spared = spared,
            .ready = ready,
            .worth = std::min(sound(terms.confidence), 1.0) * (spared + ready),
            .cost = band * open};
}

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/schedule/pace.hpp"

namespace foreshadow {

/// Always the same rate, as an operator set it.
struct fixed_rate {
    double bytes_per_second = 32.0 * 1024 * 1024;

    [[nodiscard]] pace_decision decide(const pace_input&) const { return {bytes_per_second, "fixed"}; }
};

static_assert(pace<fixed_rate>);

}  // namespace foreshadow

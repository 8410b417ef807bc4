// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/schedule/pace.hpp"

namespace foreshadow {

/// As fast as source and store allow.
struct flat_out {
    [[nodiscard]] pace_decision decide(const pace_input&) const { return {.reason = "unlimited"}; }
};

static_assert(pace<flat_out>);

}  // namespace foreshadow

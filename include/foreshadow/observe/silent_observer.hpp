// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/observe/observer.hpp"

namespace foreshadow {

/// Does not want to know.
struct silent_observer {
    void on(const event&) const noexcept {}
};

static_assert(observer<silent_observer>);

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/position.hpp"
#include "foreshadow/task.hpp"

#include <concepts>

namespace foreshadow {

/// What time is it; wake me later.
/// - `now()`: wall time, for attributes of commits and predictions only.
/// - `seconds()`: monotonic seconds from an arbitrary start, for rates and timeouts.
/// - `sleep(seconds)`: cancellable.
template <class C>
concept clock = requires(C& c, double seconds) {
    { c.now() } -> std::same_as<wall_time>;
    { c.seconds() } -> std::same_as<double>;
    { c.sleep(seconds) } -> std::same_as<task<>>;
};

}  // namespace foreshadow

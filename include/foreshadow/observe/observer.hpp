// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/observe/event.hpp"

#include <concepts>

namespace foreshadow {

/// Who wants to know? `on` is called on the strand and does not block for long; what it throws ends the backup.
template <class O>
concept observer = requires(O& o, const event& e) {
    { o.on(e) } -> std::same_as<void>;
};

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"

#include <optional>

namespace foreshadow::testing {

/// The error that `f` throws, or nothing.
template <class F>
std::optional<error> failure(F&& f) {
    try {
        f();
    } catch (const error& e) {
        return e;
    }
    return std::nullopt;
}

}  // namespace foreshadow::testing

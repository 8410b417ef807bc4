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

/// The code of the error that `f` throws, or nothing.
template <class F>
std::optional<errc> thrown(F&& f) {
    const std::optional<error> e = failure(f);
    return e ? std::optional{e->code()} : std::nullopt;
}

}  // namespace foreshadow::testing

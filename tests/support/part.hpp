// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/layout.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace foreshadow::testing {

/// A partition of rows, created at position 1 and named after its number.
inline partition part(std::uint64_t native, key begin, key end) {
    return {.id = {native, {1}}, .name = std::to_string(native), .interval = {std::move(begin), std::move(end)}};
}

}  // namespace foreshadow::testing

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace foreshadow::postgresql {

/// How a target uses its server.
struct target_options {
    std::size_t connections = 4;  ///< that copy rows, and later make indexes, at the same time
};

}  // namespace foreshadow::postgresql

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace foreshadow::postgresql {

/// How a target uses its server.
struct target_options {
    /// That copy rows, and later make indexes, at the same time. While rows are copied, as many again may commit.
    std::size_t connections = 4;
};

}  // namespace foreshadow::postgresql

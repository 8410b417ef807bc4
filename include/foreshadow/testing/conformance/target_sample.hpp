// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/layout.hpp"

#include <functional>
#include <map>
#include <string>

namespace foreshadow::testing {

/// What is restored by the kit: partitions, definitions among them where the database needs any, and their rows. Some
/// partitions should have many rows, some none.
struct target_sample {
    layout shape;
    std::map<key, std::string, std::less<>> rows;
};

}  // namespace foreshadow::testing

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace foreshadow {

/// A piece of a database that is left out of its backup, and why: a table, an index.
struct omission {
    std::string name;
    std::string why;

    friend bool operator==(const omission&, const omission&) = default;
};

}  // namespace foreshadow

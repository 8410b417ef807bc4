// SPDX-License-Identifier: BSL-1.0
//
// What verifying is asked for, and what it found.
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace foreshadow {

struct verify_options {
    bool data = false;  ///< read every byte, not only structure
};

/// One thing that is not sound: the object, what is wrong with it, and what cannot be restored because of it.
struct finding {
    std::string object;
    std::string what;
    std::vector<std::string> affected;
};

struct verify_report {
    std::uint64_t points = 0;
    std::uint64_t boxes = 0;
    std::vector<finding> findings;

    [[nodiscard]] bool is_sound() const noexcept { return findings.empty(); }
};

BOOST_DESCRIBE_STRUCT(finding, (), (object, what, affected))
BOOST_DESCRIBE_STRUCT(verify_report, (), (points, boxes, findings))

}  // namespace foreshadow

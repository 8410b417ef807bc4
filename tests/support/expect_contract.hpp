// SPDX-License-Identifier: BSL-1.0
//
// What the tests of conformance kits expect of a kit's report.
#pragma once

#include "foreshadow/testing/conformance/report.hpp"

#include <catch2/catch.hpp>

namespace support {

inline void expect_kept(const foreshadow::testing::report& report) {
    INFO(report.text());
    CHECK(report.is_kept());
}

inline void expect_broken(const foreshadow::testing::report& report, const foreshadow::testing::rule& which) {
    CAPTURE(which.name);
    INFO(report.text());
    CHECK_FALSE(report.is_kept());
    CHECK(report.is_broken(which));
}

}  // namespace support

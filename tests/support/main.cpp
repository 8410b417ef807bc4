// SPDX-License-Identifier: BSL-1.0
//
// Catch's main costs eight seconds to compile, so it is in exactly one translation unit.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

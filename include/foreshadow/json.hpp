// SPDX-License-Identifier: BSL-1.0
//
// Described structs to JSON and back. A struct is described once, with Boost.Describe; manifests, checkpoints and
// `--json` come from that one description.
#pragma once

#include "foreshadow/json/read.hpp"
#include "foreshadow/json/write.hpp"

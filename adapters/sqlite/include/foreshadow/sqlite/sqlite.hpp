// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/sqlite/partitioned_table.hpp"
#include "foreshadow/sqlite/source.hpp"
#include "foreshadow/sqlite/target.hpp"

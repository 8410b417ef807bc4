// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/postgresql/setup/setup.hpp"
#include "foreshadow/postgresql/source.hpp"
#include "foreshadow/postgresql/target.hpp"

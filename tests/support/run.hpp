// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/testing/real_time.hpp"

#include <utility>

namespace foreshadow::testing {

template <class T>
T run(task<T> work) {
    return real_time{}.run(std::move(work));
}

}  // namespace foreshadow::testing

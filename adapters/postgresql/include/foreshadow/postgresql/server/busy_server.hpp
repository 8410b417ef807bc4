// SPDX-License-Identifier: BSL-1.0
//
// Whoever closes a connection and asks for what it used is told that it is in use: a server takes a moment to notice.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/run/steady_clock.hpp"
#include "foreshadow/task.hpp"

#include <type_traits>
#include <utility>

namespace foreshadow::postgresql::detail {

/// Awaits what `again()` returns, and again while the server is busy, for about twenty seconds.
template <class Again>
std::invoke_result_t<Again&> while_busy(Again again) {
    constexpr int most = 200;
    steady_clock clock;
    for (int tries = 0;; ++tries) {
        try {
            auto asked = again();
            co_return co_await std::move(asked);
        } catch (const error& e) {
            if (e.code() != errc::busy || tries == most) throw;
        }
        co_await clock.sleep(.01 + .001 * tries);
    }
}

}  // namespace foreshadow::postgresql::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/position.hpp"
#include "foreshadow/run/clock.hpp"
#include "foreshadow/task.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace foreshadow {

/// The machine's clocks: the system's for `now`, the monotonic one for `seconds` and `sleep`.
class steady_clock {
  public:
    [[nodiscard]] wall_time now() const {
        const auto since = std::chrono::system_clock::now().time_since_epoch();
        return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
    }

    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }

    /// Sleeps on the awaiting coroutine's executor; what is not a positive number ends at the next turn, a year is the
    /// longest. Cancellation: throws `operation_aborted`.
    task<> sleep(double seconds) {
        constexpr double longest = 365.0 * 86'400.0;
        const double asked = seconds > 0 ? (seconds < longest ? seconds : longest) : 0.0;
        const auto executor = co_await boost::asio::this_coro::executor;
        boost::asio::steady_timer timer{executor};
        timer.expires_after(
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>{asked}));
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
};

static_assert(clock<steady_clock>);

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Wakes whoever waits for a condition to change. All on one strand, so a waiter checks its condition, waits, and
// checks again; nothing can be missed between the two.
#pragma once

#include "foreshadow/task.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>

namespace foreshadow {

class pulse {
  public:
    /// Waits for the next `notify`. Cancellation: throws `operation_aborted`.
    task<> wait() {
        const auto executor = co_await boost::asio::this_coro::executor;
        if (!timer_) timer_.emplace(executor, boost::asio::steady_timer::time_point::max());
        boost::system::error_code woken;
        co_await timer_->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none)
            throw boost::system::system_error{boost::asio::error::operation_aborted};
    }

    void notify() {
        if (timer_) timer_->cancel();
    }

  private:
    std::optional<boost::asio::steady_timer> timer_;
};

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Wakes everybody who waits for a condition to change, on one strand. Unlike `pulse` it holds nothing of an executor
// between two waits, so what it belongs to may outlive one and go on with another.
#pragma once

#include "foreshadow/task.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace foreshadow::detail {

class wakeup {
  public:
    /// Waits for the next `notify`. Cancellation: throws `operation_aborted`.
    task<> wait() {
        const auto executor = co_await boost::asio::this_coro::executor;
        const auto timer =
            std::make_shared<boost::asio::steady_timer>(executor, boost::asio::steady_timer::time_point::max());
        waiting_.push_back(timer);
        boost::system::error_code woken;
        co_await timer->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none)
            throw boost::system::system_error{boost::asio::error::operation_aborted};
    }

    void notify() {
        for (const auto& timer : std::exchange(waiting_, {}))
            if (const auto waiting = timer.lock()) waiting->cancel();
    }

  private:
    std::vector<std::weak_ptr<boost::asio::steady_timer>> waiting_;
};

}  // namespace foreshadow::detail

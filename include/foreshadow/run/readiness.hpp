// SPDX-License-Identifier: BSL-1.0
//
// Waiting for a descriptor that somebody else owns: the socket of a client library, the pipe of a child process. No
// thread is blocked, and the descriptor is neither read nor closed.
#pragma once

#include "foreshadow/task.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace foreshadow {

enum class readiness : std::uint8_t { readable, writable };

/// Waits until `descriptor` is ready, or `seconds` have passed; whether it is ready. A descriptor has one waiter at a
/// time. Cancellation: throws `operation_aborted`.
inline task<bool> wait_until_ready(int descriptor, readiness what, std::optional<double> seconds = {}) {
    using boost::asio::posix::stream_descriptor;
    const auto executor = co_await boost::asio::this_coro::executor;
    stream_descriptor watched{executor};
    // What the timer calls may be called after this has ended.
    struct shared {
        stream_descriptor* watched;
        bool expired = false;
    };
    const auto state = std::make_shared<shared>(shared{&watched});
    struct let_go {
        shared& of;
        ~let_go() {
            of.watched->release();
            of.watched = nullptr;
        }
    };
    watched.assign(descriptor);
    const let_go at_end{*state};
    boost::asio::steady_timer timer{executor};
    if (seconds) {
        timer.expires_after(
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>{*seconds}));
        timer.async_wait([state](boost::system::error_code cancelled) {
            if (cancelled || state->watched == nullptr) return;
            state->expired = true;
            state->watched->cancel();
        });
    }
    boost::system::error_code ended;
    const auto side = what == readiness::readable ? stream_descriptor::wait_read : stream_descriptor::wait_write;
    co_await watched.async_wait(side, boost::asio::redirect_error(boost::asio::use_awaitable, ended));
    const auto cancelled = co_await boost::asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != boost::asio::cancellation_type::none)
        throw boost::system::system_error{boost::asio::error::operation_aborted};
    if (state->expired) co_return false;
    if (ended) throw boost::system::system_error{ended};
    co_return true;
}

}  // namespace foreshadow

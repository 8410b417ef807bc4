// SPDX-License-Identifier: BSL-1.0
//
// A bounded queue between coroutines of one strand: the back-pressure between following, reading and writing.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/run/detail/semaphore.hpp"
#include "foreshadow/task.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace foreshadow {

/// First in, first out; senders wait while it is full, receivers while it is empty. Must outlive who waits on it.
template <class T>
class channel {
  public:
    explicit channel(std::size_t capacity)
        : room_{std::max<std::size_t>(capacity, 1)}, filled_{room_.whole(), room_.whole()} {}
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;

    /// Errors: `interrupted` when the channel is or becomes closed. Cancellation: throws `operation_aborted`; nothing
    /// was sent.
    task<> send(T value) {
        const bool has_room = co_await room_.acquire(1);
        if (!has_room || room_.is_closed()) throw error{errc::interrupted, "the channel was closed"};
        queue_.push_back(std::move(value));
        filled_.release(1);
    }

    /// The next value; nothing once the channel is closed and empty. Cancellation: throws `operation_aborted`; nothing
    /// is lost.
    task<std::optional<T>> receive() {
        const bool has_value = co_await filled_.acquire(1);
        std::optional<T> value;
        if (has_value) {
            value.emplace(std::move(queue_.front()));
            queue_.pop_front();
            room_.release(1);
        }
        co_return value;
    }

    /// No more is sent; what was sent can still be received.
    void close() {
        room_.close();
        filled_.close();
    }

    [[nodiscard]] std::size_t size() const noexcept { return queue_.size(); }
    [[nodiscard]] bool is_closed() const noexcept { return room_.is_closed(); }

  private:
    detail::semaphore room_;
    detail::semaphore filled_;
    std::deque<T> queue_;
};

}  // namespace foreshadow

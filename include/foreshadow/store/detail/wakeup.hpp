// SPDX-License-Identifier: BSL-1.0
//
// Wakes everybody who waits for a condition to change, on one strand. Unlike a `pulse` alone it holds nothing of an
// executor between two waits, so what it belongs to may outlive one and go on with another: the waiters own the pulse.
#pragma once

#include "foreshadow/run/pulse.hpp"
#include "foreshadow/task.hpp"

#include <memory>
#include <utility>

namespace foreshadow::detail {

class wakeup {
  public:
    /// Waits for the next `notify`. Cancellation: throws `operation_aborted`.
    task<> wait() {
        auto waiting = waiting_.lock();
        if (!waiting) waiting_ = waiting = std::make_shared<pulse>();
        co_await waiting->wait();
    }

    void notify() {
        if (const auto waiting = std::exchange(waiting_, {}).lock()) waiting->notify();
    }

  private:
    std::weak_ptr<pulse> waiting_;
};

}  // namespace foreshadow::detail

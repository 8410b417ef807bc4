// SPDX-License-Identifier: BSL-1.0
//
// The one primitive that budgets and channels wait on: a counting semaphore for coroutines of one strand. First
// come, first served: who comes later waits behind who waits already, even where its request would fit, so nobody
// starves. What was granted to a waiter that is cancelled at the same moment goes to the next.
#pragma once

#include "foreshadow/task.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstddef>
#include <list>
#include <memory>

namespace foreshadow::detail {

class semaphore {
  public:
    semaphore() = default;  ///< of nothing: only to be assigned to
    explicit semaphore(std::size_t whole, std::size_t in_use = 0) : state_{std::make_shared<state>()} {
        state_->whole = whole;
        state_->in_use = state_->peak = in_use;
    }

    /// Takes `units`; false when it was closed and they are not there. More than the whole is given when nothing is in
    /// use. Cancellation: throws `operation_aborted` and takes nothing.
    task<bool> acquire(std::size_t units) {
        const std::shared_ptr<state> shared = state_;
        if (shared->waiting.empty() && shared->fits(units)) {
            shared->take(units);
            co_return true;
        }
        if (shared->closed) co_return false;
        const auto executor = co_await boost::asio::this_coro::executor;
        place mine{*shared, executor, units};
        boost::system::error_code woken;
        co_await mine.timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
        const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != boost::asio::cancellation_type::none) {
            if (mine.granted) shared->give_back(units);
            throw boost::system::system_error{boost::asio::error::operation_aborted};
        }
        co_return mine.granted;
    }

    void release(std::size_t units) { state_->give_back(units); }

    /// Lets everybody go who waits, and everybody who would have to.
    void close() {
        state_->closed = true;
        for (place* waiter : state_->waiting) waiter->timer.cancel();
    }

    [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }
    [[nodiscard]] bool is_closed() const noexcept { return state_->closed; }
    [[nodiscard]] std::size_t whole() const noexcept { return state_->whole; }
    [[nodiscard]] std::size_t in_use() const noexcept { return state_->in_use; }
    [[nodiscard]] std::size_t peak() const noexcept { return state_->peak; }
    [[nodiscard]] std::size_t available() const noexcept {
        return state_->whole - std::min(state_->whole, state_->in_use);
    }

  private:
    struct place;
    struct state {
        std::size_t whole = 0;
        std::size_t in_use = 0;
        std::size_t peak = 0;
        bool closed = false;
        std::list<place*> waiting;

        [[nodiscard]] bool fits(std::size_t units) const noexcept {
            return in_use == 0 || (in_use <= whole && units <= whole - in_use);
        }
        void take(std::size_t units) noexcept {
            in_use += units;
            peak = std::max(peak, in_use);
        }
        void give_back(std::size_t units) noexcept {
            in_use -= units;
            grant();
        }
        void grant() noexcept {
            while (!waiting.empty() && fits(waiting.front()->units)) {
                place* next = waiting.front();
                waiting.pop_front();
                take(next->units);
                next->granted = true;
                next->timer.cancel();
            }
        }
    };
    /// A place in the queue; lives in the frame of who waits, and leaves the queue with it.
    struct place {
        template <class Executor>
        place(state& s, const Executor& executor, std::size_t wanted)
            : timer{executor, boost::asio::steady_timer::time_point::max()}, units{wanted}, home{s} {
            home.waiting.push_back(this);
        }
        place(const place&) = delete;
        place& operator=(const place&) = delete;
        ~place() {
            if (granted) return;
            home.waiting.remove(this);
            home.grant();  // who waited behind may fit now
        }
        boost::asio::steady_timer timer;
        std::size_t units;
        bool granted = false;
        state& home;
    };
    std::shared_ptr<state> state_;
};

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
//
// Time that passes only when nobody has anything left to do. A coroutine that sleeps is parked in a queue ordered by
// (time, sequence); when the context is idle, the driver moves time on to the next sleeper. Everything is on one
// thread, so one seed gives one order of events, and a backup of hours takes milliseconds.
//
// Not for programs that wait for real things (threads, files, sockets): the driver would call them a deadlock.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/run/clock.hpp"
#include "foreshadow/task.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace foreshadow::testing {

namespace detail {

class sleeper {
  public:
    sleeper() = default;
    sleeper(const sleeper&) = delete;
    sleeper& operator=(const sleeper&) = delete;
    virtual ~sleeper() = default;
    virtual void wake(boost::system::error_code why) = 0;
};

template <class Handler>
class sleeper_of final : public sleeper {
  public:
    explicit sleeper_of(Handler handler) : handler_{std::move(handler)} {}
    void wake(boost::system::error_code why) override {
        const auto executor = boost::asio::get_associated_executor(handler_);
        boost::asio::post(executor, [handler = std::move(handler_), why]() mutable { handler(why); });
    }

  private:
    Handler handler_;
};

struct bedroom {
    using place = std::pair<std::int64_t, std::uint64_t>;  ///< microseconds, then who came first

    std::int64_t start = 0;
    std::int64_t now = 0;
    std::uint64_t sequence = 0;
    std::map<place, std::unique_ptr<sleeper>> asleep;

    void wake(const place& where, boost::system::error_code why) {
        auto found = asleep.extract(where);
        if (!found.empty()) found.mapped()->wake(why);
    }
};

}  // namespace detail

/// A clock whose time is moved by hand. A handle: copies show the same time.
class virtual_clock {
  public:
    /// Names a sleep, so that somebody else may end it early.
    using ticket = detail::bedroom::place;

    explicit virtual_clock(wall_time start = {1'700'000'000'000'000}) {
        state_->start = state_->now = start.microseconds;
    }

    [[nodiscard]] wall_time now() const { return {state_->now}; }
    [[nodiscard]] double seconds() const { return static_cast<double>(state_->now - state_->start) * 1e-6; }

    /// Sleeps in virtual time; what is not a positive number ends after everything that is ready now.
    /// Cancellation: throws `operation_aborted`.
    task<> sleep(double seconds) {
        ticket ignored;
        co_await sleep(seconds, ignored);
    }

    /// As above; `wake(where)` ends it early. `where` must outlive the sleep.
    task<> sleep(double seconds, ticket& where) {
        constexpr double longest = 1e9;
        const double asked = seconds > 0 ? (seconds < longest ? seconds : longest) : 0.0;
        where = {state_->now + static_cast<std::int64_t>(asked * 1e6), state_->sequence++};
        co_await park(where);
    }

    /// Ends a sleep now; no effect where it has ended.
    void wake(ticket where) { state_->wake(where, {}); }

    /// Moves time on to the next sleeper and wakes it; false where nobody sleeps.
    bool advance() {
        if (state_->asleep.empty()) return false;
        const ticket next = state_->asleep.begin()->first;
        if (next.first > state_->now) state_->now = next.first;
        state_->wake(next, {});
        return true;
    }

    /// Forgets everybody who sleeps: their coroutines are destroyed where they are. True where there was somebody.
    bool abandon() {
        const auto gone = std::move(state_->asleep);
        state_->asleep.clear();
        return !gone.empty();
    }

  private:
    task<> park(ticket where) {
        auto initiation = [](auto handler, const std::shared_ptr<detail::bedroom>& state, ticket place) {
            auto slot = boost::asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected())
                slot.assign([weak = std::weak_ptr{state}, place](boost::asio::cancellation_type) {
                    const auto alive = weak.lock();
                    if (alive) alive->wake(place, boost::asio::error::operation_aborted);
                });
            state->asleep.emplace(place, std::make_unique<detail::sleeper_of<decltype(handler)>>(std::move(handler)));
        };
        const auto state = state_;
        co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(boost::system::error_code)>(
            initiation, boost::asio::use_awaitable, state, where);
    }

    std::shared_ptr<detail::bedroom> state_ = std::make_shared<detail::bedroom>();
};

static_assert(clock<virtual_clock>);

/// Runs `work` to its end in virtual time and returns its result; others that sleep go on meanwhile, and stay parked.
///
/// `before_each`, where it is given, is called before every step from one suspension to the next.
/// Errors: whatever `work` throws; `internal` where it waits for something that can never happen.
template <class T>
T run(boost::asio::io_context& context, virtual_clock& clock, task<T> work,
      const std::function<void()>& before_each = {}) {
    using result_type = std::conditional_t<std::is_void_v<T>, char, T>;
    struct ending {
        bool ended = false;
        std::exception_ptr failure;
        std::optional<result_type> result;
    };
    const auto end = std::make_shared<ending>();
    if constexpr (std::is_void_v<T>) {
        boost::asio::co_spawn(context, std::move(work), [end](std::exception_ptr failure) {
            end->ended = true;
            end->failure = std::move(failure);
        });
    } else {
        boost::asio::co_spawn(context, std::move(work), [end](std::exception_ptr failure, T result) {
            end->ended = true;
            end->failure = std::move(failure);
            end->result.emplace(std::move(result));
        });
    }
    for (;;) {
        context.restart();
        if (before_each) {
            do before_each();
            while (!end->ended && context.poll_one() != 0);
        } else {
            context.poll();
        }
        if (end->ended) break;
        if (!clock.advance())
            throw error{errc::internal,
                        "deadlock in virtual time: the task has not ended, nothing is ready and nobody sleeps"}
                .with("second", std::to_string(clock.seconds()));
    }
    if (end->failure) std::rethrow_exception(end->failure);
    if constexpr (!std::is_void_v<T>) return std::move(*end->result);
}

/// A context with its virtual time; what is still parked at the end is destroyed in order, before the context.
class simulation {
  public:
    simulation() = default;
    explicit simulation(wall_time start) : clock_{start} {}
    simulation(const simulation&) = delete;
    simulation& operator=(const simulation&) = delete;
    ~simulation() {
        do {
            context_.restart();
            context_.poll();
        } while (clock_.abandon());
        context_.restart();
        context_.poll();
    }

    [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
    [[nodiscard]] virtual_clock& clock() noexcept { return clock_; }

    template <class T>
    T run(task<T> work) {
        return testing::run(context_, clock_, std::move(work), before_each_);
    }

    /// Calls `what` before every step from now on, so that a test may act between any two; nothing ends that.
    void before_each_step(std::function<void()> what) { before_each_ = std::move(what); }

    /// Starts `work` beside everything else; an exception from it ends the next `run`.
    void spawn(task<> work) {
        boost::asio::co_spawn(context_, std::move(work), [](const std::exception_ptr& failure) {
            if (failure) std::rethrow_exception(failure);
        });
    }

  private:
    boost::asio::io_context context_;
    virtual_clock clock_;
    std::function<void()> before_each_;
};

}  // namespace foreshadow::testing

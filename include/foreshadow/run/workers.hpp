// SPDX-License-Identifier: BSL-1.0
//
// Where blocking work runs: reading a database through its client library, compressing, hashing. A worker borrows
// from the coroutine that awaits it, so a started function is never abandoned: cancellation waits for it to end.
// Without threads the work runs on the caller, which makes a simulation deterministic.
#pragma once

#include "foreshadow/task.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace foreshadow {

/// A fixed number of threads for blocking work; 0 runs it on the caller.
///
/// The destructor lets everything end that was handed over; what awaits it must still have its executor then.
class workers {
  public:
    explicit workers(std::size_t threads) : threads_{threads} {
        if (threads > 0) pool_.emplace(threads);
    }
    workers(const workers&) = delete;
    workers& operator=(const workers&) = delete;
    ~workers() {
        if (pool_) pool_->join();
    }

    [[nodiscard]] std::size_t threads() const noexcept { return threads_; }
    [[nodiscard]] bool is_inline() const noexcept { return threads_ == 0; }

    /// Runs `job` on some thread of the pool; there is none when `is_inline`.
    template <class Job>
    void post(Job job) {
        boost::asio::post(*pool_, std::move(job));
    }

  private:
    std::size_t threads_;
    std::optional<boost::asio::thread_pool> pool_;
};

namespace detail {

/// What a worker runs. It has no type of its own for each function, so that the way to a thread and back is compiled
/// once, and not once for each use of `offload`.
class job {
  public:
    virtual void run() noexcept = 0;

  protected:
    ~job() = default;
};

/// A function, and what it left behind: its result, or what it threw.
template <class F>
class captured final : public job {
    using result = std::invoke_result_t<F>;
    static_assert(!std::is_reference_v<result>, "offload returns values: a reference would outlive its thread's hold");

  public:
    explicit captured(F f) : f_{std::move(f)} {}

    void run() noexcept override {
        try {
            if constexpr (std::is_void_v<result>)
                std::invoke(std::move(f_));
            else
                value_.emplace(std::invoke(std::move(f_)));
        } catch (...) {
            failed_ = std::current_exception();
        }
    }
    void rethrow() const {
        if (failed_) std::rethrow_exception(failed_);
    }
    auto take() { return std::move(*value_); }

  private:
    F f_;
    std::optional<std::conditional_t<std::is_void_v<result>, std::monostate, result>> value_;
    std::exception_ptr failed_;
};

/// Suspends the awaiting coroutine, runs the job on the pool, and resumes the coroutine on its own executor.
inline task<> run_elsewhere(workers& pool, job& what) {
    // Nothing is installed in the handler's cancellation slot: whoever cancels waits for the job to end.
    auto initiation = [](auto handler, workers* where, job* work) {
        auto home = boost::asio::get_associated_executor(handler);
        where->post([guard = boost::asio::make_work_guard(home), home, handler = std::move(handler), work]() mutable {
            work->run();
            boost::asio::post(home, std::move(handler));
            guard.reset();
        });
    };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        initiation, boost::asio::use_awaitable, &pool, &what);
}

}  // namespace detail

/// Runs `f()` on the pool; the awaiting coroutine goes on where it was, with the result or the exception.
///
/// Cancellation: waits for a started `f`, then throws what it threw, else `operation_aborted`.
template <class F>
task<std::invoke_result_t<F>> offload(workers& pool, F f) {
    detail::captured<F> work{std::move(f)};
    if (pool.is_inline())
        work.run();
    else
        co_await detail::run_elsewhere(pool, work);
    work.rethrow();
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none)
        throw boost::system::system_error{boost::asio::error::operation_aborted};
    if constexpr (!std::is_void_v<std::invoke_result_t<F>>) co_return work.take();
}

}  // namespace foreshadow

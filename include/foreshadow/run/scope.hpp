// SPDX-License-Identifier: BSL-1.0
//
// Structured concurrency: tasks that run side by side, and end before who started them goes on. When one fails the
// others are cancelled and awaited; the caller sees the first error, never the cancellations that it caused. All on
// the caller's executor, which is a strand or single-threaded. A cancelled caller cancels all and waits for them.
#pragma once

#include "foreshadow/task.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace foreshadow {

/// Whether this is Asio's "cancelled".
[[nodiscard]] inline bool is_cancellation(const std::exception_ptr& thrown) {
    if (!thrown) return false;
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& e) {
        return e.code() == boost::asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

namespace detail {

/// Whose normal end ends the whole.
enum class ends_with { all, first_task, any_task };

/// What a scope came to.
struct scope_result {
    std::exception_ptr failed;
    bool cancelled = false;  ///< by the caller
};

template <class Handler>
class task_group : public std::enable_shared_from_this<task_group<Handler>> {
  public:
    task_group(Handler handler, ends_with when, scope_result* out)
        : handler_{std::move(handler)},
          executor_{boost::asio::get_associated_executor(*handler_)},
          when_{when},
          out_{out} {}

    void launch(std::vector<task<>>& tasks) {
        auto slot = boost::asio::get_associated_cancellation_slot(*handler_);
        if (slot.is_connected())
            slot.assign([weak = this->weak_from_this()](boost::asio::cancellation_type) {
                const auto self = weak.lock();
                if (!self) return;
                self->out_->cancelled = true;
                self->stop();
            });
        running_ = 1;  // the launch itself: nobody can end the group before everybody has begun
        for (std::size_t i = 0; i < tasks.size() && !stopping_; ++i) {
            ++running_;
            signals_.emplace_back();
            boost::asio::co_spawn(
                executor_, std::move(tasks[i]),
                boost::asio::bind_cancellation_slot(
                    signals_.back().slot(), [self = this->shared_from_this(), i](std::exception_ptr thrown) {
                        if (thrown)
                            self->fail(std::move(thrown));
                        else if (self->when_ == ends_with::any_task || (self->when_ == ends_with::first_task && i == 0))
                            self->stop();
                        self->leave();
                    }));
        }
        tasks.clear();
        leave();
    }

  private:
    void fail(std::exception_ptr thrown) {
        const bool echo = stopping_ && is_cancellation(thrown);
        if (!echo && !out_->failed) out_->failed = std::move(thrown);
        stop();
    }
    void stop() {
        if (std::exchange(stopping_, true)) return;
        const auto keep = this->shared_from_this();
        for (auto& signal : signals_) signal.emit(boost::asio::cancellation_type::terminal);
    }
    void leave() {
        if (--running_ > 0) return;
        boost::asio::get_associated_cancellation_slot(*handler_).clear();
        boost::asio::post(executor_, std::move(*handler_));
        handler_.reset();
    }

    std::optional<Handler> handler_;
    boost::asio::associated_executor_t<Handler> executor_;
    ends_with when_;
    scope_result* out_;
    std::deque<boost::asio::cancellation_signal> signals_;
    std::size_t running_ = 0;
    bool stopping_ = false;
};

inline task<> run_group(std::vector<task<>> tasks, ends_with when) {
    if (tasks.empty()) co_return;
    scope_result result;
    auto initiation = [](auto handler, std::vector<task<>>* given, ends_with ending, scope_result* out) {
        using group = task_group<decltype(handler)>;
        std::make_shared<group>(std::move(handler), ending, out)->launch(*given);
    };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        initiation, boost::asio::use_awaitable, &tasks, when, &result);
    if (result.failed) std::rethrow_exception(result.failed);
    if (result.cancelled) throw boost::system::system_error{boost::asio::error::operation_aborted};
}

}  // namespace detail

/// Runs all side by side and ends when all have ended.
///
/// Errors: the first one, after the others were cancelled and have ended. Cancellation: reaches all; throws
/// `operation_aborted` when they have ended, or what one of them threw on its way out.
inline task<> all_of(std::vector<task<>> tasks) { return detail::run_group(std::move(tasks), detail::ends_with::all); }

/// Runs all side by side; when one has ended the others are cancelled and awaited. Errors and cancellation as in
/// `all_of`.
inline task<> any_of(std::vector<task<>> tasks) {
    return detail::run_group(std::move(tasks), detail::ends_with::any_task);
}

/// Runs `main` with `services` beside it; when `main` has ended the services are cancelled and awaited. A service may
/// end early; one that fails ends everything. Errors and cancellation as in `all_of`.
inline task<> run_until(task<> main, std::vector<task<>> services) {
    services.insert(services.begin(), std::move(main));
    return detail::run_group(std::move(services), detail::ends_with::first_task);
}

}  // namespace foreshadow

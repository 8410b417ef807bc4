// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/store/detail/wakeup.hpp"
#include "foreshadow/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace foreshadow::detail {

/// A task that runs while its starter goes on, and whose result is taken later.
///
/// The task holds all that it needs: it may outlive this, when the starter is cancelled.
template <class T>
class in_background {
  public:
    /// Starts `work` beside the caller, or runs it at once where `at_once`.
    static task<in_background> start(task<T> work, bool at_once) {
        in_background started;
        if (at_once) {
            co_await run(std::move(work), started.state_);
        } else {
            const auto executor = co_await boost::asio::this_coro::executor;
            boost::asio::co_spawn(executor, run(std::move(work), started.state_), boost::asio::detached);
        }
        co_return started;
    }

    [[nodiscard]] bool is_done() const noexcept { return state_->result || state_->failed; }

    /// Waits for the result, or throws what the task threw. Once.
    task<T> take() {
        const auto state = state_;
        while (!state->result && !state->failed) co_await state->changed.wait();
        if (state->failed) std::rethrow_exception(state->failed);
        co_return std::move(*state->result);
    }

  private:
    struct shared {
        std::optional<T> result;
        std::exception_ptr failed;
        wakeup changed;
    };
    static task<> run(task<T> work, std::shared_ptr<shared> state) {
        try {
            state->result.emplace(co_await std::move(work));
        } catch (...) {
            state->failed = std::current_exception();
        }
        state->changed.notify();
    }
    std::shared_ptr<shared> state_ = std::make_shared<shared>();
};

}  // namespace foreshadow::detail

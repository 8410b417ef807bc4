// SPDX-License-Identifier: BSL-1.0
//
// How a kit calls coroutines: to the end, cancelled, or beside another. And where they run: in real time by default, or
// in whatever has `run(task<T>) -> T`, such as a `simulation`.
#pragma once

#include "foreshadow/run/scope.hpp"
#include "foreshadow/task.hpp"
#include "foreshadow/testing/conformance/attempt.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/real_time.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

namespace foreshadow::testing {

/// Awaits `call`; never throws.
template <class T>
task<attempt<T>> attempt_to(task<T> call) {
    attempt<T> made;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(call);
            made.value.emplace();
        } else {
            made.value.emplace(co_await std::move(call));
        }
    } catch (...) {
        made.thrown = std::current_exception();
    }
    co_return made;
}

namespace detail {

template <class T>
task<> attempt_into(task<T> call, attempt<T>* out) {
    *out = co_await attempt_to(std::move(call));
}

/// Lets everything else that is ready have its turn, so many times.
inline task<> wait_turns(std::size_t turns) {
    const auto executor = co_await boost::asio::this_coro::executor;
    for (; turns > 0; --turns) co_await boost::asio::post(executor, boost::asio::use_awaitable);
}

}  // namespace detail

/// The rule for what a kit did not expect to fail.
inline constexpr rule completes{"completes", "no call fails but where the contract says so"};

/// Runs what a kit does; what is thrown on the way ends the kit and is told in its report.
template <class Time>
void run_kit(Time& time, task<> kit, report& out) {
    const attempt<> made = attempt_call([&] { time.run(std::move(kit)); });
    out.check(completes, made.returned(), [&] { return made.text(); });
}

/// Starts `call`, cancels it after so many turns of the executor, and waits for it to end.
template <class T>
task<attempt<T>> cancel_after(task<T> call, std::size_t turns) {
    attempt<T> made;
    std::vector<task<>> both;
    both.push_back(detail::attempt_into(std::move(call), &made));
    both.push_back(detail::wait_turns(turns));
    co_await any_of(std::move(both));
    co_return made;
}

/// `first` and `second` side by side; both end, whatever becomes of the other. Returns what became of the first.
template <class T>
task<attempt<T>> attempt_beside(task<T> first, task<> second) {
    attempt<T> made;
    attempt<> other;
    std::vector<task<>> both;
    both.push_back(detail::attempt_into(std::move(first), &made));
    both.push_back(detail::attempt_into(std::move(second), &other));
    co_await all_of(std::move(both));
    if (other.thrown) std::rethrow_exception(other.thrown);
    co_return made;
}

}  // namespace foreshadow::testing

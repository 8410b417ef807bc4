// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/run/workers.hpp"

#include "foreshadow/run/steady_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

using namespace foreshadow;
namespace asio = boost::asio;

namespace {

template <class T>
T run(task<T> t) {
    asio::io_context context;
    std::optional<T> result;
    std::exception_ptr failed;
    asio::co_spawn(context, std::move(t), [&](std::exception_ptr e, T value) {
        failed = e;
        if (!e) result.emplace(std::move(value));
    });
    context.run();
    if (failed) std::rethrow_exception(failed);
    return std::move(*result);
}

task<bool> resumes_at_home(workers& pool) {
    const auto home = std::this_thread::get_id();
    const auto there = co_await offload(pool, [] { return std::this_thread::get_id(); });
    co_return std::this_thread::get_id() == home && (pool.is_inline() == (there == home));
}

task<std::unique_ptr<int>> moves_only(workers& pool) {
    auto given = std::make_unique<int>(7);
    auto f = [given = std::move(given)]() mutable { return std::move(given); };
    auto back = co_await offload(pool, std::move(f));
    co_return back;
}

task<int> carries(workers& pool) {
    auto f = []() -> void { throw std::runtime_error{"from the worker"}; };
    co_await offload(pool, f);
    co_return 0;
}

task<int> counts(workers& pool, int rounds) {
    int sum = 0;
    for (int i = 0; i < rounds; ++i) {
        auto f = [&sum, i] { sum += i; };
        co_await offload(pool, f);
    }
    co_return sum;
}

}  // namespace

TEST_CASE("offload runs on the pool and resumes on the coroutine's own executor") {
    workers none{0};
    workers some{2};
    CHECK(run(resumes_at_home(none)));
    CHECK(run(resumes_at_home(some)));
}

TEST_CASE("offload moves functions and results that cannot be copied") {
    for (const std::size_t threads : {0u, 2u}) {
        workers pool{threads};
        CHECK(*run(moves_only(pool)) == 7);
    }
}

TEST_CASE("offload carries exceptions") {
    for (const std::size_t threads : {0u, 2u}) {
        workers pool{threads};
        CHECK_THROWS_WITH(run(carries(pool)), "from the worker");
    }
}

TEST_CASE("offload may be awaited many times") {
    workers pool{2};
    CHECK(run(counts(pool, 1000)) == 499'500);
}

TEST_CASE("a cancelled offload waits for the function and then says that it was cancelled") {
    workers pool{1};
    asio::io_context context;
    asio::cancellation_signal cancel;
    std::promise<void> started;
    std::promise<void> may_end;
    bool ended = false;
    boost::system::error_code code;
    auto f = [&] {
        started.set_value();
        may_end.get_future().wait();
        ended = true;
        return 1;
    };
    asio::co_spawn(context, offload(pool, f),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e, int) {
                       try {
                           if (e) std::rethrow_exception(e);
                       } catch (const boost::system::system_error& error) {
                           code = error.code();
                       }
                   }));
    context.poll();
    started.get_future().wait();
    cancel.emit(asio::cancellation_type::terminal);
    context.poll();
    CHECK_FALSE(ended);
    may_end.set_value();
    context.restart();
    context.run();
    CHECK(ended);
    CHECK(code == asio::error::operation_aborted);
}

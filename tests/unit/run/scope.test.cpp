// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/run/scope.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <catch2/catch.hpp>

#include <functional>
#include <stdexcept>
#include <string>

using namespace foreshadow;
namespace asio = boost::asio;

namespace {

using log_t = std::vector<std::string>;

struct note_end {
    log_t* log;
    std::string name;
    ~note_end() { log->push_back(name + " ends"); }
};

task<> turns(int n) {
    const auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < n; ++i) co_await asio::post(executor, asio::use_awaitable);
}
task<> for_ever() {
    asio::steady_timer timer{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
    co_await timer.async_wait(asio::use_awaitable);
}
task<> works(log_t& log, std::string name, int n) {
    const note_end end{&log, name};
    co_await turns(n);
}
task<> waits(log_t& log, std::string name) {
    const note_end end{&log, name};
    co_await for_ever();
}
task<> fails(log_t& log, std::string name, int n) {
    const note_end end{&log, name};
    if (n > 0) co_await turns(n);
    throw std::runtime_error{name};
}
/// Does not stop at once when cancelled: its clean-up takes turns of its own.
task<> ends_slowly(log_t& log, std::string name) {
    const note_end end{&log, name};
    co_await asio::this_coro::throw_if_cancelled(false);
    asio::steady_timer timer{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_await turns(20);
}
task<> fails_when_cancelled(std::string name) {
    asio::steady_timer timer{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    throw std::runtime_error{name};
}

/// Runs to the end, cancels after `cancel_after` handlers; says what came of it.
std::string outcome_of(task<> t, int cancel_after = -1) {
    asio::io_context context;
    asio::cancellation_signal cancel;
    std::string outcome = "did not end";
    asio::co_spawn(context, std::move(t), asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e) {
                       outcome = "ended";
                       if (is_cancellation(e)) {
                           outcome = "cancelled";
                       } else if (e) {
                           try {
                               std::rethrow_exception(e);
                           } catch (const std::exception& thrown) {
                               outcome = thrown.what();
                           }
                       }
                   }));
    if (cancel_after >= 0) {
        for (int i = 0; i < cancel_after; ++i) context.poll_one();
        cancel.emit(asio::cancellation_type::terminal);
    }
    context.restart();
    context.run();
    return outcome;
}

template <class... T>
std::vector<task<>> tasks(T... t) {
    std::vector<task<>> all;
    (all.push_back(std::move(t)), ...);
    return all;
}

}  // namespace

TEST_CASE("all_of ends when all have ended, whatever their order, and at once when there is none") {
    log_t log;
    CHECK(outcome_of(all_of(tasks(works(log, "a", 9), works(log, "b", 0), works(log, "c", 3)))) == "ended");
    CHECK(log == log_t{"b ends", "c ends", "a ends"});
    CHECK(outcome_of(all_of({})) == "ended");
}

TEST_CASE("the first error cancels the others, waits for them, and is what the caller sees") {
    log_t log;
    CHECK(outcome_of(all_of(tasks(ends_slowly(log, "slow"), waits(log, "b"), fails(log, "broken", 3)))) == "broken");
    CHECK(log == log_t{"broken ends", "b ends", "slow ends"});
}

TEST_CASE("an error thrown before the first suspension is an error like any other") {
    log_t log;
    CHECK(outcome_of(all_of(tasks(waits(log, "a"), fails(log, "at once", 0), waits(log, "c")))) == "at once");
    CHECK(log.front().substr(0, 7) == "at once");
    CHECK(outcome_of(all_of(tasks(fails(log, "first", 0)))) == "first");
    CHECK(outcome_of(run_until(waits(log, "main"), tasks(fails(log, "service", 0)))) == "service");
}

TEST_CASE("an error on the way out of a cancelled sibling does not hide the first") {
    log_t log;
    CHECK(outcome_of(all_of(tasks(fails_when_cancelled("second"), fails(log, "first", 2)))) == "first");
}

TEST_CASE("cancelling the caller reaches every task, at any moment, and waits for them") {
    for (int moment = 0; moment < 12; ++moment) {
        CAPTURE(moment);
        log_t log;
        CHECK(outcome_of(all_of(tasks(ends_slowly(log, "slow"), waits(log, "b"), works(log, "c", 2))), moment) ==
              "cancelled");
        if (moment > 4) CHECK(log.size() == 3);
        log.clear();
        CHECK(outcome_of(run_until(waits(log, "main"), tasks(ends_slowly(log, "service"))), moment) == "cancelled");
        if (moment > 4) CHECK(log == log_t{"main ends", "service ends"});
    }
}

TEST_CASE("an error on the way out of a cancelled scope is told instead of the cancellation") {
    CHECK(outcome_of(all_of(tasks(fails_when_cancelled("could not flush"))), 5) == "could not flush");
}

TEST_CASE("run_until ends with its main task, after its services were cancelled and have ended") {
    log_t log;
    CHECK(outcome_of(run_until(works(log, "main", 3),
                               tasks(ends_slowly(log, "slow"), waits(log, "b"), works(log, "early", 0)))) == "ended");
    CHECK(log == log_t{"early ends", "main ends", "b ends", "slow ends"});
}

TEST_CASE("a service that fails ends the main task; one that fails while it is stopped is told") {
    log_t log;
    CHECK(outcome_of(run_until(waits(log, "main"), tasks(fails(log, "service", 2)))) == "service");
    CHECK(outcome_of(run_until(works(log, "main", 2), tasks(fails_when_cancelled("late")))) == "late");
}

TEST_CASE("any_of ends with whichever ends first") {
    log_t log;
    CHECK(outcome_of(any_of(tasks(waits(log, "a"), works(log, "b", 2), works(log, "c", 50)))) == "ended");
    CHECK(log.size() == 3);
    CHECK(log.front() == "b ends");
}

TEST_CASE("scopes nest: an inner failure ends the outer one, and an outer one the inner") {
    log_t log;
    CHECK(outcome_of(all_of(tasks(all_of(tasks(waits(log, "a"), fails(log, "inner", 4))), waits(log, "b")))) ==
          "inner");
    CHECK(log == log_t{"inner ends", "a ends", "b ends"});
    log.clear();
    CHECK(outcome_of(all_of(tasks(all_of(tasks(waits(log, "a"), ends_slowly(log, "s"))), fails(log, "outer", 4)))) ==
          "outer");
    CHECK(log == log_t{"outer ends", "a ends", "s ends"});
}

TEST_CASE("a scope whose context goes away frees its tasks") {
    log_t log;
    {
        asio::io_context context;
        asio::co_spawn(context, all_of(tasks(waits(log, "a"), waits(log, "b"))), asio::detached);
        context.poll();
    }
    CHECK(log.size() == 2);
}

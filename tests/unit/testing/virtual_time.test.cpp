// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/testing/virtual_time.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <catch2/catch.hpp>

#include <limits>
#include <string>

using namespace foreshadow;
using foreshadow::testing::simulation;
using foreshadow::testing::virtual_clock;

namespace {

task<> write_after(virtual_clock clock, double seconds, char what, std::string& out) {
    co_await clock.sleep(seconds);
    out += what;
}

task<double> sleep_for(virtual_clock clock, double seconds) {
    co_await clock.sleep(seconds);
    co_return clock.seconds();
}

task<> wait_for_nothing() {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer never{executor, boost::asio::steady_timer::time_point::max()};
    co_await never.async_wait(boost::asio::use_awaitable);
}

task<> fail_after(virtual_clock clock, double seconds) {
    co_await clock.sleep(seconds);
    throw error{errc::unavailable, "as told"};
}

task<bool> note_cancellation(virtual_clock clock) {
    bool cancelled = false;
    try {
        co_await clock.sleep(100);
    } catch (const boost::system::system_error& e) {
        cancelled = e.code() == boost::asio::error::operation_aborted;
    }
    co_return cancelled;
}

task<bool> race(virtual_clock clock) {
    using namespace boost::asio::experimental::awaitable_operators;
    const auto first = co_await (clock.sleep(100) || clock.sleep(1));
    co_return first.index() == 1;
}

task<> wake_after(virtual_clock clock, double seconds, virtual_clock::ticket& who) {
    co_await clock.sleep(seconds);
    clock.wake(who);
}

task<double> sleep_with(virtual_clock clock, double seconds, virtual_clock::ticket& who) {
    co_await clock.sleep(seconds, who);
    co_return clock.seconds();
}

}  // namespace

TEST_CASE("sleepers wake by time, and at one time in the order in which they fell asleep") {
    simulation world;
    std::string out;
    world.spawn(write_after(world.clock(), 2, 'c', out));
    world.spawn(write_after(world.clock(), 1, 'a', out));
    world.spawn(write_after(world.clock(), 1, 'b', out));
    CHECK(world.run(sleep_for(world.clock(), 3)) == 3.0);
    CHECK(out == "abc");
}

TEST_CASE("a sleep that is no positive number takes no time") {
    simulation world;
    CHECK(world.run(sleep_for(world.clock(), 0)) == 0.0);
    CHECK(world.run(sleep_for(world.clock(), -1)) == 0.0);
    CHECK(world.run(sleep_for(world.clock(), std::numeric_limits<double>::quiet_NaN())) == 0.0);
}

TEST_CASE("time goes on from one run to the next, and so do those who sleep") {
    simulation world;
    std::string out;
    world.spawn(write_after(world.clock(), 5, 'x', out));
    CHECK(world.run(sleep_for(world.clock(), 3)) == 3.0);
    CHECK(out.empty());
    CHECK(world.run(sleep_for(world.clock(), 3)) == 6.0);
    CHECK(out == "x");
    CHECK(seconds_between(virtual_clock{}.now(), world.clock().now()) == Approx(6));
}

TEST_CASE("a deadlock is an error, not a hang") {
    simulation world;
    try {
        world.run(wait_for_nothing());
        FAIL("it ended");
    } catch (const error& e) {
        CHECK(e.code() == errc::internal);
        CHECK(e.message().find("deadlock") != std::string::npos);
    }
}

TEST_CASE("what a task throws comes out of the run") {
    simulation world;
    CHECK_THROWS_AS(world.run(fail_after(world.clock(), 1)), error);
    world.spawn(fail_after(world.clock(), 1));
    CHECK_THROWS_AS(world.run(sleep_for(world.clock(), 9)), error);
}

TEST_CASE("a cancelled sleep ends at once, and the others go on") {
    simulation world;
    CHECK(world.run(race(world.clock())));
    CHECK(world.clock().seconds() == 1.0);

    boost::asio::cancellation_signal signal;
    bool cancelled = false;
    boost::asio::co_spawn(
        world.context(), note_cancellation(world.clock()),
        boost::asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr, bool was) { cancelled = was; }));
    CHECK(world.run(sleep_for(world.clock(), 1)) == 2.0);
    signal.emit(boost::asio::cancellation_type::terminal);
    CHECK(world.run(sleep_for(world.clock(), 0)) == 2.0);
    CHECK(cancelled);
}

TEST_CASE("a sleeper can be woken early, once") {
    simulation world;
    virtual_clock::ticket who;
    world.spawn(wake_after(world.clock(), 2, who));
    CHECK(world.run(sleep_with(world.clock(), 50, who)) == 2.0);
    world.clock().wake(who);
    CHECK(world.run(sleep_for(world.clock(), 1)) == 3.0);
}

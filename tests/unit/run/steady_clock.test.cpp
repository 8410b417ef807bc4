// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/run/steady_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>

#include <limits>

using namespace foreshadow;
namespace asio = boost::asio;

namespace {
bool was_cancelled(double seconds, bool cancel_it) {
    asio::io_context context;
    asio::cancellation_signal cancel;
    steady_clock clock;
    bool aborted = false;
    asio::co_spawn(context, clock.sleep(seconds),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e) { aborted = e != nullptr; }));
    context.poll();
    if (cancel_it) cancel.emit(asio::cancellation_type::terminal);
    context.restart();
    context.run();
    return aborted;
}
}  // namespace

TEST_CASE("the steady clock goes forward and its wall time is of this century") {
    const steady_clock clock;
    const double before = clock.seconds();
    CHECK(clock.seconds() >= before);
    CHECK(clock.now() > wall_time{1'577'836'800'000'000});
}

TEST_CASE("a sleep without a sensible length ends at once, and any sleep can be cancelled") {
    CHECK_FALSE(was_cancelled(0, false));
    CHECK_FALSE(was_cancelled(-1, false));
    CHECK_FALSE(was_cancelled(std::numeric_limits<double>::quiet_NaN(), false));
    CHECK(was_cancelled(1e300, true));
    CHECK(was_cancelled(std::numeric_limits<double>::infinity(), true));
}

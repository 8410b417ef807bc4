// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/schedule/token_bucket.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>

#include <limits>
#include <vector>

using namespace foreshadow;
namespace asio = boost::asio;

namespace {

/// A clock that stands until it is moved; sleepers wake when their time has come.
class hand_clock {
  public:
    wall_time now() const { return {static_cast<std::int64_t>(seconds_ * 1e6)}; }
    double seconds() const { return seconds_; }
    task<> sleep(double seconds) {
        const double until = seconds_ + seconds;
        while (seconds_ < until) co_await moved_.wait();
    }
    void move(asio::io_context& context, double seconds, int steps = 100) {
        // In small steps, so that who sleeps wakes when it should.
        for (int i = 0; i < steps; ++i) {
            seconds_ += seconds / steps;
            moved_.notify();
            context.restart();
            context.poll();
        }
    }

  private:
    double seconds_ = 1000;
    pulse moved_;
};
static_assert(foreshadow::clock<hand_clock>);

task<> admits(token_bucket<hand_clock>& bucket, double bytes, int times, int* done) {
    for (int i = 0; i < times; ++i) {
        co_await bucket.admit(bytes);
        ++*done;
    }
}

struct bench {
    asio::io_context context;
    hand_clock time;
    token_bucket<hand_clock> bucket{time};
    int done = 0;

    void start(double bytes, int times) {
        asio::co_spawn(context, admits(bucket, bytes, times, &done), asio::detached);
        time.move(context, 0);
    }
};

}  // namespace

TEST_CASE("without a rate nothing waits") {
    bench b;
    b.start(1e12, 1000);
    CHECK(b.done == 1000);
}

TEST_CASE("the rate holds over time, also for chunks above the burst") {
    for (const double chunk : {10.0, 100.0, 1000.0}) {
        CAPTURE(chunk);
        bench b;
        b.bucket.rate(100);
        b.start(chunk, 1'000'000);
        b.time.move(b.context, 100, 20'000);
        CHECK(b.done * chunk <= 100 * 100 + 10 + chunk);
        CHECK(b.done * chunk >= 0.8 * 100 * 100);
    }
}

TEST_CASE("a new rate acts on who waits already") {
    bench b;
    b.bucket.rate(1);
    b.start(1000, 2);
    b.time.move(b.context, 5);
    CHECK(b.done == 1);
    b.bucket.rate(1e6);
    b.time.move(b.context, 0.01);
    CHECK(b.done == 2);
}

TEST_CASE("no rate at all waits until there is one") {
    for (const double none : {0.0, -5.0, std::numeric_limits<double>::quiet_NaN()}) {
        bench b;
        b.bucket.rate(none);
        b.start(10, 2);
        b.time.move(b.context, 1000);
        CHECK(b.done == 0);
        b.bucket.rate(std::numeric_limits<double>::infinity());
        b.time.move(b.context, 0);
        CHECK(b.done == 2);
    }
}

TEST_CASE("a correction is paid by the next chunk") {
    bench b;
    b.bucket.rate(100);
    b.start(10, 1);
    b.bucket.correct(990);
    b.start(10, 1);
    b.time.move(b.context, 9);
    CHECK(b.done == 1);
    b.time.move(b.context, 2);
    CHECK(b.done == 2);
}

TEST_CASE("who is cancelled takes nothing and does not hold up the next") {
    bench b;
    b.bucket.rate(10);
    b.start(100, 1);
    asio::cancellation_signal cancel;
    int never = 0;
    asio::co_spawn(b.context, admits(b.bucket, 1e9, 1, &never),
                   asio::bind_cancellation_slot(cancel.slot(), asio::detached));
    b.start(10, 1);
    cancel.emit(asio::cancellation_type::terminal);
    b.time.move(b.context, 11);
    CHECK(never == 0);
    CHECK(b.done == 2);
}

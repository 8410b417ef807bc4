// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/run/channel.hpp"

#include "foreshadow/run/scope.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <vector>

using namespace foreshadow;
namespace asio = boost::asio;

namespace {

task<> produce(channel<std::unique_ptr<int>>& out, int from, int count, std::size_t* most) {
    for (int i = from; i < from + count; ++i) {
        auto value = std::make_unique<int>(i);
        co_await out.send(std::move(value));
        *most = std::max(*most, out.size());
    }
}
task<> produce_and_close(channel<std::unique_ptr<int>>& out, int count, std::size_t* most) {
    std::vector<task<>> both;
    both.push_back(produce(out, 0, count, most));
    both.push_back(produce(out, 1000, count, most));
    co_await all_of(std::move(both));
    out.close();
}
task<> consume(channel<std::unique_ptr<int>>& in, std::vector<int>* got) {
    for (;;) {
        auto value = co_await in.receive();
        if (!value) break;
        got->push_back(**value);
    }
}

void run(asio::io_context& context, task<> t) {
    std::exception_ptr failed = std::make_exception_ptr(std::runtime_error{"did not end"});
    asio::co_spawn(context, std::move(t), [&](std::exception_ptr e) { failed = e; });
    context.restart();
    context.run();
    if (failed) std::rethrow_exception(failed);
}

}  // namespace

TEST_CASE("what is sent is received, in order for each sender, never more waiting than the capacity") {
    for (const std::size_t capacity : {1u, 3u, 100u}) {
        asio::io_context context;
        channel<std::unique_ptr<int>> c{capacity};
        std::vector<int> got;
        std::size_t most = 0;
        asio::co_spawn(context, consume(c, &got), asio::detached);
        run(context, produce_and_close(c, 50, &most));
        CHECK(got.size() == 100);
        CHECK(most <= capacity);
        int last_low = -1;
        int last_high = 999;
        for (const int v : got) {
            int& last = v < 1000 ? last_low : last_high;
            CHECK(v == last + 1);
            last = v;
        }
    }
}

TEST_CASE("a closed channel gives what it still has, then nothing, and takes nothing more") {
    asio::io_context context;
    channel<std::unique_ptr<int>> c{4};
    std::size_t most = 0;
    run(context, produce(c, 1, 2, &most));
    c.close();
    std::vector<int> got;
    run(context, consume(c, &got));
    CHECK(got == std::vector<int>{1, 2});
    CHECK_THROWS_AS(run(context, produce(c, 3, 1, &most)), error);
}

TEST_CASE("closing wakes a sender that waits for room and a receiver that waits for a value") {
    asio::io_context context;
    channel<std::unique_ptr<int>> full{1};
    std::size_t most = 0;
    std::exception_ptr thrown;
    asio::co_spawn(context, produce(full, 0, 2, &most), [&](std::exception_ptr e) { thrown = e; });
    context.poll();
    full.close();
    context.restart();
    context.run();
    CHECK(thrown);

    channel<std::unique_ptr<int>> empty{1};
    std::vector<int> got;
    bool ended = false;
    asio::co_spawn(context, consume(empty, &got), [&](std::exception_ptr e) { ended = !e; });
    context.restart();
    context.poll();
    CHECK_FALSE(ended);
    empty.close();
    context.restart();
    context.run();
    CHECK(ended);
}

TEST_CASE("a value survives the cancellation of the receiver that it was about to go to") {
    asio::io_context context;
    channel<std::unique_ptr<int>> c{1};
    asio::cancellation_signal cancel;
    std::vector<int> got;
    asio::co_spawn(context, consume(c, &got), asio::bind_cancellation_slot(cancel.slot(), asio::detached));
    context.poll();
    std::size_t most = 0;
    asio::post(context, [&] {
        asio::co_spawn(context, produce(c, 5, 1, &most), asio::detached);
        cancel.emit(asio::cancellation_type::terminal);
    });
    context.restart();
    context.run();
    c.close();
    run(context, consume(c, &got));
    CHECK(got == std::vector<int>{5});
}

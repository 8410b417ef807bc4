// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/run/budget.hpp"

#include "foreshadow/run/scope.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace foreshadow;
namespace asio = boost::asio;

namespace {

struct bench {
    asio::io_context context;
    std::vector<std::unique_ptr<asio::cancellation_signal>> signals;
    std::vector<std::string> log;
    std::vector<budget_lease> held;

    std::size_t take(budget& from, std::size_t bytes, std::string name) {
        signals.push_back(std::make_unique<asio::cancellation_signal>());
        asio::co_spawn(
            context, from.take(bytes),
            asio::bind_cancellation_slot(signals.back()->slot(),
                                         [this, name = std::move(name)](std::exception_ptr e, budget_lease lease) {
                                             log.push_back(name + (e ? " cancelled" : ""));
                                             held.push_back(std::move(lease));
                                         }));
        turn();
        return signals.size() - 1;
    }
    void cancel(std::size_t which) { signals[which]->emit(asio::cancellation_type::terminal); }
    void turn() {
        context.restart();
        context.poll();
    }
};

}  // namespace

TEST_CASE("a budget is served first come, first served, and a small request does not overtake") {
    budget b{100};
    bench t;
    t.take(b, 60, "a");
    t.take(b, 60, "b");
    t.take(b, 10, "c");
    CHECK(t.log == std::vector<std::string>{"a"});
    CHECK(b.available() == 40);
    t.held[0].release();
    t.turn();
    CHECK(t.log == std::vector<std::string>{"a", "b", "c"});
    CHECK(b.in_use() == 70);
    CHECK(b.peak() == 70);
}

TEST_CASE("a request above the whole is granted alone") {
    budget b{100};
    bench t;
    t.take(b, 10, "a");
    t.take(b, 500, "huge");
    t.take(b, 10, "c");
    CHECK(t.log.size() == 1);
    t.held[0].release();
    t.turn();
    CHECK(t.log == std::vector<std::string>{"a", "huge"});
    CHECK(b.available() == 0);
    t.held[1].release();
    t.turn();
    CHECK(t.log.back() == "c");
    CHECK(b.in_use() == 10);
}

TEST_CASE("a cancelled wait takes nothing and lets those behind it through") {
    budget b{100};
    bench t;
    t.take(b, 60, "a");
    const auto big = t.take(b, 90, "b");
    t.take(b, 30, "c");
    t.cancel(big);
    t.turn();
    CHECK(t.log == std::vector<std::string>{"a", "b cancelled", "c"});
    CHECK(b.in_use() == 90);
}

TEST_CASE("what is granted and cancelled at the same moment is not lost") {
    budget b{100};
    bench t;
    t.take(b, 100, "a");
    const auto second = t.take(b, 100, "b");
    t.take(b, 100, "c");
    asio::post(t.context, [&] {
        t.held[0].release();  // grants b, which has not resumed yet
        t.cancel(second);
    });
    t.turn();
    CHECK(t.log == std::vector<std::string>{"a", "b cancelled", "c"});
    CHECK(b.in_use() == 100);
}

TEST_CASE("a lease moves, shrinks, and gives back what it holds exactly once") {
    budget b{100};
    bench t;
    t.take(b, 80, "a");
    budget_lease lease = std::move(t.held[0]);
    lease.shrink_to(30);
    CHECK(b.in_use() == 30);
    budget_lease other;
    other = std::move(lease);
    lease.release();
    CHECK(b.in_use() == 30);
    other = budget_lease{};
    CHECK(b.in_use() == 0);
}

TEST_CASE("whatever is taken, released and cancelled, the sums are right and nobody waits for nothing") {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        std::mt19937 random{seed};
        budget b{100};
        bench t;
        for (int step = 0; step < 60; ++step) {
            switch (random() % 3) {
                case 0:
                    t.take(b, random() % 130, std::to_string(step));
                    break;
                case 1:
                    if (!t.held.empty()) t.held[random() % t.held.size()].release();
                    break;
                default:
                    if (!t.signals.empty()) t.cancel(random() % t.signals.size());
            }
            if (random() % 2) t.turn();
            CHECK((b.in_use() <= 100 || b.in_use() < 130));
        }
        for (std::size_t i = 0; i < t.signals.size(); ++i) {
            t.turn();
            for (auto& lease : t.held) lease.release();
        }
        t.turn();
        CHECK(t.log.size() == t.signals.size());
        for (auto& lease : t.held) lease.release();
        CHECK(b.in_use() == 0);
    }
}

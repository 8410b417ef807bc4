// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/orchestrate/patiently.hpp"

#include "foreshadow/orchestrate/back_up_options.hpp"

#include "foreshadow/testing/virtual_time.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <variant>
#include <vector>

namespace {

using namespace foreshadow;
namespace ft = foreshadow::testing;

/// As much of a session as waiting needs.
struct waiting_session {
    struct {
        ft::virtual_clock clock;
    } with;
    back_up_options options = {.patience_seconds = 60};
    std::vector<source_busy> heard = {};

    void tell(const event& e) { heard.push_back(std::get<source_busy>(e)); }
};

/// A database that answers the seventh question.
struct locked_database {
    int asked = 0;
    int answers_at = 7;
    retry again = retry::later;

    task<std::string> answer() {
        if (++asked < answers_at) throw error{errc::busy, "shop.db is locked", {}, again};
        co_return "here";
    }
};

}  // namespace

TEST_CASE("what is asked of a locked source is asked again until it answers, and each wait is told") {
    ft::simulation time;
    waiting_session s{.with = {time.clock()}};
    locked_database locked;
    CHECK(time.run(patiently(s, [&] { return locked.answer(); })) == "here");
    CHECK(locked.asked == 7);
    REQUIRE(s.heard.size() == 6);
    CHECK(s.heard.front().why == "shop.db is locked");
    for (std::size_t i = 1; i < s.heard.size(); ++i) CHECK(s.heard[i].waited_seconds > s.heard[i - 1].waited_seconds);
}

TEST_CASE("patience ends, and the error of the source is what is thrown") {
    ft::simulation time;
    waiting_session s{.with = {time.clock()}, .options = {.patience_seconds = 30}};
    locked_database locked{.answers_at = 1'000'000};
    const double begun = time.clock().seconds();
    try {
        time.run(patiently(s, [&] { return locked.answer(); }));
        FAIL("a database that never answers was waited for without end");
    } catch (const error& e) {
        CHECK(e.message() == "shop.db is locked");
    }
    CHECK(time.clock().seconds() - begun == Approx(30));
    CHECK(locked.asked < 60);  // it is not asked without a pause
}

TEST_CASE("only an error that trying later can help is waited for") {
    ft::simulation time;
    waiting_session s{.with = {time.clock()}};
    locked_database locked{.again = GENERATE(retry::never, retry::maybe)};
    CHECK_THROWS_AS(time.run(patiently(s, [&] { return locked.answer(); })), error);
    CHECK(locked.asked == 1);
    CHECK(s.heard.empty());
}

TEST_CASE("a stop that is requested ends the wait for a source") {
    ft::simulation time;
    std::atomic<bool> stop = true;
    waiting_session s{.with = {time.clock()}, .options = {.stop = &stop}};
    locked_database locked;
    try {
        time.run(patiently(s, [&] { return locked.answer(); }));
        FAIL("the stop was not seen");
    } catch (const error& e) {
        CHECK(e.code() == errc::interrupted);
    }
    CHECK(locked.asked == 1);
}

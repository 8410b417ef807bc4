// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/run/readiness.hpp"

#include "foreshadow/run/scope.hpp"
#include "foreshadow/testing/conformance/running.hpp"
#include "foreshadow/testing/real_time.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace foreshadow {
namespace {

/// A pipe of one's own.
struct two_ends {
    two_ends() { REQUIRE(::pipe(ends.data()) == 0); }
    two_ends(const two_ends&) = delete;
    two_ends& operator=(const two_ends&) = delete;
    ~two_ends() {
        for (const int end : ends) ::close(end);
    }
    void write() const { REQUIRE(::write(ends[1], "x", 1) == 1); }

    std::array<int, 2> ends{};
};

bool ready(int descriptor, readiness what, std::optional<double> seconds = {}) {
    return testing::real_time{}.run(wait_until_ready(descriptor, what, seconds));
}

task<> write_later(const two_ends& into) {
    into.write();
    co_return;
}
task<> note(const two_ends& of, bool& out) { out = co_await wait_until_ready(of.ends[0], readiness::readable); }

}  // namespace

TEST_CASE("a descriptor is ready when it can be read or written and stays its owner's", "[run]") {
    const two_ends pipe;
    CHECK(ready(pipe.ends[1], readiness::writable));
    pipe.write();
    CHECK(ready(pipe.ends[0], readiness::readable));
    char byte = 0;
    CHECK(::read(pipe.ends[0], &byte, 1) == 1);
    CHECK(byte == 'x');
}

TEST_CASE("what does not become ready is waited for only so long", "[run]") {
    const two_ends pipe;
    CHECK_FALSE(ready(pipe.ends[0], readiness::readable, 0.0));
    CHECK_FALSE(ready(pipe.ends[0], readiness::readable, .001));
    pipe.write();
    CHECK(ready(pipe.ends[0], readiness::readable, 60.0));
}

TEST_CASE("who waits goes on when the other end writes", "[run]") {
    const two_ends pipe;
    bool was_ready = false;
    std::vector<task<>> both;
    both.push_back(note(pipe, was_ready));
    both.push_back(write_later(pipe));
    testing::real_time{}.run(all_of(std::move(both)));
    CHECK(was_ready);
}

TEST_CASE("who waits can be cancelled, and somebody else may wait after that", "[run]") {
    const two_ends pipe;
    for (const std::size_t turns : {0U, 1U, 3U}) {
        const auto made =
            testing::real_time{}.run(testing::cancel_after(wait_until_ready(pipe.ends[0], readiness::readable), turns));
        CHECK(is_cancellation(made.thrown));
    }
    pipe.write();
    CHECK(ready(pipe.ends[0], readiness::readable));
}

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/store/lease.hpp"

#include "failure.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/store/repository.hpp"
#include "run.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>

namespace fs = foreshadow;
using fs::testing::failure;
using fs::testing::run;

namespace {

struct still_clock {
    double at = 1000;
    fs::wall_time now() { return fs::after_seconds({}, at); }
    double seconds() { return at; }
    fs::task<> sleep(double) { co_return; }
};

using memory_repository = fs::repository<fs::memory_store>;
using lease = fs::lease<memory_repository, still_clock>;

bool nobody_is_dead(const fs::lease_owner&) { return false; }
bool everybody_is_dead(const fs::lease_owner&) { return true; }

struct leased {
    fs::memory_store store;
    std::unique_ptr<memory_repository> repo = run(memory_repository::open(store));
    still_clock time;

    lease take(std::uint64_t process, lease::death_test dead = nobody_is_dead) {
        return *run(take_task(*repo, time, process, std::move(dead)));
    }
    static fs::task<std::optional<lease>> take_task(memory_repository& in, still_clock& clock, std::uint64_t process,
                                                    lease::death_test dead) {
        fs::lease_owner owner{"host", "boot", process, 5};
        co_return co_await lease::take(in, "db", clock, std::move(owner), std::move(dead));
    }
};

}  // namespace

TEST_CASE("a lease that is held keeps others out, and names its owner") {
    leased w;
    auto held = w.take(7);
    const auto e = failure([&] { w.take(8); });
    REQUIRE(e);
    CHECK(e->code() == fs::errc::busy);
    CHECK(e->message() == "source db is being backed up by process 7 on host");
    w.time.at += 59;
    run(held.renew());
    w.time.at += 59;
    CHECK(failure([&] { w.take(8); }).value().code() == fs::errc::busy);
    run(held.assert_held());
}

TEST_CASE("a silent owner is taken over when its time is over, and notices") {
    leased w;
    auto old = w.take(7);
    w.time.at += 61;
    auto next = w.take(8);
    CHECK(next.fence() > old.fence());
    CHECK(failure([&] { run(old.assert_held()); }).value().code() == fs::errc::displaced);
    CHECK(failure([&] { run(old.renew()); }).value().code() == fs::errc::displaced);
    run(old.give_back());
    run(next.assert_held());
    run(next.renew());
    CHECK(failure([&] { w.take(9); }).value().code() == fs::errc::busy);
}

TEST_CASE("an owner that is dead is taken over at once") {
    leased w;
    auto old = w.take(7);
    auto next = w.take(8, everybody_is_dead);
    CHECK(next.fence() == old.fence() + 1);
}

TEST_CASE("a lease that is given back is free, and its fence is never used again") {
    leased w;
    auto first = w.take(7);
    const auto fence = first.fence();
    run(first.give_back());
    auto second = w.take(8);
    CHECK(second.fence() == fence + 1);
    run(second.give_back());
    CHECK(run(w.store.list("sources/db/leases/")).size() == 1);
    CHECK(failure([&] { run(first.renew()); }).value().code() == fs::errc::displaced);
}

TEST_CASE("a taker that was overtaken between looking and writing does not hold") {
    leased w;
    auto old = w.take(7);
    w.time.at += 61;
    auto winner = w.take(8);
    run(winner.renew());  // removes the first record of its fence: the name is free again
    // Whoever saw the expired lease before this and writes the same fence now finds the winner beside it.
    const auto e = failure([&] { w.take(9); });
    REQUIRE(e);
    CHECK(e->code() == fs::errc::busy);
    run(winner.assert_held());
}

TEST_CASE("this process is alive, and one of another start is not") {
    auto me = fs::lease_owner::this_process();
    CHECK_FALSE(fs::is_known_dead(me));
    me.started += 1;
    CHECK(fs::is_known_dead(me));
    me.boot = "another";
    CHECK_FALSE(fs::is_known_dead(me));
    fs::lease_owner gone = fs::lease_owner::this_process();
    gone.process = 0x7fff'fff0;
    CHECK(fs::is_known_dead(gone));
}

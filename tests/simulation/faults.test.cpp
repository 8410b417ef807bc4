// SPDX-License-Identifier: BSL-1.0
//
// Each fault alone, so that a failure names it; trials mix them. After any of them a backup ends with an error that
// says what it is, or goes on; what is published restores exactly.
#include "trial.hpp"

#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/testing/hostile.hpp"

#include <catch2/catch.hpp>

namespace {

namespace ft = support::ft;

/// Lives through trials with a fault; returns how often processes died or ended with an error.
support::trial_result survive(ft::faults what_goes_wrong) {
    support::trial_result all;
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
        CAPTURE(seed);
        const support::trial_result result = support::run(support::trial_with(seed, what_goes_wrong));
        CHECK(result.wrong == "");
        CHECK(result.points >= 2);
        all.deaths += result.deaths;
        all.errors += result.errors;
        all.resumed += result.resumed;
        all.refused += result.refused;
    }
    return all;
}

}  // namespace

TEST_CASE("reads that fail end a backup, and the next one goes on", "[simulation]") {
    CHECK(survive({.read_error = .05}).errors > 0);
}
TEST_CASE("a database that is busy is waited for", "[simulation]") { CHECK(survive({.busy = .1}).errors == 0); }
TEST_CASE("reads that are repeated or stall change nothing", "[simulation]") {
    CHECK(survive({.read_repeat = .3, .slow = .2}).errors == 0);
}
TEST_CASE("a log that is cut off ends a backup, and the next one goes on", "[simulation]") {
    CHECK(survive({.log_error = .05}).errors > 0);
}
TEST_CASE("a log that delivers twice changes nothing", "[simulation]") {
    CHECK(survive({.log_repeat = .3}).errors == 0);
}
TEST_CASE("a log that was truncated is read again, and nothing from before is claimed", "[simulation]") {
    CHECK(survive({.log_truncated = .02}).errors > 0);
}
TEST_CASE("an acknowledgement that fails, heard or not, loses nothing", "[simulation]") {
    CHECK(survive({.deaf = .3}).errors > 0);
}
TEST_CASE("a store that does not answer ends a backup, and the next one goes on", "[simulation]") {
    CHECK(survive({.store_error = .03}).errors > 0);
}
TEST_CASE("a store whose answers are lost ends a backup, and the next one goes on", "[simulation]") {
    CHECK(survive({.lost_answer = .03}).errors > 0);
}
TEST_CASE("a full store ends a backup, and the next one goes on", "[simulation]") {
    CHECK(survive({.full = .05}).errors > 0);
}
TEST_CASE("a torn write is as if it had never begun", "[simulation]") {
    CHECK(survive({.torn_write = .05}).deaths > 0);
}
TEST_CASE("a process that dies again and again gets to the end", "[simulation]") {
    const support::trial_result all = survive({.crash_every = 150});
    CHECK(all.deaths > 16);
    CHECK(all.resumed > 0);
}
TEST_CASE("a clock that jumps changes no row", "[simulation]") { CHECK(survive({.clock_jump = .2}).errors == 0); }
TEST_CASE("everything at once", "[simulation]") {
    survive({.read_error = .01,
             .read_repeat = .1,
             .log_error = .01,
             .log_repeat = .1,
             .log_truncated = .002,
             .deaf = .05,
             .store_error = .005,
             .lost_answer = .005,
             .full = .005,
             .torn_write = .01,
             .crash_every = 800,
             .slow = .1,
             .clock_jump = .05,
             .amnesia = .3});
}

TEST_CASE("what a predictor forgot, or another one learnt, stops no backup", "[simulation]") {
    CHECK(survive({.amnesia = 1}).errors == 0);
}

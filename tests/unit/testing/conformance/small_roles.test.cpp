// SPDX-License-Identifier: BSL-1.0
//
// Paces, scan orders, conflict policies, observers and clocks: those of the tree keep their contracts, and those with
// a flaw are found.
#include "foreshadow/observe/event_log.hpp"
#include "foreshadow/observe/observers.hpp"
#include "foreshadow/observe/progress_bar.hpp"
#include "foreshadow/observe/silent_observer.hpp"
#include "foreshadow/row/conflict_policies.hpp"
#include "foreshadow/run/steady_clock.hpp"
#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/by_key.hpp"
#include "foreshadow/schedule/fixed_rate.hpp"
#include "foreshadow/schedule/flat_out.hpp"
#include "foreshadow/schedule/hottest_last.hpp"
#include "foreshadow/schedule/latency_guard.hpp"
#include "foreshadow/schedule/two_thresholds.hpp"
#include "foreshadow/testing/conformance/clock.hpp"
#include "foreshadow/testing/conformance/conflict_policy.hpp"
#include "foreshadow/testing/conformance/observer.hpp"
#include "foreshadow/testing/conformance/pace.hpp"
#include "foreshadow/testing/conformance/scan_order.hpp"
#include "foreshadow/testing/virtual_time.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include "expect_contract.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <span>
#include <sstream>
#include <stdexcept>
#include <variant>

using namespace foreshadow;

namespace {

using support::expect_broken;
using support::expect_kept;

struct pace_that_divides {
    pace_decision decide(const pace_input& input) const {
        return {input.scanned_bytes_rate / input.latency_seconds, "by latency"};
    }
};
struct pace_that_subtracts {
    pace_decision decide(const pace_input& input) const { return {1e6 - input.change_bytes_rate * 10, "what is left"}; }
};
struct order_by_the_surest {
    void arrange(std::span<piece> pieces, std::span<const prediction> live) const {
        if (!live.empty()) pieces.front() = pieces[live.front().partitions.size() % pieces.size()];
    }
};
struct observer_of_numbers {
    void on(const event& e) const {
        if (const auto* p = std::get_if<pace_changed>(&e); p != nullptr && !(p->rate >= 0))
            throw std::runtime_error{"no rate"};
    }
};
struct policy_that_throws_text {
    void settle(const conflict& c) const {
        if (c.kind == conflict_kind::claimed_twice) throw std::runtime_error{"twice"};
    }
};

enum class clock_flaw { goes_back, wakes_early, ignores_cancellation, needs_a_length };
struct flawed_clock {
    testing::virtual_clock good;
    clock_flaw what;
    int calls = 0;

    [[nodiscard]] wall_time now() const { return good.now(); }
    double seconds() { return good.seconds() - (what == clock_flaw::goes_back && ++calls % 100 == 0 ? 1 : 0); }
    task<> sleep(double length) {
        if (what == clock_flaw::needs_a_length && !(length > 0)) throw std::invalid_argument{"no length"};
        if (what == clock_flaw::ignores_cancellation)
            co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
        co_await good.sleep(what == clock_flaw::wakes_early ? length / 2 : length);
    }
};
testing::report checked(clock_flaw what) {
    testing::simulation world;
    return testing::check_clock([&] { return flawed_clock{world.clock(), what}; }, world);
}

}  // namespace

TEST_CASE("every pace keeps the contract, and those that give no rate are found") {
    expect_kept(testing::check_pace([] { return flat_out{}; }));
    expect_kept(testing::check_pace([] { return fixed_rate{}; }));
    expect_kept(testing::check_pace([] { return two_thresholds{}; }));
    expect_kept(testing::check_pace([] { return latency_guard{}; }));
    expect_broken(testing::check_pace([] { return pace_that_divides{}; }), testing::pace_rules::rates);
    expect_broken(testing::check_pace([] { return pace_that_subtracts{}; }), testing::pace_rules::rates);
}

TEST_CASE("every scan order keeps the contract, and one out of range is found") {
    expect_kept(testing::check_scan_order([] { return by_key{}; }));
    expect_kept(testing::check_scan_order([] { return at_risk_first{}; }));
    expect_kept(testing::check_scan_order([] { return hottest_last{}; }));
    expect_broken(testing::check_scan_order([] { return order_by_the_surest{}; }), testing::scan_order_rules::keeps);
}

TEST_CASE("every conflict policy keeps the contract, and one that throws something else is found") {
    expect_kept(testing::check_conflict_policy([] { return fail{}; }));
    expect_kept(testing::check_conflict_policy([] { return newest_and_report{}; }));
    expect_broken(testing::check_conflict_policy([] { return policy_that_throws_text{}; }),
                  testing::conflict_policy_rules::settles);
}

TEST_CASE("every observer keeps the contract, and one that throws is found") {
    std::stringstream out;
    expect_kept(testing::check_observer([] { return silent_observer{}; }));
    expect_kept(testing::check_observer([&] { return event_log{out}; }));
    expect_kept(testing::check_observer([&] { return progress_bar{out, {.is_terminal = true}}; }));
    expect_kept(testing::check_observer([&] { return observers{silent_observer{}, event_log{out}}; }));
    expect_broken(testing::check_observer([] { return observer_of_numbers{}; }), testing::observer_rules::listens);
}

TEST_CASE("every clock keeps the contract, and those that are wrong are found") {
    expect_kept(testing::check_clock([] { return steady_clock{}; }));
    testing::simulation world;
    expect_kept(testing::check_clock([&] { return world.clock(); }, world));
    expect_broken(checked(clock_flaw::goes_back), testing::clock_rules::monotonic);
    expect_broken(checked(clock_flaw::wakes_early), testing::clock_rules::sleeps);
    expect_broken(checked(clock_flaw::ignores_cancellation), testing::clock_rules::cancels);
    expect_broken(checked(clock_flaw::needs_a_length), testing::clock_rules::at_once);
}

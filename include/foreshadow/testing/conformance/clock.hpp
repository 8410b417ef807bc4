// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/run/clock.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/conformance/running.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct clock_rules {
    static constexpr rule monotonic{"monotonic", "seconds is a number that never goes back"};
    static constexpr rule sleeps{"sleeps", "sleep lasts at least as long as was asked for, by seconds"};
    static constexpr rule at_once{"at once", "a sleep of no length, or of none that makes sense, ends"};
    static constexpr rule in_order{"in order", "of two sleeps the shorter ends first"};
    static constexpr rule cancels{"cancels", "a sleep that is cancelled ends with operation_aborted"};
};

namespace detail {

template <class Clock>
class clock_kit {
  public:
    clock_kit(Clock& clock, report& out) : clock_{clock}, out_{out} {}

    task<> run() {
        for (int i = 0; i < 10'000; ++i) expect_monotonic();
        for (const double length : {.0001, .001, .01}) {
            const double before = clock_.seconds();
            co_await clock_.sleep(length);
            const double slept = clock_.seconds() - before;
            // A microsecond is what rounding to the ticks of a clock may take.
            out_.check(rules::sleeps, slept >= length - 1e-6,
                       [&] { return short_text(slept) + " s of " + short_text(length); });
            expect_monotonic();
        }
        for (const double length : {0.0, -1.0, -1e300, std::numeric_limits<double>::quiet_NaN()}) {
            auto call = clock_.sleep(length);
            const attempt<> made = co_await attempt_to(std::move(call));
            out_.check(rules::at_once, made.returned(), [&] { return short_text(length) + " s: " + made.text(); });
        }
        std::string order;
        std::vector<task<>> both;
        both.push_back(note_after(.02, 'b', &order));
        both.push_back(note_after(.001, 'a', &order));
        co_await all_of(std::move(both));
        out_.check(rules::in_order, order == "ab", [] { return "20 ms ended before 1 ms"; });
        for (const double length : {.02, 1e6, 1e300, std::numeric_limits<double>::infinity()})
            for (const std::size_t turns : {1U, 2U, 5U}) {
                auto call = clock_.sleep(length);
                const attempt<> made = co_await cancel_after(std::move(call), turns);
                out_.check(rules::cancels, is_cancellation(made.thrown), [&] {
                    return short_text(length) + " s, cancelled after " + std::to_string(turns) +
                           " turns: " + made.text();
                });
            }
        expect_monotonic();
    }

  private:
    using rules = clock_rules;

    void expect_monotonic() {
        const double now = clock_.seconds();
        out_.check(rules::monotonic, now >= last_, [&] { return short_text(now) + " after " + short_text(last_); });
        last_ = now;
    }
    task<> note_after(double length, char mark, std::string* order) {
        co_await clock_.sleep(length);
        *order += mark;
    }

    Clock& clock_;
    report& out_;
    double last_ = -std::numeric_limits<double>::infinity();
};

}  // namespace detail

/// Checks the clock that `make()` returns; takes some tens of milliseconds of its time.
///
/// Example: `const auto report = check_clock([] { return my_clock{}; });`
template <class Make, class Time = real_time>
[[nodiscard]] report check_clock(Make&& make, Time&& time = {}) {
    report out{"clock"};
    auto&& one = make();
    static_assert(clock<std::remove_cvref_t<decltype(one)>>);
    detail::clock_kit<std::remove_cvref_t<decltype(one)>> kit{one, out};
    run_kit(time, kit.run(), out);
    return out;
}

}  // namespace foreshadow::testing

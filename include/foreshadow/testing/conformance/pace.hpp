// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/schedule/pace.hpp"
#include "foreshadow/testing/conformance/attempt.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/random.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

namespace foreshadow::testing {

struct pace_rules {
    static constexpr rule decides{"decides", "decide never throws"};
    static constexpr rule rates{"rates", "a rate is a number, not below zero, or infinity"};
    static constexpr rule reasons{"reasons", "the reason is a few words on one line"};
};

/// Checks the pace that `make()` returns with inputs that no backup has, and with a few that all have.
///
/// Example: `const auto report = check_pace([] { return my_pace{}; });`
template <class Make>
[[nodiscard]] report check_pace(Make&& make) {
    using rules = pace_rules;
    report out{"pace"};
    auto&& law = make();
    static_assert(pace<std::remove_cvref_t<decltype(law)>>);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const std::array<double, 13> values{0,
                                        1,
                                        0.1,
                                        1e-300,
                                        1e300,
                                        1e9,
                                        -1,
                                        -1e300,
                                        5,
                                        3600,
                                        infinity,
                                        -infinity,
                                        std::numeric_limits<double>::quiet_NaN()};
    seeded_random random{13};
    pace_decision last{0, ""};
    for (int round = 0; round < 20'000; ++round) {
        // Mostly what is usual, so that a law gets somewhere between two surprises.
        const auto any = [&](double usual) { return random.chance(.2) ? random.pick(values) : usual * random.unit(); };
        pace_input input;
        input.seconds_since_last = any(2);
        input.latency_seconds = any(.05);
        input.predicted_change_rate = any(1);
        input.change_bytes_rate = any(1e6);
        input.scanned_bytes_rate = any(1e7);
        input.remaining_bytes = any(1e9);
        input.needed_rate = any(1e7);
        input.deadline_seconds = any(100);
        input.allowed_rate = random.chance(.5) ? last.bytes_per_second : any(1e7);
        const auto made = attempt_call([&] { return law.decide(input); });
        const auto when = [&] {
            return "round " + std::to_string(round) + ", latency " + short_text(input.latency_seconds) + ", " +
                   short_text(input.predicted_change_rate) + " changes per second, " +
                   short_text(input.seconds_since_last) + " s since the last: ";
        };
        if (!out.check(rules::decides, made.returned(), [&] { return when() + made.text(); })) continue;
        last = *made.value;
        out.check(rules::rates, last.bytes_per_second >= 0,
                  [&] { return when() + short_text(last.bytes_per_second) + " bytes per second"; });
        bool is_plain = last.reason.size() <= 200;
        for (const char c : last.reason) is_plain = is_plain && c >= 0x20 && c < 0x7f;
        out.check(rules::reasons, is_plain, [&] { return when() + "'" + std::string{last.reason} + "'"; });
    }
    return out;
}

}  // namespace foreshadow::testing

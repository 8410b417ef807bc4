// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/testing/conformance/attempt.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/random.hpp"

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace foreshadow::testing::detail {

/// Checks that `comes_back(random)` holds, again and again, in several threads at once, each with a seed of its own.
template <class ComesBack>
void check_in_threads(report& out, const rule& which, const ComesBack& comes_back) {
    constexpr std::size_t threads = 4;
    constexpr int rounds = 300;
    std::vector<char> good(threads, 1);
    std::vector<std::thread> all;
    for (std::size_t t = 0; t < threads; ++t)
        all.emplace_back([&comes_back, t, &good] {
            seeded_random random{t + 100};
            for (int i = 0; i < rounds; ++i) {
                const auto made = attempt_call([&] { return comes_back(random); });
                if (made.value != true) good[t] = 0;
            }
        });
    for (std::thread& each : all) each.join();
    for (std::size_t t = 0; t < threads; ++t)
        out.check(which, good[t] != 0, [&] { return "thread " + std::to_string(t) + " got other bytes"; });
}

}  // namespace foreshadow::testing::detail

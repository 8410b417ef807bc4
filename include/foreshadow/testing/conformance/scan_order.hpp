// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/schedule/scan_order.hpp"
#include "foreshadow/testing/conformance/attempt.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/random.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct scan_order_rules {
    static constexpr rule arranges{"arranges", "arrange never throws"};
    static constexpr rule keeps{"keeps pieces", "every piece is there afterwards, once and as it was"};
};

namespace detail {

/// What pieces are, whatever their order.
[[nodiscard]] inline std::vector<std::tuple<key, key, partition_id, bool, content>> sketch_of(
    const std::vector<piece>& pieces) {
    std::vector<std::tuple<key, key, partition_id, bool, content>> sketch;
    for (const piece& p : pieces) sketch.emplace_back(p.interval.begin, p.interval.end, p.owner, p.started, p.holds);
    std::sort(sketch.begin(), sketch.end());
    return sketch;
}

}  // namespace detail

/// Checks the order that `make()` returns: scans of random pieces, with predictions that may be about anything.
///
/// Example: `const auto report = check_scan_order([] { return my_order{}; });`
template <class Make>
[[nodiscard]] report check_scan_order(Make&& make) {
    using rules = scan_order_rules;
    report out{"scan order"};
    auto&& order = make();
    static_assert(scan_order<std::remove_cvref_t<decltype(order)>>);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const std::array<double, 7> sizes{0, 1, 1e6, 1e300, -5, infinity, std::numeric_limits<double>::quiet_NaN()};
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        seeded_random random{seed};
        std::vector<piece> pieces;
        for (std::uint64_t n = random.between(1, seed % 10 == 0 ? 150 : 8), i = 0; i < n; ++i) {
            const key begin = std::to_string(1000 + 2 * i);
            pieces.push_back({{begin, begin + "5"},
                              {random.below(5), {random.below(2)}},
                              random.pick(sizes),
                              random.chance(.3),
                              random.chance(.1) ? content::definitions : content::data});
        }
        std::vector<prediction> live;
        for (std::uint64_t n = random.below(6); n > 0; --n) {
            prediction p;
            for (std::uint64_t k = random.below(4); k > 0; --k)
                p.partitions.push_back({random.below(9), {random.below(2)}});
            p.kind = static_cast<lineage_kind>(random.below(5));
            p.confidence = random.unit();
            live.push_back(std::move(p));
        }
        std::sort(live.begin(), live.end(), [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
        while (!pieces.empty()) {
            const auto before = detail::sketch_of(pieces);
            const auto made = attempt_call([&] { order.arrange(pieces, live); });
            const auto when = [&] {
                return "seed " + std::to_string(seed) + ", " + std::to_string(pieces.size()) + " pieces, " +
                       std::to_string(live.size()) + " predictions: ";
            };
            if (!out.check(rules::arranges, made.returned(), [&] { return when() + made.text(); })) break;
            const bool is_kept = detail::sketch_of(pieces) == before;
            if (!out.check(rules::keeps, is_kept, [&] { return when() + "other pieces than before"; })) break;
            pieces.front().started = true;
            if (random.chance(.7)) pieces.erase(pieces.begin());
            if (!live.empty() && random.chance(.1)) live.pop_back();
        }
    }
    return out;
}

}  // namespace foreshadow::testing

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/observe/observer.hpp"
#include "foreshadow/testing/conformance/attempt.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace foreshadow::testing {

struct observer_rules {
    static constexpr rule listens{"listens", "on throws at no event: what it throws ends the backup"};
};

namespace detail {

/// One event of each kind; texts and numbers as databases, users and predictors make them.
[[nodiscard]] inline std::vector<event> any_events(seeded_random& random) {
    const auto text = [&] {
        const std::array<std::string, 5> texts{"", "orders", "line\nbreak", "\xff\xfe\xc3", std::string(5000, 't')};
        return random.pick(texts);
    };
    const auto number = [&] {
        const std::array<double, 7> numbers{0,
                                            -1,
                                            1e300,
                                            0.5,
                                            std::numeric_limits<double>::infinity(),
                                            -std::numeric_limits<double>::infinity(),
                                            std::numeric_limits<double>::quiet_NaN()};
        return random.pick(numbers);
    };
    const auto count = [&] {
        const std::array<std::uint64_t, 4> counts{0, 1, 1'000'000, std::numeric_limits<std::uint64_t>::max()};
        return random.pick(counts);
    };
    const key_range keys{text(), text()};
    const partition part{{count(), {count()}}, text(), keys, content::data, false, count(), count()};
    lineage_event changed{{{count()}, 3}, {-5}, static_cast<lineage_kind>(random.below(5)), {}, {}, {text()}};
    for (std::uint64_t n = random.below(3); n > 0; --n) changed.from.push_back(part);
    for (std::uint64_t n = random.below(3); n > 0; --n) changed.to.push_back(part);
    prediction foretold;
    foretold.boundaries = {text(), text()};
    foretold.name = text();
    foretold.because = {{text(), number(), text()}};
    foretold.when = {number(), number(), number()};
    foretold.confidence = number();
    foretold.predictor = text();
    outcome became;
    became.kind = static_cast<outcome_kind>(random.below(6));
    became.lead_seconds = number();
    return {backup_started{text(), text(), random.chance(.5), static_cast<std::size_t>(count())},
            held_from{{count()}},
            chunk_read{keys, count(), count(), {count()}},
            log_followed{{count()}, count(), count(), count()},
            layout_changed{std::move(changed)},
            predicted{std::move(foretold)},
            outcome_known{count(), became},
            shadow_opened{count()},
            shadow_adopted{count(), random.chance(.5)},
            shadow_discarded{count()},
            pace_changed{number(), number(), number(), number(), text()},
            checkpointed{{count()}, count()},
            point_published{text(), {count()}, {static_cast<std::int64_t>(random())}},
            restore_progress{text(), count(), count(), count()},
            verify_progress{count(), count()},
            warning{text()}};
}

}  // namespace detail

/// Tells the observer that `make()` returns of everything, in any order, with any content.
///
/// Example: `const auto report = check_observer([] { return my_observer{}; });`
template <class Make>
[[nodiscard]] report check_observer(Make&& make) {
    report out{"observer"};
    auto&& who = make();
    static_assert(observer<std::remove_cvref_t<decltype(who)>>);
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        seeded_random random{seed};
        std::vector<event> events = detail::any_events(random);
        for (std::size_t i = events.size(); i > 1; --i)
            std::swap(events[i - 1], events[static_cast<std::size_t>(random.below(i))]);
        for (const event& each : events) {
            const attempt<> made = attempt_call([&] { who.on(each); });
            out.check(observer_rules::listens, made.returned(), [&] {
                return "seed " + std::to_string(seed) + ", event of kind " + std::to_string(each.index()) + ": " +
                       made.text();
            });
        }
    }
    return out;
}

}  // namespace foreshadow::testing

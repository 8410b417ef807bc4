// SPDX-License-Identifier: BSL-1.0
//
// Whether a predictor keeps its contract. What it says is not judged, since nothing that it says can hurt; that it
// survives whatever a log brings, and that what it saves is loaded by its own kind only, is.
#pragma once

#include "foreshadow/predict/predictor.hpp"
#include "foreshadow/testing/conformance/attempt.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct predictor_rules {
    static constexpr rule named{"named", "a predictor has a short plain name"};
    static constexpr rule survives{"survives", "no layout, log or change of layout makes a predictor throw"};
    static constexpr rule appends{"appends", "forecast appends, and leaves what was there"};
    static constexpr rule saves{"saves", "what was saved is loaded by another of its kind, which then saves the same"};
    static constexpr rule refuses{"refuses", "load of foreign bytes throws corrupt, and the predictor goes on"};
};

namespace detail {

template <class Make>
class predictor_kit {
  public:
    predictor_kit(Make& make, report& out) : make_{make}, out_{out} {}

    void run() {
        auto first = make_();
        const std::string_view name = decltype(first)::name;
        bool is_plain = !name.empty() && name.size() <= 64;
        for (const char c : name) is_plain = is_plain && c >= 0x20 && c < 0x7f;
        out_.check(rules::named, is_plain, [&] { return "'" + std::string{name} + "'"; });
        for (std::uint64_t seed = 1; seed <= 60; ++seed) live(seed);
    }

  private:
    using rules = predictor_rules;

    template <class F>
    void survive(std::uint64_t seed, const char* what, F&& call) {
        const auto made = attempt_call(std::forward<F>(call));
        out_.check(rules::survives, made.returned(),
                   [&] { return std::string{what} + " with seed " + std::to_string(seed) + ": " + made.text(); });
    }

    /// A stream from a seed; every third has much in it that no sound source says.
    void live(std::uint64_t seed) {
        seeded_random random{seed};
        const bool is_hostile = seed % 3 == 0;
        auto one = make_();
        layout shape = some_layout(random, is_hostile ? 0 : 1);
        survive(seed, "start", [&] { one.start(shape); });
        wall_time now{1'700'000'000'000'000};
        position at{100};
        for (int step = 0; step < 60; ++step) {
            const log_batch batch = some_batch(random, at, now, is_hostile);
            at = std::max(at, batch.upto);
            lineage_event event;
            const bool changes = random.chance(.2);
            if (changes) event = some_change(random, shape, at, now);
            survive(seed, "observe", [&] { one.observe(batch, shape); });
            if (changes) survive(seed, "learn", [&] { one.learn(event); });
            if (random.chance(.3)) forecast(one, seed, now, random, is_hostile);
            now = after_seconds(now, is_hostile && random.chance(.1) ? -1e5 : random.unit() * 10);
        }
        save_and_load(one, seed);
        refuse_foreign(one, seed, random);
        forecast(one, seed, now, random, is_hostile);
    }

    template <class P>
    void forecast(P& one, std::uint64_t seed, wall_time now, seeded_random& random, bool is_hostile) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        const std::vector<double> odd{0, -1, 1e300, infinity, -infinity, std::numeric_limits<double>::quiet_NaN()};
        const double horizon = is_hostile && random.chance(.5) ? random.pick(odd) : 60;
        prediction mark;
        mark.predictor = "was there before";
        std::vector<prediction> said{mark, mark};
        survive(seed, "forecast", [&] { one.forecast(now, horizon, said); });
        out_.check(rules::appends, said.size() >= 2 && said[0] == mark && said[1] == mark,
                   [&] { return "others' predictions were changed with seed " + std::to_string(seed); });
    }

    template <class P>
    void save_and_load(P& one, std::uint64_t seed) {
        const auto saved = attempt_call([&] { return std::as_const(one).save(); });
        auto other = make_();
        const auto loaded = attempt_call([&] { other.load(saved.value.value_or("")); });
        const auto again = attempt_call([&] { return std::as_const(other).save(); });
        out_.check(rules::saves, saved.returned() && loaded.returned() && again.value == saved.value, [&] {
            return "seed " + std::to_string(seed) + ": " + (loaded.returned() ? "it saves otherwise" : loaded.text());
        });
    }

    template <class P>
    void refuse_foreign(P& one, std::uint64_t seed, seeded_random& random) {
        std::string noise(static_cast<std::size_t>(random.between(1, 300)), '\0');
        for (char& c : noise) c = static_cast<char>(random());
        for (const std::string& foreign : {std::string{"another predictor 1 2 3"}, noise, std::string(20'000, '\0'),
                                           std::string{"{\"model\": null}"}}) {
            const auto made = attempt_call([&] { one.load(foreign); });
            out_.check(rules::refuses, made.failed_with(errc::corrupt), [&] {
                return std::to_string(foreign.size()) + " foreign bytes with seed " + std::to_string(seed) + ": " +
                       made.text();
            });
        }
    }

    [[nodiscard]] static layout some_layout(seeded_random& random, std::uint64_t least) {
        layout shape{{100}, {}};
        for (std::uint64_t n = random.between(least, 12), i = 0; i < n; ++i) {
            partition p{{i, {random.below(3)}}, "p" + std::to_string(i), {key_of(10 * i), key_of(10 * i + 10)}};
            p.rows = random.chance(.3) ? 0 : random.below(5000);
            p.bytes = p.rows * random.below(200);
            shape.partitions.push_back(std::move(p));
        }
        if (!shape.partitions.empty() && random.chance(.5)) shape.partitions.back().interval.end.clear();
        return shape;
    }
    [[nodiscard]] static key key_of(std::uint64_t n) { return std::to_string(10'000 + n); }

    [[nodiscard]] static log_batch some_batch(seeded_random& random, position after, wall_time now, bool is_hostile) {
        log_batch batch;
        batch.after = batch.upto = after;
        batch.now = now;
        for (std::uint64_t n = random.below(6); n > 0; --n) {
            batch.upto.value += 1 + random.below(3);
            batch.commits.push_back({batch.upto, now, batch.changes.size(), 0});
            for (std::uint64_t k = random.below(12), i = 0; i < k; ++i, ++batch.commits.back().count) {
                const auto kind = static_cast<change_kind>(random.below(is_hostile || random.chance(.1) ? 5 : 2));
                key where = key_of(random.below(140));
                if (is_hostile && random.chance(.1)) where = random.chance(.5) ? key{} : key(5000, '\xff');
                const bool is_range = kind == change_kind::erase_range || kind == change_kind::replaced;
                const std::string payload = is_range ? where + "9" : std::string(random.below(200), 'v');
                batch.changes.append({kind,
                                      static_cast<write_hint>(random.below(4)),
                                      {batch.upto, static_cast<std::uint32_t>(i)},
                                      where,
                                      payload});
            }
        }
        return batch;
    }

    /// Splits, merges or drops what is there; sometimes tells of partitions that nobody knows.
    [[nodiscard]] static lineage_event some_change(seeded_random& random, layout& shape, position at, wall_time now) {
        lineage_event event{{at, 0}, now, static_cast<lineage_kind>(random.below(5)), {}, {}, {}};
        if (shape.partitions.empty() || random.chance(.2)) {
            const partition stranger{{999, at}, "stranger", {"x", "y"}};
            if (random.chance(.7)) event.from.push_back(stranger);
            if (random.chance(.7)) event.to.push_back(stranger);
            return event;
        }
        const std::size_t which = static_cast<std::size_t>(random.below(shape.partitions.size()));
        const partition old = shape.partitions[which];
        event.from.push_back(old);
        shape.at = at;
        if (random.chance(.3)) {
            event.kind = lineage_kind::drop;
            shape.partitions.erase(shape.partitions.begin() + static_cast<std::ptrdiff_t>(which));
            return event;
        }
        event.kind = lineage_kind::split;
        event.boundaries.push_back(old.interval.begin + "5");
        event.to = {old, old};
        event.to[0].interval.end = event.to[1].interval.begin = event.boundaries.front();
        event.to[0].id = {500 + 2 * at.value, at};
        event.to[1].id = {501 + 2 * at.value, at};
        shape.partitions[which] = event.to[0];
        shape.partitions.insert(shape.partitions.begin() + static_cast<std::ptrdiff_t>(which) + 1, event.to[1]);
        return event;
    }

    Make& make_;
    report& out_;
};

}  // namespace detail

/// Checks predictors that `make()` returns, each of which has learnt nothing yet.
///
/// Example: `const auto report = check_predictor([] { return my_predictor{}; });`
template <class Make>
[[nodiscard]] report check_predictor(Make make) {
    static_assert(predictor<std::remove_cvref_t<decltype(make())>>);
    report out{"predictor"};
    detail::predictor_kit<Make>{make, out}.run();
    return out;
}

}  // namespace foreshadow::testing

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/plane/layout_history.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace foreshadow;

namespace {

/// Applies a change to a plain list, as a reader of the layout rule would.
layout replayed(layout from, const layout_change& change) {
    std::erase_if(from.partitions, [&](const partition& p) {
        return std::find(change.retired.begin(), change.retired.end(), p.id) != change.retired.end();
    });
    from.partitions.insert(from.partitions.end(), change.begun.begin(), change.begun.end());
    std::sort(from.partitions.begin(), from.partitions.end(),
              [](const partition& a, const partition& b) { return a.interval.begin < b.interval.begin; });
    return from;
}

key number_key(int n) {
    const std::string digits = std::to_string(n);
    return std::string(8 - digits.size(), '0') + digits;
}

class churn {
  public:
    explicit churn(std::uint64_t seed) : engine_{seed} {}

    layout_change next(const layout& now) {
        at_ = engine_() % 4 == 0 ? version{at_.at, at_.ordinal + 1} : version{{at_.at.value + 1 + engine_() % 5}, 0};
        layout_change change{at_, {}, {}, {}};
        const std::size_t n = now.partitions.size();
        const std::size_t pick = n == 0 ? 0 : engine_() % n;
        const auto what = engine_() % 10;
        if (n != 0 && what < 4) {
            const partition& p = now.partitions[pick];
            const int begin = std::stoi(p.interval.begin);
            const int end = std::stoi(p.interval.end);
            change.retired.push_back(p.id);
            if (end - begin < 2) return change;
            const int middle = begin + 1 + static_cast<int>(engine_() % static_cast<std::uint64_t>(end - begin - 1));
            change.begun = {make(begin, middle), make(middle, end)};
        } else if (n > 1 && what < 7 && pick + 1 < n) {
            const partition& a = now.partitions[pick];
            const partition& b = now.partitions[pick + 1];
            change.retired = {a.id, b.id};
            change.begun = {make(std::stoi(a.interval.begin), std::stoi(b.interval.end))};
        } else if (n != 0 && what < 8) {
            change.retired = {now.partitions[pick].id};
        } else {
            const int begin = static_cast<int>(engine_() % 1'000'000);
            const partition made = make(begin, begin + 100);
            for (const partition& p : now.partitions)
                if (p.interval.overlaps(made.interval)) change.retired.push_back(p.id);
            change.begun = {made};
        }
        return change;
    }

  private:
    partition make(int begin, int end) {
        return {.id = {++native_, at_.at}, .name = "p", .interval = {number_key(begin), number_key(end)}};
    }

    std::mt19937_64 engine_;
    version at_{{11}, 0};  // above the first layout
    std::uint64_t native_ = 0;
};

}  // namespace

TEST_CASE("every past layout is the replay of the changes up to its position") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        churn source{seed};
        layout_history history{layout{{10}, {}}};
        std::vector<std::pair<version, layout>> truth{{{{10}, 0}, layout{{10}, {}}}};
        for (int n = 0; n < 400; ++n) {
            const layout_change change = source.next(truth.back().second);
            history.apply(change);
            truth.emplace_back(change.at, replayed(truth.back().second, change));
            if (n % 7 == 0) REQUIRE(history.current().partitions == truth.back().second.partitions);
        }
        for (std::uint64_t p = 10; p <= truth.back().first.at.value + 2; ++p) {
            CAPTURE(p);
            const auto above = std::upper_bound(truth.begin(), truth.end(), position{p},
                                                [](position at, const auto& entry) { return at < entry.first.at; });
            REQUIRE(history.at({p}).partitions == std::prev(above)->second.partitions);
        }
    }
}

TEST_CASE("each event of the lineage begins where the one before it has left the plane") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        churn source{seed};
        layout_history history{layout{{10}, {}}};
        for (int n = 0; n < 200; ++n) history.apply(source.next(history.current()));
        std::vector<partition_id> alive;
        for (const lineage_event& event : history.lineage()) {
            for (const partition& p : event.from) {
                const auto found = std::find(alive.begin(), alive.end(), p.id);
                REQUIRE(found != alive.end());
                alive.erase(found);
            }
            for (const partition& p : event.to) alive.push_back(p.id);
        }
        REQUIRE(alive.size() == history.current().partitions.size());
        for (const partition& p : history.current().partitions)
            REQUIRE(std::find(alive.begin(), alive.end(), p.id) != alive.end());
    }
}

TEST_CASE("a hundred thousand changes stay fine") {
    layout_history history{
        layout{{10}, {{.id = {1, {0}}, .name = "p", .interval = {number_key(0), number_key(200'000)}}}}};
    partition_id last{1, {0}};
    for (int n = 1; n <= 100'000; ++n) {  // each takes one key off the end of the largest
        const position at{10 + static_cast<std::uint64_t>(n)};
        const partition rest{.id = {static_cast<std::uint64_t>(2 * n), at},
                             .name = "p",
                             .interval = {number_key(0), number_key(200'000 - n)}};
        const partition cut_off{.id = {static_cast<std::uint64_t>(2 * n + 1), at},
                                .name = "p",
                                .interval = {number_key(200'000 - n), number_key(200'001 - n)}};
        history.apply({{at, 0}, {}, {last}, {rest, cut_off}});
        last = rest.id;
    }
    CHECK(history.current().partitions.size() == 100'001);
    CHECK(history.at({10}).partitions.size() == 1);
    CHECK(history.at({50'010}).partitions.size() == 50'001);
    CHECK(history.lineage().size() == 100'000);
}

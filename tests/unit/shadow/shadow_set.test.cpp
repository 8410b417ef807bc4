// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/shadow/shadow_set.hpp"

#include "part.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <map>
#include <random>
#include <string>

using namespace foreshadow;
using testing::part;

namespace {

layout two() { return {{1}, {part(1, "a", "m"), part(2, "m", "z")}}; }

prediction foretell(std::uint64_t id, lineage_kind kind, std::vector<std::uint64_t> partitions,
                    std::vector<key> boundaries = {}, double confidence = 0.9) {
    prediction p;
    p.id = id;
    p.kind = kind;
    for (const auto n : partitions) p.partitions.push_back({n, {1}});
    p.boundaries = std::move(boundaries);
    p.confidence = confidence;
    p.horizon_seconds = 10;
    p.when = {1, 5, 10};
    return p;
}

log_batch puts(std::uint64_t from, const std::vector<std::pair<key, std::string>>& rows) {
    log_batch batch;
    batch.after = {from - 1};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        batch.commits.push_back({{from + i}, {static_cast<std::int64_t>(from + i) * 1000}, i, 1});
        batch.changes.append({change_kind::put, write_hint::inserted, {{from + i}, 0}, rows[i].first, rows[i].second});
    }
    batch.upto = {from + rows.size() - 1};
    return batch;
}
lineage_event split(const partition& whole, key where) {
    return {{{90}, 0},
            {},
            lineage_kind::split,
            {whole},
            {part(11, whole.interval.begin, where), part(12, where, whole.interval.end)},
            {where}};
}
std::map<key, std::string> content_of(const shadow_run& run) {
    std::map<key, std::string> rows;
    for (std::size_t i = 0; i < run.changes.size(); ++i) {
        CHECK(run.interval.contains(run.changes[i].key));
        rows[key{run.changes[i].key}] = std::string{run.changes[i].payload};
    }
    return rows;
}

}  // namespace

TEST_CASE("a shadow that comes true gives a run for each partition that came about") {
    shadow_set set;
    const std::vector<prediction> live{foretell(1, lineage_kind::split, {1}, {"f"})};
    const auto opened = set.consider(live, two(), {9}, 0);
    REQUIRE(opened.size() == 1);
    CHECK(opened[0].second == shadow_fate::open);
    set.take(puts(10, {{"b", "1"}, {"g", "2"}, {"b", "3"}, {"n", "other"}}));
    CHECK(set.harvest_adopted({13}).empty());
    const auto became = set.adopt(split(two().partitions[0], "f"));
    REQUIRE(became.size() == 1);
    CHECK(became[0].second == shadow_fate::adopted);
    const auto runs = set.harvest_adopted({13});
    REQUIRE(runs.size() == 2);
    CHECK(runs[0].interval == key_range{"a", "f"});
    CHECK(runs[0].after == position{9});
    CHECK(runs[0].upto == position{13});
    CHECK(content_of(runs[0]) == std::map<key, std::string>{{"b", "3"}});
    CHECK(content_of(runs[1]) == std::map<key, std::string>{{"g", "2"}});
    // It goes on, and "nothing was written" is a run too.
    set.take(puts(14, {{"n", "x"}}));
    const auto more = set.harvest_adopted({14});
    REQUIRE(more.size() == 2);
    CHECK(more[0].after == position{13});
    CHECK(more[0].changes.empty());
}

TEST_CASE("a shadow cut at the wrong place is cut again, with what it holds") {
    shadow_set set;
    set.consider(std::vector{foretell(1, lineage_kind::split, {1}, {"f"})}, two(), {9}, 0);
    auto batch = puts(10, {{"b", "1"}, {"g", "2"}, {"h", "3"}});
    batch.changes.append({change_kind::erase_range, write_hint::unknown, {{12}, 1}, "c", "i"});
    batch.commits.back().count = 2;
    set.take(batch);
    const auto became = set.adopt(split(two().partitions[0], "h"));
    REQUIRE(became.size() == 1);
    CHECK(became[0].second == shadow_fate::recut);
    CHECK(set.counts().recut == 1);
    const auto runs = set.harvest_adopted({12});
    REQUIRE(runs.size() == 3);
    std::size_t erasures = 0;
    for (const auto& run : runs) {
        CHECK((run.interval.end == "h" || run.interval.end == "f" || run.interval.end == "m"));
        erasures += run.erasures.size();
    }
    CHECK(erasures == 3);
}

TEST_CASE("what did not come about is discarded, by the judge or by another change") {
    shadow_set set;
    set.consider(std::vector{foretell(1, lineage_kind::split, {1}), foretell(2, lineage_kind::split, {2})}, two(), {9},
                 0);
    REQUIRE(set.size() == 2);
    CHECK(set.discard(1));
    CHECK_FALSE(set.discard(1));
    const lineage_event merge{{{90}, 0}, {}, lineage_kind::merge, two().partitions, {part(9, "a", "z")}, {"m"}};
    const auto became = set.adopt(merge);
    REQUIRE(became.size() == 1);
    CHECK(became[0] == std::pair{std::uint64_t{2}, shadow_fate::discarded});
    CHECK(set.size() == 0);
    CHECK(set.counts().discarded == 2);
}

TEST_CASE("a merge, a creation and a drop have the shadows that they need") {
    shadow_set set;
    layout now = two();
    now.partitions.pop_back();
    const std::vector<prediction> live{foretell(1, lineage_kind::create, {}, {"p", "q"}),
                                       foretell(2, lineage_kind::drop, {1})};
    CHECK(set.consider(live, now, {9}, 0).size() == 1);
    set.take(puts(10, {{"pp", "1"}}));
    const auto became = set.adopt({{{10}, 0}, {}, lineage_kind::create, {}, {part(5, "p", "q")}, {}});
    REQUIRE(became.size() == 1);
    CHECK(became[0].second == shadow_fate::adopted);
    CHECK(set.harvest_adopted({10}).size() == 1);
    set.adopt({{{11}, 0}, {}, lineage_kind::drop, {part(5, "p", "q")}, {}, {}});
    CHECK(set.size() == 0);

    shadow_set merged;
    merged.consider(std::vector{foretell(1, lineage_kind::merge, {1, 2})}, two(), {9}, 0);
    merged.adopt({{{90}, 0}, {}, lineage_kind::merge, two().partitions, {part(9, "a", "z")}, {"m"}});
    const auto runs = merged.harvest_adopted({90});
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].interval == key_range{"a", "z"});
}

TEST_CASE("a run never spans a replaced") {
    shadow_set set;
    set.consider(std::vector{foretell(1, lineage_kind::split, {1}, {"f"})}, two(), {9}, 0);
    set.take(puts(10, {{"b", "old"}, {"g", "kept"}}));
    log_batch batch;
    batch.commits.push_back({{12}, {}, 0, 3});
    batch.changes.append({change_kind::put, write_hint::unknown, {{12}, 0}, "b", "gone"});
    batch.changes.append({change_kind::replaced, write_hint::unknown, {{12}, 1}, "a", "c"});
    batch.changes.append({change_kind::put, write_hint::unknown, {{12}, 2}, "c", "same commit"});
    batch.upto = {12};
    set.take(batch);
    set.take(puts(13, {{"b", "new"}}));
    set.adopt(split(two().partitions[0], "f"));
    const auto runs = set.harvest_adopted({13});
    REQUIRE(runs.size() == 2);
    CHECK(runs[0].after == position{12});
    CHECK(content_of(runs[0]) == std::map<key, std::string>{{"b", "new"}});
    CHECK(runs[1].after == position{9});
}

TEST_CASE("every key has at most one shadow: the first, unless a later one is worth twice as much") {
    shadow_set set;
    set.take(puts(1, {{"b", std::string(1000, 'x')}, {"c", std::string(1000, 'x')}, {"n", "y"}}));
    set.consider(std::vector{foretell(1, lineage_kind::split, {1}, {}, 0.9)}, two(), {9}, 0);
    CHECK(set.consider(std::vector{foretell(2, lineage_kind::merge, {1, 2}, {}, 0.95)}, two(), {9}, 0).empty());
    CHECK(set.size() == 1);
    CHECK(set.consider(std::vector{foretell(3, lineage_kind::split, {2}, {}, 0.3)}, two(), {9}, 0).empty());
}

TEST_CASE("whatever is foretold, memory, stored bytes and count stay within the budget") {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        std::mt19937 random{seed};
        const shadow_budget budget{.memory_bytes = 200'000,
                                   .stored_share = 0.1,
                                   .stored_always = 50'000,
                                   .count = 8,
                                   .confidence_threshold = 0.5};
        shadow_set set{budget};
        layout now{{1}, {}};
        for (std::uint64_t i = 0; i < 40; ++i)
            now.partitions.push_back(part(i, key{static_cast<char>('0' + i)}, key{static_cast<char>('1' + i)}));
        std::uint64_t at = 10;
        std::uint64_t id = 1;
        std::uint64_t stored = 0;
        for (int tick = 0; tick < 60; ++tick) {
            std::vector<prediction> live;
            for (std::uint64_t i = 0; i < 40; ++i) {
                std::vector<key> absurd;
                for (std::size_t b = 0; b < random() % 40; ++b)
                    absurd.push_back(key(random() % 3000, static_cast<char>(random() % 256)));
                std::sort(absurd.begin(), absurd.end());
                live.push_back(
                    foretell(id++, i % 3 == 0 ? lineage_kind::merge : lineage_kind::split,
                             i % 3 == 0 ? std::vector<std::uint64_t>{i, i + 1} : std::vector<std::uint64_t>{i}, absurd,
                             random() % 2 ? 1.0 : std::numeric_limits<double>::infinity()));
            }
            set.consider(live, now, {at - 1}, 100'000);
            CHECK(set.size() <= budget.count);
            std::vector<std::pair<key, std::string>> rows;
            for (int i = 0; i < 50; ++i)
                rows.emplace_back(key{static_cast<char>('0' + random() % 41)} + std::to_string(random() % 100'000),
                                  std::string(random() % 500, 'v'));
            const log_batch batch = puts(at, rows);
            set.take(batch);
            at += rows.size();
            CHECK(set.bytes() <= budget.memory_bytes + 2 * batch.changes.bytes());
            if (random() % 10 == 0) set.adopt(split(now.partitions[random() % 40], "zz"));
            if (random() % 2 == 0 && set.bytes() > budget.memory_bytes) {
                for (const auto& run : set.harvest_for_memory({at - 1})) stored += run.changes.bytes();
                CHECK(set.bytes() <= budget.memory_bytes);
            }
        }
        for (const auto& run : set.harvest_adopted({at - 1})) stored += run.changes.bytes();
        CHECK(stored <= 50'000);
        CHECK(stored <= set.counts().stored);
    }
}

TEST_CASE("folding in place keeps what a run has to say") {
    for (unsigned seed = 1; seed <= 10; ++seed) {
        CAPTURE(seed);
        std::mt19937 random{seed};
        shadow kept{foretell(1, lineage_kind::split, {1}), {{"a", "z"}}, {0}};
        change_batch all;
        for (std::uint64_t at = 1; at <= 4000; ++at) {
            const key k = "k" + std::to_string(random() % 300);
            const std::string value(random() % 100, static_cast<char>('a' + random() % 26));
            const change_kind kind = random() % 5 == 0     ? change_kind::erase
                                     : random() % 200 == 0 ? change_kind::erase_range
                                                           : change_kind::put;
            const change_view change{kind,
                                     write_hint::unknown,
                                     {{at}, 0},
                                     k,
                                     kind == change_kind::erase         ? ""
                                     : kind == change_kind::erase_range ? "k9"
                                                                        : std::string_view{value}};
            if (change.is_range() && change.payload <= change.key) continue;
            all.append(change);
            kept.take(0, change);
            if (random() % 500 == 0) kept.compact({at});
        }
        std::vector<shadow_run> runs;
        kept.harvest({4000}, runs);
        REQUIRE(runs.size() == 1);
        change_batch expected;
        std::vector<range_erasure> erasures;
        fold(all, {"a", "z"}, expected, erasures);
        REQUIRE(runs[0].changes.size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) CHECK(runs[0].changes[i] == expected[i]);
        CHECK(runs[0].erasures.size() == erasures.size());
    }
}

TEST_CASE("worth grows with confidence and with what else is written, cost with the band's own rate; a draw opens") {
    const shadow_terms idle{
        .confidence = 0.6, .lead_seconds = 5, .remaining_seconds = 10, .band_rate = 0, .whole_rate = 0};
    CHECK(worth_of(idle).pays());
    shadow_terms busy = idle;
    busy.band_rate = 100;
    busy.whole_rate = 100;
    busy.confidence = 0.5;
    CHECK_FALSE(worth_of(busy).pays());
    busy.whole_rate = 1000;
    CHECK(worth_of(busy).pays());
    busy.confidence = std::numeric_limits<double>::quiet_NaN();
    CHECK(worth_of(busy).worth == 0);
}

TEST_CASE("every verdict on a shadow comes with the numbers that it was made by") {
    const auto verdict_of = [](shadow_set& set, const prediction& p, position at = {1}) {
        static_cast<void>(set.consider({&p, 1}, two(), at, 0));
        const shadow_set::accounts told = set.take_accounts();
        REQUIRE(told.size() == 1);
        CHECK(told[0].first == p.id);
        return told[0].second;
    };
    const prediction likely = foretell(1, lineage_kind::split, {1}, {"g"});
    {
        shadow_set set;
        set.take(puts(2, {{"b", std::string(900, 'v')}, {"n", std::string(900, 'v')}}));
        const shadow_account account = verdict_of(set, likely, {3});
        CHECK(account.verdict == shadow_verdict::opened);
        CHECK(account.spared > 0);
        CHECK(account.worth == 0.9 * (account.spared + account.ready));
        CHECK(account.cost > 0);
        CHECK(account.cost < account.spared);  // half of what is written is written elsewhere
        CHECK(account.open == 0);
        CHECK(account.most_open == 64);
        CHECK(account.most_held == std::size_t{64} << 20);
        // What was told once is not told again.
        static_cast<void>(set.consider({&likely, 1}, two(), {4}, 0));
        CHECK(set.take_accounts().empty());
        // Its keys are taken; and by one of its own partition they are taken, too.
        const shadow_account refused = verdict_of(set, foretell(2, lineage_kind::merge, {1, 2}), {4});
        CHECK(refused.verdict == shadow_verdict::keys_taken);
        CHECK(refused.open == 1);
        CHECK(refused.held > 0);
    }
    {
        shadow_set set;
        CHECK(verdict_of(set, foretell(1, lineage_kind::split, {1}, {}, 0.4)).verdict == shadow_verdict::unlikely);
        CHECK(verdict_of(set, foretell(2, lineage_kind::drop, {1})).verdict == shadow_verdict::no_keys);
        CHECK(verdict_of(set, foretell(3, lineage_kind::create, {}, {"z"})).verdict == shadow_verdict::no_keys);
        CHECK(verdict_of(set, foretell(4, lineage_kind::split, {7})).verdict == shadow_verdict::no_keys);
    }
    {
        shadow_set set{{.memory_bytes = 10}};
        CHECK(verdict_of(set, likely).verdict == shadow_verdict::no_memory);
    }
    {
        shadow_set set{{.count = 1}};
        CHECK(verdict_of(set, likely).verdict == shadow_verdict::opened);
        CHECK(verdict_of(set, foretell(2, lineage_kind::split, {2})).verdict == shadow_verdict::no_room);
    }
}

TEST_CASE("a creation of which only the name is foretold has no shadow, and says why, once") {
    shadow_set set;
    set.take(puts(2, {{"b", std::string(900, 'v')}}));
    prediction p = foretell(1, lineage_kind::create, {});
    p.name = "public.ev_p#";
    CHECK(set.consider({&p, 1}, two(), {3}, 0).empty());
    const auto told = set.take_accounts();
    REQUIRE(told.size() == 1);
    CHECK(told[0].first == 1);
    CHECK(told[0].second.verdict == shadow_verdict::no_keys);
    CHECK(set.consider({&p, 1}, two(), {4}, 0).empty());
    CHECK(set.take_accounts().empty());
    CHECK(set.adopt({{{10}, 0}, {}, lineage_kind::create, {}, {part(5, "x", "y")}, {}}).empty());
    CHECK_FALSE(set.discard(1));
    CHECK(set.size() == 0);
}

TEST_CASE("a band that gets all of the writes costs more than an unsure change is worth") {
    shadow_set set;
    set.take(puts(2, {{"b", std::string(900, 'v')}, {"c", std::string(900, 'v')}}));
    prediction p = foretell(1, lineage_kind::split, {1}, {}, 0.6);
    p.when = {0, 0, 0};  // nothing would be sorted by then
    CHECK(set.consider({&p, 1}, two(), {3}, 0).empty());
    const shadow_set::accounts told = set.take_accounts();
    REQUIRE(told.size() == 1);
    CHECK(told[0].second.verdict == shadow_verdict::costs_more);
    CHECK(told[0].second.cost > told[0].second.worth);
}

TEST_CASE("what gives way is told why, with the numbers that it was opened by") {
    shadow_set set{{.memory_bytes = 4096}};
    const prediction p = foretell(1, lineage_kind::split, {1});
    static_cast<void>(set.consider({&p, 1}, two(), {1}, 0));
    const shadow_account opened = set.take_accounts().at(0).second;
    set.take(puts(2, {{"b", std::string(9000, 'v')}}));
    set.take(puts(3, {{"c", std::string(9000, 'v')}}));
    static_cast<void>(set.consider({}, two(), {3}, 0));
    const shadow_set::accounts told = set.take_accounts();
    REQUIRE(told.size() == 1);
    CHECK(told[0].second.verdict == shadow_verdict::memory_full);
    CHECK(told[0].second.worth == opened.worth);

    shadow_set stingy{{.stored_share = 0, .stored_always = 100}};
    static_cast<void>(stingy.consider({&p, 1}, two(), {1}, 0));
    stingy.take(puts(2, {{"b", std::string(9000, 'v')}}));
    static_cast<void>(stingy.adopt(split(part(1, "a", "m"), "g")));
    CHECK(stingy.harvest_adopted({2}).empty());
    const shadow_set::accounts ended = stingy.take_accounts();
    REQUIRE(ended.size() == 2);
    CHECK(ended[0].second.verdict == shadow_verdict::opened);
    CHECK(ended[1].second.verdict == shadow_verdict::store_full);
}

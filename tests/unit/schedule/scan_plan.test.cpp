// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/schedule/scan_plan.hpp"

#include "foreshadow/schedule/at_risk_first.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace foreshadow;

namespace {

partition part(std::uint64_t native, key begin, key end, std::uint64_t bytes) {
    return {.id = {native, {1}}, .name = "p", .interval = {std::move(begin), std::move(end)}, .bytes = bytes};
}

/// The same by trying everything: all boxes as if they were known, every interval against every partition.
std::vector<piece> planned_slowly(boxes known, const under_way& more, const layout& now, position followed,
                                  const std::vector<key_range>& in_flight) {
    for (const image* read : more.images) known.images.push_back(*read);
    if (more.sealed < more.taken)
        known.segments.push_back({.after = more.sealed, .upto = more.taken, .where = {}, .changes = 0, .bytes = 0});
    std::vector<key_range> todo = to_scan(known, now, followed);
    for (const key_range& taken : in_flight) {
        std::vector<key_range> rest;
        for (const key_range& interval : todo)
            for (key_range& left : difference(interval, taken)) rest.push_back(std::move(left));
        todo = std::move(rest);
    }
    std::vector<piece> pieces;
    for (const partition& owner : now.partitions)
        for (const key_range& interval : todo) {
            const key_range common = intersection(interval, owner.interval);
            if (common.is_empty()) continue;
            const bool whole = common == owner.interval;
            pieces.push_back({common, owner.id, static_cast<double>(owner.bytes) * (whole ? 1.0 : 0.5), !whole});
        }
    return pieces;
}

struct situation {
    boxes known;
    std::vector<image> being_written;
    layout now;
    std::vector<key_range> in_flight;
};

situation made_up(std::mt19937& random) {
    situation made;
    const auto letter = [&](int upto) { return static_cast<char>('a' + static_cast<int>(random() % 26) % upto); };
    std::uint64_t next = 1;
    for (char at = 'a'; at < 'x';) {
        const char end = static_cast<char>(at + 1 + random() % 5);
        made.now.partitions.push_back(part(next++, key(1, at), key(1, end), random() % 1000));
        at = static_cast<char>(end + (random() % 4 == 0));
    }
    const auto some_image = [&] {
        const key begin(1, letter(20));
        const position at{5 + random() % 10};
        return image{.interval = {begin, key(1, static_cast<char>(begin[0] + 1 + random() % 6))},
                     .seen = horizon::exactly(at),
                     .where = {}};
    };
    for (std::size_t n = random() % 6; n > 0; --n) made.known.images.push_back(some_image());
    for (std::size_t n = random() % 4; n > 0; --n) made.being_written.push_back(some_image());
    if (random() % 2 == 0) made.known.replacements.push_back({{"h", "k"}, {{8}, 0}});
    made.known.segments.push_back({.after = {4}, .upto = {10}, .where = {}});
    for (char at = letter(10); at < 'y' && random() % 4 != 0; at = static_cast<char>(at + 4))
        made.in_flight.push_back({key(1, at), key(1, static_cast<char>(at + 1 + random() % 3))});
    std::shuffle(made.in_flight.begin(), made.in_flight.end(), random);
    return made;
}

}  // namespace

TEST_CASE("a plan has what nothing covers and nobody reads, by partition and in key order") {
    const layout two{{0}, {part(1, "", "m", 100), part(2, "m", "", 10)}};
    const boxes nothing;
    const std::vector<piece> all = plan_scan(nothing, {}, two, {0});
    REQUIRE(all.size() == 2);
    CHECK(all[0].interval == key_range{"", "m"});
    CHECK(all[0].owner == partition_id{1, {1}});
    CHECK(all[0].remaining_bytes == 100);
    CHECK_FALSE(all[0].started);
    CHECK(all[1].interval == key_range{"m", ""});

    const std::vector<piece> rest = plan_scan(nothing, {}, two, {0}, {{"x", "y"}, {"k", "p"}});
    REQUIRE(rest.size() == 3);
    CHECK(rest[0].interval == key_range{"", "k"});
    CHECK(rest[0].started);
    CHECK(rest[0].remaining_bytes == 50);
    CHECK(rest[1].interval == key_range{"p", "x"});
    CHECK(rest[2].interval == key_range{"y", ""});
    CHECK(rest[2].owner == partition_id{2, {1}});
}

TEST_CASE("what is being written counts for a plan, and so does the log that is not sealed yet") {
    const layout one{{0}, {part(1, "a", "z", 100)}};
    boxes known;
    known.segments.push_back({.after = {1}, .upto = {5}, .where = {}});
    const image read{.interval = {"a", "f"}, .seen = horizon::exactly({4}), .where = {}};
    CHECK(plan_scan(known, {}, one, {5}).front().interval == key_range{"a", "z"});
    const under_way more{.images = {&read}, .sealed = {5}, .taken = {9}};
    CHECK(plan_scan(known, more, one, {9}).front().interval == key_range{"f", "z"});
    const under_way gap{.images = {&read}, .sealed = {6}, .taken = {9}};
    CHECK(plan_scan(known, gap, one, {9}).front().interval == key_range{"a", "z"});
}

TEST_CASE("a plan is what trying everything finds") {
    const auto seed = GENERATE(range(1u, 300u));
    CAPTURE(seed);
    std::mt19937 random{seed};
    const situation s = made_up(random);
    under_way more{.images = {}, .sealed = {10}, .taken = {10 + random() % 3}};
    for (const image& i : s.being_written) more.images.push_back(&i);
    const std::vector<piece> plan = plan_scan(s.known, more, s.now, more.taken, s.in_flight);
    const std::vector<piece> slow = planned_slowly(s.known, more, s.now, more.taken, s.in_flight);
    REQUIRE(plan.size() == slow.size());
    for (std::size_t i = 0; i < plan.size(); ++i) {
        CHECK(plan[i].interval == slow[i].interval);
        CHECK(plan[i].owner == slow[i].owner);
        CHECK(plan[i].remaining_bytes == slow[i].remaining_bytes);
        CHECK(plan[i].started == slow[i].started);
    }
}

TEST_CASE("what is left of a piece comes next, and a band that was begun stays so when predictions change") {
    const layout three{{0}, {part(1, "a", "b", 10), part(2, "b", "c", 10), part(3, "c", "d", 10)}};
    scan_plan plan;
    at_risk_first order;
    plan.make(plan_scan(boxes{}, {}, three, {0}));
    std::vector<prediction> live(1);
    live[0].partitions = {partition_id{2, {1}}};
    live[0].confidence = 0.9;
    piece next = plan.take(order, live, 1);
    CHECK(next.interval.begin == "b");
    next.interval.begin = "bb";
    plan.put_back(next);
    CHECK(plan.take(order, live, 1).interval == key_range{"bb", "c"});
    plan.put_back({.interval = {"bc", "c"}, .owner = {2, {1}}});
    live[0].partitions = {partition_id{3, {1}}};
    next = plan.take(order, live, 2);
    CHECK(next.interval.begin == "bc");
    CHECK(next.started);
    CHECK(plan.take(order, live, 2).interval.begin == "c");
    CHECK(plan.take(order, {}, 3).interval.begin == "a");
    CHECK(plan.is_empty());
}

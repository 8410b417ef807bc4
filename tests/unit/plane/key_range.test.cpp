// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/plane/key_range.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace foreshadow;

namespace {

/// Every key of up to `most` of three bytes: the smallest, one in the middle, the largest. In order.
std::vector<key> some_keys(std::size_t most) {
    std::vector<key> keys{""};
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (keys[i].size() < most)
            for (const char c : {'\0', 'a', '\xff'}) keys.push_back(keys[i] + c);
    std::sort(keys.begin(), keys.end());
    return keys;
}

/// All intervals between some keys. One that holds a key at all holds one of these, so they decide every question.
struct some_intervals {
    std::vector<key> keys = some_keys(2);
    std::vector<key_range> all;

    some_intervals() {
        for (const key& begin : keys)
            for (const key& end : keys) all.push_back({begin, end});
    }
    [[nodiscard]] std::vector<key> inside(const key_range& range) const {
        std::vector<key> found;
        for (const key& k : keys)
            if (k >= range.begin && (range.end == "" || k < range.end)) found.push_back(k);
        return found;
    }
};

}  // namespace

TEST_CASE("an interval holds its begin and not its end, and an empty end is unbounded") {
    const some_intervals of;
    for (const key_range& range : of.all) {
        CAPTURE(printable(range));
        const std::vector<key> inside = of.inside(range);
        REQUIRE(range.is_empty() == inside.empty());
        REQUIRE(range.is_unbounded() == (range.end == ""));
        for (const key& k : of.keys) {
            REQUIRE(range.contains(k) == std::binary_search(inside.begin(), inside.end(), k));
            REQUIRE(range.ends_after(k) == (range.end == "" || k < range.end));
        }
    }
    CHECK(key_range::all().contains(""));
    CHECK(key_range::all().contains("\xff\xff\xff"));
}

TEST_CASE("intervals cover, overlap, meet and are taken from each other as the keys in them do") {
    const some_intervals of;
    for (const key_range& a : of.all) {
        const std::vector<key> in_a = of.inside(a);
        for (const key_range& b : of.all) {
            CAPTURE(printable(a), printable(b));
            const std::vector<key> in_b = of.inside(b);
            std::vector<key> in_both;
            std::set_intersection(in_a.begin(), in_a.end(), in_b.begin(), in_b.end(), std::back_inserter(in_both));
            std::vector<key> in_a_alone;
            std::set_difference(in_a.begin(), in_a.end(), in_b.begin(), in_b.end(), std::back_inserter(in_a_alone));

            REQUIRE(a.covers(b) == (in_both == in_b));
            REQUIRE(a.overlaps(b) == !in_both.empty());
            REQUIRE(of.inside(intersection(a, b)) == in_both);
            std::vector<key> left;
            for (const key_range& part : difference(a, b)) {
                REQUIRE_FALSE(part.is_empty());
                const std::vector<key> in_part = of.inside(part);
                left.insert(left.end(), in_part.begin(), in_part.end());
            }
            REQUIRE(left == in_a_alone);
        }
    }
}

TEST_CASE("of two ends an empty one is the largest") {
    const std::vector<key> keys = some_keys(2);
    for (const key& a : keys)
        for (const key& b : keys) {
            CAPTURE(printable(a), printable(b));
            REQUIRE(end_before(a, b) == (a != "" && (b == "" || a < b)));
        }
}

TEST_CASE("between a key and its successor there is none") {
    const std::vector<key> keys = some_keys(3);
    for (const key& a : keys)
        for (const key& b : keys) {
            CAPTURE(printable(a), printable(b));
            REQUIRE((a < b) == (successor(a) <= b));
        }
}

TEST_CASE("the keys with a prefix are one interval") {
    const std::vector<key> keys = some_keys(3);
    for (const key& prefix : keys)
        for (const key& k : keys) {
            CAPTURE(printable(prefix), printable(k));
            REQUIRE(prefixed(prefix).contains(k) == k.starts_with(prefix));
        }
}

TEST_CASE("keys are printed so that no two look alike") {
    CHECK(printable("ab ~") == "ab ~");
    CHECK(printable("a\\b") == "a\\x5cb");
    CHECK(printable(std::string_view{"\0\x1f\x7f\xa5", 4}) == "\\x00\\x1f\\x7f\\xa5");
    CHECK(printable(key_range{"a", "b"}) == "[a, b)");
    CHECK(printable(key_range{"a", ""}) == "[a, …)");
}

namespace {

using ranges = std::vector<key_range>;

/// Disjoint intervals over the letters, in order; some touch, and the last may be unbounded.
ranges some_ranges(std::mt19937& random) {
    ranges made;
    for (char at = static_cast<char>('a' + random() % 3); at < 'x';) {
        const char end = static_cast<char>(at + 1 + random() % 4);
        made.push_back({key(1, at), key(1, end)});
        at = static_cast<char>(end + random() % 3);
    }
    if (random() % 3 == 0) made.back().end.clear();
    if (random() % 4 == 0) made.front().begin.clear();
    return made;
}

bool contains(const ranges& these, const key& k) {
    for (const key_range& one : these)
        if (one.contains(k)) return true;
    return false;
}

}  // namespace

TEST_CASE("what is left of intervals without others") {
    const ranges whole{{"b", "d"}, {"d", "h"}, {"m", ""}};
    CHECK(difference(whole, {}) == whole);
    CHECK(difference(whole, {{"d", "h"}}) == ranges{{"b", "d"}, {"m", ""}});
    CHECK(difference(whole, {{"c", "e"}, {"f", "g"}}) == ranges{{"b", "c"}, {"e", "f"}, {"g", "h"}, {"m", ""}});
    CHECK(difference(whole, {{"a", "b"}, {"h", "m"}}) == whole);
    CHECK(difference(whole, {{"n", "p"}, {"q", ""}}) == ranges{{"b", "d"}, {"d", "h"}, {"m", "n"}, {"p", "q"}});
    CHECK(difference(whole, {key_range::all()}).empty());
    CHECK(difference({}, whole).empty());
}

TEST_CASE("a difference of many intervals has the keys that are in one and not in the other") {
    const auto seed = GENERATE(range(1u, 200u));
    CAPTURE(seed);
    std::mt19937 random{seed};
    const ranges whole = some_ranges(random);
    const ranges holes = some_ranges(random);
    const ranges left = difference(whole, holes);
    for (char c = 'A'; c <= '~'; ++c)
        CHECK(contains(left, key(1, c)) == (contains(whole, key(1, c)) && !contains(holes, key(1, c))));
    for (std::size_t i = 0; i < left.size(); ++i) {
        CHECK_FALSE(left[i].is_empty());
        if (i > 0) CHECK(end_before(left[i - 1].end, left[i].end));
        if (i > 0) CHECK(left[i - 1].end <= left[i].begin);
    }
}

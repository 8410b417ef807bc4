// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/plane/key_range.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using foreshadow::key;
using foreshadow::key_range;

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
        if (i > 0) CHECK(foreshadow::end_before(left[i - 1].end, left[i].end));
        if (i > 0) CHECK(left[i - 1].end <= left[i].begin);
    }
}

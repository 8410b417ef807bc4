// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/orchestrate/detail/journal_needs.hpp"

#include "foreshadow/plane/key_set.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace foreshadow;
using detail::journal_need;
using detail::journal_needs;

namespace {

using ranges = std::vector<key_range>;

segment seg(std::uint64_t after, std::uint64_t upto) { return {{after}, {upto}, "segment", 0, 0}; }

}  // namespace

TEST_CASE("a segment is asked for what is needed of it, neighbours together") {
    journal_needs needs{std::vector<journal_need>{
        {{"m", ""}, {15}, {30}}, {{"a", "c"}, {5}, {30}}, {{"c", "f"}, {12}, {30}}, {{"h", "k"}, {5}, {10}}}};
    const journal_needs::part first = needs.of(seg(0, 10));
    CHECK(first.keys == ranges{{"a", "c"}, {"h", "k"}});
    CHECK(first.after == position{5});
    CHECK(first.upto == position{10});
    const journal_needs::part second = needs.of(seg(10, 20));
    CHECK(second.keys == ranges{{"a", "f"}, {"m", ""}});
    CHECK(second.after == position{10});
    CHECK(second.upto == position{20});
    CHECK(needs.of(seg(20, 40)).upto == position{30});
    CHECK(needs.of(seg(40, 50)).keys.empty());
}

TEST_CASE("a need that ends where a segment begins is none of it, nor one that begins where it ends") {
    journal_needs needs{std::vector<journal_need>{{{"a", "b"}, {5}, {10}}, {{"c", "d"}, {20}, {25}}}};
    CHECK(needs.of(seg(10, 20)).keys.empty());
    CHECK(needs.of(seg(20, 20)).keys.empty());
    CHECK(needs.of(seg(20, 21)).keys == ranges{{"c", "d"}});
}

TEST_CASE("nothing is asked for twice where one interval is needed by several") {
    journal_needs needs{
        std::vector<journal_need>{{{"a", "f"}, {1}, {9}}, {{"a", "c"}, {2}, {8}}, {{"b", ""}, {0}, {4}}}};
    CHECK(needs.of(seg(0, 9)).keys == ranges{{"a", ""}});
}

TEST_CASE("what is asked of each segment is what comparing it with every need finds") {
    const auto seed = GENERATE(range(1u, 300u));
    CAPTURE(seed);
    std::mt19937 random{seed};
    std::vector<journal_need> all;
    for (std::size_t n = random() % 12; n > 0; --n) {
        const char begin = static_cast<char>('a' + random() % 20);
        const position after{random() % 40};
        all.push_back({{key(1, begin), random() % 8 == 0 ? key{} : key(1, static_cast<char>(begin + random() % 5))},
                       after,
                       {after.value + random() % 20}});
    }
    journal_needs needs{all};
    for (std::uint64_t after = 0; after < 60;) {
        const segment s = seg(after, after + 1 + random() % 15);
        after = s.upto.value + (random() % 3 == 0 ? random() % 5 : 0);
        key_set expected;
        position from = position::last();
        position to{};
        for (const journal_need& need : all) {
            if (need.upto <= s.after || s.upto <= need.after || need.upto <= need.after) continue;
            if (need.interval.is_empty()) continue;
            expected.insert(need.interval);
            from = std::min(from, std::max(s.after, need.after));
            to = std::max(to, std::min(s.upto, need.upto));
        }
        const journal_needs::part found = needs.of(s);
        const key_set keys{found.keys};
        CHECK(found.keys.size() == expected.size());
        for (char c = '`'; c <= '~'; ++c) CHECK(keys.contains(key(1, c)) == expected.contains(key(1, c)));
        if (found.keys.empty()) continue;
        CHECK(found.after == from);
        CHECK(found.upto == to);
    }
}

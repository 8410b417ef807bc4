// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/postgresql/layout/moved_bounds.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::tests {
namespace {

using detail::bound_group;
using detail::moved_bound;

/// What a group is, read plainly: whoever's old range overlaps somebody's new one is with him, and so on.
std::vector<std::vector<object_id>> plainly_grouped(const std::vector<moved_bound>& moved) {
    std::vector<std::size_t> groups(moved.size());
    for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = i;
    for (std::size_t i = 0; i < moved.size(); ++i)
        for (std::size_t j = 0; j < moved.size(); ++j) {
            if (!detail::overlap(moved[i].before, moved[j].now)) continue;
            const std::size_t from = std::max(groups[i], groups[j]);
            std::replace(groups.begin(), groups.end(), from, std::min(groups[i], groups[j]));
        }
    std::vector<std::vector<object_id>> all(moved.size());
    for (std::size_t i = 0; i < moved.size(); ++i) all[groups[i]].push_back(moved[i].of);
    std::erase_if(all, [](const auto& g) { return g.empty(); });
    return all;
}

/// Disjoint ranges of some keys, each somebody's, with gaps; the last one may go on for ever.
void deal(std::mt19937_64& random, std::vector<moved_bound>& moved, std::vector<key_range> moved_bound::* to) {
    unsigned at = static_cast<unsigned>(random() % 3);
    while (at < 200) {
        const unsigned end = at + 1 + static_cast<unsigned>(random() % 12);
        key_range range{key(1, static_cast<char>(at)), key(1, static_cast<char>(end))};
        if (random() % 40 == 0) range.end.clear();
        const bool is_last = range.end.empty();
        (moved[random() % moved.size()].*to).push_back(std::move(range));
        if (is_last) return;
        at = end + static_cast<unsigned>(random() % 3 == 0 ? random() % 9 : 0);
    }
}

}  // namespace

TEST_CASE("tables are grouped as whoever reads their ranges one by one groups them", "[postgresql]") {
    std::mt19937_64 random{11};
    std::size_t largest = 0;
    for (int round = 0; round < 400; ++round) {
        std::vector<moved_bound> moved(1 + random() % 30);
        for (std::size_t i = 0; i < moved.size(); ++i) moved[i].of = static_cast<object_id>(100 + i);
        deal(random, moved, &moved_bound::before);
        if (round % 5 != 0) deal(random, moved, &moved_bound::now);
        std::vector<std::vector<object_id>> grouped;
        for (const bound_group& g : detail::groups_of(moved)) {
            grouped.emplace_back();
            for (const moved_bound* m : g.members) grouped.back().push_back(m->of);
            largest = std::max(largest, g.members.size());
        }
        CAPTURE(round);
        REQUIRE(grouped == plainly_grouped(moved));
    }
    CHECK(largest > 5);
}

TEST_CASE("a group is settled once all that was held is covered, or one of it waits for nobody", "[postgresql]") {
    std::vector<moved_bound> moved{
        {1, {{"a", "m"}}, {}, false}, {2, {}, {{"a", "f"}}, false}, {3, {}, {{"x", ""}}, false}};
    std::vector<bound_group> groups = detail::groups_of(moved);
    REQUIRE(groups.size() == 2);
    CHECK_FALSE(groups[0].is_settled);
    CHECK(groups[0].has_descents());
    CHECK(groups[1].is_settled);
    CHECK_FALSE(groups[1].has_descents());
    moved.push_back({4, {}, {{"f", "m"}}, false});
    CHECK(detail::groups_of(moved)[0].is_settled);
    moved.pop_back();
    moved[0].is_settled = true;
    CHECK(detail::groups_of(moved)[0].is_settled);
}

}  // namespace foreshadow::postgresql::tests

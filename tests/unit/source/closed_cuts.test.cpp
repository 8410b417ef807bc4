// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/source/closed_cuts.hpp"

#include "foreshadow/testing/random.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace foreshadow;
using member = closed_cuts::member;

namespace {

void add(closed_cuts& cuts, std::size_t log, std::uint64_t at, std::uint64_t commit, std::size_t logs = 1,
         bool arrives = false) {
    cuts.add(log, {.commit = commit, .logs = logs, .arrives = arrives, .at = {at}});
}

}  // namespace

TEST_CASE("commits of one log each come one by one, whichever log goes first") {
    closed_cuts cuts{2};
    add(cuts, 0, 5, 1);
    add(cuts, 1, 3, 2);
    add(cuts, 0, 9, 3);
    CHECK(cuts.advance(1) == std::vector<member>{{1, 2}});
    CHECK(cuts.at() == position{3});
    CHECK(cuts.advance(0) == std::vector<member>{{0, 1}});
    CHECK(cuts.at() == position{8});
    CHECK(cuts.advance(1).empty());
    CHECK(cuts.advance(0) == std::vector<member>{{0, 3}});
    CHECK(cuts.cut() == std::vector<position>{{9}, {3}});
    CHECK(cuts.advance(0).empty());
}

TEST_CASE("a commit of two logs waits for its other part, and takes along what comes before that") {
    closed_cuts cuts{2};
    add(cuts, 0, 1, 10, 2);
    CHECK(cuts.advance(0).empty());
    add(cuts, 1, 1, 11);
    CHECK(cuts.advance(0).empty());
    add(cuts, 1, 2, 10, 2);
    CHECK(cuts.advance(0) == std::vector<member>{{0, 10}, {1, 11}, {1, 10}});
    CHECK(cuts.cut() == std::vector<position>{{1}, {2}});
}

TEST_CASE("commits that two logs have in opposite orders come in one step") {
    closed_cuts cuts{2};
    add(cuts, 0, 1, 1, 2);
    add(cuts, 0, 2, 2, 2);
    add(cuts, 1, 1, 2, 2);
    CHECK(cuts.advance(1).empty());
    add(cuts, 1, 2, 1, 2);
    CHECK(cuts.advance(1).size() == 4);
    CHECK(cuts.at() == position{4});
}

TEST_CASE("keys that are handed off leave one log before they arrive in the other") {
    closed_cuts cuts{2};
    add(cuts, 0, 1, 7, 2, true);
    add(cuts, 1, 1, 6);
    add(cuts, 1, 2, 7, 2);
    CHECK(cuts.advance(0) == std::vector<member>{{1, 6}, {1, 7}, {0, 7}});
}

TEST_CASE("hand-offs that contradict one another are refused") {
    closed_cuts cuts{2};
    add(cuts, 0, 1, 1, 2, true);
    add(cuts, 0, 2, 2, 2);
    add(cuts, 1, 1, 2, 2, true);
    add(cuts, 1, 2, 1, 2);
    CHECK_THROWS_AS(cuts.advance(0), error);
}

namespace {

/// The commits that a cut must have if it has the next part of a log, found in the plainest way.
std::set<std::uint64_t> closure(const std::vector<std::vector<std::uint64_t>>& logs, const std::vector<std::size_t>& at,
                                std::size_t log) {
    std::set<std::uint64_t> commits{logs[log][at[log]]};
    for (std::size_t before = 0; before != commits.size();) {
        before = commits.size();
        for (std::size_t of = 0; of < logs.size(); ++of) {
            std::size_t last = logs[of].size();
            while (last > at[of] && commits.count(logs[of][last - 1]) == 0) --last;
            for (std::size_t i = at[of]; i < last; ++i) commits.insert(logs[of][i]);
        }
    }
    return commits;
}

}  // namespace

TEST_CASE("every cut is closed, and no smaller step would be, for any logs") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        testing::seeded_random dice{seed};
        const std::size_t logs = dice.between(1, 5);
        std::vector<std::pair<std::size_t, std::uint64_t>> parts;
        std::map<std::uint64_t, std::size_t> count;
        for (std::uint64_t commit = 1; commit <= 40; ++commit)
            for (std::size_t log = 0; log < logs; ++log)
                if (dice.chance(.4)) {
                    ++count[commit];
                    parts.emplace_back(log, commit);
                }
        for (std::size_t i = parts.size(); i-- > 1;)
            if (dice.chance(.3)) std::swap(parts[i], parts[i - dice.below(std::min<std::size_t>(i, 4) + 1)]);

        closed_cuts cuts{logs};
        std::vector<std::vector<std::uint64_t>> all(logs);
        std::vector<std::size_t> at(logs);
        const auto advance = [&](std::size_t log) {
            if (at[log] == all[log].size()) {
                CHECK(cuts.advance(log).empty());
                return false;
            }
            const std::set<std::uint64_t> needed = closure(all, at, log);
            const position before = cuts.at();
            const std::vector<member> step = cuts.advance(log);
            if (step.empty()) {
                CHECK(cuts.at() == before);
                return false;
            }
            CHECK(before < cuts.at());
            std::map<std::uint64_t, std::size_t> told;
            for (const member& m : step) {
                REQUIRE(all[m.log][at[m.log]++] == m.commit);  // each log in its own order, without a gap
                ++told[m.commit];
            }
            CHECK(told.size() == needed.size());
            for (const std::uint64_t each : needed) CHECK(told[each] == count[each]);
            return true;
        };
        for (const auto& [log, commit] : parts) {
            all[log].push_back(commit);
            add(cuts, log, all[log].size(), commit, count[commit]);
            if (dice.chance(.5)) advance(dice.below(logs));
        }
        for (std::size_t log = 0; log < logs; ++log)
            while (advance(log)) continue;
        for (std::size_t log = 0; log < logs; ++log) CHECK(at[log] == all[log].size());
    }
}

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/testing/simulated_target.hpp"

#include "foreshadow/testing/virtual_time.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace foreshadow;
using foreshadow::testing::placement;
using foreshadow::testing::simulated_target;
using foreshadow::testing::simulation;

namespace {

const std::vector<partition> parts{{{9, {1}}, "definitions", {"!", "\""}, content::definitions},
                                   {{1, {1}}, "a", {"a", "b"}},
                                   {{2, {1}}, "b", {"b", "d"}}};

/// Restores the partitions in the order given, each with rows of one letter and a digit.
void restore(simulated_target into, std::vector<partition> order) {
    simulation time;
    const auto work = [](simulated_target to, std::vector<partition> all) -> task<> {
        const layout shape{{1}, all};
        co_await to.begin(shape);
        for (const partition& p : all) {
            row_batch rows;
            for (char digit = '0'; digit <= '9'; ++digit) rows.append(p.interval.begin + digit, "value");
            co_await to.load(p, rows);
            co_await to.complete(p);
        }
        co_await to.finish();
    };
    time.run(work(into, std::move(order)));
}

}  // namespace

TEST_CASE("ranges of a target's own take the rows that lie in them, whatever the source's were") {
    simulated_target into{placement::by_ranges({"b5", "a3", "zz"})};
    restore(into, parts);
    CHECK(into.rows().size() == 10);  // definitions
    REQUIRE(into.placed().size() == 4);
    CHECK(into.placed()[0].size() == 3);
    CHECK(into.placed()[1].size() == 12);
    CHECK(into.placed()[2].size() == 5);
    CHECK(into.placed()[3].empty());
    CHECK(into.placed()[1].begin()->first == "a3");
    CHECK(into.placed()[2].begin()->first == "b5");
}

TEST_CASE("hashed partitions take each row once, where its hash says") {
    const placement where = placement::by_hash(5);
    simulated_target into{where};
    restore(into, parts);
    std::size_t rows = 0;
    for (std::size_t i = 0; i < where.partitions(); ++i) {
        rows += into.placed()[i].size();
        for (const auto& [k, value] : into.placed()[i]) CHECK(where.of(k) == i);
    }
    CHECK(rows == 20);
}

TEST_CASE("a restore that gives data out of the order of keys is refused") {
    CHECK_THROWS_AS(restore(simulated_target{}, {parts[0], parts[2], parts[1]}), error);
    CHECK_THROWS_AS(restore(simulated_target{placement::by_ranges({"b"})}, {parts[0], parts[2], parts[1]}), error);
    CHECK_THROWS_AS(restore(simulated_target{}, {parts[1], parts[0]}), error);
    CHECK_NOTHROW(restore(simulated_target{}, parts));
}

TEST_CASE("every key lies in the range that its placement names, edges included") {
    const placement where = placement::by_ranges({"b", "a", "c", "c"});
    for (const key& k : {key{}, key{"a"}, successor("a"), key{"aa"}, key{"b"}, key{"bz"}, key{"c"}, key{"d"}}) {
        CAPTURE(k);
        CHECK(where.range_of(where.of(k)).contains(k));
    }
    CHECK(where.of("a") == 1);
    CHECK(where.of("b") == 2);
    CHECK(where.of("c") == 4);
}

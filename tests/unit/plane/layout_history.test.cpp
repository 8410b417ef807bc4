// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/plane/layout_history.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace foreshadow;

namespace {

partition part(std::uint64_t native, std::uint64_t created, key begin, key end) {
    return {.id = {native, {created}},
            .name = "p" + std::to_string(native),
            .interval = {std::move(begin), std::move(end)}};
}

layout_change change(std::uint64_t at, std::uint32_t ordinal, std::vector<partition_id> retired,
                     std::vector<partition> begun) {
    return {{{at}, ordinal}, {}, std::move(retired), std::move(begun)};
}

std::vector<std::uint64_t> natives(const layout& l) {
    std::vector<std::uint64_t> ids;
    for (const partition& p : l.partitions) ids.push_back(p.id.native);
    return ids;
}

layout_history some_history() {
    layout_history history{layout{{3}, {part(1, 1, "", "m"), part(2, 1, "m", "")}}};
    history.apply(change(5, 1, {{1, {1}}}, {part(3, 5, "", "g"), part(4, 5, "g", "m")}));
    history.apply(change(5, 4, {{2, {1}}}, {}));
    history.apply(change(9, 0, {}, {part(5, 9, "p", "q")}));
    return history;
}

template <class Apply>
void refuses(const Apply& apply, const std::string& part_of_message) {
    try {
        apply();
    } catch (const error& e) {
        CHECK(e.code() == errc::conflict);
        CHECK_THAT(e.message(), Catch::Contains(part_of_message));
        return;
    }
    FAIL("not refused: " << part_of_message);
}

}  // namespace

TEST_CASE("a layout change takes effect after its position, not before") {
    const layout_history history = some_history();
    CHECK(natives(history.at({3})) == std::vector<std::uint64_t>{1, 2});
    CHECK(natives(history.at({4})) == std::vector<std::uint64_t>{1, 2});
    CHECK(natives(history.at({5})) == std::vector<std::uint64_t>{3, 4});
    CHECK(natives(history.at({8})) == std::vector<std::uint64_t>{3, 4});
    CHECK(natives(history.at({9})) == std::vector<std::uint64_t>{3, 4, 5});
    CHECK(history.at({100}).partitions == history.current().partitions);
    CHECK(history.at({100}).at == position{100});
    CHECK(history.current().at == position{9});
    CHECK(natives(history.first()) == std::vector<std::uint64_t>{1, 2});
    CHECK_THROWS_AS(history.at({2}), error);
}

TEST_CASE("a history keeps what was told and what became of whom") {
    const layout_history history = some_history();
    REQUIRE(history.changes().size() == 3);
    REQUIRE(history.lineage().size() == 3);
    CHECK(history.lineage()[0].kind == lineage_kind::split);
    CHECK(history.lineage()[1].kind == lineage_kind::drop);
    CHECK(history.lineage()[2].kind == lineage_kind::create);
}

TEST_CASE("a change that is told again changes nothing") {
    layout_history history = some_history();
    history.apply(change(5, 4, {{2, {1}}}, {}));
    history.apply(change(3, 0, {{7, {1}}}, {}));  // the first layout contains it
    CHECK(history.changes().size() == 3);
    CHECK(natives(history.current()) == std::vector<std::uint64_t>{3, 4, 5});
}

TEST_CASE("a change that does not fit is refused whole") {
    layout_history history = some_history();
    const layout before = history.current();
    refuses([&] { history.apply(change(10, 0, {{1, {1}}}, {})); }, "not alive");
    refuses([&] { history.apply(change(10, 0, {{8, {1}}}, {})); }, "not alive");
    refuses([&] { history.apply(change(10, 0, {{3, {5}}, {3, {5}}}, {})); }, "twice");
    refuses([&] { history.apply(change(10, 0, {{3, {5}}}, {part(1, 1, "", "g")})); }, "used before");
    refuses([&] { history.apply(change(10, 0, {}, {part(9, 10, "x", "y"), part(9, 10, "y", "z")})); }, "used before");
    refuses([&] { history.apply(change(10, 0, {{3, {5}}}, {part(6, 10, "", "c"), part(7, 10, "c", "h")})); },
            "overlap");
    refuses([&] { history.apply(change(10, 0, {}, {part(6, 10, "pp", "r")})); }, "overlap");
    refuses([&] { history.apply(change(10, 0, {}, {part(6, 10, "o", "")})); }, "overlap");
    refuses([&] { history.apply(change(10, 0, {}, {part(6, 10, "x", "x")})); }, "without keys");
    refuses([&] { history.apply(change(8, 0, {}, {part(6, 8, "x", "y")})); }, "comes after");
    refuses([&] { history.apply(change(9, 0, {}, {part(6, 9, "x", "y")})); }, "in two ways");
    CHECK(history.current() == before);
    CHECK(history.changes().size() == 3);
    history.apply(change(10, 0, {}, {part(8, 10, "x", "y")}));  // puts the layout together anew
    CHECK(natives(history.current()) == std::vector<std::uint64_t>{3, 4, 5, 8});
    history.apply(change(10, 1, {{3, {5}}}, {part(6, 10, "", "c"), part(7, 10, "c", "g")}));
    CHECK(natives(history.current()) == std::vector<std::uint64_t>{6, 7, 4, 5, 8});
    CHECK(natives(history.at({10})) == std::vector<std::uint64_t>{6, 7, 4, 5, 8});
}

TEST_CASE("a past layout is in key order, whichever of its partitions began first") {
    layout_history history{layout{{3}, {part(1, 1, "", "m"), part(2, 1, "m", "")}}};
    history.apply(change(5, 0, {{1, {1}}}, {part(3, 5, "", "g"), part(4, 5, "g", "m")}));
    history.apply(change(7, 0, {{2, {1}}}, {part(5, 7, "p", ""), part(6, 7, "m", "p")}));
    CHECK(natives(history.at({5})) == std::vector<std::uint64_t>{3, 4, 2});
    CHECK(natives(history.at({7})) == std::vector<std::uint64_t>{3, 4, 6, 5});
}

TEST_CASE("a first layout with overlaps is refused, one out of order is put in order") {
    refuses([] { layout_history{layout{{0}, {part(1, 0, "a", "c"), part(2, 0, "b", "d")}}}; }, "overlap");
    refuses([] { layout_history{layout{{0}, {part(1, 0, "a", "b"), part(1, 0, "b", "d")}}}; }, "used before");
    const layout_history history{
        layout{{0}, {part(4, 0, "k", ""), part(2, 0, "b", "c"), part(1, 0, "a", "b"), part(3, 0, "f", "k")}}};
    CHECK(natives(history.current()) == std::vector<std::uint64_t>{1, 2, 3, 4});
    CHECK(natives(history.first()) == std::vector<std::uint64_t>{1, 2, 3, 4});
}

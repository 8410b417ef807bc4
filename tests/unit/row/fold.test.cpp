// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/row/fold.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace foreshadow;

namespace {

struct folded {
    change_batch changes;
    std::vector<range_erasure> erasures;
};

folded fold_of(change_batch changes, const key_range& interval = key_range::all()) {
    folded result;
    fold(changes, interval, result.changes, result.erasures);
    return result;
}

version at(std::uint64_t position, std::uint32_t ordinal = 0) { return {{position}, ordinal}; }

std::string columns(std::string_view a, std::string_view b) {
    std::string out;
    append_column(a, out);
    append_column(b, out);
    return out;
}
std::string set_column(std::uint64_t index, std::string_view bytes) {
    std::string out;
    append_patch_column(index, bytes, out);
    return out;
}

}  // namespace

TEST_CASE("of each key the last change is kept, in key order and within the interval") {
    change_batch changes;
    changes.append({change_kind::put, {}, at(3), "m", "3"});
    changes.append({change_kind::put, {}, at(1), "b", "1"});
    changes.append({change_kind::erase, {}, at(4), "b", ""});
    changes.append({change_kind::put, {}, at(2), "z", "2"});
    changes.append({change_kind::put, {}, at(4, 1), "m", "4"});
    const folded result = fold_of(changes, {"b", "z"});
    REQUIRE(result.changes.size() == 2);
    CHECK(result.changes[0] == change_view{change_kind::erase, {}, at(4), "b", ""});
    CHECK(result.changes[1] == change_view{change_kind::put, {}, at(4, 1), "m", "4"});
    CHECK(result.erasures.empty());
}

TEST_CASE("patches are folded onto rows and onto patches, at the last version") {
    change_batch changes;
    changes.append({change_kind::put, {}, at(1), "row", columns("a", "b")});
    changes.append({change_kind::patch, {}, at(2), "row", set_column(1, "x")});
    changes.append({change_kind::patch, {}, at(3), "row", set_column(0, "y")});
    changes.append({change_kind::patch, {}, at(2), "patch", set_column(1, "x")});
    changes.append({change_kind::patch, {}, at(3), "patch", set_column(0, "y")});
    const folded result = fold_of(changes);
    REQUIRE(result.changes.size() == 2);
    CHECK(result.changes[0] ==
          change_view{change_kind::patch, {}, at(3), "patch", set_column(0, "y") + set_column(1, "x")});
    CHECK(result.changes[1] == change_view{change_kind::put, {}, at(3), "row", columns("y", "x")});
}

TEST_CASE("erasures of intervals stay apart, clipped, and nothing is folded over them") {
    change_batch changes;
    changes.append({change_kind::put, {}, at(1), "k", columns("a", "b")});
    changes.append({change_kind::erase_range, {}, at(2), "a", ""});
    changes.append({change_kind::erase_range, {}, at(2, 1), "x", "y"});
    changes.append({change_kind::patch, {}, at(3), "k", set_column(0, "y")});
    const folded result = fold_of(changes, {"c", "m"});
    REQUIRE(result.changes.size() == 1);
    CHECK(result.changes[0].kind == change_kind::patch);
    CHECK(result.erasures == std::vector<range_erasure>{{at(2), {"c", "m"}}});
}

TEST_CASE("a row may be patched any number of times") {
    change_batch changes;
    changes.append({change_kind::put, {}, at(1), "row", columns("a", "b")});
    for (std::uint64_t p = 2; p <= 5; ++p)
        changes.append({change_kind::patch, write_hint::updated, at(p), "row", set_column(p % 2, std::to_string(p))});
    const folded result = fold_of(changes);
    REQUIRE(result.changes.size() == 1);
    CHECK(result.changes[0] == change_view{change_kind::put, write_hint::updated, at(5), "row", columns("4", "5")});
    CHECK(result.changes[0].hint == write_hint::updated);
}

TEST_CASE("an erasure that begins at a key is none of its changes, and does not part them") {
    change_batch changes;
    changes.append({change_kind::put, {}, at(1), "k", "1"});
    changes.append({change_kind::erase_range, {}, at(2), "k", "m"});
    changes.append({change_kind::erase_range, {}, at(3), "x", "y"});
    changes.append({change_kind::erase_range, {}, at(4), "z", ""});
    CHECK(fold_of(changes).changes.size() == 1);
    CHECK(fold_of(changes).changes[0].kind == change_kind::put);
    CHECK(fold_of(changes, {"a", "x"}).erasures == std::vector<range_erasure>{{at(2), {"k", "m"}}});
    CHECK(fold_of(changes, {"y", ""}).erasures == std::vector<range_erasure>{{at(4), {"z", ""}}});
    changes.append({change_kind::put, {}, at(5), "k", "5"});
    const folded result = fold_of(changes);
    REQUIRE(result.changes.size() == 1);
    CHECK(result.changes[0].at == at(5));
    CHECK(result.erasures.size() == 3);
}

TEST_CASE("a patch onto an erased key keeps the erasure, for the merge to find out") {
    change_batch changes;
    changes.append({change_kind::erase, {}, at(1), "k", ""});
    changes.append({change_kind::patch, {}, at(3), "k", set_column(0, "y")});
    const folded result = fold_of(changes);
    REQUIRE(result.changes.size() == 1);
    CHECK(result.changes[0].kind == change_kind::patch);
    CHECK(result.erasures == std::vector<range_erasure>{{at(1), {"k", successor("k")}}});
}

TEST_CASE("what is delivered twice counts once, what disagrees is a conflict") {
    change_batch changes;
    changes.append({change_kind::patch, {}, at(3), "k", set_column(0, "y")});
    changes.append({change_kind::patch, {}, at(3), "k", set_column(0, "y")});
    CHECK(fold_of(changes).changes.size() == 1);
    changes.append({change_kind::put, {}, at(3), "k", "z"});
    try {
        static_cast<void>(fold_of(changes));
        FAIL("was folded");
    } catch (const error& e) {
        CHECK(e.code() == errc::conflict);
        CHECK(e.fact("key") == "k");
    }
}

TEST_CASE("whatever it is that one version tells in two ways is a conflict") {
    const auto is_refused = [](const change_view& one, const change_view& other) {
        change_batch changes;
        changes.append({change_kind::put, {}, at(1), "k", "first"});
        changes.append(one);
        changes.append(other);
        CHECK_THROWS_AS(fold_of(changes), error);
    };
    is_refused({change_kind::put, {}, at(3), "k", "a"}, {change_kind::put, {}, at(3), "k", "b"});
    is_refused({change_kind::put, {}, at(3), "k", ""}, {change_kind::erase, {}, at(3), "k", ""});
    is_refused({change_kind::put, {}, at(3), "k", "a"}, {change_kind::put, {}, at(1), "k", "second"});
}

TEST_CASE("no run spans a replacement of its interval") {
    change_batch changes;
    changes.append({change_kind::replaced, {}, at(3), "a", "c"});
    CHECK(fold_of(changes, {"c", "d"}).changes.empty());
    CHECK(fold_of(changes, {"", "a"}).changes.empty());
    try {
        static_cast<void>(fold_of(changes, {"b", "d"}));
        FAIL("was folded");
    } catch (const error& e) {
        CHECK(e.code() == errc::internal);
    }
}

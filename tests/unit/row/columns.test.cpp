// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/row/columns.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace foreshadow;

namespace {

std::string row(std::initializer_list<std::string_view> columns) {
    std::string out;
    for (const std::string_view c : columns) append_column(c, out);
    return out;
}
std::string patch(std::initializer_list<std::pair<std::uint64_t, std::string_view>> columns) {
    std::string out;
    for (const auto& [index, bytes] : columns) append_patch_column(index, bytes, out);
    return out;
}
std::string patched(const std::string& value, const std::string& by) {
    std::string out;
    apply_patch(value, by, out);
    return out;
}
std::string folded(const std::string& older, const std::string& newer) {
    std::string out;
    fold_patches(older, newer, out);
    return out;
}

}  // namespace

TEST_CASE("a patch sets columns and leaves the others") {
    const std::string value = row({"a", "", "ccc", "d"});
    CHECK(patched(value, patch({{2, "X"}})) == row({"a", "", "X", "d"}));
    CHECK(patched(value, patch({{0, ""}, {1, "B"}, {3, "D"}})) == row({"", "B", "ccc", "D"}));
    CHECK(patched(value, "") == value);
    CHECK(columns_of(value) == std::vector<std::string_view>{"a", "", "ccc", "d"});
}

TEST_CASE("a patch out of order does the same, and of one column the last word counts") {
    const std::string value = row({"a", "b"});
    CHECK(patched(value, patch({{1, "x"}, {0, "y"}, {1, "z"}})) == row({"y", "z"}));
}

TEST_CASE("a folded patch does what both do, and has one form") {
    const std::string value = row({"a", "b", "c"});
    const std::string older = patch({{2, "1"}, {0, "2"}});
    const std::string newer = patch({{0, "3"}});
    CHECK(patched(value, folded(older, newer)) == patched(patched(value, older), newer));
    CHECK(folded(older, newer) == patch({{0, "3"}, {2, "1"}}));
    CHECK(folded("", folded(older, newer)) == folded(older, newer));
}

TEST_CASE("a patch for a column that is not there, and malformed bytes, are corrupt") {
    CHECK_THROWS_AS(patched(row({"a"}), patch({{1, "x"}})), error);
    CHECK_THROWS_AS(patched("", patch({{0, "x"}})), error);
    CHECK_THROWS_AS(patched(row({"a"}), patch({{0, "xyz"}}).substr(0, 3)), error);
    CHECK_THROWS_AS(patched(row({"abc", "d"}).substr(0, 2), patch({{0, "x"}})), error);
    CHECK_THROWS_AS(folded("\x80", ""), error);
}

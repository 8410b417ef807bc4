// SPDX-License-Identifier: BSL-1.0
//
// What needs no server: snapshots, positions and keys.
#include "foreshadow/postgresql/server/snapshot.hpp"
#include "foreshadow/postgresql/server/sql_text.hpp"
#include "foreshadow/postgresql/table/key_encoding.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace foreshadow::postgresql::tests {
namespace {

using detail::snapshot;

std::string bytes_of(std::int64_t value, std::size_t width) {
    std::string bytes;
    detail::append_number(value, bytes);
    return bytes.substr(8 - width);
}

}  // namespace

TEST_CASE("a snapshot sees what ended before it began and nothing else", "[postgresql]") {
    const snapshot s = snapshot::read("10:15:10,12");
    CHECK(s.sees(9));
    CHECK_FALSE(s.sees(10));
    CHECK(s.sees(11));
    CHECK_FALSE(s.sees(12));
    CHECK(s.sees(14));
    CHECK_FALSE(s.sees(15));
    CHECK_THROWS_AS(snapshot::read("10:15"), error);
    CHECK_THROWS_AS(snapshot::read("a:15:"), error);
}

TEST_CASE("a slot's snapshot may end before it begins and sees all that is older", "[postgresql]") {
    const snapshot s = snapshot::read("1233:1194:");
    CHECK(s.sees(1'232));
    CHECK(s.sees(1'200));
    CHECK_FALSE(s.sees(1'233));
}

TEST_CASE("a transaction id of 32 bits is the nearest one of 64", "[postgresql]") {
    const detail::transaction_id turn = std::uint64_t{1} << 32;
    CHECK(detail::widened(5, 7) == 5);
    CHECK(detail::widened(5, turn - 3) == turn + 5);
    CHECK(detail::widened(0xfffffffeU, turn + 3) == turn - 2);
    CHECK(detail::widened(0xfffffffeU, 3 * turn + 3) == 3 * turn - 2);
}

TEST_CASE("a log position is read as it is written", "[postgresql]") {
    CHECK(detail::position_of("16/B374D848") == position{0x16'b374'd848});
    CHECK(detail::lsn_of({0x16'b374'd848}) == "16/b374d848");
    CHECK(detail::position_of(detail::lsn_of({5})) == position{5});
    CHECK_THROWS_AS(detail::position_of("16"), error);
}

TEST_CASE("keys are in the order of their numbers and can be taken apart again", "[postgresql]") {
    const key_column column = detail::key_column_of("n", 20, false, "int8send");
    const std::vector<std::int64_t> ascending{std::numeric_limits<std::int64_t>::min(), -256, -1, 0, 1, 255, 256,
                                              std::numeric_limits<std::int64_t>::max()};
    key last;
    for (const std::int64_t n : ascending) {
        key k;
        detail::append_key_value(column, bytes_of(n, 8), k);
        CHECK((last.empty() || last < k));
        key_view left = k;
        const auto value = detail::take_key_value(column, left);
        REQUIRE(value.has_value());
        CHECK(detail::key_literal(column, *value) == "'" + std::to_string(n) + "'::pg_catalog.int8");
        CHECK(left.empty());
        last = k;
    }
}

TEST_CASE("texts in keys are in the order of their bytes whatever follows them", "[postgresql]") {
    const key_column column = detail::key_column_of("t", 25, true, "textsend");
    const std::string zero(1, '\0');
    const std::vector<std::string> ascending{"",   zero, zero + zero, zero + "a",   "a", "a" + zero, "a" + zero + "b",
                                             "aa", "b",  "\xff",      "\xff" + zero};
    for (const std::string& follows : {std::string{}, std::string(4, '\xff')}) {
        key last;
        for (const std::string& text : ascending) {
            key k;
            detail::append_key_value(column, text, k);
            k += follows;
            CHECK((last.empty() || last < k));
            key_view left = k;
            CHECK(detail::take_key_value(column, left) == text);
            CHECK(left == follows);
            last = k;
        }
    }
    key_view cut = "abc";
    CHECK_FALSE(detail::take_key_value(column, cut).has_value());
}

TEST_CASE("times without end are literals as well", "[postgresql]") {
    const key_column date = detail::key_column_of("d", 1082, false, "date_send");
    CHECK(detail::key_literal(date, bytes_of(std::numeric_limits<std::int32_t>::max(), 4)) ==
          "'infinity'::pg_catalog.date");
    CHECK(detail::key_literal(date, bytes_of(std::numeric_limits<std::int32_t>::min(), 4)) ==
          "'-infinity'::pg_catalog.date");
}

TEST_CASE("what is quoted means itself", "[postgresql]") {
    CHECK(identifier("a\"b") == "\"a\"\"b\"");
    CHECK(literal("it's") == "'it''s'");
    CHECK(literal("a\\b") == " E'a\\\\b'");
}

}  // namespace foreshadow::postgresql::tests

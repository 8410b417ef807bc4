// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/row/change_row.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <string>
#include <string_view>

using namespace foreshadow;

TEST_CASE("a change comes back from its row") {
    const change_view changes[] = {
        {change_kind::put, write_hint::inserted, {{7}, 0}, "k", "value"},
        {change_kind::erase,
         write_hint::unknown,
         {position::last(), std::numeric_limits<std::uint32_t>::max()},
         "",
         ""},
        {change_kind::patch, write_hint::moved, {{300}, 128}, std::string_view{"a\0b", 3}, "p"}};
    row_batch rows;
    for (const change_view& change : changes) append_change_row(change, rows);
    for (std::size_t i = 0; i < rows.size(); ++i) CHECK(read_change_row(rows[i]) == changes[i]);
}

TEST_CASE("a change's row has these bytes") {
    row_batch rows;
    append_change_row({change_kind::patch, write_hint::updated, {{300}, 2}, "k", "xy"}, rows);
    CHECK(rows[0].key == "k");
    CHECK(rows[0].value == "\x03\x02\xac\x02\x02xy");
}

TEST_CASE("a row that is no change is corrupt and names its key") {
    using namespace std::string_view_literals;
    for (const std::string_view value :
         {""sv, "\0\0\1"sv, "\5\0\1\0"sv, "\0\4\1\0"sv, "\0\0\x80\x80"sv, "\0\0\1\xff\xff\xff\xff\x1f"sv}) {
        CAPTURE(printable(value));
        try {
            static_cast<void>(read_change_row({"k", value}));
            FAIL("was read");
        } catch (const error& e) {
            CHECK(e.code() == errc::corrupt);
            CHECK(e.fact("key") == "k");
        }
    }
}

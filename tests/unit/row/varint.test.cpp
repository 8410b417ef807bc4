// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/row/varint.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

using namespace foreshadow;

namespace {

errc code_of_reading(std::string_view bytes) {
    try {
        static_cast<void>(read_varint(bytes));
    } catch (const error& e) {
        return e.code();
    }
    return {};
}

}  // namespace

TEST_CASE("numbers come back, one behind the other, and take as few bytes as they can") {
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    std::string bytes;
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{300}, most >> 1, most})
        append_varint(value, bytes);
    std::string_view in = bytes;
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{300}, most >> 1, most})
        CHECK(read_varint(in) == value);
    CHECK(in.empty());
    CHECK(bytes.size() == 1 + 1 + 2 + 2 + 9 + 10);
    CHECK(bytes.substr(4, 2) == "\xac\x02");
}

TEST_CASE("a number that is cut off, too large or longer than it need be is corrupt") {
    CHECK(code_of_reading("") == errc::corrupt);
    CHECK(code_of_reading("\x80") == errc::corrupt);
    CHECK(code_of_reading(std::string_view{"\x81\x00", 2}) == errc::corrupt);
    CHECK(code_of_reading("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02") == errc::corrupt);
    CHECK(code_of_reading("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01") == errc::corrupt);
    CHECK(code_of_reading("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") == errc{});
}

TEST_CASE("sized bytes come back in place, and are corrupt when cut off") {
    std::string bytes;
    append_sized("shop", bytes);
    append_sized("", bytes);
    std::string_view in = bytes;
    const std::string_view first = read_sized(in);
    CHECK(first == "shop");
    CHECK(first.data() == bytes.data() + 1);
    CHECK(read_sized(in).empty());
    CHECK(in.empty());
    std::string_view shorter = std::string_view{bytes}.substr(0, 4);
    CHECK_THROWS_AS(read_sized(shorter), error);
}

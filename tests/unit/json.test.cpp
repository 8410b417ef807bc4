// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/json.hpp"
#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/json/tree_text.hpp"
#include "foreshadow/orchestrate/restore.hpp"
#include "foreshadow/orchestrate/verify.hpp"
#include "foreshadow/testing/random.hpp"

#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using namespace foreshadow;
using foreshadow::testing::seeded_random;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Any value of any described type: every byte, every word, the ends of every number.
template <class T>
void fill(T& value, seeded_random& random) {
    if constexpr (std::is_same_v<T, std::string>) {
        for (std::uint64_t n = random.below(12); n > 0; --n) value += static_cast<char>(random.below(256));
        if (random.chance(.3)) value += "grün \\x41 \"\xf0\x9f\x8c\x92";
    } else if constexpr (std::is_enum_v<T>) {
        std::vector<T> values;
        for (unsigned i = 0; name_of(static_cast<T>(i)) != std::string{"unknown"}; ++i)
            values.push_back(static_cast<T>(i));
        value = values[random.below(values.size())];
    } else if constexpr (std::is_same_v<T, bool>) {
        value = random.chance(.5);
    } else if constexpr (std::is_floating_point_v<T>) {
        const double special[] = {0, -0.0, .1, 1e-310, 1.7976931348623157e308, std::nan(""), infinity, -infinity};
        value = special[random.below(std::size(special))];
    } else if constexpr (std::is_integral_v<T>) {
        const T ends[] = {std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), T{1}};
        value = random.chance(.5) ? ends[random.below(3)] : static_cast<T>(random());
    } else if constexpr (foreshadow::detail::is_optional<T>::value) {
        if (random.chance(.5)) fill(value.emplace(), random);
    } else if constexpr (foreshadow::detail::is_vector<T>::value) {
        for (std::uint64_t n = random.below(4); n > 0; --n) fill(value.emplace_back(), random);
    } else {
        foreshadow::detail::for_each_member<T>([&](const char*, auto member) { fill(value.*member, random); });
    }
}

/// As `==`, for types that have none, and with NaN equal to itself.
template <class T>
[[nodiscard]] bool same(const T& a, const T& b) {
    if constexpr (std::is_floating_point_v<T>) {
        return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
    } else if constexpr (foreshadow::detail::is_vector<T>::value) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                          [](const auto& x, const auto& y) { return same(x, y); });
    } else if constexpr (foreshadow::detail::is_optional<T>::value) {
        return a.has_value() == b.has_value() && (!a || same(*a, *b));
    } else if constexpr (foreshadow::detail::described<T>) {
        bool all = true;
        foreshadow::detail::for_each_member<T>(
            [&](const char*, auto member) { all = all && same(a.*member, b.*member); });
        return all;
    } else {
        return a == b;
    }
}

template <class T>
void check_round_trip(std::uint64_t seed) {
    CAPTURE(seed);
    seeded_random random{seed};
    T value{};
    fill(value, random);
    const std::string text = document_of(value);
    CAPTURE(text);
    CHECK(same(parse_document<T>(text, "object"), value));
}

/// What reading `text` as a `T` is refused with.
template <class T>
[[nodiscard]] std::string refusal(const std::string& text) {
    try {
        static_cast<void>(parse_document<T>(text, "sources/a/points/7"));
    } catch (const error& e) {
        CHECK(e.code() == errc::corrupt);
        CHECK(e.fact("object") == "sources/a/points/7");
        return e.message();
    }
    return "accepted";
}

/// A layout whose only partition has `value`, which is JSON, as a member.
[[nodiscard]] std::string layout_with(const std::string& member, const std::string& value) {
    const partition users{.id = {1, {2}}, .name = "users", .interval = {"a", "b"}};
    std::string text = "{\"at\":{\"value\":7},\"partitions\":[{";
    char separator = ' ';
    foreshadow::detail::for_each_member<partition>([&](const std::string& name, auto at) {
        text += separator + ('"' + name + "\":") + (name == member ? value : document_of(users.*at));
        separator = ',';
    });
    return text + "}]}";
}

}  // namespace

TEST_CASE("whatever a described struct holds comes back from its document") {
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        check_round_trip<restore_point>(seed);
        check_round_trip<checkpoint>(seed);
        check_round_trip<lineage_event>(seed);
        check_round_trip<restore_report>(seed);
        check_round_trip<verify_report>(seed);
    }
}

TEST_CASE("a document is valid JSON whatever the bytes are") {
    for (unsigned byte = 0; byte < 256; ++byte) {
        const source_identity value{.id = std::string(1, static_cast<char>(byte)), .kind = "\xc3", .name = "a\xe2\x82"};
        const std::string text = document_of(value);
        CHECK(same(parse_document<source_identity>(text, "object"), value));
    }
}

TEST_CASE("text stays readable, and other bytes are written in hexadecimal digits") {
    CHECK(document_of(std::string{"größe, 大きさ"}) == R"("größe, 大きさ")");
    CHECK(document_of(std::string{"a\0b\\\x7f\xff", 6}) == R"("a\\x00b\\x5c\\x7f\\xff")");
    CHECK(document_of(std::string{"\xed\xa0\x80"}) == R"("\\xed\\xa0\\x80")");  // half of a surrogate pair is no text
    CHECK(document_of(std::string{"\xc0\x80"}) == R"("\\xc0\\x80")");           // nor is an overlong zero
}

TEST_CASE("numbers that JSON lacks are words") {
    CHECK(document_of(infinity) == R"("infinity")");
    CHECK(document_of(-infinity) == R"("-infinity")");
    CHECK(document_of(std::nan("")) == "null");
}

TEST_CASE("a number is written with the fewest digits that read as the same, and stays a number with a fraction") {
    CHECK(document_of(.1) == "0.1");
    CHECK(document_of(5.0) == "5.0");
    CHECK(document_of(-0.0) == "-0.0");
    CHECK(document_of(1e300) == "1e+300");
    seeded_random random{11};
    for (int i = 0; i < 20'000; ++i) {
        const double value = std::bit_cast<double>(random());
        if (!std::isfinite(value)) continue;
        const expected_delay read =
            parse_document<expected_delay>("{\"p10\":" + document_of(value) + ",\"p50\":0,\"p90\":0}", "object");
        if (read.p10 != value) FAIL(document_of(value));
    }
}

TEST_CASE("an object is written member by member") {
    CHECK(json_object{}.text() == "{}");
    const json_object inner = json_object{}.with("at", position{3});
    CHECK(json_object{}.with("name", "a\"b").with("inner", inner).with("all", std::vector{inner, inner}).text() ==
          R"({"name":"a\"b","inner":{"at":{"value":3}},"all":[{"at":{"value":3}},{"at":{"value":3}}]})");
}

TEST_CASE("a text that is no document is corrupt, and names its object") {
    for (const std::string text : {"", "{", "null", "[]", "7", "\"a\"", "{\"at\":", "\xff\xfe", "{}{}"})
        CHECK(refusal<layout>(text) != "accepted");
    CHECK(refusal<position>("{\"value\":\"\xff\"}") != "accepted");
    CHECK(refusal<position>(std::string{"{\"value\":7}\0{", 13}) != "accepted");
}

TEST_CASE("a missing member is named") {
    CHECK(refusal<position>("{}").find("member value is missing") != std::string::npos);
    CHECK(refusal<key_range>("{\"begin\":\"\"}").find("member end is missing") != std::string::npos);
}

TEST_CASE("a member that nobody knows is passed over") {
    CHECK(parse_document<position>("{\"later\":[1],\"value\":3}", "object").value == 3);
}

TEST_CASE("an unknown word is corrupt, also the one that stands for none") {
    CHECK(refusal<layout>(layout_with("holds", R"("definitions")")) == "accepted");
    CHECK(refusal<layout>(layout_with("holds", R"("everything")")).find("unknown word everything") !=
          std::string::npos);
    CHECK(refusal<layout>(layout_with("holds", R"("unknown")")) != "accepted");
    CHECK(refusal<layout>(layout_with("holds", R"("")")) != "accepted");
    CHECK(refusal<layout>(layout_with("holds", "1")) != "accepted");
}

TEST_CASE("a value of another type is corrupt") {
    CHECK(refusal<layout>(layout_with("name", "3")) != "accepted");
    CHECK(refusal<layout>(layout_with("name", "null")) != "accepted");
    CHECK(refusal<layout>(layout_with("born_empty", "1")) != "accepted");
    CHECK(refusal<layout>(layout_with("rows", R"("3")")) != "accepted");
    CHECK(refusal<layout>(layout_with("rows", "3.5")) != "accepted");
    CHECK(refusal<layout>(layout_with("rows", "true")) != "accepted");
    CHECK(refusal<layout>(layout_with("interval", "[]")) != "accepted");
    CHECK(refusal<layout>("{\"at\":{\"value\":1},\"partitions\":{}}") != "accepted");
    CHECK(refusal<expected_delay>("{\"p10\":\"1\",\"p50\":0,\"p90\":0}") != "accepted");
    CHECK(refusal<expected_delay>("{\"p10\":[],\"p50\":0,\"p90\":0}") != "accepted");
}

TEST_CASE("a number that does not fit is corrupt, never cut to size") {
    CHECK(refusal<position>("{\"value\":18446744073709551615}") == "accepted");
    CHECK(refusal<position>("{\"value\":18446744073709551616}") != "accepted");
    CHECK(refusal<position>("{\"value\":-1}") != "accepted");
    CHECK(refusal<version>("{\"at\":{\"value\":1},\"ordinal\":4294967296}") != "accepted");
    CHECK(refusal<wall_time>("{\"microseconds\":-9223372036854775808}") == "accepted");
    CHECK(refusal<wall_time>("{\"microseconds\":9223372036854775808}") != "accepted");
}

TEST_CASE("an escape that nobody wrote is corrupt") {
    for (const char* text : {R"("\\")", R"("\\x")", R"("\\x4")", R"("\\xg0")", R"("\\n")", R"("a\\X41")"})
        CHECK(refusal<std::string>(text) != "accepted");
}

TEST_CASE("deep and long documents are refused, or read, and crash nothing") {
    const std::size_t deep = 2'000'000;
    CHECK(refusal<layout>(std::string(deep, '[')) != "accepted");
    CHECK(refusal<layout>(std::string(deep, '[') + std::string(deep, ']')) != "accepted");
    std::string nested;
    for (std::size_t i = 0; i < 200'000; ++i) nested += "{\"at\":";
    CHECK(refusal<layout>(nested + "1" + std::string(200'000, '}')) != "accepted");
    source_identity large;
    large.name.assign(1'000'000, '\xff');
    CHECK(parse_document<source_identity>(document_of(large), "object").name == large.name);
}

TEST_CASE("a document that was cut short or whose byte was flipped never does more than throw") {
    seeded_random random{7};
    checkpoint value{};
    while (value.knows.known.images.empty() || value.knows.predictions.empty()) fill(value = {}, random);
    const std::string text = document_of(value);
    for (std::size_t length = 0; length < text.size(); length += 1 + text.size() / 200)
        CHECK(refusal<checkpoint>(text.substr(0, length)) != "accepted");
    std::size_t refused = 0;
    for (int i = 0; i < 400; ++i) {
        std::string damaged = text;
        damaged[random.below(damaged.size())] ^= static_cast<char>(1 + random.below(255));
        refused += refusal<checkpoint>(damaged) != "accepted";
    }
    CHECK(refused > 0);
}

TEST_CASE("a tree is written in one form, and read again as it was") {
    const std::string text = R"({"b":[1,-2,0.5,true,null],"a":{"x":"\"\\\u0001\n é"},"none":[],"nothing":{}})";
    const auto tree = detail::json_tree_of(" " + text + " ");
    REQUIRE(tree);
    const std::string written = detail::text_of(*tree);
    CHECK(written == text);
    const auto again = detail::json_tree_of(written);
    REQUIRE(again);
    CHECK(detail::text_of(*again) == written);
}

// SPDX-License-Identifier: BSL-1.0
//
// What docs/format.md says of the documents, held against the structs that are written: a member that the page does not
// name is a member that nobody else can read.
#include "foreshadow/catalog/fingerprint.hpp"
#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/json.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <type_traits>

namespace fs = foreshadow;

namespace {

/// Every word that the documents of `T` are made of: members, and names of enums.
template <class T>
void words_of(std::set<std::string>& words) {
    if constexpr (fs::detail::is_vector<T>::value || fs::detail::is_optional<T>::value) {
        words_of<typename T::value_type>(words);
    } else if constexpr (std::is_enum_v<T>) {
        const std::string nameless = fs::name_of(static_cast<T>(0xff));
        for (std::uint8_t i = 0; fs::name_of(static_cast<T>(i)) != nameless; ++i)
            words.insert(fs::name_of(static_cast<T>(i)));
    } else if constexpr (fs::detail::described<T>) {
        fs::detail::for_each_member<T>([&]<class M>(const char* name, M T::*) {
            words.insert(name);
            words_of<M>(words);
        });
    }
}

std::string section(const std::string& title) {
    std::ifstream page{FORESHADOW_DOCS "/format.md"};
    const std::string text{std::istreambuf_iterator<char>{page}, {}};
    const std::size_t begin = text.find("\n## " + title + "\n");
    REQUIRE(begin != std::string::npos);
    return text.substr(begin, text.find("\n## ", begin + 1) - begin);
}

}  // namespace

TEST_CASE("the page on the format names every member and word of the catalog's documents") {
    const std::string page = section("Catalog");
    std::set<std::string> words;
    words_of<fs::restore_point>(words);
    words_of<fs::checkpoint>(words);
    CHECK(words.size() > 100);
    for (const std::string& word : words) {
        CAPTURE(word);
        const bool is_member = page.find('`' + word + '`') != std::string::npos;
        const bool is_shown = page.find('"' + word + '"') != std::string::npos;
        CHECK((is_member || is_shown));
    }
}

TEST_CASE("documents look as the page on the format says") {
    fs::restore_point point;
    point.id = "0001-00000000000000000007";
    point.at = {7};
    point.time = {-5};
    point.knows.first.partitions.push_back({.id = {1, {2}}, .name = "a\x01\xff\\", .interval = {"k", ""}});
    point.knows.known.images.push_back({.interval = {"", "k"}, .seen = {{5}, {9}, {{6}}}, .where = "empty"});
    const std::string document = fs::document_of(point);
    const auto shows = [&](const char* text) { return document.find(text) != std::string::npos; };
    CHECK(shows(R"({"id":"0001-00000000000000000007","at":{"value":7},"time":{"microseconds":-5},"knows":{"source":)"));
    CHECK(shows(
        R"("id":{"native":1,"created":{"value":2}},"name":"a\\x01\\xff\\x5c","interval":{"begin":"k","end":""})"));
    CHECK(shows(R"("holds":"data","born_empty":false)"));
    CHECK(shows(R"("seen":{"low":{"value":5},"high":{"value":9},"also":[{"value":6}]},"where":"empty")"));
}

TEST_CASE("fingerprints are of the bytes that the page on the format says") {
    const auto low_half_of = [](const std::string& told) { return static_cast<std::uint32_t>(fs::checksum_of(told)); };
    using namespace std::string_literals;

    const fs::image i{
        .interval = {"b", ""}, .seen = {{3}, {256}, {{5}, {256}}}, .where = "tree", .rows = 1, .bytes = 9};
    const std::string of_image = "\x01"s + "b" +   // sized begin
                                 "\0"s +           // sized end: unbounded
                                 "\x03" +          // low
                                 "\x80\x02" +      // high
                                 "\x02" +          // two of `also`:
                                 "\x05\x80\x02" +  // 5 and 256
                                 "\x04tree";       // sized where
    CHECK(fs::fingerprint_of(i) == low_half_of(of_image));
    CHECK(fs::fingerprint_of(i) == 0x75c61595);
    CHECK(fs::fingerprinted(i).fingerprint == fs::fingerprint_of(i));

    const fs::run r{.interval = {"", "m"},
                    .after = {4},
                    .upto = {8},
                    .where = "empty",
                    .erasures = {{.at = {{5}, 7}, .interval = {"c", "d"}}},
                    .changes = 2,
                    .bytes = 9,
                    .prediction = 6};
    const std::string of_run = "\0"s +             // sized begin
                               "\x01m" +           // sized end
                               "\x04\x08" +        // after, upto
                               "\x01" +            // one erasure:
                               "\x05\x07" +        // its position and ordinal,
                               "\x01"s + "c" +     // sized begin
                               "\x01"s + "d" +     // and end
                               "\x05"s + "empty";  // sized where
    CHECK(fs::fingerprint_of(r) == low_half_of(of_run));
    CHECK(fs::fingerprint_of(r) == 0xf57e8eca);
}

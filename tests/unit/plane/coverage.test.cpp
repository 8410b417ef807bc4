// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/plane/coverage.hpp"

#include "part.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace foreshadow;
using testing::part;

namespace {

image img(key begin, key end, std::uint64_t low, std::uint64_t high, std::vector<position> also = {}) {
    return {{std::move(begin), std::move(end)}, {{low}, {high}, std::move(also)}, "image", 0, 0};
}
segment seg(std::uint64_t after, std::uint64_t upto) { return {{after}, {upto}, "segment", 0, 0}; }
run sorted(key begin, key end, std::uint64_t after, std::uint64_t upto) {
    return {.interval = {std::move(begin), std::move(end)},
            .after = {after},
            .upto = {upto},
            .where = "run",
            .erasures = {}};
}
change_step log_step(std::uint64_t after, std::uint64_t upto) { return {false, 0, {after}, {upto}}; }
change_step run_step(std::size_t index, std::uint64_t after, std::uint64_t upto) {
    return {true, index, {after}, {upto}};
}

const layout whole{{0}, {part(1, "", "")}};

}  // namespace

TEST_CASE("an image and a journal without a gap prove every position from the image on, and none before") {
    const boxes known{.images = {img("", "", 10, 10)},
                      .segments = {seg(5, 12), seg(12, 20)},
                      .runs = {},
                      .births = {},
                      .replacements = {}};
    CHECK_FALSE(prove(known, whole, {9}).is_complete());
    CHECK(prove(known, whole, {10}).is_complete());
    CHECK(prove(known, whole, {11}).is_complete());
    CHECK(prove(known, whole, {20}).is_complete());
    CHECK_FALSE(prove(known, whole, {21}).is_complete());
    const proof found = prove(known, whole, {15});
    REQUIRE(found.pieces.size() == 1);
    CHECK(found.pieces[0] ==
          proof_piece{key_range::all(), {1, {1}}, 0, {}, horizon::exactly({10}), {log_step(10, 15)}});
}

TEST_CASE("a gap names its keys and positions, joined over neighbours that lack the same") {
    const boxes known{.images = {img("", "m", 10, 10), img("m", "", 12, 12)},
                      .segments = {seg(0, 14), seg(16, 20)},
                      .runs = {sorted("x", "", 13, 17)},
                      .births = {},
                      .replacements = {}};
    const proof found = prove(known, whole, {20});
    REQUIRE(found.gaps.size() == 1);
    CHECK(found.gaps[0].interval == key_range{"", "x"});
    CHECK(found.gaps[0].after == position{14});
    CHECK(found.gaps[0].upto == position{16});
    CHECK_FALSE(found.gaps[0].why.empty());
    REQUIRE(found.pieces.size() == 1);
    CHECK(found.pieces[0].interval == key_range{"x", ""});
    CHECK(found.pieces[0].chain == std::vector<change_step>{log_step(12, 13), run_step(0, 13, 17), log_step(17, 20)});
}

TEST_CASE("keys that nothing is known of are gaps that say why") {
    const boxes late{
        .images = {img("", "", 10, 10)}, .segments = {seg(0, 20)}, .runs = {}, .births = {}, .replacements = {}};
    CHECK_THAT(prove(late, whole, {9}).gaps.at(0).why, Catch::Contains("after 9"));
    CHECK_THAT(prove(boxes{}, whole, {9}).gaps.at(0).why, Catch::Contains("no image"));
    boxes replaced = late;
    replaced.replacements = {{key_range::all(), {{12}, 0}}};
    CHECK(prove(replaced, whole, {11}).is_complete());
    CHECK_THAT(prove(replaced, whole, {12}).gaps.at(0).why, Catch::Contains("replaced at 12"));
}

TEST_CASE("keys between partitions need no proof") {
    const layout two{{0}, {part(1, "a", "c"), part(2, "m", "p")}};
    const boxes known{.images = {img("a", "c", 1, 1), img("m", "p", 1, 1)},
                      .segments = {seg(1, 5)},
                      .runs = {},
                      .births = {},
                      .replacements = {}};
    const proof found = prove(known, two, {5});
    CHECK(found.is_complete());
    CHECK(found.pieces.size() == 2);
    CHECK(prove(boxes{}, layout{}, {5}).is_complete());
}

TEST_CASE("a chain takes the run that reaches furthest and the journal only up to the next run") {
    const boxes known{
        .images = {img("", "", 2, 2)},
        .segments = {seg(0, 30)},
        .runs = {sorted("", "", 4, 9), sorted("", "", 6, 14), sorted("", "", 5, 8), sorted("", "", 20, 31)},
        .births = {},
        .replacements = {}};
    const proof found = prove(known, whole, {30});
    REQUIRE(found.pieces.size() == 1);
    CHECK(found.pieces[0].chain ==
          std::vector<change_step>{log_step(2, 4), run_step(0, 4, 9), run_step(1, 9, 14), log_step(14, 30)});
}

TEST_CASE("of two runs that overlap the one that reaches further is taken, up to T itself and not beyond") {
    const boxes known{.images = {img("", "", 2, 2)},
                      .segments = {},
                      .runs = {sorted("", "", 1, 9), sorted("", "", 2, 5), sorted("", "", 8, 12)},
                      .births = {{{"k", "m"}, {{12}, 1}}},
                      .replacements = {}};
    const proof found = prove(known, whole, {12});
    REQUIRE(found.pieces.size() == 3);
    CHECK(found.pieces[0].chain == std::vector<change_step>{run_step(0, 2, 9), run_step(2, 9, 12)});
    CHECK(found.pieces[1].since == version{{12}, 1});
    CHECK(found.pieces[1].chain == std::vector<change_step>{run_step(2, 11, 12)});
}

TEST_CASE("a run may be entered in its middle, and replaces the journal where that has a gap") {
    const boxes known{.images = {img("", "", 5, 5)},
                      .segments = {seg(8, 10)},
                      .runs = {sorted("", "", 2, 8)},
                      .births = {},
                      .replacements = {}};
    const proof found = prove(known, whole, {10});
    REQUIRE(found.is_complete());
    CHECK(found.pieces[0].chain == std::vector<change_step>{run_step(0, 5, 8), log_step(8, 10)});
    CHECK_FALSE(prove(known, whole, {7}).is_complete());  // the run's last changes may be from after 7
}

TEST_CASE("the newest image is taken that ends by T and contains what was replaced") {
    boxes known{.images = {img("", "", 3, 3), img("", "", 5, 9, {{8}}), img("", "", 6, 6), img("", "", 7, 12, {{12}})},
                .segments = {seg(0, 20)},
                .runs = {},
                .births = {},
                .replacements = {}};
    CHECK(prove(known, whole, {11}).pieces.at(0).image == 2U);
    CHECK(prove(known, whole, {12}).pieces.at(0).image == 3U);
    known.replacements = {{{"", "k"}, {{8}, 1}}};
    const proof found = prove(known, whole, {11});
    REQUIRE(found.pieces.size() == 2);
    CHECK(found.pieces[0].interval == key_range{"", "k"});
    CHECK(found.pieces[0].image == 1U);
    CHECK(found.pieces[0].seen == known.images[1].seen);
    CHECK(found.pieces[1].image == 2U);
}

TEST_CASE("a birth counts as an image from its version on, unless what followed is untold") {
    boxes known{.images = {img("", "", 3, 3)},
                .segments = {seg(0, 20)},
                .runs = {},
                .births = {{{"c", "m"}, {{8}, 2}}},
                .replacements = {}};
    const proof found = prove(known, whole, {10});
    REQUIRE(found.pieces.size() == 3);
    CHECK_FALSE(found.pieces[1].image);
    CHECK(found.pieces[1].interval == key_range{"c", "m"});
    CHECK(found.pieces[1].since == version{{8}, 2});
    CHECK(found.pieces[1].seen == horizon::exactly({7}));
    CHECK(found.pieces[1].chain == std::vector<change_step>{log_step(7, 10)});
    CHECK(prove(known, whole, {7}).pieces.size() == 1);

    known.replacements = {{{"c", "m"}, {{8}, 1}}};  // just before it
    CHECK(prove(known, whole, {10}).is_complete());
    known.replacements = {{{"c", "m"}, {{8}, 3}}};
    CHECK_FALSE(prove(known, whole, {10}).is_complete());
    known.images.push_back(img("c", "m", 8, 8));
    CHECK(prove(known, whole, {10}).is_complete());
}

TEST_CASE("alike neighbours are one piece, but never over the edge of a partition") {
    const layout two{{0}, {part(1, "", "m"), part(2, "m", "")}};
    const boxes known{.images = {img("", "", 1, 1)},
                      .segments = {seg(0, 5)},
                      .runs = {sorted("c", "d", 2, 9)},
                      .births = {},
                      .replacements = {}};
    const proof found = prove(known, two, {5});
    REQUIRE(found.pieces.size() == 2);
    CHECK(found.pieces[0].interval == key_range{"", "m"});
    CHECK(found.pieces[1].interval == key_range{"m", ""});
}

TEST_CASE("an empty box is none: it neither counts nor cuts a chain or a gap") {
    const boxes known{.images = {img("", "", 2, 2), img("m", "c", 4, 4), img("k", "k", 5, 5)},
                      .segments = {seg(0, 10), seg(12, 12), seg(14, 20)},
                      .runs = {sorted("", "", 6, 6)},
                      .births = {},
                      .replacements = {{{"x", "x"}, {{3}, 0}}}};
    const proof early = prove(known, whole, {9});
    REQUIRE(early.pieces.size() == 1);
    CHECK(early.pieces[0].image == 0U);
    CHECK(early.pieces[0].chain == std::vector<change_step>{log_step(2, 9)});
    const proof late = prove(known, whole, {20});
    REQUIRE(late.gaps.size() == 1);
    CHECK(late.gaps[0].after == position{10});
    CHECK(late.gaps[0].upto == position{14});
}

TEST_CASE("segments count in whatever order they are given, also one within another") {
    const boxes known{.images = {img("", "", 2, 2)},
                      .segments = {seg(10, 20), seg(0, 10), seg(4, 6), seg(25, 30)},
                      .runs = {},
                      .births = {},
                      .replacements = {}};
    CHECK(prove(known, whole, {20}).pieces.at(0).chain == std::vector<change_step>{log_step(2, 20)});
    const proof late = prove(known, whole, {30});
    REQUIRE(late.gaps.size() == 1);
    CHECK(late.gaps[0].after == position{20});
    CHECK(late.gaps[0].upto == position{25});
    const boxes touching{.images = {img("", "", 6, 6)},
                         .segments = {seg(0, 1), seg(5, 6), seg(6, 7), seg(7, 8)},
                         .runs = {},
                         .births = {},
                         .replacements = {}};
    CHECK(prove(touching, whole, {8}).pieces.at(0).chain == std::vector<change_step>{log_step(6, 8)});
}

TEST_CASE("a replacement counts for an image that names it, at the edge of its horizon too") {
    boxes known{.images = {img("", "", 5, 8, {{7}, {8}})},
                .segments = {seg(0, 20)},
                .runs = {},
                .births = {},
                .replacements = {{key_range::all(), {{8}, 0}}}};
    CHECK(prove(known, whole, {9}).is_complete());
    known.replacements.push_back({key_range::all(), {{7}, 0}});
    CHECK(prove(known, whole, {9}).is_complete());
    known.images[0].seen.also = {{8}};  // the older of the two is not in it
    CHECK_FALSE(prove(known, whole, {9}).is_complete());
    known.images.insert(known.images.begin(), img("", "", 4, 8, {{7}, {8}}));  // nor is a newer one any use
    CHECK(prove(known, whole, {9}).pieces.at(0).image == 0U);
}

TEST_CASE("an image of the commit of a birth is taken rather than the birth, which no replacement may share") {
    boxes known{.images = {img("", "", 8, 8)},
                .segments = {seg(0, 20)},
                .runs = {},
                .births = {{key_range::all(), {{4}, 0}}, {key_range::all(), {{8}, 2}}},
                .replacements = {}};
    CHECK(prove(known, whole, {10}).pieces.at(0).image == 0U);
    known.images.clear();
    CHECK(prove(known, whole, {10}).pieces.at(0).since == version{{8}, 2});
    known.replacements = {{key_range::all(), {{3}, 0}}, {key_range::all(), {{8}, 2}}};
    CHECK_FALSE(prove(known, whole, {10}).is_complete());
}

TEST_CASE("why keys have a gap is said of these keys, not of their neighbours") {
    const boxes known{.images = {img("a", "c", 12, 15, {{15}}), img("c", "e", 5, 8, {{8}}), img("m", "", 3, 3)},
                      .segments = {seg(0, 20)},
                      .runs = {},
                      .births = {},
                      .replacements = {{{"c", "g"}, {{7}, 0}}}};
    const proof found = prove(known, whole, {10});
    REQUIRE(found.gaps.size() == 4);
    CHECK(found.gaps[0].interval == key_range{"", "a"});
    CHECK_THAT(found.gaps[0].why, Catch::Contains("no image, and not born empty"));
    CHECK(found.gaps[1].interval == key_range{"a", "c"});
    CHECK_THAT(found.gaps[1].why, Catch::Contains("after 10"));
    CHECK(found.gaps[2].interval == key_range{"c", "e"});
    CHECK_THAT(found.gaps[2].why, Catch::Contains("replaced at 7"));
    CHECK(found.gaps[3].interval == key_range{"e", "m"});
    CHECK_THAT(found.gaps[3].why, Catch::Contains("no image, and not born empty"));
}

TEST_CASE("pieces are joined where an older image or a run out of reach ends, and not where the chain changes") {
    const boxes known{.images = {img("", "", 5, 5), img("c", "f", 2, 2)},
                      .segments = {seg(0, 20)},
                      .runs = {sorted("k", "m", 6, 8)},
                      .births = {},
                      .replacements = {}};
    const proof found = prove(known, whole, {10});
    REQUIRE(found.pieces.size() == 3);
    CHECK(found.pieces[0].interval == key_range{"", "k"});
    CHECK(found.pieces[1].interval == key_range{"k", "m"});
    CHECK(found.pieces[2].interval == key_range{"m", ""});
    CHECK(found.pieces[2].chain == found.pieces[0].chain);
}

TEST_CASE("gaps are joined only where all of them are alike") {
    const boxes known{.images = {img("", "", 2, 2), img("b", "d", 1, 1)},
                      .segments = {seg(0, 4), seg(6, 8), seg(10, 20)},
                      .runs = {sorted("c", "f", 8, 9), sorted("m", "q", 4, 5), sorted("q", "", 3, 6)},
                      .births = {},
                      .replacements = {}};
    const proof found = prove(known, whole, {20});
    REQUIRE(found.gaps.size() == 9);
    const auto is = [&](std::size_t i, const key_range& interval, std::uint64_t after, std::uint64_t upto) {
        CAPTURE(i);
        CHECK(found.gaps[i].interval == interval);
        CHECK(found.gaps[i].after == position{after});
        CHECK(found.gaps[i].upto == position{upto});
    };
    is(0, {"", "c"}, 4, 6);
    is(1, {"", "c"}, 8, 10);
    is(2, {"c", "f"}, 4, 6);
    is(3, {"c", "f"}, 9, 10);
    is(4, {"f", "m"}, 4, 6);
    is(5, {"f", "m"}, 8, 10);
    is(6, {"m", "q"}, 5, 6);
    is(7, {"m", "q"}, 8, 10);
    is(8, {"q", ""}, 8, 10);
}

TEST_CASE("what has to be scanned is what no usable image or birth covers") {
    const layout two{{0}, {part(1, "", "m"), part(2, "m", "")}};
    boxes known{.images = {img("", "c", 4, 4), img("c", "f", 12, 15, {{15}}), img("x", "", 9, 9)},
                .segments = {seg(3, 10)},
                .runs = {},
                .births = {{{"p", "s"}, {{9}, 0}}},
                .replacements = {}};
    CHECK(to_scan(known, two, {10}) == std::vector<key_range>{{"f", "m"}, {"m", "p"}, {"s", "x"}});
    known.replacements = {{{"a", "d"}, {{10}, 0}}, {{"y", ""}, {{9}, 5}}};
    CHECK(to_scan(known, two, {10}) == std::vector<key_range>{{"a", "c"}, {"f", "m"}, {"m", "p"}, {"s", "x"}});
    CHECK(to_scan(known, two, {11}) == std::vector<key_range>{{"", "c"}, {"f", "m"}, {"m", ""}});
    CHECK(to_scan(boxes{}, two, {0}) == std::vector<key_range>{{"", "m"}, {"m", ""}});
    CHECK(to_scan(known, layout{}, {0}).empty());
}

TEST_CASE("a hundred thousand images and ten thousand segments are proved") {
    boxes known;
    const auto name = [](int i) { return std::to_string(1'000'000 + i); };
    for (int i = 0; i < 100'000; ++i)
        known.images.push_back(img(name(i), name(i + 1), static_cast<std::uint64_t>(10 + i % 50),
                                   static_cast<std::uint64_t>(10 + i % 50)));
    for (std::uint64_t i = 0; i < 10'000; ++i) known.segments.push_back(seg(10 * i, 10 * i + 10));
    for (int i = 0; i < 1'000; ++i) known.runs.push_back(sorted(name(100 * i), name(100 * i + 50), 100, 5'000));
    const layout one{{0}, {part(1, name(0), name(100'000))}};
    const proof found = prove(known, one, {100'000});
    CHECK(found.is_complete());
    CHECK(found.pieces.size() == 100'000);
    CHECK(to_scan(known, one, {100'000}).empty());
    known.segments.erase(known.segments.begin() + 700);
    CHECK(prove(known, one, {100'000}).gaps.size() == 1);
}

// SPDX-License-Identifier: BSL-1.0
//
// `mutations catalogs` bends thousands of them; here is each rule once.
#include "foreshadow/catalog/consistency.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>

namespace {

using namespace foreshadow;

/// Two partitions, one of which is born empty; an image, a run and a journal.
restore_point sound() {
    restore_point point;
    point.at = {9};
    catalog& knows = point.knows;
    knows.first = {{2}, {{.id = {1, {0}}, .name = "old", .interval = {"a", "m"}}}};
    const partition born{.id = {2, {5}}, .name = "new", .interval = {"m", {}}, .born_empty = true};
    knows.changes.push_back({.at = {{5}, 1}, .time = {}, .retired = {}, .begun = {born}});
    knows.known.births.push_back({.interval = born.interval, .at = {{5}, 1}});
    knows.known.images.push_back(
        fingerprinted(image{.interval = {"a", "m"}, .seen = {{3}, {6}, {{5}, {6}}}, .where = "image"}));
    knows.known.segments.push_back({.after = {2}, .upto = {7}, .where = "one"});
    knows.known.segments.push_back({.after = {7}, .upto = {9}, .where = "two"});
    knows.known.runs.push_back(
        fingerprinted(run{.interval = {"a", "m"}, .after = {4}, .upto = {8}, .where = "run", .erasures = {}}));
    const layout shape = history_of(knows).at(point.at);
    point.proof = spelled_out(prove(knows.known, shape, point.at), knows.known);
    return point;
}

/// What is said of a point after something was done to it; nothing where it is believed.
std::string said_of(const std::function<void(restore_point&)>& what) {
    restore_point point = sound();
    what(point);
    try {
        expect_consistent(point);
    } catch (const error& e) {
        CHECK(e.code() == errc::corrupt);
        CHECK(!e.hint().empty());
        return e.message();
    }
    return {};
}
bool is_refused(const std::function<void(restore_point&)>& what, const std::string& because) {
    const std::string said = said_of(what);
    CAPTURE(said, because);
    CHECK(said.find(because) != std::string::npos);
    return !said.empty();
}

}  // namespace

TEST_CASE("a point whose boxes prove it as it says is believed, in whatever order they stand") {
    CHECK(said_of([](restore_point&) {}).empty());
    CHECK(said_of([](restore_point& p) {
              std::swap(p.knows.known.segments.front(), p.knows.known.segments.back());
          }).empty());
    CHECK(said_of([](restore_point& p) { p.knows.known.segments.push_back(p.knows.known.segments.front()); }).empty());
}

TEST_CASE("a horizon that contains what is above it is refused") {
    const auto horizon_of = [](restore_point& p) -> horizon& { return p.knows.known.images.front().seen; };
    CHECK(is_refused([&](restore_point& p) { horizon_of(p).high = {2}; }, "above its horizon"));
    CHECK(is_refused([&](restore_point& p) { horizon_of(p).also = {{6}, {5}}; }, "above its horizon"));
    CHECK(is_refused([&](restore_point& p) { horizon_of(p).also = {{5}, {7}}; }, "above its horizon"));
    CHECK(is_refused([&](restore_point& p) { horizon_of(p).also = {{3}}; }, "above its horizon"));
}

TEST_CASE("a box without keys or without positions is refused") {
    CHECK(is_refused([](restore_point& p) { p.knows.known.images.front().interval = {"m", "a"}; }, "has no keys"));
    CHECK(is_refused([](restore_point& p) { p.knows.known.runs.front().interval = {"m", "a"}; }, "has no keys"));
    CHECK(is_refused([](restore_point& p) { p.knows.known.segments.front().upto = {2}; }, "ends at 2"));
    CHECK(is_refused([](restore_point& p) { p.knows.known.runs.front().after = {9}; }, "ends at 8"));
}

TEST_CASE("births that are not what the layouts began are refused") {
    const std::string because = "born empty";
    CHECK(is_refused([](restore_point& p) { p.knows.known.births.clear(); }, because));
    CHECK(is_refused([](restore_point& p) { p.knows.known.births.front().at.at = {4}; }, because));
    CHECK(is_refused([](restore_point& p) { p.knows.known.births.front().interval.begin = "l"; }, because));
    CHECK(is_refused([](restore_point& p) { p.knows.changes.front().begun.front().born_empty = false; }, because));
}

TEST_CASE("a birth from before the first layout is refused, since nothing else tells of it") {
    restore_point bent = sound();
    bent.knows.first.at = {3};  // the journal begins before
    bent.knows.known.births.push_back({.interval = {"a", "m"}, .at = {{3}, 0}});
    // It would prove an earlier state, in which there were rows that no image of then knows.
    const auto is_proved_at_4 = [](const restore_point& p) {
        return prove(p.knows.known, history_of(p.knows).at({4}), {4}).is_complete();
    };
    CHECK_FALSE(is_proved_at_4(sound()));
    CHECK(is_proved_at_4(bent));
    CHECK(is_refused([&](restore_point& p) { p = bent; }, "born empty"));
}

TEST_CASE("layouts that do not follow from one another are refused") {
    CHECK(is_refused([](restore_point& p) { p.knows.changes.front().retired.push_back({7, {0}}); }, "not alive"));
    CHECK(is_refused([](restore_point& p) { p.knows.first.at = {10}; }, "first layout"));
}

TEST_CASE("boxes that prove the state in another way than was published are refused") {
    const std::string because = "in the way that its proof says";
    const auto remade = [](auto& box, auto bend) {
        bend(box);
        box = fingerprinted(std::move(box));
    };
    CHECK(is_refused(
        [&](restore_point& p) {
            remade(p.knows.known.images.front(), [](image& i) { i.seen = horizon::exactly({4}); });
        },
        because));
    CHECK(is_refused([&](restore_point& p) { remade(p.knows.known.runs.front(), [](run& r) { r.upto = {7}; }); },
                     because));
    CHECK(is_refused([](restore_point& p) { p.knows.first.partitions.front().id = {3, {0}}; }, because));
    CHECK(is_refused([](restore_point& p) { p.proof.pop_back(); }, because));
    CHECK(is_refused([](restore_point& p) { p.knows.known.segments.pop_back(); }, "the proof fails"));
}

TEST_CASE("an image or a run that is not what was made is refused, although no proof rests on it") {
    const std::string because = "is not what was made";
    const auto spare = [](restore_point& p) -> image& {
        return p.knows.known.images.emplace_back(
            fingerprinted(image{.interval = {"b", "m"}, .seen = horizon::exactly({2}), .where = "older"}));
    };
    CHECK(said_of([&](restore_point& p) { spare(p); }).empty());
    CHECK(is_refused([&](restore_point& p) { spare(p).interval.begin = "a"; }, because));
    CHECK(is_refused([&](restore_point& p) { spare(p).interval.end = "n"; }, because));
    CHECK(is_refused([&](restore_point& p) { spare(p).seen = horizon::exactly({3}); }, because));
    CHECK(is_refused([&](restore_point& p) { spare(p).seen = {{2}, {4}, {{4}}}; }, because));
    CHECK(is_refused([&](restore_point& p) { spare(p).where = "image"; }, because));
    const auto grown = [](restore_point& p) -> run& { return p.knows.known.runs.front(); };
    CHECK(is_refused([&](restore_point& p) { grown(p).interval.begin = "b"; }, because));
    CHECK(is_refused([&](restore_point& p) { grown(p).after = {3}; }, because));
    CHECK(is_refused([&](restore_point& p) { grown(p).upto = {7}; }, because));
    CHECK(is_refused([&](restore_point& p) { grown(p).where = "other"; }, because));
    CHECK(is_refused([&](restore_point& p) { grown(p).erasures.push_back({{{5}, 0}, {"b", "c"}}); }, because));
}

TEST_CASE("layouts that are not those of the journal are refused") {
    const restore_point point = sound();
    const std::vector<layout_change>& known = point.knows.changes;
    CHECK_NOTHROW(expect_layouts(point.knows, {2}, {7}, known));
    CHECK_NOTHROW(expect_layouts(point.knows, {7}, {9}, {}));
    CHECK_THROWS_AS(expect_layouts(point.knows, {2}, {7}, {}), error);
    CHECK_THROWS_AS(expect_layouts(point.knows, {7}, {9}, {{.at = {{8}, 0}, .time = {}, .retired = {}, .begun = {}}}),
                    error);
    std::vector<layout_change> later = known;
    later.front().at.at = {6};
    CHECK_THROWS_AS(expect_layouts(point.knows, {2}, {7}, later), error);
    std::vector<layout_change> fuller = known;
    fuller.front().begun.front().rows = 100;  // an estimate, told anew each time
    CHECK_NOTHROW(expect_layouts(point.knows, {2}, {7}, fuller));
}

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/predict/ensemble.hpp"

#include "foreshadow/predict/hazard_predictor.hpp"
#include "foreshadow/predict/scripted.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/testing/conformance/predictor.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace foreshadow;

namespace {

scripted always(std::uint64_t which) {
    scripted::line line;
    line.every_time = true;
    line.what.kind = lineage_kind::split;
    line.what.partitions = {{which, {1}}};
    line.what.confidence = 0.9;
    line.what.because = {{"of", static_cast<double>(which), ""}};
    return scripted{{line}};
}

/// Asks for ten seconds ahead again and again; partition 1 splits `later` seconds after each time. Returns what was
/// said last.
template <class Ensemble>
std::vector<prediction> see_splits(Ensemble& one, int times, double later) {
    wall_time now{1'700'000'000'000'000};
    const partition first{{1, {1}}, "first", {"a", "b"}};
    std::vector<prediction> said;
    for (int i = 0; i < times; ++i) {
        said.clear();
        one.forecast(now, 10, said);
        now = after_seconds(now, later);
        one.learn({{{2}, 0}, now, lineage_kind::split, {first}, {first, first}, {}});
    }
    return said;
}

}  // namespace

TEST_CASE("an ensemble follows the member that is right") {
    ensemble<scripted, scripted, silent> one{always(1), always(2), silent{}};
    one.start({});
    const std::vector<prediction> said = see_splits(one, 200, 5);
    CHECK(one.weights()[0] > 0.9);
    REQUIRE(said.size() == 2);
    for (const prediction& p : said) {
        CHECK(p.predictor == "ensemble");
        REQUIRE(p.because.size() == 1);
        CHECK(p.because[0].value == static_cast<double>(p.partitions[0].native));
        if (p.partitions[0].native == 1)
            CHECK(p.confidence > 0.7);
        else
            CHECK(p.confidence < 0.05);
    }
}

TEST_CASE("an ensemble keeps creations apart that are foretold by name, and believes who named the one that came") {
    const auto always_called = [](const std::string& name) {
        scripted::line line;
        line.every_time = true;
        line.what.kind = lineage_kind::create;
        line.what.name = name;
        line.what.confidence = 0.9;
        return scripted{{line}};
    };
    ensemble<scripted, scripted> one{always_called("po_p#"), always_called("ev_p#")};
    one.start({});
    wall_time now{1'700'000'000'000'000};
    std::vector<prediction> said;
    for (int i = 0; i < 200; ++i) {
        said.clear();
        one.forecast(now, 10, said);
        now = after_seconds(now, 5);
        const partition born{{1, {2}}, "ev_p" + std::to_string(i), {"a", "b"}};
        one.learn({{{2}, 0}, now, lineage_kind::create, {}, {born}, {}});
    }
    CHECK(one.weights()[1] > 0.9);
    REQUIRE(said.size() == 2);
    for (const prediction& p : said) CHECK((p.name == "ev_p#") == (p.confidence > 0.5));
}

TEST_CASE("an ensemble counts what came after a horizon as not having come") {
    ensemble<scripted, silent> one{always(1), silent{}};
    static_cast<void>(see_splits(one, 200, 20));
    CHECK(one.weights()[1] > 0.9);
}

TEST_CASE("an ensemble believes who foretold a merge that came in steps") {
    scripted::line line;
    line.every_time = true;
    line.what.kind = lineage_kind::merge;
    line.what.partitions = {{1, {1}}, {2, {1}}, {3, {1}}};
    line.what.confidence = 0.9;
    ensemble<scripted, silent> one{scripted{{line}}, silent{}};
    wall_time now{1'700'000'000'000'000};
    const partition a{{1, {1}}, "a", {"a", "b"}};
    const partition b{{2, {1}}, "b", {"b", "c"}};
    const partition c{{3, {1}}, "c", {"c", "d"}};
    const partition ab{{4, {2}}, "ab", {"a", "c"}};
    const partition abc{{5, {2}}, "abc", {"a", "d"}};
    for (int i = 0; i < 200; ++i) {
        std::vector<prediction> said;
        one.forecast(now, 10, said);
        now = after_seconds(now, 5);
        one.learn({{{2}, 0}, now, lineage_kind::merge, {a, b}, {ab}, {"b"}});
        one.learn({{{3}, 0}, now, lineage_kind::merge, {ab, c}, {abc}, {"c"}});
    }
    CHECK(one.weights()[0] > 0.9);
}

TEST_CASE("an ensemble does not forget who was right over partitions that do nothing") {
    const auto sure_of = [](std::uint64_t which) {
        std::vector<scripted::line> lines;
        for (std::uint64_t i = 1; i <= 500; ++i) {
            scripted::line line;
            line.every_time = true;
            line.what.kind = lineage_kind::split;
            line.what.partitions = {{i, {1}}};
            line.what.confidence = i == which ? 0.9 : 0.001;
            lines.push_back(line);
        }
        return scripted{lines};
    };
    ensemble<scripted, scripted> one{sure_of(1), sure_of(2)};
    one.start({});
    static_cast<void>(see_splits(one, 60, 5));
    CHECK(one.weights()[0] > 0.9);
}

TEST_CASE("an ensemble remembers, and refuses what is of another") {
    ensemble<size_extrapolation, silent> one;
    wall_time now{1'700'000'000'000'000};
    std::vector<prediction> said;
    one.forecast(now, 10, said);
    CHECK(said.empty());
    ensemble<size_extrapolation, silent> other;
    other.load(one.save());
    CHECK(other.save() == one.save());
    CHECK(other.weights() == one.weights());
    ensemble<silent, size_extrapolation> turned;
    CHECK_THROWS_AS(turned.load(one.save()), error);
    ensemble<silent> fewer;
    CHECK_THROWS_AS(fewer.load(one.save()), error);
}

TEST_CASE("an ensemble tells measurements to the members that take them") {
    const hazard_predictor::options known{.split_at_bytes = 1'000'000, .least_confidence = 0};
    using asked = ensemble<silent, hazard_predictor>;
    STATIC_REQUIRE(takes_measurements<asked>);
    STATIC_REQUIRE_FALSE(takes_measurements<ensemble<size_extrapolation, silent>>);
    asked one{silent{}, hazard_predictor{known}};
    layout now{{1}, {{{1, {1}}, "p", key_range::all(), content::data, false, 100, 200'000}}};
    one.start(now);
    wall_time time{1'700'000'000'000'000};
    std::vector<prediction> said;
    for (int s = 0; s < 50; ++s) {
        time = after_seconds(time, 1);
        now.partitions[0].bytes += 1000;
        one.measured(now);
        said.clear();
        one.forecast(time, 10, said);
    }
    REQUIRE(said.size() == 1);
    REQUIRE_FALSE(said[0].because.empty());
    CHECK(said[0].because[0].name == "size");
    CHECK(said[0].because[0].value == Approx(250'000));
}

TEST_CASE("an ensemble keeps the contract of predictors") {
    const auto found = testing::check_predictor([] { return ensemble<size_extrapolation, silent>{}; });
    INFO(found.text());
    CHECK(found.is_kept());
    const auto learns = testing::check_predictor([] { return ensemble<hazard_predictor, size_extrapolation>{}; });
    INFO(learns.text());
    CHECK(learns.is_kept());
}

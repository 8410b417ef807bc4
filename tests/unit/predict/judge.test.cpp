// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/predict/judge.hpp"
#include "foreshadow/predict/sanitize.hpp"

#include "part.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <utility>

using namespace foreshadow;
using testing::part;

namespace {

prediction foretell(std::uint64_t id, lineage_kind kind, std::vector<std::uint64_t> partitions,
                    std::vector<key> boundaries = {}) {
    prediction p;
    p.id = id;
    p.kind = kind;
    for (const auto n : partitions) p.partitions.push_back({n, {1}});
    p.boundaries = std::move(boundaries);
    p.confidence = 0.5;
    p.horizon_seconds = 10;
    p.issued_at = {100};
    p.issued_time = {1'000'000};
    return p;
}
lineage_event split_at(key where, std::int64_t seconds = 5) {
    return {{{200}, 0},
            {1'000'000 + seconds * 1'000'000},
            lineage_kind::split,
            {part(1, "a", "m")},
            {part(11, "a", where), part(12, where, "m")},
            {where}};
}
outcome_kind judged(const prediction& p, const lineage_event& e) {
    judge j;
    j.record(p);
    const auto outcomes = j.settle(e);
    if (outcomes.empty()) return outcome_kind::pending;
    CHECK(outcomes.size() == 1);
    CHECK(outcomes[0].first == p.id);
    CHECK(j.live().empty());
    return outcomes[0].second.kind;
}

layout four() { return {{1}, {part(1, "a", "m"), part(2, "m", "p"), part(3, "q", "s"), part(4, "s", "")}}; }
std::vector<prediction> cleaned(std::vector<prediction> said, forecast_limits limits = {}) {
    sanitize(said, four(), 10, limits);
    return said;
}

}  // namespace

TEST_CASE("a split at the boundary that was foretold is exact, at another one near, after the horizon late") {
    CHECK(judged(foretell(1, lineage_kind::split, {1}, {"f"}), split_at("f")) == outcome_kind::exact);
    CHECK(judged(foretell(1, lineage_kind::split, {1}, {"f"}), split_at("g")) == outcome_kind::near);
    CHECK(judged(foretell(1, lineage_kind::split, {1}), split_at("g")) == outcome_kind::near);
    CHECK(judged(foretell(1, lineage_kind::split, {1}, {"f"}), split_at("f", 12)) == outcome_kind::late);
    CHECK(judged(foretell(1, lineage_kind::split, {2}, {"n"}), split_at("f")) == outcome_kind::pending);
    CHECK(judged(foretell(1, lineage_kind::merge, {1, 2}), split_at("f")) == outcome_kind::other_kind);
}

TEST_CASE("merges, drops and creations are judged by what they are about") {
    const lineage_event merge{{{200}, 0},          {2'000'000},
                              lineage_kind::merge, {part(1, "a", "m"), part(2, "m", "p")},
                              {part(9, "a", "p")}, {"m"}};
    CHECK(judged(foretell(1, lineage_kind::merge, {1, 2}), merge) == outcome_kind::exact);
    CHECK(judged(foretell(1, lineage_kind::merge, {2, 3}), merge) == outcome_kind::pending);
    CHECK(judged(foretell(1, lineage_kind::split, {2}), merge) == outcome_kind::other_kind);

    const lineage_event drop{{{200}, 0}, {2'000'000}, lineage_kind::drop, {part(1, "a", "m")}, {}, {}};
    CHECK(judged(foretell(1, lineage_kind::drop, {1}), drop) == outcome_kind::exact);

    const lineage_event create{{{200}, 0}, {2'000'000}, lineage_kind::create, {}, {part(9, "x", "y")}, {}};
    CHECK(judged(foretell(1, lineage_kind::create, {}, {"x", "y"}), create) == outcome_kind::exact);
    CHECK(judged(foretell(1, lineage_kind::create, {}, {"x"}), create) == outcome_kind::exact);
    CHECK(judged(foretell(1, lineage_kind::create, {}, {"x", "z"}), create) == outcome_kind::near);
    CHECK(judged(foretell(1, lineage_kind::create, {4}, {"z"}), create) == outcome_kind::pending);
}

TEST_CASE(
    "partitions that become one in steps came together, whoever merged first, and with others nearly as foretold") {
    const lineage_event first{{{200}, 0},          {2'000'000},
                              lineage_kind::merge, {part(1, "a", "m"), part(2, "m", "p")},
                              {part(9, "a", "p")}, {"m"}};
    const lineage_event second{{{300}, 0},           {3'000'000},
                               lineage_kind::merge,  {part(9, "a", "p"), part(3, "p", "s")},
                               {part(10, "a", "s")}, {"p"}};
    const lineage_event split{
        {{300}, 0}, {3'000'000}, lineage_kind::split, {part(9, "a", "p")}, {part(11, "a", "k"), part(12, "k", "p")},
        {"k"}};
    const auto kind_of = [&](std::vector<std::uint64_t> foretold, std::vector<lineage_event> came) {
        judge j;
        j.record(foretell(1, lineage_kind::merge, std::move(foretold)));
        const auto settled = j.settle(came);
        return settled.empty() ? outcome_kind::pending : settled[0].became.kind;
    };
    CHECK(kind_of({1, 2, 3}, {first, second}) == outcome_kind::exact);
    CHECK(kind_of({2, 3}, {first, second}) == outcome_kind::near);
    CHECK(kind_of({1, 2, 3}, {first}) == outcome_kind::pending);
    CHECK(kind_of({2, 3}, {first, split}) == outcome_kind::other_kind);

    judge j;
    j.record(foretell(1, lineage_kind::merge, {2, 3}));
    const auto before = j.changes();
    CHECK(j.settle(first).empty());
    CHECK(j.changes() != before);
    prediction same = foretell(2, lineage_kind::merge, {9, 3});
    same.partitions[0] = part(9, "a", "p").id;
    CHECK(j.confidence_in(same) == 0.5);
    CHECK_FALSE(j.confidence_in(foretell(2, lineage_kind::merge, {2, 3})));
    REQUIRE(j.settle(second).size() == 1);
    CHECK_FALSE(j.confidence_in(same));
}

TEST_CASE("the lead is told, and what was history already decides nothing") {
    judge j;
    j.record(foretell(7, lineage_kind::split, {1}, {"f"}));
    auto old = split_at("f");
    old.at.at = {100};
    CHECK(j.settle(old).empty());
    const auto outcomes = j.settle(split_at("f"));
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].second.lead_seconds == Approx(5));
    CHECK(outcomes[0].second.boundaries == std::vector<key>{"f"});
    CHECK(outcomes[0].second.at == version{{200}, 0});
}

TEST_CASE("what does not happen lapses after horizon and grace, and once") {
    judge j{0.5};
    j.record(foretell(1, lineage_kind::split, {1}));
    j.record(foretell(2, lineage_kind::split, {2}));
    CHECK(j.lapse(after_seconds({1'000'000}, 14)).empty());
    const auto lapsed = j.lapse(after_seconds({1'000'000}, 16));
    REQUIRE(lapsed.size() == 2);
    CHECK(lapsed[0].second.kind == outcome_kind::none);
    CHECK(j.live().empty());
    CHECK(j.lapse(after_seconds({1'000'000}, 17)).empty());
}

TEST_CASE("creations in different places are different news") {
    judge j;
    auto first = foretell(1, lineage_kind::create, {}, {"x", "y"});
    first.confidence = 0.9;
    j.record(first);
    CHECK(j.confidence_in(foretell(2, lineage_kind::create, {}, {"x", "y"})) == 0.9);
    CHECK(j.confidence_in(foretell(2, lineage_kind::create, {}, {"x"})) == 0.9);
    CHECK_FALSE(j.confidence_in(foretell(2, lineage_kind::create, {}, {"y", "z"})));
    j.record(foretell(3, lineage_kind::create, {}, {"y", "z"}));
    CHECK(j.confidence_in(foretell(4, lineage_kind::create, {}, {"y"})));
    // A split is of its partition, wherever it is expected to be cut.
    j.record(foretell(5, lineage_kind::split, {1}, {"f"}));
    CHECK(j.confidence_in(foretell(6, lineage_kind::split, {1}, {"g"})));
    CHECK(j.lapse(after_seconds({1'000'000}, 60)).size() == 3);
    CHECK_FALSE(j.confidence_in(foretell(7, lineage_kind::create, {}, {"x", "y"})));
}

TEST_CASE("a creation without a place is judged by what it will be called") {
    const auto created = [](std::string name, std::int64_t seconds = 5) {
        partition born = part(9, "x", "y");
        born.name = std::move(name);
        return lineage_event{{{200}, 0}, {1'000'000 + seconds * 1'000'000}, lineage_kind::create,
                             {},         {part(8, "v", "w"), born},         {}};
    };
    const auto called = [](std::uint64_t id, std::string name, std::vector<key> boundaries = {}) {
        prediction p = foretell(id, lineage_kind::create, {}, std::move(boundaries));
        p.name = std::move(name);
        return p;
    };
    CHECK(judged(called(1, "public.ev_p#"), created("public.ev_p20261124")) == outcome_kind::exact);
    CHECK(judged(called(1, "public.ev_p2026#"), created("public.ev_p20261124")) == outcome_kind::exact);
    CHECK(judged(called(1, "public.ev_default"), created("public.ev_default")) == outcome_kind::exact);
    CHECK(judged(called(1, "public.ev_p#"), created("public.ev_p20261124", 12)) == outcome_kind::late);
    CHECK(judged(called(1, "public.ev_p#"), created("public.po_p20261124")) == outcome_kind::pending);
    CHECK(judged(called(1, "public.ev_p#"), created("public.ev_p")) == outcome_kind::pending);
    CHECK(judged(called(1, ""), created("")) == outcome_kind::pending);
    // Where the place is told it is what decides.
    CHECK(judged(called(1, "public.ev_p#", {"k"}), created("public.ev_p20261124")) == outcome_kind::pending);
    CHECK(judged(called(1, "public.po_p#", {"x", "y"}), created("public.ev_p20261124")) == outcome_kind::exact);
    // The end of a partition of that name, or another change of one, creates none.
    lineage_event drop = created("public.ev_p20261124");
    drop.kind = lineage_kind::drop;
    std::swap(drop.from, drop.to);
    CHECK(judged(called(1, "public.ev_p#"), drop) == outcome_kind::pending);

    judge j;
    j.record(called(1, "public.ev_p#"));
    j.record(called(2, "public.po_p#"));
    CHECK(j.confidence_in(called(3, "public.ev_p#")) == 0.5);
    CHECK_FALSE(j.confidence_in(called(3, "public.ev_p")));
    CHECK_FALSE(j.confidence_in(called(3, "public.ev_p#", {"x"})));
    REQUIRE(j.settle(created("public.ev_p20261124")).size() == 1);
    CHECK_FALSE(j.confidence_in(called(3, "public.ev_p#")));
    const auto lapsed = j.lapse(after_seconds({1'000'000}, 16));
    REQUIRE(lapsed.size() == 1);
    CHECK(lapsed[0].first == 2);
    CHECK(lapsed[0].second.kind == outcome_kind::none);
}

TEST_CASE("live predictions are ordered by falling confidence") {
    judge j;
    for (const double c : {0.2, 0.9, 0.5}) {
        auto p = foretell(1, lineage_kind::split, {1});
        p.confidence = c;
        j.record(p);
    }
    REQUIRE(j.live().size() == 3);
    CHECK(j.live()[0].confidence == 0.9);
    CHECK(j.live()[2].confidence == 0.2);
}

TEST_CASE("what is not a chance, or about nobody, is dropped; what is too sure is clamped") {
    for (const double c : {std::nan(""), 0.0, -1.0, -std::numeric_limits<double>::infinity()}) {
        auto p = foretell(1, lineage_kind::split, {1}, {"f"});
        p.confidence = c;
        CHECK(cleaned({p}).empty());
    }
    auto sure = foretell(1, lineage_kind::split, {1}, {"f"});
    sure.confidence = std::numeric_limits<double>::infinity();
    REQUIRE(cleaned({sure}).size() == 1);
    CHECK(cleaned({sure})[0].confidence == 1.0);
    CHECK(cleaned({foretell(1, lineage_kind::split, {77}, {"f"})}).empty());
    CHECK(cleaned({foretell(1, lineage_kind::split, {1, 2}, {"f"})}).empty());
    CHECK(cleaned({foretell(1, lineage_kind::merge, {1})}).empty());
    CHECK(cleaned({foretell(1, lineage_kind::merge, {1, 1})}).empty());
    CHECK(cleaned({foretell(1, lineage_kind::merge, {1, 3})}).empty());
    CHECK(cleaned({foretell(1, lineage_kind::merge, {2, 1}, {"x"})}).size() == 1);
    CHECK(cleaned({foretell(1, static_cast<lineage_kind>(99), {1})}).empty());
}

TEST_CASE("boundaries are put in order and outside ones dropped; creations keep to keys of nobody") {
    const auto out = cleaned({foretell(1, lineage_kind::split, {1}, {"k", "f", "", "f", "a", "m", "zzz"})});
    REQUIRE(out.size() == 1);
    CHECK(out[0].boundaries == std::vector<key>{"f", "k"});
    CHECK(cleaned({foretell(1, lineage_kind::create, {}, {"p", "q"})}).size() == 1);
    CHECK(cleaned({foretell(1, lineage_kind::create, {}, {"p", "r"})}).empty());
    CHECK(cleaned({foretell(1, lineage_kind::create, {}, {"b"})}).empty());
    CHECK(cleaned({foretell(1, lineage_kind::create, {}, {})}).empty());
}

TEST_CASE("a creation that has no place needs a name, which comes out plain and bounded; nothing else has one") {
    const auto called = [](std::string name, std::vector<key> boundaries = {}) {
        prediction p = foretell(1, lineage_kind::create, {}, std::move(boundaries));
        p.name = std::move(name);
        return p;
    };
    REQUIRE(cleaned({called("public.ev_p#")}).size() == 1);
    CHECK(cleaned({called("public.ev_p#")})[0].name == "public.ev_p#");
    CHECK(cleaned({called("public.ev_p#")})[0].boundaries.empty());
    CHECK(cleaned({called("caf\xc3\xa9\n#")})[0].name == "caf???#");
    CHECK(cleaned({called(std::string(100'000, '#'))})[0].name.size() == forecast_limits{}.name_bytes);
    CHECK(cleaned({called("")}).empty());
    CHECK(cleaned({called("public.ev_p#", {""})}).size() == 1);
    CHECK(cleaned({called("public.ev_p#", {"b"})}).empty());  // somebody's keys
    CHECK(cleaned({called("public.ev_p#", {"p", "q"})})[0].name == "public.ev_p#");
    prediction owned = called("public.ev_p#");
    owned.partitions.push_back({1, {1}});
    CHECK(cleaned({owned}).empty());
    prediction split = foretell(1, lineage_kind::split, {1}, {"f"});
    split.name = "public.ev_p#";
    CHECK(cleaned({split})[0].name.empty());

    // Several of one name are one, of several names several; one at a place is another.
    prediction surest = called("a#");
    surest.confidence = 0.9;
    const auto out = cleaned({called("a#"), surest, called("b#"), called("a#", {"p", "q"}), called("c#", {"p", "q"})});
    REQUIRE(out.size() == 3);
    CHECK(out[0].confidence == 0.9);
    CHECK(out[0].name == "a#");
    CHECK(std::count_if(out.begin(), out.end(), [](const prediction& p) { return p.boundaries.empty(); }) == 2);
}

TEST_CASE("times, horizons, evidence and names come out sound") {
    auto p = foretell(1, lineage_kind::drop, {1});
    p.when = {std::nan(""), 1, 2};
    p.horizon_seconds = std::numeric_limits<double>::infinity();
    p.because = {{"bad", std::nan(""), ""}, {"go\xffod", 1, "\x01"}};
    p.predictor = std::string(1000, '\xff');
    auto q = foretell(2, lineage_kind::drop, {2});
    q.when = {9, -5, 3};
    const auto out = cleaned({p, q});
    REQUIRE(out.size() == 2);
    for (const prediction& o : out) {
        CHECK(o.when.p10 >= 0);
        CHECK(o.when.p10 <= o.when.p50);
        CHECK(o.when.p50 <= o.when.p90);
        CHECK(o.horizon_seconds == 10);
        CHECK(o.id == 0);
    }
    CHECK(out[0].because.size() == 1);
    CHECK(out[0].because[0].name == "go?od");
    CHECK(out[0].predictor.size() <= 64);
}

TEST_CASE("of the same twice the surest stays, and no more than the limit") {
    std::vector<prediction> said;
    for (int i = 0; i < 50; ++i) {
        auto p = foretell(1, lineage_kind::split, {static_cast<std::uint64_t>(i % 4 + 1)}, {});
        p.confidence = 0.01 * (i + 1);
        said.push_back(p);
    }
    const auto all = cleaned(said);
    REQUIRE(all.size() == 4);
    CHECK(all[0].confidence == Approx(0.5));
    forecast_limits few;
    few.predictions = 2;
    CHECK(cleaned(said, few).size() == 2);
}

TEST_CASE("events that come together settle what they settle one after the other") {
    const auto seed = GENERATE(range(1u, 100u));
    CAPTURE(seed);
    std::mt19937 random{seed};
    judge together;
    judge one_by_one;
    for (std::uint64_t i = 1; i <= 12; ++i) {
        prediction p;
        p.id = i;
        p.kind = static_cast<lineage_kind>(random() % 5);
        p.confidence = 0.1 * static_cast<double>(random() % 10);
        p.horizon_seconds = 10;
        p.issued_at = {random() % 20};
        for (std::uint64_t n = 1 + random() % 3; n > 0; --n) p.partitions.push_back({random() % 8, {1}});
        if (p.kind == lineage_kind::create && random() % 2 == 0)
            p.name = std::string(1, static_cast<char>('a' + random() % 4)) + "#";
        else if (p.kind == lineage_kind::create)
            p.boundaries = {key(1, static_cast<char>('a' + random() % 8))};
        together.record(p);
        one_by_one.record(p);
    }
    std::vector<lineage_event> events;
    for (std::uint64_t i = 0; i < 5; ++i) {
        const key begin(1, static_cast<char>('a' + random() % 8));
        const partition ended{.id = {i, {1}}, .name = {}, .interval = {begin, begin + "z"}};
        const std::string name = std::string(1, static_cast<char>('a' + random() % 4)) + std::to_string(i);
        const partition begun{.id = {i + 100, {9}}, .name = name, .interval = {begin, begin + "z"}};
        lineage_event event{.at = {{10 + i}, 0}, .time = {}, .kind = {}, .from = {}, .to = {}, .boundaries = {}};
        event.kind = static_cast<lineage_kind>(random() % 5);
        if (event.kind != lineage_kind::create) event.from = {ended};
        if (event.kind != lineage_kind::drop) event.to = {begun};
        events.push_back(event);
    }
    const std::vector<judge::verdict> settled = together.settle(events);
    auto next = settled.begin();
    for (std::size_t i = 0; i < events.size(); ++i)
        for (const auto& [id, became] : one_by_one.settle(events[i])) {
            REQUIRE(next != settled.end());
            CHECK(next->event == i);
            CHECK(next->prediction == id);
            CHECK(next->became == became);
            ++next;
        }
    CHECK(next == settled.end());
    CHECK(together.live().size() == one_by_one.live().size());
    CHECK((settled.empty() || together.changes() == 13));
}

TEST_CASE("a judge knows how sure somebody was of a change, until it is settled") {
    judge j;
    j.record(foretell(1, lineage_kind::split, {1}));
    prediction surer = foretell(2, lineage_kind::split, {1});
    surer.confidence = 0.95;
    j.record(surer);
    CHECK(j.confidence_in(foretell(0, lineage_kind::split, {1})) == 0.95);
    CHECK_FALSE(j.confidence_in(foretell(0, lineage_kind::merge, {1})));
    CHECK_FALSE(j.confidence_in(foretell(0, lineage_kind::split, {2})));
    CHECK(j.lapse(after_seconds({1'000'000}, 1e6)).size() == 2);
    CHECK_FALSE(j.confidence_in(foretell(0, lineage_kind::split, {1})));
}

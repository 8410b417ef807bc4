// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/predict/prequential.hpp"

#include "foreshadow/predict/forecast_score.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/predict/trace.hpp"
#include "foreshadow/testing/causality.hpp"
#include "foreshadow/testing/random.hpp"
#include "foreshadow/testing/replay.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace foreshadow;
using namespace foreshadow::testing;

namespace {

constexpr std::int64_t second = 1'000'000;

/// Does what a test tells it, and keeps what it heard.
struct told_what_to_say {
    static constexpr std::string_view name = "told what to say";

    std::function<void(wall_time, std::vector<prediction>&)> say;
    std::vector<wall_time> batches;
    std::vector<lineage_event> learnt;
    std::vector<layout> measurements;

    void start(const layout&) {}
    void observe(const log_batch& batch, const layout&) { batches.push_back(batch.now); }
    void learn(const lineage_event& e) { learnt.push_back(e); }
    void measured(const layout& now) { measurements.push_back(now); }
    void forecast(wall_time now, double, std::vector<prediction>& out) {
        if (say) say(now, out);
    }
    [[nodiscard]] std::string save() const { return {}; }
    void load(std::string_view) {}
};

std::vector<trace_line> trace_of(const std::string& text) {
    std::istringstream in{text};
    return read_trace(in);
}

/// Ticks of ten seconds; 1 splits at 25, 2 and 3 merge at 47, 5 is created at 52 behind all, and it goes on to 100.
const std::string small_world =
    "0\tcreate\t1\ta,m\n"
    "25\tsplit\t1->2,3\tf\n"
    "47\tmerge\t2,3->4\n"
    "52\tcreate\t5\tp,t\n"
    "100\tI\t10\tb\n";
constexpr double tick = 10;

template <class P>
std::vector<forecast_rows> replayed(const std::string& text, P& predictor, double horizon_ticks) {
    prequential<P> asked{predictor, {.tick_seconds = tick, .horizon_ticks = horizon_ticks}};
    replay(trace_of(text), {.rule = std::nullopt, .tick_seconds = tick}, asked);
    std::vector<forecast_rows> rows;
    for (const lineage_kind kind : scored_kinds) rows.push_back(asked.rows_of(kind));
    return rows;
}

/// "tick:partition" of each row that came true.
std::set<std::string> came_true(const forecast_rows& rows) {
    std::set<std::string> made;
    for (std::size_t i = 0; i < rows.at.size(); ++i)
        if (rows.came[i] != 0) made.insert(std::to_string(rows.at[i] / second) + ":" + std::to_string(rows.subject[i]));
    return made;
}

prediction of(lineage_kind kind, std::vector<std::uint64_t> ids, double confidence, const layout& now) {
    prediction p;
    p.kind = kind;
    for (const std::uint64_t id : ids)
        for (const partition& live : now.partitions)
            if (live.id.native == id) p.partitions.push_back(live.id);
    if (p.partitions.empty()) p.partitions.push_back({99, {}});
    p.confidence = confidence;
    return p;
}

/// A log that splits and merges much, by a rule.
std::vector<trace_line> busy_log(std::uint64_t seed, int writes) {
    seeded_random random{seed};
    std::string text;
    for (int i = 0; i < writes; ++i) {
        const std::uint64_t hot = static_cast<std::uint64_t>(i) / 400;
        const char op = random.chance(.25) ? 'D' : 'I';
        const std::uint64_t row = op == 'D' ? random.below(hot * 50 + 50) : hot * 50 + random.below(200);
        const std::uint64_t table = random.below(3);
        text += std::to_string(i) + '\t' + op + "\t50\tt" + std::to_string(table) + "/" + std::to_string(10000 + row) +
                '\n';
    }
    return trace_of(text);
}
const replay_options busy{.rule = rule_options{.rule = published_rule::crdb, .split_size = 24, .cool_down_ticks = 3},
                          .tick_seconds = tick,
                          .writes_per_tick = 10};
const scoring_options scored{.tick_seconds = tick, .horizon_ticks = 4};

/// Looks up in the log what will split within the horizon: what a score must never be taken of.
class peeking {
  public:
    static constexpr std::string_view name = "peeking";

    explicit peeking(const std::vector<trace_line>& log) {
        struct {
            std::vector<lineage_event>* to;
            void observe(const log_batch&, const layout&) {}
            void learn(const lineage_event& e) { to->push_back(e); }
            void tick(wall_time, const layout&) {}
        } heard{&future_};
        replay(log, busy, heard);
    }
    void start(const layout&) {}
    void observe(const log_batch&, const layout&) {}
    void learn(const lineage_event&) {}
    void forecast(wall_time now, double horizon, std::vector<prediction>& out) {
        for (const lineage_event& e : future_) {
            const double ahead = seconds_between(now, e.time);
            if (e.kind != lineage_kind::split || ahead <= 0 || ahead > horizon) continue;
            prediction p;
            p.kind = e.kind;
            p.partitions = {e.from.front().id};
            p.confidence = .9;
            out.push_back(p);
        }
    }
    [[nodiscard]] std::string save() const { return {}; }
    void load(std::string_view) {}

  private:
    std::vector<lineage_event> future_;
};

size_extrapolation honest() { return size_extrapolation{{.half_life_seconds = 7 * tick, .least_confidence = 0}}; }

}  // namespace

TEST_CASE("a row is positive when its partition's change comes after the tick and within the horizon") {
    told_what_to_say predictor;
    const std::vector<forecast_rows> rows = replayed(small_world, predictor, 2);
    CHECK(came_true(rows[0]) == std::set<std::string>{"10:1", "20:1"});
    CHECK(came_true(rows[1]) == std::set<std::string>{"30:2", "30:3", "40:2", "40:3"});
    // Creations stand in the row of the partition below: 3 at 40, which has merged into 4 by 50.
    CHECK(came_true(rows[2]) == std::set<std::string>{"40:5", "50:5"});
    CHECK(rows[0].at.size() == 1 + 1 + 2 + 2 + 1 + 5 * 2);
    CHECK(rows[0].events.size() == 1);
    CHECK(rows[1].events.size() == 2);
    CHECK(rows[2].events.size() == 2);
}

TEST_CASE("a change in the moment of a tick is of the time before it") {
    told_what_to_say predictor;
    const std::vector<forecast_rows> rows =
        replayed("0\tcreate\t1\ta,m\n30\tsplit\t1->2,3\tf\n70\tI\t1\tb\n", predictor, 2);
    CHECK(came_true(rows[0]) == std::set<std::string>{"10:1", "20:1"});
}

TEST_CASE("a predictor hears everything up to the tick that it is asked at, and nothing after it") {
    told_what_to_say predictor;
    std::vector<std::string> asked;
    predictor.say = [&](wall_time now, std::vector<prediction>&) {
        for (const wall_time heard : predictor.batches) CHECK(heard <= now);
        for (const lineage_event& e : predictor.learnt) CHECK(e.time <= now);
        CHECK(predictor.batches.back() == now);
        asked.push_back(std::to_string(now.microseconds / second) + ":" + std::to_string(predictor.learnt.size()));
    };
    replayed(small_world, predictor, 2);
    CHECK(asked ==
          std::vector<std::string>{"10:1", "20:1", "30:2", "40:2", "50:3", "60:4", "70:4", "80:4", "90:4", "100:4"});
    CHECK(predictor.measurements.size() == asked.size());
}

TEST_CASE("a blind predictor is told no sizes") {
    const auto largest = [](bool sizes_told) {
        told_what_to_say predictor;
        prequential<told_what_to_say> asked{predictor,
                                            {.tick_seconds = tick, .horizon_ticks = 2, .sizes_told = sizes_told}};
        replay(busy_log(1, 600), busy, asked);
        std::uint64_t most = 0;
        for (const lineage_event& e : predictor.learnt)
            for (const partition& p : e.from) most = std::max({most, p.rows, p.bytes});
        for (const layout& now : predictor.measurements)
            for (const partition& p : now.partitions) most = std::max({most, p.rows, p.bytes});
        return most;
    };
    CHECK(largest(true) > 0);
    CHECK(largest(false) == 0);
}

TEST_CASE("of what a predictor says the surest counts, merges with several partners add up, and nonsense is dropped") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    told_what_to_say predictor;
    const std::string three =
        "0\tcreate\t1\ta,f\n0\tcreate\t2\tf,m\n0\tcreate\t3\tm,t\n10\tI\t1\tb\n20\tcreate\t7\tu,v\n30\tI\t1\tb\n";
    predictor.say = [&](wall_time now, std::vector<prediction>& out) {
        if (now.microseconds != 10 * second) return;
        const layout& live = predictor.measurements.back();
        out = {of(lineage_kind::split, {1}, .2, live),    of(lineage_kind::split, {1}, .3, live),
               of(lineage_kind::split, {2}, nan, live),   of(lineage_kind::split, {3}, 7, live),
               of(lineage_kind::split, {1, 2}, 1, live),  of(lineage_kind::split, {99}, 1, live),
               of(lineage_kind::merge, {1, 2}, .3, live), of(lineage_kind::merge, {2, 3}, .4, live),
               of(lineage_kind::merge, {2, 1}, .2, live), of(lineage_kind::merge, {2, 1}, .35, live),
               of(lineage_kind::merge, {3, 3}, .1, live), of(lineage_kind::merge, {3}, .1, live),
               of(lineage_kind::drop, {1}, 1, live)};
        for (const char* begin : {"u", "A", "g"}) {
            prediction p;
            p.kind = lineage_kind::create;
            p.boundaries = {begin};
            p.confidence = .6;
            out.push_back(p);
        }
    };
    const std::vector<forecast_rows> rows = replayed(three, predictor, 2);
    const auto first = [](const forecast_rows& of_kind) {
        return std::vector<double>(of_kind.said.begin(), of_kind.said.begin() + 3);
    };
    CHECK(first(rows[0]) == std::vector<double>{.3, 0, 1});
    CHECK(rows[1].said[0] == Approx(.35));
    CHECK(rows[1].said[1] == Approx(.75));
    CHECK(rows[1].said[2] == Approx(.4));
    CHECK(first(rows[2]) == std::vector<double>{0, .6, .6});
}

TEST_CASE("the test begins behind 60 % of the changes, and an embargo keeps the training rows off it") {
    forecast_rows rows;
    rows.tick = 10;
    rows.horizon = 20;
    for (std::int64_t t = 10; t <= 200; t += 10) {
        rows.at.push_back(t);
        rows.subject.push_back(1);
        rows.said.push_back(t > 150 ? .8 : .1);
        rows.came.push_back(t >= 160 && t < 180 ? 1 : 0);
    }
    for (const std::int64_t t : {15, 45, 105, 180, 195}) rows.events.push_back({t, static_cast<std::uint64_t>(t)});
    const test_part part = split_off_test(rows).value();
    CHECK(part.after == 180);
    CHECK(part.upto == 180);
    CHECK(part.rows.empty());
    CHECK(part.training_rows == 16);
    CHECK(part.base_rate == Approx(1.0 / 16));

    const test_part earlier = split_off_test(rows, .2).value();
    CHECK(earlier.after == 45);
    CHECK(earlier.rows.size() == 14);
    CHECK(rows.at[earlier.rows.front()] == 50);
    CHECK(rows.at[earlier.rows.back()] == 180);
    CHECK(earlier.training_rows == 2);
    rows.events.clear();
    CHECK_FALSE(split_off_test(rows));
    CHECK(score_forecasts(rows).rows == 0);
}

TEST_CASE("an alarm counts for a change when it comes within the horizon before it, and leads from the first") {
    forecast_rows rows;
    rows.tick = 10;
    rows.horizon = 30;
    const auto row = [&](std::int64_t at, std::uint64_t subject, double said, bool came) {
        rows.at.push_back(at);
        rows.subject.push_back(subject);
        rows.said.push_back(said);
        rows.came.push_back(came ? 1 : 0);
    };
    rows.events = {{5, 100}, {6, 101}, {7, 102}, {65, 1}, {105, 2}};
    // 60 % of five events: behind the fourth, at 65.
    for (std::int64_t t = 10; t <= 60; t += 10) row(t, 1, .9, t >= 40);
    row(70, 2, .9, false);  // 35 ahead is too early to count
    row(70, 3, .9, false);
    row(80, 2, .9, true);
    row(80, 3, .1, false);
    row(140, 3, .1, false);
    const forecast_score score = score_forecasts(rows);
    CHECK(score.rows == 4);
    CHECK(score.positives == 1);
    CHECK(score.events == 1);
    CHECK(score.training_rows == 3);
    CHECK_FALSE(score.at_half);
    REQUIRE(score.at_quarter);
    CHECK(score.at_quarter->events_alarmed == 1);
    CHECK(score.at_quarter->median_lead == Approx(2.5));
    CHECK(score.at_quarter->point.recall == 1);
    CHECK(score.at_quarter->point.alarm_rate == .75);
}

TEST_CASE("the audit passes a predictor that knows only the past") {
    const std::vector<trace_line> log = busy_log(3, 2500);
    const std::vector<double> shares{.3, .6, .8};
    const causality_report report = audit_causality(log, busy, scored, [](const auto&) { return honest(); }, shares);
    CHECK(report.rows_compared > 1000);
    CHECK(report.is_causal());
}

TEST_CASE("the audit finds a predictor that peeks into the log, where its score alone looks splendid") {
    const std::vector<trace_line> log = busy_log(3, 2500);
    peeking leak{log};
    prequential<peeking> asked{leak, scored};
    replay(log, busy, asked);
    const forecast_score score = score_forecasts(asked.rows_of(lineage_kind::split));
    CHECK(score.average_precision == Approx(1));

    const std::vector<double> shares{.3, .6, .8};
    const auto peeks = [](const std::vector<trace_line>& at) { return peeking{at}; };
    const causality_report report = audit_causality(log, busy, scored, peeks, shares);
    REQUIRE_FALSE(report.is_causal());
    // It looks four ticks ahead, so that is how far before the first other future it is found.
    const wall_time cut{static_cast<std::int64_t>(.3 * 2500) * second};
    CHECK(*report.leaks_at <= cut);
    CHECK(seconds_between(*report.leaks_at, cut) <= 4 * tick);
}

TEST_CASE("on a log that splits by size, extrapolation beats silence") {
    const std::vector<trace_line> log = busy_log(5, 4000);
    const auto score_of = [&](auto predictor) {
        prequential<decltype(predictor)> asked{predictor, scored};
        replay(log, busy, asked);
        return score_forecasts(asked.rows_of(lineage_kind::split));
    };
    const forecast_score size = score_of(honest());
    const forecast_score none = score_of(silent{});
    CHECK(size.events > 20);
    CHECK(size.rows == none.rows);
    CHECK(none.average_precision == Approx(static_cast<double>(none.positives) / static_cast<double>(none.rows)));
    CHECK(size.average_precision > 2 * none.average_precision);
}

// SPDX-License-Identifier: BSL-1.0
//
// Partitions that a calendar makes and drops where each table lies anywhere in key space, as PostgreSQL's do: foretold
// by name, cleaned and judged as in a backup.
#include "foreshadow/predict/hazard_predictor.hpp"
#include "foreshadow/predict/judge.hpp"
#include "foreshadow/predict/sanitize.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace foreshadow;

namespace {

constexpr double hour = 3600;
constexpr double day = 24 * hour;

/// What the n-th partition of a calendar is called: by day, by its parts, by week.
std::string dated(const std::string& table, int style, int n) {
    char text[40];
    const int week = 2'000 + n;
    if (style == 0) std::snprintf(text, sizeof text, "_p%04d%02d%02d", 2026 + n / 336, n / 28 % 12 + 1, n % 28 + 1);
    if (style == 1) std::snprintf(text, sizeof text, "_%04d_%d_%d", 2026 + n / 336, n / 28 % 12 + 1, n % 28 + 1);
    if (style == 2) std::snprintf(text, sizeof text, ".p%04dw%02d", week / 52, week % 52 + 1);
    return table + text;
}
std::string stem_of_dated(const std::string& table, int style) {
    return table + (style == 0 ? "_p#" : style == 1 ? "_#_#_#" : ".p#w#");
}

/// A server whose tables have growing numbers with gaps between, and a predictor and a judge that follow its log.
class server {
  public:
    explicit server(unsigned seed) : random{seed} {
        now_.at = {1};
        create_silently("definitions");
        for (int i = 0; i < 5; ++i) create_silently("some_table");
    }

    std::mt19937 random;
    hazard_predictor one;
    judge judged;
    std::map<std::uint64_t, outcome_kind> became;

    void create_silently(const std::string& name) { now_.partitions.push_back(made(name)); }
    void start() { one.start(now_); }
    /// Everything that was learnt goes on in another process, which may hear of it before or after the layout.
    void restart() {
        const std::string learnt = one.save();
        const bool is_first = random() % 2 == 0;
        one = hazard_predictor{};
        if (is_first) one.load(learnt);
        start();
        if (!is_first) one.load(learnt);
    }

    void create(const std::string& name, wall_time when) { create(std::vector{name}, when); }
    /// In one commit, which is an event for each, since nothing touches.
    void create(const std::vector<std::string>& names, wall_time when) {
        ++now_.at.value;
        std::vector<lineage_event> events;
        for (const std::string& name : names) {
            oid_ += random() % 40;  // somebody makes other things in between
            now_.partitions.push_back(made(name));
            events.push_back({{now_.at, 0}, when, lineage_kind::create, {}, {now_.partitions.back()}, {}});
        }
        tell(std::move(events));
    }
    void drop(const std::string& name, wall_time when) {
        ++now_.at.value;
        const auto gone = std::find_if(now_.partitions.begin(), now_.partitions.end(),
                                       [&](const partition& p) { return p.name == name; });
        REQUIRE(gone != now_.partitions.end());
        const lineage_event event{{now_.at, 0}, when, lineage_kind::drop, {*gone}, {}, {}};
        now_.partitions.erase(gone);
        tell({event});
    }

    /// What a backup records of a forecast, each under an id of its own.
    std::vector<prediction> forecast(wall_time when, double horizon) {
        log_batch nothing;
        nothing.after = nothing.upto = now_.at;
        nothing.now = when;
        one.observe(nothing, now_);
        std::vector<prediction> said;
        one.forecast(when, horizon, said);
        sanitize(said, now_, horizon);
        for (prediction& p : said) {
            p.id = ++recorded_;
            p.issued_at = now_.at;
            p.issued_time = when;
            judged.record(p);
            became[p.id] = outcome_kind::pending;
        }
        return said;
    }
    void lapse(wall_time when) {
        for (const auto& [id, known] : judged.lapse(when)) became[id] = known.kind;
    }
    [[nodiscard]] std::string name_of(const prediction& p) const {
        if (p.partitions.size() != 1) return {};
        const partition* known = now_.find(p.partitions.front());
        return known == nullptr ? std::string{} : known->name;
    }
    [[nodiscard]] double chance(double share) { return static_cast<double>(random() % 10'000) * 1e-4 * share; }

  private:
    partition made(const std::string& name) {
        oid_ += 3 + random() % 5;
        const auto prefix = [](std::uint64_t n) {
            return key{static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
                       static_cast<char>(n)};
        };
        return {.id = {oid_, now_.at}, .name = name, .interval = {prefix(oid_), prefix(oid_ + 1)}};
    }
    void tell(std::vector<lineage_event> events) {
        for (const lineage_event& event : events) one.learn(event);
        for (const judge::verdict& v : judged.settle(events)) became[v.prediction] = v.became.kind;
    }

    layout now_;
    std::uint64_t oid_ = 16'384;
    std::uint64_t recorded_ = 0;
};

wall_time at(double seconds) { return after_seconds({1'700'000'000'000'000}, seconds); }

/// The only one of its kind; nothing where there is none.
std::optional<prediction> only(const std::vector<prediction>& said, lineage_kind kind, const std::string& name = {}) {
    std::optional<prediction> found;
    for (const prediction& p : said) {
        if (p.kind != kind || (!name.empty() && p.name != name)) continue;
        CHECK_FALSE(found);
        found = p;
    }
    return found;
}

}  // namespace

TEST_CASE(
    "what a calendar makes is foretold by name where nothing touches, in time and not before, and it comes true") {
    const auto seed = GENERATE(range(1u, 25u));
    CAPTURE(seed);
    server s{seed};
    const int style = static_cast<int>(seed % 3);
    const std::vector<double> periods{hour, day, 7 * day, 30 * day};
    const double period = periods[s.random() % periods.size()];
    const double horizon = period / 4;
    const std::string stem = stem_of_dated("public.events", style);
    for (int n = 0; n < 4; ++n) s.create_silently(dated("public.events", style, n));
    s.start();
    double due = 0;
    for (int n = 4; n < 16; ++n) {
        due = period * (n + s.chance(0.01));  // jobs begin late
        const auto early = only(s.forecast(at(due - 0.6 * period), horizon), lineage_kind::create);
        if (early) CHECK(early->confidence < 0.1);
        s.lapse(at(due - 0.2 * period));
        const auto said = only(s.forecast(at(due - 0.1 * period), horizon), lineage_kind::create);
        s.create("unrelated", at(due - 0.05 * period));
        s.create(dated("public.events", style, n), at(due));
        if (n < 8) continue;
        REQUIRE(said);
        CHECK(said->name == stem);
        CHECK(said->boundaries.empty());
        CHECK(said->partitions.empty());
        CHECK(said->confidence > 0.6);
        CHECK(said->when.p10 <= 0.1 * period);
        CHECK(said->when.p90 >= 0.09 * period);
        CHECK(s.became.at(said->id) == outcome_kind::exact);
        if (n == 10) s.restart();
    }
    // The job was switched off: what is still foretold comes to nothing, and soon nothing is.
    const auto last = only(s.forecast(at(due + 0.9 * period), horizon), lineage_kind::create);
    REQUIRE(last);
    s.lapse(at(due + 2 * period));
    CHECK(s.became.at(last->id) == outcome_kind::none);
    CHECK(s.forecast(at(due + 60 * period), horizon).empty());
}

TEST_CASE("tables that are made by hand under names with numbers are not foretold with confidence") {
    double said = 0;
    double squares = 0;
    std::size_t came = 0;
    std::size_t asked = 0;
    std::size_t sure = 0;
    for (unsigned seed = 1; seed <= 40; ++seed) {
        server s{seed};
        s.start();
        std::exponential_distribution<double> gap{1 / day};
        const double horizon = hour;
        double time = 0;
        for (int n = 1; n < 20; ++n) {
            const double next = time + gap(s.random);
            for (double tick = time + horizon; tick < next + horizon; tick += horizon) {
                const auto p = only(s.forecast(at(tick), horizon), lineage_kind::create);
                if (n < 4) continue;
                const double confidence = p ? p->confidence : 0;
                const bool comes = next > tick && next <= tick + horizon;
                said += confidence;
                squares += std::pow(confidence - (comes ? 1 : 0), 2);
                came += comes ? 1 : 0;
                sure += confidence > 0.5 ? 1 : 0;
                ++asked;
                if (next <= tick + horizon) break;
            }
            time = next;
            s.create("t" + std::to_string(n), at(time));
        }
    }
    REQUIRE(asked > 10'000);
    CHECK(sure * 500 < asked);
    CHECK(said < 1.5 * static_cast<double>(came));
    // Hardly worse than who says each time what is usual.
    const double rate = static_cast<double>(came) / static_cast<double>(asked);
    CHECK(squares < 1.15 * rate * (1 - rate) * static_cast<double>(asked));
}

TEST_CASE("the calendars of two tables are two, however they interleave") {
    const auto seed = GENERATE(range(1u, 15u));
    CAPTURE(seed);
    server s{seed};
    s.start();
    const bool at_once = seed % 3 == 0;
    const double apart = at_once ? 0 : 5 * hour + s.chance(10 * hour);
    for (int n = 0; n < 12; ++n) {
        const double today = n * day;
        const std::string event = dated("events", 0, n);
        const std::string order = dated("orders", 1, n);
        if (n >= 6) {
            const auto said = s.forecast(at(today - hour), 3 * hour);
            const auto first = only(said, lineage_kind::create, "events_p#");
            REQUIRE(first);
            CHECK(first->confidence > 0.6);
            const auto second = only(said, lineage_kind::create, "orders_#_#_#");
            if (at_once) REQUIRE(second);
            if (!at_once && second) CHECK(second->confidence < 0.1);
            CHECK(said.size() == 1U + (second ? 1U : 0U));
        }
        if (at_once) {
            s.create({event, order}, at(today));
        } else {
            s.create(event, at(today));
            const auto said = s.forecast(at(today + apart - hour), 3 * hour);
            s.create(order, at(today + apart));
            if (n >= 6) {
                const auto then = only(said, lineage_kind::create, "orders_#_#_#");
                REQUIRE(then);
                CHECK(then->confidence > 0.6);
                CHECK(s.became.at(then->id) == outcome_kind::exact);
            }
        }
        s.lapse(at(today + 20 * hour));
    }
    for (const auto& [id, kind] : s.became) CHECK((kind == outcome_kind::exact || kind == outcome_kind::none));
    CHECK(std::count_if(s.became.begin(), s.became.end(),
                        [](const auto& each) { return each.second == outcome_kind::exact; }) >= 12);
}

TEST_CASE("what is made four at a time is one event, in one commit or in four") {
    const auto seed = GENERATE(range(1u, 15u));
    CAPTURE(seed);
    server s{seed};
    const bool one_commit = seed % 2 == 0;
    s.start();
    const double period = 4 * day;
    int made = 0;
    for (int n = 0; n < 10; ++n) {
        const double due = period * n;
        const auto said = only(s.forecast(at(due - 10 * hour), day), lineage_kind::create);
        std::vector<std::string> names;
        for (int i = 0; i < (n == 0 ? 9 : 4); ++i) names.push_back(dated("public.events", 0, made++));
        if (one_commit) s.create(names, at(due));
        for (std::size_t i = 0; !one_commit && i < names.size(); ++i)
            s.create(names[i], at(due + 0.2 * static_cast<double>(i)));
        if (n < 4) continue;
        REQUIRE(said);
        CHECK(said->confidence > 0.6);
        CHECK(said->because.front().value == Approx(period).epsilon(0.01));
        CHECK(s.became.at(said->id) == outcome_kind::exact);
        const auto more = only(s.forecast(at(due + hour), day), lineage_kind::create);
        if (more) CHECK(more->confidence < 0.05);
    }
}

TEST_CASE("what a calendar drops next is the oldest of its table, whichever number it has") {
    const auto seed = GENERATE(range(1u, 25u));
    CAPTURE(seed);
    server s{seed};
    const int style = static_cast<int>(seed % 3);
    const int kept = 3 + static_cast<int>(s.random() % 100);
    // A script made them in an order of its own: today, then a day before and one after, and so on.
    const int today = kept / 2;
    s.create_silently(dated("public.events", style, today));
    for (int off = 1; off <= kept; ++off) {
        if (today - off >= 0) s.create_silently(dated("public.events", style, today - off));
        if (today + off < kept) s.create_silently(dated("public.events", style, today + off));
        s.create_silently(dated("public.orders", style, off));
    }
    s.start();
    for (int n = 0; n < kept + 20; ++n) {
        const std::string oldest = dated("public.events", style, n);
        const double due = n * day;
        const auto said = only(s.forecast(at(due - hour), 3 * hour), lineage_kind::drop);
        if (n >= 5) {
            REQUIRE(said);
            CHECK(s.name_of(*said) == oldest);
            CHECK(said->confidence > 0.6);
        }
        s.create(dated("public.events", style, n + kept), at(due));
        s.drop(oldest, at(due));
        if (said) CHECK(s.became.at(said->id) == outcome_kind::exact);
        if (n % 11 == 7) s.restart();
    }
}

TEST_CASE("a partition that is kept for good is waited for once, and so is one that was renamed") {
    const auto seed = GENERATE(range(1u, 25u));
    CAPTURE(seed);
    server s{seed};
    constexpr int kept = 20;
    for (int n = 0; n < kept; ++n) s.create_silently(dated("public.events", 0, n));
    s.start();
    const bool first_of_month = seed % 2 == 0;
    int wrong = 0;
    int made = kept;
    for (int n = 0; n < 60; ++n) {
        const double due = n * day;
        if (first_of_month ? n % 28 == 0 : n == 7) continue;  // nothing is dropped that day
        const auto said = only(s.forecast(at(due - hour), 3 * hour), lineage_kind::drop);
        s.create(dated("public.events", 0, made++), at(due));
        s.drop(dated("public.events", 0, n), at(due));
        if (n < 5) continue;
        REQUIRE(said);
        CHECK(said->confidence > 0.3);
        s.lapse(at(due + 10 * hour));
        if (s.became.at(said->id) != outcome_kind::exact) ++wrong;
    }
    CHECK(wrong == (first_of_month ? 2 : 1));
}

TEST_CASE("of two calendars whose names are told apart by a number alone, no more is missed than their order hides") {
    const auto seed = GENERATE(range(1u, 15u));
    CAPTURE(seed);
    server s{seed};
    const auto called = [](int table, int n) { return dated("m" + std::to_string(table), 0, n); };
    const int longer = 3 + static_cast<int>(s.random() % 20);  // of the first table so many more are kept
    for (int n = 0; n < 70 + longer; ++n)
        for (int table = 1; table <= 2; ++table) s.create_silently(called(table, n));
    s.start();
    int right = 0;
    for (int n = 0; n < 60; ++n)
        for (int table = 1; table <= 2; ++table) {
            const double due = (n + 0.5 * table) * day;
            const auto said = only(s.forecast(at(due - hour), 3 * hour), lineage_kind::drop);
            s.drop(called(table, table == 1 ? n : n + longer), at(due));
            s.lapse(at(due + 10 * hour));
            if (said && s.became.at(said->id) == outcome_kind::exact) ++right;
        }
    CHECK(right > 45);  // each of the first table, but for those from which it was learnt
}

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/testing/replay.hpp"

#include "foreshadow/error.hpp"
#include "foreshadow/testing/random.hpp"
#include "recorded_log.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace foreshadow;
using namespace foreshadow::testing;

namespace {

std::vector<trace_line> trace_of(std::string_view text) {
    std::istringstream in{std::string{text}};
    return read_trace(in);
}

/// Writes down every layout change, and checks what is always true of a replay.
struct notary {
    std::string written;
    std::vector<lineage_event> events;
    std::vector<wall_time> ticks;
    layout known;
    position told;
    std::size_t writes = 0;

    void observe(const log_batch& batch, const layout& now) {
        REQUIRE(batch.after == told);
        REQUIRE(batch.upto >= batch.after);
        told = batch.upto;
        REQUIRE(batch.layouts.size() <= 1);
        for (const commit& c : batch.commits) {
            REQUIRE(c.at > batch.after);
            REQUIRE(c.at <= batch.upto);
            REQUIRE(c.count == 1);
        }
        writes += batch.commits.size();
        for (std::size_t i = 1; i < now.partitions.size(); ++i) {
            const key_range& left = now.partitions[i - 1].interval;
            REQUIRE_FALSE(left.is_empty());
            REQUIRE_FALSE(left.ends_after(now.partitions[i].interval.begin));
        }
        if (batch.layouts.empty()) {
            REQUIRE(now.partitions.size() == known.partitions.size());
            return;
        }
        // What the change says is what became of the layout: by lineage, too.
        const std::vector<lineage_event> derived = lineage_of(known, batch.layouts.front());
        REQUIRE(derived.size() == 1);
        derived_kind = derived.front().kind;
        known = now;
    }
    void learn(const lineage_event& e) {
        REQUIRE(e.kind == derived_kind);
        std::ostringstream line;
        line << e.time.microseconds / 1'000'000 << ' ' << name_of(e.kind) << ' ' << ids(e.from) << "->" << ids(e.to);
        if (e.kind == lineage_kind::split) {
            REQUIRE(e.boundaries.size() == e.to.size() - 1);
            line << ' ' << size_of(e.from.front());
        }
        std::uint64_t before = 0;
        std::uint64_t after = 0;
        for (const partition& p : e.from) before += p.bytes;
        for (const partition& p : e.to) after += p.bytes;
        if (e.kind == lineage_kind::split || e.kind == lineage_kind::merge) REQUIRE(before == after);
        written += line.str() + '\n';
        events.push_back(e);
    }
    void tick(wall_time time, const layout& now) {
        ticks.push_back(time);
        known = now;
    }

    [[nodiscard]] std::uint64_t size_of(const partition& p) const { return in_bytes ? p.bytes : p.rows; }
    static std::string ids(const std::vector<partition>& of) {
        std::string text;
        for (const partition& p : of) text += (text.empty() ? "" : ",") + std::to_string(p.id.native);
        return text;
    }

    bool in_bytes = false;
    lineage_kind derived_kind = lineage_kind::reshape;
};

std::string changes_by(rule_options rule, double writes_per_tick) {
    const std::vector<trace_line> log = trace_of(recorded_log::writes);
    replay_options options{.rule = rule, .tick_seconds = 86400, .writes_per_tick = writes_per_tick};
    if (rule.rule == published_rule::fdb) options.rule->final_database_bytes = final_size(log, options);
    notary heard;
    heard.in_bytes = rule.measure == engine_measure::bytes;
    const replay_figures figures = replay(log, options, heard);
    CHECK(figures.writes == log.size());
    CHECK(figures.writes - figures.homeless == heard.writes);
    CHECK(figures.changes == heard.events.size());
    CHECK(figures.ticks == heard.ticks.size());
    return heard.written;
}

rule_options in_keys(published_rule rule, double keys) {
    return {.rule = rule, .measure = engine_measure::keys, .split_size = keys};
}
rule_options in_bytes(published_rule rule, double bytes) {
    return {.rule = rule, .measure = engine_measure::bytes, .split_size = bytes, .row_cap = 1024};
}

std::map<lineage_kind, std::size_t> counted(const notary& heard) {
    std::map<lineage_kind, std::size_t> of;
    for (const lineage_event& e : heard.events) ++of[e.kind];
    return of;
}

}  // namespace

TEST_CASE("the rules change a recorded log's layout event by event as another implementation of them does") {
    CHECK(changes_by(in_keys(published_rule::tikv, 12), 5) == recorded_log::tikv);
    CHECK(changes_by(in_bytes(published_rule::crdb, 16384), 5) == recorded_log::crdb);
    CHECK(changes_by(in_bytes(published_rule::hbase, 16384), 5) == recorded_log::hbase);
    CHECK(changes_by(in_bytes(published_rule::fdb, 12000), 5) == recorded_log::fdb);
    rule_options load = in_keys(published_rule::load, 30);
    load.hot_writes_per_tick = 3;
    CHECK(changes_by(load, 5) == recorded_log::load);
    CHECK(changes_by(in_bytes(published_rule::crdb, 16384), 0) == recorded_log::crdb_on_its_own_clock);
}

TEST_CASE("by the table-wide rule all partitions of a table split in the same tick") {
    std::string text;
    for (int i = 0; i < 400; ++i)
        text += std::to_string(i) + "\tI\t10\tt/" + std::to_string(100000 + i * 7919 % 99991) + "\n";
    notary heard;
    replay(trace_of(text), {.rule = in_keys(published_rule::scylla, 20), .writes_per_tick = 10}, heard);
    std::map<std::int64_t, std::size_t> splits;
    for (const lineage_event& e : heard.events)
        if (e.kind == lineage_kind::split) ++splits[e.time.microseconds];
    std::vector<std::size_t> waves;
    for (const auto& [time, count] : splits) waves.push_back(count);
    CHECK(waves == std::vector<std::size_t>{1, 2, 4, 8, 16});
}

TEST_CASE("by the table-wide rule a table that was emptied halves its partitions") {
    std::string text;
    const auto name = [](int i) { return "t/" + std::to_string(1000 + i); };
    for (int i = 0; i < 80; ++i) text += std::to_string(i) + "\tI\t10\t" + name(i) + "\n";
    for (int i = 0; i < 78; ++i) text += std::to_string(80 + i) + "\tD\t0\t" + name(i) + "\n";
    notary heard;
    replay(trace_of(text), {.rule = in_keys(published_rule::scylla, 20), .writes_per_tick = 2}, heard);
    CHECK(counted(heard)[lineage_kind::merge] >= 3);
    CHECK(heard.known.partitions.size() <= 2);
}

TEST_CASE("by the calendar partitions are created ahead of their time and dropped when it is long over") {
    std::string text;
    for (int i = 0; i < 100; ++i) text += std::to_string(i) + "\tI\t10\tt/" + std::to_string(i) + "\n";
    text += "100\tU\t10\tt/99\n101\tD\t0\tt/98\n102\tD\t0\tt/0\n";
    rule_options rule = in_keys(published_rule::calendar, 1);
    rule.period_ticks = 2;
    rule.periods_ahead = 3;
    rule.periods_kept = 4;
    notary heard;
    const replay_figures figures = replay(trace_of(text), {.rule = rule, .writes_per_tick = 1}, heard);
    // The row of t/0 went with its partition: nobody owns it any more.
    CHECK(figures.homeless == 1);
    CHECK(heard.known.partitions.size() == 3 + 1 + 4);
    for (std::size_t i = 1; i < heard.known.partitions.size(); ++i)
        CHECK(heard.known.partitions[i - 1].interval.end == heard.known.partitions[i].interval.begin);
    CHECK(counted(heard)[lineage_kind::create] == counted(heard)[lineage_kind::drop] + heard.known.partitions.size());
    CHECK(counted(heard)[lineage_kind::split] == 0);
}

TEST_CASE("a trace's own layout changes are replayed as it tells them") {
    const std::vector<trace_line> log = trace_of(
        "0\tcreate\t1\ta,z\n"
        "1\tI\t10\tb\n"
        "2\tI\t20\tm\n"
        "3\tI\t30\tzz\n"
        "4\tsplit\t1->2,3\tk\n"
        "5\tmerge\t2,3->4\t\n"
        "90000\tdrop\t4\n");
    notary heard;
    heard.in_bytes = true;
    const replay_figures figures = replay(log, {}, heard);
    CHECK(heard.written == "0 create ->1\n4 split 1->2,3 32\n5 merge 2,3->4\n90000 drop 4->\n");
    CHECK(heard.events[1].to[0].bytes == 11);
    CHECK(heard.events[1].to[1].bytes == 21);
    CHECK(heard.events[1].boundaries == std::vector<key>{"k"});
    CHECK(figures.homeless == 1);
    CHECK(figures.ticks == 1);
}

TEST_CASE("a layout change that cannot be is refused with its line") {
    const auto complaint = [](const std::string& text) -> std::string {
        notary heard;
        try {
            replay(trace_of("0\tcreate\t1\ta,m\n1\tcreate\t2\tm,t\n2\tcreate\t3\tv,\n" + text), {}, heard);
        } catch (const error& e) {
            return e.message();
        }
        return "nothing";
    };
    CHECK(complaint("3\tsplit\t7->8,9\tb\n") == "line 4 of the trace: partition 7 does not live");
    CHECK(complaint("3\tsplit\t1->2,9\tb\n") == "line 4 of the trace: partition 2 lives already");
    CHECK(complaint("3\tsplit\t1->8,9\tm\n") == "line 4 of the trace: boundary m is not inside of the partition");
    CHECK(complaint("3\tmerge\t2,3->9\n") == "line 4 of the trace: the partitions that merge are no neighbours");
    CHECK(complaint("3\tmerge\t1,3->9\n") == "line 4 of the trace: the partitions that merge are no neighbours");
    CHECK(complaint("3\tcreate\t9\ts,u\n") == "line 4 of the trace: the interval overlaps partition 2");
    CHECK(complaint("3\tmerge\t1,2->9\n") == "nothing");
}

TEST_CASE("a rule is needed exactly where a trace tells no layout changes") {
    notary heard;
    CHECK_THROWS_AS(replay(trace_of("0\tI\t1\ta\n"), {}, heard), error);
    CHECK_THROWS_AS(replay(trace_of("0\tcreate\t1\ta\n"), {.rule = rule_options{}}, heard), error);
}

TEST_CASE("a log that jumps by more ticks than can be is refused with its line") {
    notary heard;
    CHECK_THROWS_WITH(replay(trace_of("0\tI\t1\ta\n800000000000\tI\t1\tb\n"), {.rule = rule_options{}}, heard),
                      Catch::Contains("line 2 of the trace"));
    notary again;
    CHECK_THROWS_WITH(replay(trace_of("0\tI\t1\ta\n1\tI\t1\tb\n"),
                             {.rule = rule_options{}, .tick_seconds = 1e9, .writes_per_tick = 1e-5}, again),
                      Catch::Contains("line 2 of the trace"));
}

TEST_CASE("whatever is written, a replay keeps its layout in order under every rule") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        INFO("seed " << seed);
        seeded_random random{seed};
        std::string text;
        double clock = 1e6;
        for (int i = 0; i < 300; ++i) {
            // A clock runs backwards now and then.
            clock += random.chance(.1) ? -5e4 : random.gap(2e4);
            const char op = random.chance(.3) ? 'D' : random.chance(.5) ? 'U' : 'I';
            text += std::to_string(clock) + '\t' + op + '\t' + std::to_string(random.below(3000)) + '\t' +
                    static_cast<char>('a' + random.below(3)) + (random.chance(.9) ? "/" : "") +
                    std::to_string(random.below(60)) + '\n';
        }
        const auto rule = static_cast<published_rule>(seed % 7);
        const bool bytes = random.chance(.5);
        rule_options options = bytes ? in_bytes(rule, 5000) : in_keys(rule, 8);
        options.final_database_bytes = 50000;
        options.hot_writes_per_tick = 2;
        options.cool_down_ticks = 2;
        options.versions_kept_ticks = static_cast<double>(random.below(5));
        notary heard;
        heard.in_bytes = bytes;
        replay(trace_of(text), {.rule = options, .writes_per_tick = random.chance(.5) ? 4.0 : 0.0}, heard);
        CHECK(heard.events.size() > 3);
    }
}

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/observe/observers.hpp"

#include "foreshadow/json/read.hpp"
#include "foreshadow/observe/event_log.hpp"
#include "foreshadow/observe/progress_bar.hpp"
#include "foreshadow/observe/silent_observer.hpp"

#include <boost/describe/class.hpp>

#include <catch2/catch.hpp>

#include <limits>
#include <sstream>
#include <string>

using namespace foreshadow;

static_assert(observer<silent_observer>);
static_assert(!observer<int>);

namespace {

struct named_event {
    std::string event;
};
BOOST_DESCRIBE_STRUCT(named_event, (), (event))

std::vector<event> one_of_each() {
    prediction p;
    p.boundaries = {"\xff\x00"};
    p.name = "public.ev_p#\xff";
    p.because = {{"size \xc3", 3, "MB"}};
    p.predictor = "\xfe";
    outcome o;
    o.kind = outcome_kind::near;
    o.lead_seconds = 2.5;
    partition a{{1, {1}}, "a\xff", {"a", "b"}, content::data, false, 0, 0};
    return {backup_started{"shop", "b1", false, 3},
            held_from{{5}},
            chunk_read{{"a", "\xff"}, 10, 2048, {6}},
            log_followed{{7}, 1, 2, 30},
            layout_changed{{{{7}, 0}, {1}, lineage_kind::split, {a}, {a, a}, {"aa"}}},
            predicted{p},
            outcome_known{1, o},
            shadow_opened{1},
            shadow_adopted{1, true},
            shadow_discarded{1},
            pace_changed{std::numeric_limits<double>::infinity(), 0, 0, std::numeric_limits<double>::quiet_NaN(),
                         "unlimited"},
            checkpointed{{8}, 1},
            point_published{"p1", {9}, {10}},
            restore_progress{"a", 1, 2, 3},
            verify_progress{1, 1},
            source_busy{"locked \xff", 1.5},
            warning{"bad \xff text"}};
}

}  // namespace

TEST_CASE("the event log writes one line of valid JSON for every kind of event, whatever bytes are in it") {
    const auto events = one_of_each();
    REQUIRE(events.size() == std::variant_size_v<event>);
    std::stringstream out;
    event_log log{out};
    for (const event& e : events) log.on(e);
    std::string line;
    std::size_t lines = 0;
    CHECK(out.str().find(R"("name":"public.ev_p#\\xff")") != std::string::npos);
    while (std::getline(out, line)) {
        CAPTURE(line);
        CHECK_FALSE(foreshadow::parse_document<named_event>(line, "line").event.empty());
        ++lines;
    }
    CHECK(lines == events.size());
}

TEST_CASE("several observers all hear everything") {
    std::stringstream first;
    std::stringstream second;
    observers both{event_log{first}, event_log{second}, silent_observer{}};
    for (const event& e : one_of_each()) both.on(e);
    CHECK_FALSE(first.str().empty());
    CHECK(first.str() == second.str());
}

TEST_CASE("progress is redrawn on a terminal and written as plain lines elsewhere, and not too often") {
    for (const bool terminal : {true, false}) {
        CAPTURE(terminal);
        std::stringstream out;
        double now = 0;
        progress_bar bar{
            out, {.is_terminal = terminal, .seconds_between_lines = 5, .seconds_between_redraws = 0.1, .seconds = [&] {
                      return now;
                  }}};
        for (int i = 0; i < 1000; ++i) bar.on(event{chunk_read{{}, 1, 1024, {}}});
        CHECK(out.str().empty());
        now = 6;
        for (int i = 0; i < 1000; ++i) bar.on(event{chunk_read{{}, 1, 1024, {}}});
        const std::string drawn = out.str();
        CHECK(drawn.find("1001 rows") != std::string::npos);
        CHECK((drawn.find('\r') != std::string::npos) == terminal);
        CHECK((drawn.find('\n') == std::string::npos) == terminal);
        bar.on(event{warning{"look out"}});
        CHECK(out.str().find("warning: look out\n") != std::string::npos);
        for (const event& e : one_of_each()) bar.on(e);
        CHECK(out.str().find("restore point p1") != std::string::npos);
    }
}

TEST_CASE("a backup that follows another tells nothing of the one before") {
    std::ostringstream out;
    progress_bar bar{out,
                     {.is_terminal = false, .seconds_between_lines = 5, .seconds_between_redraws = 0.1, .seconds = [] {
                          return 0.0;
                      }}};
    for (const event& e : one_of_each()) bar.on(e);
    REQUIRE(out.str().find("2 changes followed") != std::string::npos);
    out.str({});
    bar.on(backup_started{"shop", "b2", false, 3});
    bar.on(point_published{"p1", {9}, {10}});
    CHECK(out.str() == "backing up shop, 3 partitions\nrestore point p1: 0 B in 0 rows\n");
}

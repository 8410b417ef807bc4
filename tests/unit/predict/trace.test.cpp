// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/predict/trace.hpp"

#include <catch2/catch.hpp>

#include <sstream>
#include <string>
#include <vector>

using namespace foreshadow;

namespace {

std::vector<trace_line> read(const std::string& text) {
    std::istringstream in{text};
    return read_trace(in);
}

std::string complaint(const std::string& text) {
    try {
        (void)read(text);
    } catch (const error& e) {
        CHECK(e.code() == errc::invalid_argument);
        CHECK_FALSE(e.hint().empty());
        return e.message();
    }
    return "nothing";
}

}  // namespace

TEST_CASE("a write is its time, operation, bytes and key, which is the rest of the line") {
    const std::vector<trace_line> lines =
        read("1700000000\tI\t120\torders/17\n1700000000.5\tU\t-1\ta\tb c\n\n-3\tD\t0\tx");
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].seconds == 1700000000);
    CHECK(lines[0].op == 'I');
    CHECK(lines[0].bytes == 120);
    CHECK(lines[0].key == "orders/17");
    CHECK(lines[1].seconds == 1700000000.5);
    CHECK(lines[1].bytes == -1);
    CHECK(lines[1].key == "a\tb c");
    CHECK(lines[2].number == 4);
    CHECK_FALSE(has_layout_changes(lines));
}

TEST_CASE("a layout change is its partitions and boundaries, with or without an arrow") {
    const traced_change split{
        .kind = lineage_kind::split, .ended = {3}, .begun = {7, 8, 9}, .boundaries = {"b", "c,d"}};
    const std::vector<trace_line> lines = read(
        "1\tsplit\t3->7,8,9\tb,c\\x2cd\n1\tsplit\t3,7,8,9\tb,c\\x2cd\n2\tmerge\t7,8->9\n2\tmerge\t7,8,9\t\n"
        "3\tcreate\t10\ta,b\n3\tcreate\t->10\ta\n3\tcreate\t10\ta,\n4\tdrop\t10\n4\tdrop\t10->\n");
    REQUIRE(lines.size() == 9);
    CHECK(lines[0].change == split);
    CHECK(lines[1].change == split);
    CHECK(lines[2].change == lines[3].change);
    CHECK(lines[2].change->ended == std::vector<std::uint64_t>{7, 8});
    CHECK(lines[2].change->begun == std::vector<std::uint64_t>{9});
    CHECK(lines[4].change->boundaries == std::vector<key>{"a", "b"});
    CHECK(lines[5].change->boundaries == std::vector<key>{"a"});
    CHECK(lines[6].change->boundaries == std::vector<key>{"a", ""});
    CHECK(lines[7].change == lines[8].change);
    CHECK(has_layout_changes(lines));
}

TEST_CASE("what does not read is told in one line with its number") {
    const std::string good = "1\tI\t1\ta\n";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"x", "the time is \"x\", which is no number of seconds"},
        {"1e300\tI\t1\ta", "the time is \"1e300\", which is no number of seconds"},
        {"nan\tI\t1\ta", "the time is \"nan\", which is no number of seconds"},
        {"1", "the operation is missing"},
        {"1\tX\t1\ta", "\"X\" is none of I, U, D, split, merge, create, drop"},
        {"1\tI", "the row's size is missing"},
        {"1\tI\t1.5\ta", "the row's size is \"1.5\", which is no whole number that fits"},
        {"1\tI\t99999999999999999999\ta",
         "the row's size is \"99999999999999999999\", which is no whole number that fits"},
        {"1\tI\t1099511627777\ta", "the row is larger than a tebibyte"},
        {"1\tI\t1", "the key is missing"},
        {"1\tI\t1\t", "the key is empty"},
        {std::string{"1\tI\t1\ta\0b", 9}, "the key has a zero byte"},
        {"1\tsplit", "the partition's id is missing"},
        {"1\tsplit\t3->4\t", "a split is of one partition into several: 3->7,8"},
        {"1\tsplit\t3->4,5\t", "a split needs one boundary less than it has pieces"},
        {"1\tsplit\t3->4,5,6\tb,a", "the boundaries do not ascend"},
        {"1\tsplit\t3->4,5\ta\\n", "a backslash in a boundary begins \\xNN"},
        {"1\tsplit\t3->4,x\ta", "an id is \"x\", which is no whole number that fits"},
        {"1\tmerge\t3->4", "a merge is of several partitions into one: 7,8->9"},
        {"1\tcreate\t3", "a creation needs the begin of its interval, and may have an end"},
        {"1\tcreate\t3\tb,a", "the boundaries do not ascend"},
        {"1\tdrop\t3,4", "a drop is of one partition"}};
    for (const auto& [line, what] : cases) CHECK(complaint(good + line + "\n") == "line 2 of the trace: " + what);
    CHECK(complaint("\n\n") == "the trace is empty");
}

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/row/merge.hpp"

#include "foreshadow/row/columns.hpp"
#include "foreshadow/row/conflict_policies.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace foreshadow;

namespace {

using rows = std::vector<std::pair<std::string, std::string>>;

struct told {
    change_kind kind;
    version at;
    std::string key;
    std::string payload;
};

version at(std::uint64_t position, std::uint32_t ordinal = 0) { return {{position}, ordinal}; }

row_stream base_of(rows all, std::size_t piece) {
    return [all = std::make_shared<rows>(std::move(all)), piece,
            next = std::size_t{0}](row_batch& out) mutable -> task<bool> {
        out.clear();
        for (std::size_t i = 0; i < piece && next < all->size(); ++i, ++next)
            out.append((*all)[next].first, (*all)[next].second);
        co_return !out.empty();
    };
}

change_stream changes_of(std::vector<told> all, std::size_t piece) {
    return [all = std::make_shared<std::vector<told>>(std::move(all)), piece,
            next = std::size_t{0}](change_batch& out) mutable -> task<bool> {
        out.clear();
        for (std::size_t i = 0; i < piece && next < all->size(); ++i, ++next) {
            const told& t = (*all)[next];
            out.append({t.kind, {}, t.at, t.key, t.payload});
        }
        co_return !out.empty();
    };
}

template <class Policy>
task<> drain(merge<Policy>& merging, rows& out) {
    row_batch batch;
    while (true) {
        const bool has_more = co_await merging.next(batch);
        if (!has_more) break;
        for (std::size_t i = 0; i < batch.size(); ++i) out.emplace_back(batch[i].key, batch[i].value);
    }
}

/// One change, and no rows below it.
merge_plan plan_of(told change) {
    return {.interval = {},
            .seen = {},
            .since = {},
            .upto = {9},
            .erasures = {},
            .base = {},
            .changes = {changes_of({std::move(change)}, 1)},
            .partition = "orders"};
}

struct merged {
    rows out;
    merge_report report;
    std::vector<conflict> conflicts;
};

template <class Policy>
merged run_merge(merge_plan plan, Policy& policy) {
    merged result;
    boost::asio::io_context context{1};
    merge<Policy> merging{std::move(plan), policy};
    std::exception_ptr failure;
    boost::asio::co_spawn(context, drain(merging, result.out), [&](std::exception_ptr e) { failure = std::move(e); });
    context.run();
    if (failure) std::rethrow_exception(failure);
    result.report = merging.report();
    return result;
}

/// What is merged, whatever the sizes of the batches; the same for all of them.
struct scenario {
    rows base;
    std::vector<std::vector<told>> changes;
    std::vector<range_erasure> erasures{};
    horizon seen{};
    version since{};
    position upto{100};
    key_range interval{};

    [[nodiscard]] merged run() const {
        merged first;
        for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{1000}}) {
            merge_plan plan{.interval = interval,
                            .seen = seen,
                            .since = since,
                            .upto = upto,
                            .erasures = erasures,
                            .base = {},
                            .changes = {},
                            .partition = "orders"};
            if (!base.empty()) plan.base = base_of(base, piece);
            for (const auto& stream : changes) plan.changes.push_back(changes_of(stream, piece));
            newest_and_report policy;
            merged result = run_merge(std::move(plan), policy);
            result.conflicts = policy.conflicts();
            REQUIRE(result.report.conflicts == result.conflicts.size());
            REQUIRE(result.report.rows_out == result.out.size());
            if (piece == 1) first = result;
            REQUIRE(result.out == first.out);
            REQUIRE(result.conflicts.size() == first.conflicts.size());
        }
        return first;
    }
};

std::string columns(std::string_view a, std::string_view b) {
    std::string out;
    append_column(a, out);
    append_column(b, out);
    return out;
}
std::string set_column(std::uint64_t index, std::string_view bytes) {
    std::string out;
    append_patch_column(index, bytes, out);
    return out;
}

constexpr change_kind put = change_kind::put;
constexpr change_kind erase = change_kind::erase;
constexpr change_kind patch = change_kind::patch;

}  // namespace

TEST_CASE("per key the largest version wins, whichever stream it is in") {
    const scenario s{
        .base = {{"a", "0"}, {"c", "0"}, {"e", "0"}},
        .changes = {{{put, at(2), "a", "2"}, {put, at(5), "b", "5"}, {erase, at(4), "c", ""}},
                    {{put, at(3), "a", "3"}, {erase, at(6), "b", ""}, {put, at(3), "c", "3"}, {put, at(1), "z", "1"}}}};
    const merged result = s.run();
    CHECK(result.out == rows{{"a", "3"}, {"e", "0"}, {"z", "1"}});
    CHECK(result.report.entries_seen == 7);
    CHECK(result.report.entries_applied == 7);
}

TEST_CASE("a change counts unless the base contains it, or it is before the birth or after T, or outside") {
    const scenario s{.base = {{"a", "base"}, {"b", "base"}, {"c", "base"}},
                     .changes = {{{put, at(5), "a", "contained"},
                                  {put, at(6), "a", "counts"},
                                  {put, at(7), "b", "contained"},
                                  {put, at(21), "c", "too late"},
                                  {put, at(6), "zz", "outside"}}},
                     .erasures = {{at(7), {"a", "b"}}, {at(21), {"", ""}}},
                     .seen = {{5}, {7}, {{7}}},
                     .upto = {20},
                     .interval = {"a", "z"}};
    const merged result = s.run();
    CHECK(result.out == rows{{"a", "counts"}, {"b", "base"}, {"c", "base"}});
    CHECK(result.report.entries_seen == 4);  // what lies beyond the interval is not looked at
    CHECK(result.report.entries_applied == 1);
    CHECK(result.report.entries_skipped == 3);
    const scenario born{
        .base = {},
        .changes = {{{put, at(8, 1), "a", "before"}, {put, at(8, 2), "at", "with it"}, {put, at(8, 3), "b", "after"}}},
        .erasures = {{at(8, 1), {"", ""}}},
        .seen = horizon::exactly({7}),
        .since = at(8, 2)};
    CHECK(born.run().out == rows{{"at", "with it"}, {"b", "after"}});
}

TEST_CASE("erasures of intervals compete by version, ordinals within a commit included") {
    const scenario s{
        .base = {{"a", "0"}, {"b", "0"}, {"m", "0"}},
        .changes = {{{put, at(5, 0), "a", "before"}, {put, at(5, 2), "b", "after"}, {put, at(9), "m", "9"}}},
        .erasures = {{at(5, 1), {"a", "c"}}, {at(3), {"", ""}}, {at(7), {"m", "n"}}}};
    const merged result = s.run();
    CHECK(result.out == rows{{"b", "after"}, {"m", "9"}});
    CHECK(result.report.entries_applied == 2);
    CHECK(result.report.entries_skipped == 1);
}

TEST_CASE("an erasure counts for the keys of its interval, wherever the keys before and after it lie") {
    const scenario s{.base = {{"a", "0"}, {"d", "0"}, {"f", "0"}, {"h", "0"}, {"k", "0"}, {"m", "0"}},
                     .changes = {},
                     .erasures = {{at(5), {"k", "l"}},
                                  {at(4), {"b", "c"}},
                                  {at(3), {"d", "e"}},
                                  {at(2), {"e", "e"}},
                                  {at(2), {"d", "g"}},
                                  {at(1), {"c", "da"}},
                                  {at(6), {"m", "c"}}}};
    CHECK(s.run().out == rows{{"a", "0"}, {"h", "0"}, {"m", "0"}});
    const scenario at_the_last{.base = {{"a", "0"}, {"b", "0"}}, .changes = {}, .erasures = {{at(5), {"b", "c"}}}};
    CHECK(at_the_last.run().out == rows{{"a", "0"}});
}

TEST_CASE("rows of the base pass up to the next change, and those outside the interval do not") {
    const scenario s{.base = {{"a", "0"}, {"b", "0"}, {"d", "0"}, {"f", "0"}, {"g", "0"}},
                     .changes = {{{put, at(1), "c", "1"}, {put, at(1), "d", "1"}}, {{put, at(2), "g", "2"}}}};
    CHECK(s.run().out == rows{{"a", "0"}, {"b", "0"}, {"c", "1"}, {"d", "1"}, {"f", "0"}, {"g", "2"}});
    const scenario at_the_last{.base = {{"a", "0"}, {"b", "0"}}, .changes = {{{put, at(1), "b", "1"}}}};
    CHECK(at_the_last.run().out == rows{{"a", "0"}, {"b", "1"}});
    const scenario clipped{
        .base = {{"a", "0"}, {"b", "0"}, {"c", "0"}, {"d", "0"}}, .changes = {}, .interval = {"b", "d"}};
    CHECK(clipped.run().out == rows{{"b", "0"}, {"c", "0"}});
    const scenario before{.base = {{"a", "0"}, {"b", "0"}}, .changes = {}, .interval = {"b", "d"}};
    CHECK(before.run().out == rows{{"b", "0"}});
    const scenario behind{.base = {{"b", "0"}, {"d", "0"}}, .changes = {}, .interval = {"b", "d"}};
    CHECK(behind.run().out == rows{{"b", "0"}});
}

TEST_CASE("the empty key is a key like any other") {
    const scenario s{.base = {{"", columns("0", "0")}, {"a", ""}},
                     .changes = {{{patch, at(5), "", set_column(0, "5")}}}};
    CHECK(s.run().out == rows{{"", columns("5", "0")}, {"a", ""}});
    const scenario untouched{.base = {{"", ""}, {"a", ""}}, .changes = {}};
    CHECK(untouched.run().out == rows{{"", ""}, {"a", ""}});
}

TEST_CASE("nothing is asked for beyond the end of the interval") {
    const auto refuse = []() -> bool { throw error{errc::internal, "was asked for more"}; };
    const row_stream base = [refuse, asked = false](row_batch& out) mutable -> task<bool> {
        if (asked) refuse();
        asked = true;
        out.append("b", "0");
        out.append("d", "0");
        co_return true;
    };
    const change_stream changes = [refuse, asked = false](change_batch& out) mutable -> task<bool> {
        if (asked) refuse();
        asked = true;
        out.append({put, {}, at(5), "c", "5"});
        out.append({put, {}, at(5), "e", "5"});
        co_return true;
    };
    newest_and_report policy;
    const auto plan = [](row_stream rows_of, std::vector<change_stream> changes_from) {
        return merge_plan{.interval = {"", "d"},
                          .seen = {},
                          .since = {},
                          .upto = {9},
                          .erasures = {},
                          .base = std::move(rows_of),
                          .changes = std::move(changes_from),
                          .partition = "orders"};
    };
    CHECK(run_merge(plan(base, {}), policy).out == rows{{"b", "0"}});
    CHECK(run_merge(plan({}, {changes}), policy).out == rows{{"c", "5"}});
    CHECK(run_merge(plan(base, {changes}), policy).out == rows{{"b", "0"}, {"c", "5"}});
}

TEST_CASE("a change of a whole interval has no place among the sorted changes") {
    fail policy;
    merge_plan plan = plan_of({change_kind::erase_range, at(5), "a", "b"});
    CHECK_THROWS_AS(run_merge(std::move(plan), policy), error);
}

TEST_CASE("patches fold onto the row in the order of versions") {
    const scenario s{.base = {{"a", columns("0", "0")}, {"b", columns("0", "0")}},
                     .changes = {{{patch, at(5), "a", set_column(0, "5")}, {patch, at(3), "b", set_column(0, "3")}},
                                 {{patch, at(4), "a", set_column(0, "4")},
                                  {patch, at(6), "a", set_column(1, "6")},
                                  {put, at(4), "b", columns("4", "4")},
                                  {patch, at(5), "b", set_column(1, "5")}}}};
    CHECK(s.run().out == rows{{"a", columns("5", "6")}, {"b", columns("4", "5")}});
}

TEST_CASE("one version may be told raw and folded, and twice") {
    const scenario s{.base = {{"a", columns("0", "0")}, {"b", columns("0", "0")}},
                     .changes = {{{patch, at(5), "a", set_column(0, "5")}, {patch, at(5), "b", set_column(0, "5")}},
                                 {{put, at(5), "a", columns("5", "4")},
                                  {patch, at(5), "b", set_column(0, "5") + set_column(1, "4")}},
                                 {{patch, at(5), "a", set_column(0, "5")}, {patch, at(5), "b", set_column(0, "5")}}}};
    const merged result = s.run();
    CHECK(result.out == rows{{"a", columns("5", "4")}, {"b", columns("5", "4")}});
    CHECK(result.conflicts.empty());
    CHECK(result.report.entries_applied == 3);
    CHECK(result.report.entries_skipped == 3);
    const std::vector<told> same{{put, at(5), "a", "5"}, {put, at(5), "a", "5"}, {erase, at(6), "b", ""}};
    const merged again = scenario{.base = {{"b", "0"}}, .changes = {same, same}}.run();
    CHECK(again.out == rows{{"a", "5"}});
    CHECK(again.conflicts.empty());
}

TEST_CASE("a third that tells of one version is compared with both others") {
    const scenario s{.base = {{"a", columns("0", "0")}},
                     .changes = {{{patch, at(5), "a", set_column(0, "5")}},
                                 {{patch, at(5), "a", set_column(0, "5") + set_column(1, "4")}},
                                 {{patch, at(5), "a", set_column(1, "9")}}}};
    CHECK(s.run().conflicts.size() == 1);
}

TEST_CASE("one version that says two things is a conflict") {
    const std::vector<std::pair<told, told>> pairs{
        {{put, at(5), "a", columns("1", "1")}, {put, at(5), "a", columns("2", "1")}},
        {{put, at(5), "a", columns("1", "1")}, {erase, at(5), "a", ""}},
        {{put, at(5), "a", columns("1", "1")}, {patch, at(5), "a", set_column(0, "2")}},
        {{erase, at(5), "a", ""}, {patch, at(5), "a", set_column(0, "2")}},
        {{patch, at(5), "a", set_column(0, "1")}, {patch, at(5), "a", set_column(0, "2")}}};
    for (const auto& [one, other] : pairs) {
        for (const bool is_swapped : {false, true}) {
            scenario s{.base = {{"a", columns("0", "0")}}, .changes = {{one}, {other}}};
            if (is_swapped) std::swap(s.changes[0], s.changes[1]);
            const merged result = s.run();
            REQUIRE(result.conflicts.size() == 1);
            CHECK(result.report.entries_applied == 2);
            CHECK(result.conflicts[0].kind == conflict_kind::same_version);
            CHECK(result.conflicts[0].where == "a");
            CHECK(result.conflicts[0].at == at(5));
            CHECK(result.conflicts[0].partition == "orders");
        }
    }
}

TEST_CASE("a patch on a row that does not exist is a conflict, and skipped where the policy goes on") {
    const scenario s{.base = {{"b", columns("0", "0")}, {"c", columns("0", "0")}},
                     .changes = {{{patch, at(5), "a", set_column(0, "1")},
                                  {erase, at(5), "b", ""},
                                  {patch, at(6), "b", set_column(0, "1")},
                                  {patch, at(6), "c", set_column(0, "1")}}},
                     .erasures = {{at(5), {"c", "d"}}}};
    const merged result = s.run();
    CHECK(result.out.empty());
    REQUIRE(result.conflicts.size() == 3);
    CHECK(result.conflicts[0].kind == conflict_kind::patch_without_row);
    CHECK(result.report.entries_skipped == 3);
}

TEST_CASE("a row that comes again in the base is passed over, and a conflict where it has other bytes") {
    const scenario s{.base = {{"a", "1"}, {"a", "1"}, {"b", "1"}, {"b", "2"}, {"c", "1"}, {"c", "1"}},
                     .changes = {},
                     .seen = {{3}, {5}, {{5}}}};
    const merged result = s.run();
    CHECK(result.out == rows{{"a", "1"}, {"b", "1"}, {"c", "1"}});
    REQUIRE(result.conflicts.size() == 1);
    CHECK(result.conflicts[0].kind == conflict_kind::claimed_twice);
    CHECK(result.conflicts[0].where == "b");
    CHECK(result.conflicts[0].at == at(3));
}

TEST_CASE("a conflict that the policy does not settle ends the merge") {
    fail policy;
    merge_plan plan = plan_of({patch, at(5), "a", "x"});
    try {
        static_cast<void>(run_merge(std::move(plan), policy));
        FAIL("went on");
    } catch (const error& e) {
        CHECK(e.code() == errc::conflict);
        CHECK(e.fact("partition") == "orders");
    }
}

TEST_CASE("streams out of order are found out") {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{10}}) {
        fail policy;
        merge_plan base{.interval = {},
                        .seen = {},
                        .since = {},
                        .upto = {9},
                        .erasures = {},
                        .base = base_of({{"b", ""}, {"a", ""}}, piece),
                        .changes = {},
                        .partition = {}};
        CHECK_THROWS_AS(run_merge(std::move(base), policy), error);
        merge_plan keys{.interval = {},
                        .seen = {},
                        .since = {},
                        .upto = {9},
                        .erasures = {},
                        .base = {},
                        .changes = {changes_of({{put, at(1), "b", ""}, {put, at(1), "a", ""}}, piece)},
                        .partition = {}};
        CHECK_THROWS_AS(run_merge(std::move(keys), policy), error);
        merge_plan versions{.interval = {},
                            .seen = {},
                            .since = {},
                            .upto = {9},
                            .erasures = {},
                            .base = {},
                            .changes = {changes_of({{put, at(2), "a", ""}, {put, at(1), "a", ""}}, piece)},
                            .partition = {}};
        CHECK_THROWS_AS(run_merge(std::move(versions), policy), error);
    }
}

TEST_CASE("nothing merges to nothing, and many rows come in batches of a bounded size") {
    CHECK(scenario{.base = {}, .changes = {}}.run().out.empty());
    scenario s{.base = {}, .changes = {{}}};
    for (int i = 0; i < 40'000; ++i) s.base.emplace_back(std::to_string(1'000'000 + i), std::string(100, 'x'));
    s.changes[0].push_back({put, at(5), "1020000", "changed"});
    s.erasures.push_back({at(5), {"1000010", "1000012"}});
    const merged result = s.run();
    REQUIRE(result.out.size() == 39'998);
    CHECK(result.out[20'000 - 2] == std::pair<std::string, std::string>{"1020000", "changed"});
    CHECK(result.out[10].first == "1000012");
}

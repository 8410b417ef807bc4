// SPDX-License-Identifier: BSL-1.0
//
// Whether a target keeps its contract: it takes rows in any cut, shows nothing before it is finished, everything
// after, and nothing at all where a restore was given up or its process died.
//
// Rows mean something to a database, so the user gives a sample that it can take, and a way to look at what is there
// with the database's own eyes.
#pragma once

#include "foreshadow/target/target.hpp"
#include "foreshadow/testing/conformance/detail/target_calls.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/conformance/running.hpp"
#include "foreshadow/testing/conformance/target_sample.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

/// A target that nothing was restored into yet, and the place that it restores to.
/// - `target`: the target under test; the kit moves it away where it plays a process that dies.
/// - `sample()`: what the kit may restore.
/// - `visible()`: what whoever looks there now finds: nothing, or rows by key.
template <class B>
concept target_bench = target<decltype(B::target)> && requires(B& b) {
    { b.sample() } -> std::same_as<task<target_sample>>;
    { b.visible() } -> std::same_as<task<std::optional<std::map<key, std::string, std::less<>>>>>;
};

struct target_rules {
    static constexpr rule takes{"takes", "a restore in the order of the contract succeeds, however the rows are cut"};
    static constexpr rule hidden{"hidden", "nothing is visible before finish"};
    static constexpr rule whole{"whole", "after finish exactly the rows that were loaded are visible"};
    static constexpr rule empty{"empty", "partitions without rows are restored as such"};
    static constexpr rule abandons{"abandons", "abandon never throws, and leaves nothing that looks whole"};
    static constexpr rule dies{"dies", "a target that goes away unfinished leaves nothing that looks whole"};
    static constexpr rule cancels{"cancels", "a call can be cancelled, and what was begun be abandoned after it"};
    static constexpr rule side_by_side{"side by side",
                                       "partitions that it takes side by side come out as they do one after another"};
};

namespace detail {

template <class Bench>
class target_kit {
  public:
    target_kit(std::function<std::unique_ptr<Bench>()> make, report& out) : make_{std::move(make)}, out_{out} {}

    task<> run() {
        for (const std::size_t rows : {std::size_t{1}, std::size_t{3}, std::size_t{1'000'000}}) {
            co_await restore(rows);
            co_await restore_side_by_side(rows);
        }
        co_await restore_nothing();
        for (std::size_t calls = 0;; ++calls)
            if (!co_await give_up_after(calls)) break;
        for (std::size_t calls = 0;; ++calls)
            if (!co_await die_after(calls)) break;
        for (const std::size_t turns : {0U, 1U, 2U, 4U}) co_await cancel(turns);
    }

  private:
    using rules = target_rules;
    using target_type = decltype(Bench::target);
    using rows_by_key = std::map<key, std::string, std::less<>>;
    using calls_of_restore = target_calls<target_type>;

    /// What is seen after each call.
    [[nodiscard]] auto looking_at(Bench* bench) {
        return [this, bench](std::string when) { return expect_hidden(bench, std::move(when)); };
    }
    task<> expect_hidden(Bench* bench, std::string when) {
        const std::optional<rows_by_key> seen = co_await bench->visible();
        out_.check(rules::hidden, !seen, [&] { return std::to_string(seen->size()) + " rows are visible " + when; });
    }
    /// Only where the visible rows are not those of the sample.
    [[nodiscard]] static std::string difference_of(const std::optional<rows_by_key>& seen, const rows_by_key& asked) {
        if (!seen) return "nothing is visible";
        for (const auto& [k, value] : asked) {
            const auto found = seen->find(k);
            if (found == seen->end()) return "key " + printable(k) + " is missing";
            if (found->second != value) return "key " + printable(k) + " has another value";
        }
        return seen->size() == asked.size() ? "" : "there are keys that were not loaded";
    }

    task<> restore(std::size_t rows) {
        const auto bench = make_();
        const target_sample of = co_await bench->sample();
        const std::string before = "before begin";
        co_await expect_hidden(bench.get(), before);
        calls_of_restore all{.into = &bench->target, .of = &of, .rows = rows, .look = looking_at(bench.get())};
        auto calls = all.make();
        const attempt<bool> made = co_await attempt_to(std::move(calls));
        const auto cut = [&] { return "in batches of " + std::to_string(rows) + " rows: "; };
        if (!out_.check(rules::takes, made.returned(), [&] { return cut() + made.text(); })) co_return;
        const std::string wrong = difference_of(co_await bench->visible(), of.rows);
        out_.check(rules::whole, wrong.empty(), [&] { return cut() + wrong; });
    }

    task<> restore_side_by_side(std::size_t rows) {
        const auto bench = make_();
        const std::size_t lanes = max_concurrency(bench->target);
        if (lanes == 1) co_return;
        const target_sample of = co_await bench->sample();
        calls_of_restore all{
            .into = &bench->target, .of = &of, .rows = rows, .lanes = lanes, .look = looking_at(bench.get())};
        auto calls = all.make();
        const attempt<bool> made = co_await attempt_to(std::move(calls));
        const auto cut = [&] { return "in batches of " + std::to_string(rows) + " rows: "; };
        if (!out_.check(rules::side_by_side, made.returned(), [&] { return cut() + made.text(); })) co_return;
        const std::string wrong = difference_of(co_await bench->visible(), of.rows);
        out_.check(rules::side_by_side, wrong.empty(), [&] { return cut() + wrong; });
    }

    task<> restore_nothing() {
        const auto bench = make_();
        target_sample of = co_await bench->sample();
        for (const partition& p : of.shape.partitions) {
            if (p.holds == content::definitions) continue;
            std::erase_if(of.rows, [&](const auto& row) { return p.interval.contains(row.first); });
        }
        calls_of_restore all{.into = &bench->target, .of = &of, .rows = 10};
        auto calls = all.make();
        const attempt<bool> made = co_await attempt_to(std::move(calls));
        if (!out_.check(rules::empty, made.returned(), [&] { return made.text(); })) co_return;
        const std::string wrong = difference_of(co_await bench->visible(), of.rows);
        out_.check(rules::empty, wrong.empty(), [&] { return std::string{wrong}; });
    }

    task<bool> give_up_after(std::size_t calls) {
        const auto bench = make_();
        const target_sample of = co_await bench->sample();
        calls_of_restore some{
            .into = &bench->target, .of = &of, .rows = 1'000, .lanes = max_concurrency(bench->target), .most = calls};
        const bool was_cut = co_await some.make();
        if (!was_cut) co_return false;
        auto giving_up = bench->target.abandon();
        const attempt<> made = co_await attempt_to(std::move(giving_up));
        const auto when = [&] { return "after " + std::to_string(calls) + " calls: "; };
        out_.check(rules::abandons, made.returned(), [&] { return when() + made.text(); });
        const std::optional<rows_by_key> seen = co_await bench->visible();
        out_.check(rules::abandons, !seen, [&] { return when() + std::to_string(seen->size()) + " rows are visible"; });
        co_return true;
    }

    task<bool> die_after(std::size_t calls) {
        const auto bench = make_();
        const target_sample of = co_await bench->sample();
        bool was_cut = false;
        {
            auto dying = std::move(bench->target);
            calls_of_restore some{
                .into = &dying, .of = &of, .rows = 1'000, .lanes = max_concurrency(dying), .most = calls};
            was_cut = co_await some.make();
        }
        if (!was_cut) co_return false;
        const std::optional<rows_by_key> seen = co_await bench->visible();
        out_.check(rules::dies, !seen, [&] {
            return "after " + std::to_string(calls) + " calls " + std::to_string(seen->size()) + " rows are visible";
        });
        co_return true;
    }

    task<> cancel(std::size_t turns) {
        const auto bench = make_();
        const target_sample of = co_await bench->sample();
        calls_of_restore all{.into = &bench->target, .of = &of, .rows = 5, .lanes = max_concurrency(bench->target)};
        auto calls = all.make();
        const attempt<bool> made = co_await cancel_after(std::move(calls), turns);
        const auto when = [&] { return "after " + std::to_string(turns) + " turns: "; };
        if (made.returned()) co_return;
        out_.check(rules::cancels, is_cancellation(made.thrown), [&] { return when() + made.text(); });
        auto giving_up = bench->target.abandon();
        const attempt<> gone = co_await attempt_to(std::move(giving_up));
        const std::optional<rows_by_key> seen = co_await bench->visible();
        out_.check(rules::cancels, gone.returned() && !seen, [&] { return when() + "then abandon: " + gone.text(); });
    }

    std::function<std::unique_ptr<Bench>()> make_;
    report& out_;
};

}  // namespace detail

/// Checks targets of benches that `make()` returns, each for a place of its own.
///
/// Example: `const auto report = check_target([&] { return my_bench{...}; });`
template <class Make, class Time = real_time>
[[nodiscard]] report check_target(Make make, Time&& time = {}) {
    using bench = std::remove_cvref_t<decltype(make())>;
    static_assert(target_bench<bench>);
    report out{"target"};
    detail::target_kit<bench> kit{[&] { return std::unique_ptr<bench>{new bench(make())}; }, out};
    run_kit(time, kit.run(), out);
    return out;
}

}  // namespace foreshadow::testing

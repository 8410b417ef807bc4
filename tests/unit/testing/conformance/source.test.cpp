// SPDX-License-Identifier: BSL-1.0
//
// The simulated source keeps the contract, and sources with one flaw each are found under the rule that they break.
#include "foreshadow/testing/conformance/source.hpp"

#include "foreshadow/testing/simulated_source.hpp"

#include <catch2/catch.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;
using rules = foreshadow::testing::source_rules;

enum class flaw {
    none,
    reorders_a_commit,
    stale_layout,
    layout_one_call_behind,
    ids_by_name,
    horizon_too_new,
    horizon_too_old,
    skips_when_repeated,
    ignores_cancellation,
    loses_a_row,
    stands_still,
    clears_rows,
    keeps_the_batch,
    head_too_low,
    follows_in_spite_of_a_gap,
    other_identity
};

/// The simulated source with one flaw.
class flawed_source {
  public:
    static constexpr fs::source_traits traits = ft::simulated_source::traits;

    flawed_source(ft::simulated_source good, flaw what) : good_{std::move(good)}, what_{what} {}

    fs::task<fs::source_identity> identity() {
        fs::source_identity id = co_await good_.identity();
        if (what_ == flaw::other_identity) id.id += std::to_string(calls_++);
        co_return id;
    }
    fs::task<fs::position> hold(std::optional<fs::position> from) {
        if (what_ == flaw::follows_in_spite_of_a_gap && from && !good_.database().held) {
            auto& d = good_.database();
            d.held = *from;
            d.retained = *from;
            gap_ = true;
            co_return *from;
        }
        co_return co_await good_.hold(from);
    }
    fs::task<> acknowledge(fs::position p) { return good_.acknowledge(p); }
    fs::task<> release() { return good_.release(); }
    fs::task<fs::layout> layout() {
        fs::layout now = co_await good_.layout();
        if (!first_) first_ = now;
        if (what_ == flaw::stale_layout) {
            const fs::position at = now.at;
            now = *first_;
            now.at = at;
        }
        if (what_ == flaw::layout_one_call_behind) now = std::exchange(last_, now).value_or(now);
        if (what_ == flaw::ids_by_name)
            for (fs::partition& p : now.partitions) p.id = ids_.try_emplace(p.name, p.id).first->second;
        co_return now;
    }
    fs::task<fs::chunk> read(fs::key_range range, fs::read_budget budget, fs::row_batch& rows) {
        if (what_ == flaw::clears_rows) rows.clear();
        const fs::position before = good_.database().past().end();
        const std::size_t old = rows.size();
        fs::chunk made = co_await good_.read(range, budget, rows);
        if (what_ == flaw::stands_still && calls_++ == 5) made.interval.end = made.interval.begin;
        if (what_ == flaw::horizon_too_new) made.seen = fs::horizon::exactly(good_.database().past().end());
        if (what_ == flaw::horizon_too_old) made.seen = fs::horizon::exactly({before.value / 2});
        if (what_ == flaw::loses_a_row && rows.size() > old + 1) {
            fs::row_batch fewer;
            for (std::size_t i = 0; i + 1 < rows.size(); ++i) fewer.append(rows[i].key, rows[i].value);
            rows = std::move(fewer);
        }
        co_return made;
    }
    fs::task<> follow(fs::position after, fs::log_batch& out) {
        const fs::log_batch before = out;
        if (what_ == flaw::ignores_cancellation)
            co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
        co_await good_.follow(after, out);
        if (what_ == flaw::keeps_the_batch)
            out.layouts.insert(out.layouts.begin(), before.layouts.begin(), before.layouts.end());
        const bool is_again = after < followed_;
        followed_ = std::max(followed_, out.upto);
        if (what_ == flaw::skips_when_repeated && is_again && !out.commits.empty()) drop_first(out);
        if (gap_ && !out.commits.empty()) drop_first(out);
        if (what_ == flaw::reorders_a_commit) reorder(out);
    }
    fs::task<fs::position> head() {
        fs::position at = co_await good_.head();
        if (what_ == flaw::head_too_low) at.value = good_.database().past().commits().back().at.value - 1;
        co_return at;
    }
    fs::task<fs::strain> strain() { return good_.strain(); }

  private:
    static void rebuild(fs::log_batch& out, const std::vector<fs::commit>& commits, const fs::change_batch& from) {
        fs::change_batch changes;
        for (const fs::commit& c : commits)
            for (std::size_t i = 0; i < c.count; ++i) changes.append(from[c.first + i]);
        out.commits = commits;
        for (std::size_t i = 0, next = 0; i < out.commits.size(); next += out.commits[i++].count)
            out.commits[i].first = next;
        out.changes = std::move(changes);
    }
    static void drop_first(fs::log_batch& out) {
        const fs::change_batch from = out.changes;
        const std::vector<fs::commit> rest(out.commits.begin() + 1, out.commits.end());
        std::erase_if(out.layouts, [&](const auto& l) { return l.at.at == out.commits.front().at; });
        rebuild(out, rest, from);
    }
    /// The changes of a commit in reverse, under the ordinals of the right order.
    static void reorder(fs::log_batch& out) {
        fs::change_batch changes;
        for (const fs::commit& c : out.commits)
            for (std::size_t i = 0; i < c.count; ++i) {
                fs::change_view change = out.changes[c.first + c.count - 1 - i];
                change.at = out.changes[c.first + i].at;
                changes.append(change);
            }
        out.changes = std::move(changes);
    }

    ft::simulated_source good_;
    flaw what_;
    std::optional<fs::layout> first_;
    std::optional<fs::layout> last_;
    std::map<std::string, fs::partition_id> ids_;
    fs::position followed_;
    std::size_t calls_ = 0;
    bool gap_ = false;
};

template <class Source>
struct bench {
    Source source;
    std::shared_ptr<ft::simulated_database> database;

    fs::task<> change() {
        for (int step = 0; step < 4; ++step) {
            co_await database->clock.sleep(.0007);
            database->step();
        }
    }
    fs::task<ft::database_truth> truth() {
        ft::database_truth now;
        now.rows = database->past().rows();
        for (const fs::partition& p : database->past().current_layout().partitions)
            now.partitions.emplace_back(p.name, p.interval);
        co_return now;
    }
};

ft::report checked(flaw what, std::uint64_t seed) {
    ft::simulation world;
    const auto database = std::make_shared<ft::simulated_database>(
        world.clock(), ft::database_options{.work = {.seed = seed, .rules = {}, .untold_changes = seed % 3 == 0},
                                            .prefix_snapshots = seed % 2 == 0,
                                            .heartbeat_seconds = .05});
    if (what == flaw::none) {
        return ft::check_source([&] { return bench<ft::simulated_source>{ft::simulated_source{database}, database}; },
                                world);
    }
    return ft::check_source(
        [&] { return bench<flawed_source>{flawed_source{ft::simulated_source{database}, what}, database}; }, world);
}

}  // namespace

TEST_CASE("the simulated source keeps the contract, with any horizon") {
    bool born_empty = false;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        const ft::report report = checked(flaw::none, seed);
        INFO(report.text());
        CHECK(report.is_kept());
        for (const ft::rule& each : {rules::identity, rules::holds, rules::layout, rules::layout_log, rules::reads,
                                     rules::horizons, rules::follows, rules::repeats, rules::head, rules::exact,
                                     rules::untold, rules::cancels, rules::lost, rules::strain}) {
            CAPTURE(each.name);
            CHECK(report.was_checked(each));
        }
        born_empty = born_empty || report.was_checked(rules::born_empty);
    }
    CHECK(born_empty);
}

TEST_CASE("each flaw of a source is found under the rule that it breaks") {
    const std::vector<std::pair<flaw, ft::rule>> expected{
        {flaw::reorders_a_commit, rules::exact},
        {flaw::stale_layout, rules::layout},
        {flaw::layout_one_call_behind, rules::layout},
        {flaw::ids_by_name, rules::layout},
        {flaw::horizon_too_new, rules::exact},
        {flaw::horizon_too_old, rules::exact},
        {flaw::skips_when_repeated, rules::repeats},
        {flaw::ignores_cancellation, rules::cancels},
        {flaw::loses_a_row, rules::exact},
        {flaw::stands_still, rules::reads},
        {flaw::clears_rows, rules::reads},
        {flaw::keeps_the_batch, rules::layout_log},
        {flaw::head_too_low, rules::exact},
        {flaw::follows_in_spite_of_a_gap, rules::exact},
        {flaw::other_identity, rules::identity},
    };
    for (const auto& [what, broken] : expected) {
        CAPTURE(static_cast<int>(what), broken.name);
        const ft::report report = checked(what, 4);
        INFO(report.text());
        CHECK_FALSE(report.is_kept());
        CHECK(report.is_broken(broken));
    }
}

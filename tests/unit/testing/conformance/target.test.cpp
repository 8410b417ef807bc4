// SPDX-License-Identifier: BSL-1.0
//
// The simulated target keeps the contract, and targets with one flaw each are found.
#include "foreshadow/testing/conformance/target.hpp"

#include "foreshadow/testing/simulated_target.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;
using rules = foreshadow::testing::target_rules;
using rows_by_key = ft::rows_by_key;

enum class flaw {
    none,
    visible_early,
    abandon_leaves_rows,
    abandon_throws,
    loses_a_batch,
    needs_rows,
    dies_visibly,
    mixes_open_partitions
};

/// A place that rows are restored to, and a target for it that waits at each call.
class flawed_target {
  public:
    flawed_target(std::shared_ptr<std::optional<rows_by_key>> place, flaw what, std::size_t max_concurrency)
        : place_{std::move(place)}, what_{what}, max_concurrency_{max_concurrency} {}
    flawed_target(flawed_target&&) = default;
    flawed_target& operator=(flawed_target&&) = default;
    ~flawed_target() {
        if (what_ == flaw::dies_visibly && place_ && !*place_) *place_ = rows_;
    }

    [[nodiscard]] std::size_t max_concurrency() const { return max_concurrency_; }

    fs::task<> begin(const fs::layout& shape) {
        co_await ft::detail::wait_turns(1);
        if (what_ == flaw::visible_early) place_->emplace();
        static_cast<void>(shape);
    }
    fs::task<> load(const fs::partition& p, const fs::row_batch& rows) {
        open_ = p.interval;
        co_await ft::detail::wait_turns(1);
        if (what_ == flaw::loses_a_batch && rows.size() == 3) co_return;
        loaded_ = loaded_ || !rows.empty();
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (what_ != flaw::mixes_open_partitions || open_.contains(rows[i].key))
                rows_.emplace(rows[i].key, rows[i].value);
    }
    fs::task<> complete(const fs::partition& p) {
        co_await ft::detail::wait_turns(1);
        if (what_ == flaw::needs_rows && !std::exchange(loaded_, false))
            throw fs::error{fs::errc::invalid_argument, "no rows for " + p.name};
    }
    fs::task<> finish() {
        co_await ft::detail::wait_turns(1);
        *place_ = rows_;
    }
    fs::task<> abandon() {
        if (what_ == flaw::abandon_leaves_rows) *place_ = rows_;
        if (what_ == flaw::visible_early) place_->reset();
        if (what_ == flaw::abandon_throws) throw fs::error{fs::errc::busy, "cannot give up"};
        co_return;
    }

  private:
    std::shared_ptr<std::optional<rows_by_key>> place_;
    flaw what_;
    std::size_t max_concurrency_;
    fs::key_range open_;  // of the partition that came last
    rows_by_key rows_;
    bool loaded_ = false;
};

ft::target_sample some_rows() {
    ft::target_sample of;
    of.shape.partitions = {{{1, {1}}, "a", {"a", "b"}}, {{2, {1}}, "b", {"b", "c"}}, {{3, {1}}, "c", {"c", "d"}}};
    for (int i = 100; i < 140; ++i) of.rows["a" + std::to_string(i)] = std::string(static_cast<std::size_t>(i), 'v');
    of.rows["c"] = "";
    return of;
}

struct flawed_bench {
    std::shared_ptr<std::optional<rows_by_key>> place;
    flawed_target target;
    fs::task<ft::target_sample> sample() { co_return some_rows(); }
    fs::task<std::optional<rows_by_key>> visible() { co_return *place; }
};

struct simulated_bench {
    ft::simulated_target target;
    ft::simulated_target looking = target;
    fs::task<ft::target_sample> sample() {
        ft::target_sample of = some_rows();
        of.shape.partitions.push_back({{9, {1}}, "definitions", {"z", ""}, fs::content::definitions});
        of.rows["z1"] = "a definition";
        co_return of;
    }
    fs::task<std::optional<rows_by_key>> visible() {
        std::optional<rows_by_key> seen;
        if (looking.is_finished()) seen = looking.rows();
        co_return seen;
    }
};

ft::report checked(flaw what, std::size_t max_concurrency = 1) {
    return ft::check_target([=] {
        auto place = std::make_shared<std::optional<rows_by_key>>();
        return flawed_bench{place, flawed_target{place, what, max_concurrency}};
    });
}

}  // namespace

TEST_CASE("the simulated target keeps the contract, which it checks itself") {
    for (const std::size_t several : {1, 2, 5}) {
        const ft::report report = ft::check_target([=] { return simulated_bench{ft::simulated_target{several}}; });
        INFO(report.text());
        CHECK(report.is_kept());
        CHECK(report.was_checked(rules::side_by_side) == (several > 1));
    }
}

TEST_CASE("a target without a flaw is found without one") {
    const ft::report report = checked(flaw::none);
    INFO(report.text());
    CHECK(report.is_kept());
    for (const ft::rule& each :
         {rules::takes, rules::hidden, rules::whole, rules::empty, rules::abandons, rules::dies, rules::cancels})
        CHECK(report.was_checked(each));
}

TEST_CASE("a target that takes partitions side by side gets their rows in turn, and one that mixes them up is found") {
    const ft::report sound = checked(flaw::none, 2);
    INFO(sound.text());
    CHECK(sound.is_kept());
    CHECK(sound.was_checked(rules::side_by_side));
    CHECK(checked(flaw::mixes_open_partitions).is_kept());
    const ft::report mixed = checked(flaw::mixes_open_partitions, 2);
    INFO(mixed.text());
    CHECK(mixed.is_broken(rules::side_by_side));
    CHECK(!mixed.is_broken(rules::whole));
}

TEST_CASE("each flaw of a target is found under the rule that it breaks") {
    const std::vector<std::pair<flaw, ft::rule>> expected{
        {flaw::visible_early, rules::hidden},    {flaw::abandon_leaves_rows, rules::abandons},
        {flaw::abandon_throws, rules::abandons}, {flaw::abandon_throws, rules::cancels},
        {flaw::loses_a_batch, rules::whole},     {flaw::needs_rows, rules::empty},
        {flaw::dies_visibly, rules::dies},       {flaw::visible_early, rules::dies},
    };
    for (const auto& [what, broken] : expected) {
        CAPTURE(static_cast<int>(what), broken.name);
        const ft::report report = checked(what);
        INFO(report.text());
        CHECK(report.is_broken(broken));
    }
}

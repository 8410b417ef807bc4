// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/target/target.hpp"
#include "foreshadow/testing/history.hpp"
#include "foreshadow/testing/placement.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

/// Collects what is restored, and throws `internal` at the first call that breaks the contract of a target. A handle.
///
/// Where it is given a placement, it has partitions of its own, whatever the source's were, and data goes there. Those
/// of ranges are filled one after another and closed for good, as files are that are written in order.
/// Where it takes several partitions of data side by side, others have their turn within each call.
class simulated_target {
  public:
    simulated_target() = default;
    explicit simulated_target(std::size_t max_concurrency) { state_->max_concurrency = max_concurrency; }
    explicit simulated_target(placement where) {
        state_->placed.resize(where.partitions());
        state_->where = std::move(where);
    }

    /// All rows, or, with a placement, the definitions alone.
    [[nodiscard]] const rows_by_key& rows() const noexcept { return state_->rows; }
    /// With a placement, the rows of each of its partitions.
    [[nodiscard]] const std::vector<rows_by_key>& placed() const noexcept { return state_->placed; }
    [[nodiscard]] const layout& shape() const noexcept { return state_->shape; }
    [[nodiscard]] bool is_finished() const noexcept { return state_->step == stage::finished; }
    [[nodiscard]] bool is_abandoned() const noexcept { return state_->step == stage::abandoned; }
    [[nodiscard]] const std::vector<partition_id>& completed() const noexcept { return state_->completed; }
    [[nodiscard]] std::size_t max_concurrency() const noexcept { return state_->max_concurrency; }
    /// The most partitions that were open at once.
    [[nodiscard]] std::size_t most_open() const noexcept { return state_->most_open; }

    task<> begin(const layout& shape) {
        expect(state_->step == stage::fresh, "begun twice");
        state_->step = stage::begun;
        state_->shape = shape;
        co_return;
    }

    task<> load(const partition& part, const row_batch& rows) {
        auto& s = *state_;
        const call_under_way here{s, enter(part)};
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const row_view row = rows[i];
            expect(part.interval.contains(row.key), "given a row outside of its partition");
            expect(here.in.last.empty() || here.in.last < row.key, "given rows out of order");
            here.in.last = row.key;
            rows_by_key& into = part.holds == content::data && s.where ? partition_of(row.key) : s.rows;
            into.emplace_hint(into.end(), row.key, row.value);
        }
        if (s.max_concurrency > 1) co_await give_turn();
    }

    task<> complete(const partition& part) {
        auto& s = *state_;
        {
            const call_under_way here{s, enter(part)};
            if (s.max_concurrency > 1) co_await give_turn();
        }
        s.completed.push_back(part.id);
        s.open.erase(part.id);
    }

    task<> finish() {
        expect(state_->step == stage::begun && state_->open.empty(), "finished before its partitions were complete");
        state_->step = stage::finished;
        co_return;
    }

    task<> abandon() {
        expect(state_->step != stage::abandoned, "abandoned twice");
        expect(state_->calls == 0, "abandoned while a call was under way");
        state_->step = stage::abandoned;
        state_->rows.clear();
        state_->placed.clear();
        co_return;
    }

  private:
    enum class stage { fresh, begun, finished, abandoned };
    struct open_partition {
        key last;
        bool is_called = false;
    };
    struct state {
        stage step = stage::fresh;
        std::size_t max_concurrency = 1;
        layout shape;
        std::optional<placement> where;
        std::vector<rows_by_key> placed;
        std::size_t filled = 0;  ///< the number of the range that is being filled
        rows_by_key rows;
        std::vector<partition_id> completed;
        std::optional<key> data_from;  ///< where the last partition of data begins
        std::map<partition_id, open_partition> open;
        std::size_t most_open = 0;
        std::size_t calls = 0;  ///< under way
    };
    struct call_under_way {
        call_under_way(state& all, open_partition& into) : of{all}, in{into} {
            expect(!in.is_called, "called for a partition while another call for it was under way");
            in.is_called = true;
            ++of.calls;
        }
        call_under_way(const call_under_way&) = delete;
        call_under_way& operator=(const call_under_way&) = delete;
        ~call_under_way() {
            in.is_called = false;
            --of.calls;
        }
        state& of;
        open_partition& in;
    };

    static void expect(bool holds, const char* otherwise) {
        if (!holds) throw error{errc::internal, std::string{"the simulated target was "} + otherwise};
    }

    [[nodiscard]] open_partition& enter(const partition& part) {
        auto& s = *state_;
        expect(s.step == stage::begun, "given a partition outside of begin and finish");
        expect(s.shape.find(part.id) != nullptr, "given a partition that is not in its layout");
        expect(std::find(s.completed.begin(), s.completed.end(), part.id) == s.completed.end(),
               "given a partition that was complete");
        if (const auto found = s.open.find(part.id); found != s.open.end()) return found->second;
        if (part.holds == content::data) {
            expect(s.open.size() < s.max_concurrency, "given a partition before the last one was complete");
            expect(!s.data_from || *s.data_from < part.interval.begin, "given data out of the order of keys");
            expect(s.data_from || s.open.empty(), "given data before the definitions were complete");
            s.data_from = part.interval.begin;
        } else {
            expect(s.open.empty(), "given definitions beside another partition");
            expect(!s.data_from, "given definitions after data");
        }
        open_partition& opened = s.open[part.id];
        s.most_open = std::max(s.most_open, s.open.size());
        return opened;
    }

    static task<> give_turn() {
        const auto executor = co_await boost::asio::this_coro::executor;
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
    }

    [[nodiscard]] rows_by_key& partition_of(key_view k) {
        auto& s = *state_;
        const std::size_t number = s.where->of(k);
        if (!s.where->is_hashed()) {
            expect(s.filled <= number, "given a row of a range that was closed");
            s.filled = number;
        }
        return s.placed[number];
    }

    std::shared_ptr<state> state_ = std::make_shared<state>();
};

static_assert(target<simulated_target>);

}  // namespace foreshadow::testing

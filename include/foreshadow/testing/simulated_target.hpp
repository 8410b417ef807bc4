// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/target/target.hpp"
#include "foreshadow/testing/history.hpp"
#include "foreshadow/testing/placement.hpp"

#include <algorithm>
#include <cstddef>
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
class simulated_target {
  public:
    simulated_target() = default;
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

    task<> begin(const layout& shape) {
        expect(state_->step == stage::fresh, "begun twice");
        state_->step = stage::begun;
        state_->shape = shape;
        co_return;
    }

    task<> load(const partition& part, const row_batch& rows) {
        auto& s = *state_;
        enter(part);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const row_view row = rows[i];
            expect(part.interval.contains(row.key), "given a row outside of its partition");
            expect(s.last.empty() || s.last < row.key, "given rows out of order");
            s.last = row.key;
            rows_by_key& into = part.holds == content::data && s.where ? partition_of(row.key) : s.rows;
            into.emplace_hint(into.end(), row.key, row.value);
        }
        co_return;
    }

    task<> complete(const partition& part) {
        auto& s = *state_;
        enter(part);
        s.completed.push_back(part.id);
        s.is_inside = false;
        co_return;
    }

    task<> finish() {
        expect(state_->step == stage::begun && !state_->is_inside, "finished before its partitions were complete");
        state_->step = stage::finished;
        co_return;
    }

    task<> abandon() {
        state_->step = stage::abandoned;
        state_->rows.clear();
        state_->placed.clear();
        co_return;
    }

  private:
    enum class stage { fresh, begun, finished, abandoned };
    struct state {
        stage step = stage::fresh;
        layout shape;
        std::optional<placement> where;
        std::vector<rows_by_key> placed;
        std::size_t filled = 0;  ///< the number of the range that is being filled
        rows_by_key rows;
        std::vector<partition_id> completed;
        bool is_inside = false;
        std::optional<key> data_from;  ///< where the last partition of data begins
        partition_id inside;
        key last;
    };

    static void expect(bool holds, const char* otherwise) {
        if (!holds) throw error{errc::internal, std::string{"the simulated target was "} + otherwise};
    }

    void enter(const partition& part) {
        auto& s = *state_;
        expect(s.step == stage::begun, "given a partition outside of begin and finish");
        expect(s.shape.find(part.id) != nullptr, "given a partition that is not in its layout");
        expect(std::find(s.completed.begin(), s.completed.end(), part.id) == s.completed.end(),
               "given a partition that was complete");
        if (s.is_inside) return expect(s.inside == part.id, "given a partition before the last one was complete");
        if (part.holds == content::data) {
            expect(!s.data_from || *s.data_from < part.interval.begin, "given data out of the order of keys");
            s.data_from = part.interval.begin;
        } else {
            expect(!s.data_from, "given definitions after data");
        }
        s.is_inside = true;
        s.inside = part.id;
        s.last.clear();
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

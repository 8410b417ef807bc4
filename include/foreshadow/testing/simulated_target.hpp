// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/target/target.hpp"
#include "foreshadow/testing/history.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace foreshadow::testing {

/// Collects what is restored, and throws `internal` at the first call that breaks the contract of a target. A handle.
class simulated_target {
  public:
    [[nodiscard]] const rows_by_key& rows() const noexcept { return state_->rows; }
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
            s.rows.emplace(row.key, row.value);
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
        co_return;
    }

  private:
    enum class stage { fresh, begun, finished, abandoned };
    struct state {
        stage step = stage::fresh;
        layout shape;
        rows_by_key rows;
        std::vector<partition_id> completed;
        bool is_inside = false;
        bool had_data = false;
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
        expect(part.holds == content::data || !s.had_data, "given definitions after data");
        s.had_data = s.had_data || part.holds == content::data;
        s.is_inside = true;
        s.inside = part.id;
        s.last.clear();
    }

    std::shared_ptr<state> state_ = std::make_shared<state>();
};

static_assert(target<simulated_target>);

}  // namespace foreshadow::testing

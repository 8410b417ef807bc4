// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/run/scope.hpp"
#include "foreshadow/target/target.hpp"
#include "foreshadow/testing/conformance/running.hpp"
#include "foreshadow/testing/conformance/target_sample.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing::detail {

/// The calls of one restore: all, or the first few. Stays where it is while they are made.
template <target Target>
struct target_calls {
    Target* into;
    const target_sample* of;
    std::size_t rows;                                 ///< in a batch
    std::size_t lanes = 1;                            ///< partitions of data side by side
    std::size_t most = static_cast<std::size_t>(-1);  ///< calls
    std::function<task<>(std::string)> look = {};     ///< after begin, the loads of a partition, and its end
    std::size_t made = 0;                             ///< calls
    std::deque<partition> waiting = {};               ///< partitions of data that nobody began

    /// Makes the calls; true where there were more.
    task<bool> make() {
        if (!may_call()) co_return true;
        co_await into->begin(of->shape);
        const std::string begun = "after begin";
        co_await look_around(begun);
        for (const partition& p : of->shape.partitions)
            if (p.holds == content::data)
                waiting.push_back(p);
            else
                co_await fill(p);
        std::vector<task<>> all;
        for (std::size_t i = 0; i < lanes; ++i) all.push_back(fill_some());
        co_await all_of(std::move(all));
        if (!may_call()) co_return true;
        co_await into->finish();
        co_return false;
    }

  private:
    task<> fill_some() {
        while (!waiting.empty()) {
            const partition mine = waiting.front();
            waiting.pop_front();
            co_await fill(mine);
        }
    }

    task<> fill(partition p) {
        const std::vector<row_batch> batches = batches_of(p.interval);
        for (const row_batch& batch : batches) {
            if (!may_call()) co_return;
            co_await into->load(p, batch);
            // So that rows of all open partitions come in turn.
            if (lanes > 1) co_await wait_turns(1);
        }
        const std::string loaded = "after a load of " + p.name;
        co_await look_around(loaded);
        if (!may_call()) co_return;
        co_await into->complete(p);
        const std::string completed = "after " + p.name + " was complete";
        co_await look_around(completed);
    }

    /// Rows in batches of so many; an empty batch before and after.
    [[nodiscard]] std::vector<row_batch> batches_of(const key_range& range) const {
        std::vector<row_batch> all(2);
        for (auto row = of->rows.lower_bound(range.begin); row != of->rows.end() && range.ends_after(row->first);
             ++row) {
            if (all.back().size() >= rows) all.emplace_back();
            all.back().append(row->first, row->second);
        }
        all.emplace_back();
        return all;
    }

    [[nodiscard]] bool may_call() {
        if (made == most) return false;
        ++made;
        return true;
    }
    task<> look_around(std::string when) {
        if (look) co_await look(when);
    }
};

}  // namespace foreshadow::testing::detail

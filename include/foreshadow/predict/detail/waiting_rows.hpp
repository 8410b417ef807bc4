// SPDX-License-Identifier: BSL-1.0
//
// Rows wait here until their horizon is over. Nothing is learnt of a row before, not even when its change has come:
// what came early would be learnt early and what did not come late, and the model would believe in too much.
#pragma once

#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/predict/detail/experts.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

namespace foreshadow::detail {

class waiting_rows {
  public:
    static constexpr std::size_t most = 32'768;

    void clear() {
        rows_.clear();
        ended_.clear();
        by_time_.clear();
    }
    [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }

    void add(const waiting_row& row) {
        if (rows_.size() < most) rows_.push_back(row);
    }

    /// A partition that rows wait for has ended; `event` numbers the changes.
    void end(partition_id id, lineage_kind kind, double at, std::uint64_t event) {
        if (ended_.size() >= 2 * most) return;
        if (ended_.insert_or_assign(id, end_of{kind, at, event}).second) by_time_.emplace_back(at, id);
    }

    /// Hands out the rows whose horizon is over, in order: `learn(row, came, seconds until it came)`; `step()` after
    /// those of one time.
    template <class Learn, class Step>
    void mature(double now, lineage_kind kind, Learn&& learn, Step&& step) {
        while (!rows_.empty() && rows_.front().until <= now) {
            const double at = rows_.front().at;
            for (; !rows_.empty() && rows_.front().at == at && rows_.front().until <= now; rows_.pop_front()) {
                const std::optional<double> came = outcome(rows_.front(), kind);
                learn(rows_.front(), came.has_value(), came.value_or(0));
            }
            step();
        }
        while (!by_time_.empty() && (rows_.empty() || by_time_.front().first <= rows_.front().at)) {
            ended_.erase(by_time_.front().second);
            by_time_.pop_front();
        }
    }

  private:
    struct end_of {
        lineage_kind kind;
        double at;
        std::uint64_t event;
    };
    struct hash {
        std::size_t operator()(partition_id id) const noexcept {
            return static_cast<std::size_t>((id.native ^ id.created.value << 32) * 0x9e3779b97f4a7c15ULL);
        }
    };

    [[nodiscard]] std::optional<double> outcome(const waiting_row& row, lineage_kind kind) const {
        const auto first = ended_.find(row.first);
        if (first == ended_.end() || first->second.kind != kind) return std::nullopt;
        const double at = first->second.at;
        if (!(at > row.at) || at > row.until) return std::nullopt;
        if (kind == lineage_kind::merge) {
            const auto second = ended_.find(row.second);
            if (second == ended_.end() || second->second.event != first->second.event) return std::nullopt;
        }
        return at - row.at;
    }

    std::deque<waiting_row> rows_;
    std::unordered_map<partition_id, end_of, hash> ended_;
    std::deque<std::pair<double, partition_id>> by_time_;
};

}  // namespace foreshadow::detail

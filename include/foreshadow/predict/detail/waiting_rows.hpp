// SPDX-License-Identifier: BSL-1.0
//
// Rows wait here until their horizon is over. Nothing is learnt of a row before, not even when its change has come:
// what came early would be learnt early and what did not come late, and the model would believe in too much.
//
// Two neighbours have come together when they are parts of the same partition, however many merges that took: of three
// that become one, engines merge two first, and what these became with the third.
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

    /// A partition that rows wait for has ended; `event` numbers the changes, `became` is what merged of it.
    void end(partition_id id, lineage_kind kind, double at, std::uint64_t event, partition_id became = {}) {
        if (ended_.size() >= 2 * most) return;
        if (ended_.insert_or_assign(id, end_of{kind, at, event, became}).second) by_time_.emplace_back(at, id);
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
        partition_id became;
    };
    struct hash {
        std::size_t operator()(partition_id id) const noexcept {
            return static_cast<std::size_t>((id.native ^ id.created.value << 32) * 0x9e3779b97f4a7c15ULL);
        }
    };

    /// How a partition ended, where that was in this way and within the horizon of the row.
    [[nodiscard]] const end_of* find(partition_id id, lineage_kind kind, const waiting_row& row) const {
        const auto found = ended_.find(id);
        if (found == ended_.end() || found->second.kind != kind) return nullptr;
        return found->second.at > row.at && found->second.at <= row.until ? &found->second : nullptr;
    }

    [[nodiscard]] std::optional<double> outcome(const waiting_row& row, lineage_kind kind) const {
        const end_of* first = find(row.first, kind, row);
        if (kind != lineage_kind::merge) return first != nullptr ? std::optional{first->at - row.at} : std::nullopt;
        const end_of* second = find(row.second, kind, row);
        while (first != nullptr && second != nullptr) {
            if (first->event == second->event) return first->at - row.at;
            const end_of*& earlier = first->event < second->event ? first : second;
            const end_of* next = find(earlier->became, kind, row);
            // Ids that are used twice lead back: no step goes there.
            earlier = next != nullptr && next->event > earlier->event ? next : nullptr;
        }
        return std::nullopt;
    }

    std::deque<waiting_row> rows_;
    std::unordered_map<partition_id, end_of, hash> ended_;
    std::deque<std::pair<double, partition_id>> by_time_;
};

}  // namespace foreshadow::detail

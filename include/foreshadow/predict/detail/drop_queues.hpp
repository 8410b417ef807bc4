// SPDX-License-Identifier: BSL-1.0
//
// What a calendar drops next: of the partitions that are called alike, the oldest. One that is still there when a
// younger one goes is kept, as the first of each month may be, and is not waited for; until one of those kept goes
// after all, since then this series is not dropped in order, or is two. Names are looked at where series of drops are
// known, and of each series no more are remembered than are dropped in a while; then the layout is gone through again.
// Where nothing is dropped by the calendar, all of this is one question a batch.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/predict/detail/name_stem.hpp"
#include "foreshadow/predict/detail/rhythms.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace foreshadow::detail {

class drop_queues {
  public:
    static constexpr std::size_t most = 64;  ///< partitions of a series

    /// Begins anew: positions may be of another log.
    void start(const rhythms& drops, const layout& now) {
        queues_.clear();
        look(drops, now);
    }

    void look_again() noexcept { is_due_ = true; }
    /// Looks where a series has no queue, or one that may be wrong or is at its end.
    void look_if_due(const rhythms& drops, const layout& now) {
        if (is_due_) look(drops, now);
    }

    /// Follows a change of layout that `drops` has learnt.
    void change(const lineage_event& event, const rhythms& drops) {
        if (queues_.empty() && event.kind != lineage_kind::drop) return;
        for (const partition& p : event.from) event.kind == lineage_kind::drop ? drop(p, drops) : remove(p);
        for (const partition& p : event.to) add(p);
    }

    /// The partition that goes next, or null where none is known.
    [[nodiscard]] const partition_id* next(const std::string& stem) const {
        const auto found = queues_.find(stem);
        return found == queues_.end() || found->second.oldest.empty() ? nullptr : &found->second.oldest.begin()->id;
    }

  private:
    /// What was there when the log was held was created at one position, and so was what one commit made: then the
    /// numbers in the names say which is the older one.
    struct entry {
        position created;
        std::string numbers;
        partition_id id;

        friend auto operator<=>(const entry&, const entry&) = default;
    };
    struct queue {
        std::set<entry> oldest;
        bool is_cut = false;         ///< there are others behind the last
        bool is_in_order = true;     ///< so far nothing went that is older than what had gone
        std::optional<entry> after;  ///< this went last, and whoever is older is kept; nothing where order is not kept
    };

    [[nodiscard]] static entry entry_of(const partition& p) { return {p.id.created, numbers_in(p.name), p.id}; }

    /// Finds the partitions of each series of `drops` anew. O(partitions) where a series is known. A layout from before
    /// or after the changes that are told next will do.
    void look(const rhythms& drops, const layout& now) {
        is_due_ = false;
        const std::unordered_map<std::string, queue> before = std::exchange(queues_, {});
        for (const rhythm& series : drops.all()) {
            if (!series.is_known()) continue;
            queue& found_anew = queues_[series.last.end];
            const auto known = before.find(series.last.end);
            if (known == before.end()) continue;
            found_anew.is_in_order = known->second.is_in_order;
            found_anew.after = known->second.after;
        }
        if (queues_.empty()) return;
        for (const partition& p : now.partitions) add(p);
    }

    void add(const partition& p) {
        const auto found = queues_.find(stem_of(p.name));
        if (found == queues_.end()) return;
        auto& [oldest, is_cut, is_in_order, after] = found->second;
        entry next = entry_of(p);
        if ((after && next < *after) || (is_cut && (oldest.empty() || *oldest.rbegin() < next))) return;
        oldest.insert(std::move(next));
        if (oldest.size() <= most) return;
        oldest.erase(std::prev(oldest.end()));
        is_cut = true;
    }

    void remove(const partition& p) {
        const auto found = queues_.find(stem_of(p.name));
        if (found == queues_.end()) return;
        auto& [oldest, is_cut, is_in_order, after] = found->second;
        oldest.erase(entry_of(p));
        is_due_ = is_due_ || (is_cut && oldest.empty());
    }

    void drop(const partition& p, const rhythms& drops) {
        const std::string stem = stem_of(p.name);
        const auto found = queues_.find(stem);
        if (found == queues_.end()) {
            const rhythm* series = drops.find(stem);
            is_due_ = is_due_ || (series != nullptr && series->is_known());
            return;
        }
        auto& [oldest, is_cut, is_in_order, after] = found->second;
        entry gone = entry_of(p);
        if (after && gone < *after) {
            is_in_order = false;
            after.reset();
            is_due_ = true;
        }
        if (is_in_order) {
            oldest.erase(oldest.begin(), oldest.upper_bound(gone));
            after = std::move(gone);
        } else {
            oldest.erase(gone);
        }
        is_due_ = is_due_ || (is_cut && oldest.empty());
    }

    std::unordered_map<std::string, queue> queues_;  ///< by stem
    bool is_due_ = false;
};

}  // namespace foreshadow::detail

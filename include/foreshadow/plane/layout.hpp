// SPDX-License-Identifier: BSL-1.0
//
// Partitions, the layout they form at a position, and the log entry that turns one layout into the next.
// A layout entry says which partitions end and which begin; it moves no row. What a drop removes and what a
// creation did not start empty with stand in the log as changes of their own (`erase_range`, `replaced`).
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace foreshadow {

/// Identity of a partition: the database's own number and the position of its creation, so that it is never reused.
struct partition_id {
    std::uint64_t native = 0;
    position created;

    friend constexpr auto operator<=>(partition_id, partition_id) = default;
};

/// What a partition's rows are: data, or definitions (tables, types, indexes) that a target needs first.
///
/// Definitions are rows of the plane like any other, so they are exact at T by the same rule.
enum class content : std::uint8_t { data, definitions };

struct partition {
    partition_id id;
    std::string name;  ///< an attribute for people; never an identity
    key_range interval;
    content holds = content::data;
    bool born_empty = false;  ///< its creation is in the log and it had no rows: counts as an image from there on
    std::uint64_t rows = 0;   ///< an estimate when the layout was read; 0 when unknown
    std::uint64_t bytes = 0;  ///< an estimate when the layout was read; 0 when unknown

    friend bool operator==(const partition&, const partition&) = default;
};

/// The partitions alive at a position: disjoint, ordered by `interval.begin`; keys between them belong to nobody.
struct layout {
    position at;
    std::vector<partition> partitions;

    friend bool operator==(const layout&, const layout&) = default;

    /// The partition that owns `k`, or null. O(log n).
    [[nodiscard]] const partition* owner(key_view k) const {
        auto next = std::upper_bound(partitions.begin(), partitions.end(), k,
                                     [](key_view value, const partition& p) { return value < p.interval.begin; });
        if (next == partitions.begin()) return nullptr;
        const partition& candidate = *--next;
        return candidate.interval.contains(k) ? &candidate : nullptr;
    }

    /// The partitions that own keys of `range`, in key order. O(log n).
    [[nodiscard]] std::span<const partition> overlapping(const key_range& range) const {
        if (range.is_empty()) return {};
        const auto first = std::partition_point(partitions.begin(), partitions.end(), [&](const partition& p) {
            return !p.interval.ends_after(range.begin);
        });
        const auto last = std::partition_point(first, partitions.end(),
                                               [&](const partition& p) { return range.ends_after(p.interval.begin); });
        return {first, last};
    }

    /// O(n); who asks often makes a `partition_index`.
    [[nodiscard]] const partition* find(partition_id id) const {
        const auto found =
            std::find_if(partitions.begin(), partitions.end(), [&](const auto& p) { return p.id == id; });
        return found == partitions.end() ? nullptr : &*found;
    }
};

/// The partitions of a layout by id. The layout outlives it, and stays as it is.
class partition_index {
  public:
    explicit partition_index(const layout& of) {
        by_id_.reserve(of.partitions.size());
        for (const partition& p : of.partitions) by_id_.push_back(&p);
        std::sort(by_id_.begin(), by_id_.end(), [](const partition* a, const partition* b) { return a->id < b->id; });
    }

    /// The partition, or null. O(log n).
    [[nodiscard]] const partition* find(partition_id id) const {
        const auto found = std::lower_bound(by_id_.begin(), by_id_.end(), id,
                                            [](const partition* p, partition_id wanted) { return p->id < wanted; });
        return found != by_id_.end() && (*found)->id == id ? *found : nullptr;
    }

  private:
    std::vector<const partition*> by_id_;
};

/// A partition took rows over from another one, under other keys, so that their intervals do not show it.
struct descent {
    partition_id from;
    partition_id to;

    friend bool operator==(const descent&, const descent&) = default;
};

/// A layout entry of the log: takes effect for versions above its own (layout rule).
struct layout_change {
    version at;
    wall_time time;
    std::vector<partition_id> retired;
    std::vector<partition> begun;        ///< none was created after `at.at`
    std::vector<descent> descents = {};  ///< from one of `retired` to one of `begun`; lineage reads them, nothing else

    friend bool operator==(const layout_change&, const layout_change&) = default;
};

}  // namespace foreshadow

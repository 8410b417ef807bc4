// SPDX-License-Identifier: BSL-1.0
//
// How a database cuts its keys into partitions, where that has nothing to do with how the source did it. A restore is
// rows in key order, and who receives them decides where they go; so another layout needs nothing of the core, neither
// ranges cut elsewhere nor hashing.
#pragma once

#include "foreshadow/plane/key_range.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace foreshadow::testing {

class placement {
  public:
    /// Ranges that these keys divide: one more than there are keys.
    [[nodiscard]] static placement by_ranges(std::vector<key> boundaries) {
        std::sort(boundaries.begin(), boundaries.end());
        placement made;
        made.count_ = boundaries.size() + 1;
        made.boundaries_ = std::move(boundaries);
        return made;
    }
    /// So many partitions, of which a hash of the key chooses.
    [[nodiscard]] static placement by_hash(std::size_t partitions) {
        placement made;
        made.count_ = std::max<std::size_t>(1, partitions);
        made.is_hashed_ = true;
        return made;
    }

    [[nodiscard]] std::size_t partitions() const noexcept { return count_; }
    [[nodiscard]] bool is_hashed() const noexcept { return is_hashed_; }

    /// The number of the partition where `k` belongs.
    [[nodiscard]] std::size_t of(key_view k) const {
        if (is_hashed_) return static_cast<std::size_t>(hash(k) % count_);
        const auto above = std::upper_bound(boundaries_.begin(), boundaries_.end(), k);
        return static_cast<std::size_t>(above - boundaries_.begin());
    }

    /// The keys of a partition, where they are ranges.
    [[nodiscard]] key_range range_of(std::size_t partition) const {
        return {partition == 0 ? key{} : boundaries_[partition - 1],
                partition == boundaries_.size() ? key{} : boundaries_[partition]};
    }

  private:
    /// FNV-1a, the same on every machine.
    [[nodiscard]] static std::uint64_t hash(key_view k) {
        std::uint64_t value = 0xcbf29ce484222325ULL;
        for (const char c : k) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
        return value;
    }

    std::vector<key> boundaries_;
    std::size_t count_ = 1;
    bool is_hashed_ = false;
};

}  // namespace foreshadow::testing

// SPDX-License-Identifier: BSL-1.0
//
// What a database engine with automatic partitions does by itself, here done for SQLite: split by size, merge what has
// become small, make the next time partition, drop what expired. It knows nothing of any backup.
#pragma once

#include "routed_table.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace shop {

class engine {
  public:
    engine(std::vector<routed_table*> by_size, routed_table& by_time, std::int64_t split_rows)
        : by_size_{std::move(by_size)}, by_time_{&by_time}, split_rows_{split_rows} {}

    /// Makes the most urgent change, at most one; says what it did, or nothing.
    std::string keep_house(std::int64_t now);

  private:
    std::string grow_or_shrink(routed_table& table) const;
    std::string expire(std::int64_t now) const;

    std::vector<routed_table*> by_size_;
    routed_table* by_time_;
    std::int64_t split_rows_;
};

}  // namespace shop

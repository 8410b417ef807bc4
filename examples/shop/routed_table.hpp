// SPDX-License-Identifier: BSL-1.0
//
// A partitioned table as its one writer sees it: which child owns a key, and how many rows each has. Only the writer
// changes layouts, so what it remembers stays true; with several writers one would ask `route` in each transaction.
#pragma once

#include "shop.hpp"

#include "foreshadow/sqlite/partitioned_table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shop {

class routed_table {
  public:
    struct child {
        std::string name;
        std::optional<std::int64_t> low;
        std::optional<std::int64_t> high;
        std::int64_t rows = 0;

        [[nodiscard]] bool owns(std::int64_t key) const { return (!low || *low <= key) && (!high || key < *high); }
    };

    /// Opens a table that is there and counts its rows.
    routed_table(connection& db, const table_plan& plan);

    /// Makes an empty table whose partitions end at `bounds`; nobody owns keys below the first or above the last one
    /// unless they are open.
    static void create(connection& db, const table_plan& plan, const std::vector<std::int64_t>& bounds);

    /// Null where no partition owns the key.
    [[nodiscard]] child* owner(std::int64_t key);
    [[nodiscard]] const std::vector<child>& children() const { return children_; }
    [[nodiscard]] const table_plan& plan() const { return *plan_; }

    /// Writes the row as it is now into the ledger, or that it is gone: in the transaction that changed it.
    void tell_ledger(const child& where, std::int64_t key, std::int64_t second);

    /// Cuts a child in the middle of its rows; returns the new one's name, or nothing where all rows have one key.
    std::optional<std::string> split(std::size_t index);
    void merge_with_next(std::size_t index);
    std::string add(std::int64_t low, std::int64_t high);
    void drop(std::size_t index);

  private:
    void read_map();

    connection* db_;
    const table_plan* plan_;
    foreshadow::sqlite::partitioned_table table_;
    std::vector<child> children_;
};

}  // namespace shop

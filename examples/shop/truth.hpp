// SPDX-License-Identifier: BSL-1.0
//
// How to know that a restored database is right: the ledger in it is exactly what the live one had up to its last line,
// and replayed, it gives every row of every table, and no other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shop {

struct verdict {
    std::int64_t last_seq = 0;             ///< of the restored ledger
    std::uint64_t rows = 0;                ///< compared, of the four tables
    std::vector<std::string> differences;  ///< the first few

    [[nodiscard]] bool is_equal() const { return differences.empty(); }
};

/// The last line of a ledger.
[[nodiscard]] std::int64_t last_seq(const std::string& database);

/// Compares a restored database with the truth. `at_least`: a line that was there before the restore point's T.
[[nodiscard]] verdict compare_with_truth(const std::string& restored, const std::string& live, std::int64_t at_least);

/// Compares one child table of two databases, row by row.
[[nodiscard]] verdict compare_partition(const std::string& child, const std::string& one, const std::string& other);

}  // namespace shop

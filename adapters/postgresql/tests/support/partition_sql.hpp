// SPDX-License-Identifier: BSL-1.0
//
// Partitions as users of PostgreSQL make, split and merge them, as statements.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::tests {

/// Of numbers, or of what SQL has in their place: MINVALUE, '2020-01-01'.
[[nodiscard]] inline std::string range_sql(const std::string& from, const std::string& to) {
    return " FOR VALUES FROM (" + from + ") TO (" + to + ")";
}
[[nodiscard]] inline std::string range_sql(int from, int to) {
    return range_sql(std::to_string(from), std::to_string(to));
}

/// A new partition. `bound`: `range_sql`, or another one.
[[nodiscard]] inline std::string partition_sql(const std::string& name, const std::string& of,
                                               const std::string& bound) {
    return "CREATE TABLE " + name + " PARTITION OF " + of + bound + ";";
}

/// In one transaction, `old` become new ones, names with bounds; the rows go to these.
[[nodiscard]] inline std::string replacement_sql(const std::string& of, const std::vector<std::string>& old,
                                                 const std::vector<std::pair<std::string, std::string>>& by) {
    std::string sql = "BEGIN;";
    for (const std::string& each : old) sql += "ALTER TABLE " + of + " DETACH PARTITION " + each + ";";
    for (const auto& [name, bound] : by) sql += partition_sql(name, of, bound);
    for (const std::string& each : old) sql += "INSERT INTO " + of + " SELECT * FROM " + each + ";";
    for (const std::string& each : old) sql += "DROP TABLE " + each + ";";
    return sql + "COMMIT";
}

}  // namespace foreshadow::postgresql::tests

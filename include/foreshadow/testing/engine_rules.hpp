// SPDX-License-Identifier: BSL-1.0
//
// When engines of real databases change their layout, in small: the shapes of the rules are theirs, the numbers are
// made for tables of kilobytes. Taken from TiKV and PD (constant size, pieces, merge), HBase (jitter per region, table
// count), FoundationDB (threshold that drifts with the database), ScyllaDB (table-wide average), CockroachDB (load
// with persistence), pg_partman (calendar).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace foreshadow::testing {

enum class engine_rule : std::uint8_t {
    constant_size,  ///< a partition above S splits
    jittered_size,  ///< S differs by up to an eighth from partition to partition, and stays
    table_count,    ///< S grows with the cube of the table's number of partitions
    database_size,  ///< S grows with the root of the database's size
    table_average,  ///< all partitions of a table split, or merge in pairs, at once
    load,           ///< a write rate that lasts
    calendar        ///< partitions are created ahead of time, and the oldest dropped
};
inline constexpr std::size_t engine_rule_count = 7;

[[nodiscard]] inline const char* name_of(engine_rule rule) noexcept {
    switch (rule) {
        case engine_rule::constant_size:
            return "constant size";
        case engine_rule::jittered_size:
            return "jittered size";
        case engine_rule::table_count:
            return "table count";
        case engine_rule::database_size:
            return "database size";
        case engine_rule::table_average:
            return "table average";
        case engine_rule::load:
            return "load";
        case engine_rule::calendar:
            return "calendar";
    }
    return "unknown";
}

/// What a rule may look at.
struct engine_measures {
    double bytes = 0;       ///< of the partition
    double jitter = 0;      ///< the partition's own, of [-1, 1)
    double partitions = 1;  ///< of the table
    double table_bytes = 0;
    double database_bytes = 0;
    double threshold = 0;     ///< S
    std::size_t hot_for = 0;  ///< consecutive checks with a high write rate
};

/// The size at which a partition splits by this rule, in bytes; 0 where size does not matter.
[[nodiscard]] inline double split_size(engine_rule rule, const engine_measures& m) {
    switch (rule) {
        case engine_rule::constant_size:
            return m.threshold;
        case engine_rule::jittered_size:
            return m.threshold * (1 + 0.125 * m.jitter);
        case engine_rule::table_count:
            return std::min(m.threshold, m.threshold / 8 * m.partitions * m.partitions * m.partitions);
        case engine_rule::database_size:
            return std::min(m.threshold / 3 + 10 * std::sqrt(m.database_bytes), 2 * m.threshold);
        case engine_rule::table_average:
        case engine_rule::load:
        case engine_rule::calendar:
            return 0;
    }
    return 0;
}

/// Whether a partition splits on its own; those of a table-wide rule never do.
[[nodiscard]] inline bool wants_split(engine_rule rule, const engine_measures& m) {
    if (rule == engine_rule::load) return m.hot_for >= 5;
    const double size = split_size(rule, m);
    return size > 0 && m.bytes >= size;
}

/// Into how many pieces: of about two thirds of S each, ten cuts at most.
[[nodiscard]] inline std::size_t pieces_of_split(const engine_measures& m) {
    const double pieces = std::round(m.bytes / (m.threshold * 2 / 3));
    return static_cast<std::size_t>(std::clamp(pieces, 2.0, 11.0));
}

/// Whether two neighbours, both past their cool-down, become one.
[[nodiscard]] inline bool wants_merge(engine_rule rule, double both_bytes, const engine_measures& m) {
    if (rule == engine_rule::table_average || rule == engine_rule::calendar) return false;
    const double size = rule == engine_rule::load ? m.threshold : split_size(rule, m);
    return both_bytes < size / 4;
}

/// What a table-wide rule does: doubles (1), halves (-1) or nothing.
[[nodiscard]] inline int table_wide_step(engine_rule rule, const engine_measures& m) {
    if (rule != engine_rule::table_average) return 0;
    const double average = m.table_bytes / std::max(1.0, m.partitions);
    const double target = m.threshold / 2;
    if (average > 2 * target) return 1;
    return average < target / 2 && m.partitions > 1 ? -1 : 0;
}

}  // namespace foreshadow::testing

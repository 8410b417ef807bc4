// SPDX-License-Identifier: BSL-1.0
//
// When engines of real databases split and merge their partitions, by their published rules with one size to scale
// them: S, the size at which a partition splits. Everything else is in proportion to it, as in the engine's defaults.
//
//   tikv      S and above: pieces of two thirds of S, ten cuts at most; below .14 S with its smaller neighbour, where
//             both stay below S (TiKV split_check/size.rs, PD merge_checker.go)
//   crdb      above S: in two; both below S/4: left with right (CockroachDB split_queue.go, merge_queue.go)
//   hbase     above S, which differs by up to an eighth from region to region, or earlier while the table has few:
//             S/40 times the cube of their number; never merges (IncreasingToUpperBoundRegionSplitPolicy)
//   fdb       above a size that grows with the root of the database's: pieces of half of it; below a quarter of it
//             and idle (FoundationDB ShardSizing.cpp, DDShardTracker.cpp)
//   load      a rate of writes that lasts three ticks, or as crdb (TiKV split_controller.rs, CockroachDB decider.go)
//   scylla    all of a table at once: when they are S on average, or S/4 (ScyllaDB tablet_allocator.cc)
//   calendar  created ahead of the time that they are for, dropped when that is long over (pg_partman)
//
// Engines check every few seconds; here what grew is checked after its transaction, everything else once a tick.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace foreshadow::testing {

enum class published_rule : std::uint8_t { tikv, crdb, hbase, fdb, load, scylla, calendar };

[[nodiscard]] inline const char* name_of(published_rule rule) noexcept {
    constexpr std::array names{"tikv", "crdb", "hbase", "fdb", "load", "scylla", "calendar"};
    const auto i = static_cast<std::size_t>(rule);
    return i < names.size() ? names[i] : "unknown";
}

[[nodiscard]] inline std::optional<published_rule> published_rule_called(std::string_view name) {
    for (auto rule = published_rule::tikv; rule <= published_rule::calendar;
         rule = static_cast<published_rule>(static_cast<int>(rule) + 1))
        if (name == name_of(rule)) return rule;
    return std::nullopt;
}

enum class engine_measure : std::uint8_t { keys, bytes };

struct rule_options {
    published_rule rule = published_rule::crdb;
    engine_measure measure = engine_measure::keys;
    double split_size = 96;           ///< S, in keys or bytes
    std::int64_t row_cap = 0;         ///< longer rows count as this many bytes, as where they overflow; 0: none
    double tick_seconds = 86400;      ///< how long a tick is
    double cool_down_ticks = 7;       ///< what split rests so long before it merges
    double versions_kept_ticks = 30;  ///< what was overwritten or deleted counts so long; 0: not at all
    double hot_writes_per_tick = 50;  ///< load: the rate that splits
    double final_database_bytes = 0;  ///< fdb: the database's size (of the measure) at which the size reaches S
    std::int64_t period_ticks = 7;    ///< calendar: what a partition is for
    std::int64_t periods_ahead = 4;   ///< calendar: created before their time
    std::int64_t periods_kept = 26;   ///< calendar: dropped after that
};

/// What a rule may look at besides the partition's size.
struct rule_measures {
    double size = 0;
    double jitter = 0;      ///< the partition's own, of [-.125, .125)
    double partitions = 1;  ///< of the table
    double database = 0;    ///< size of everything
    std::size_t hot_for = 0;
    std::size_t keys = 0;
};

/// The size above which a partition splits.
[[nodiscard]] inline double split_size(const rule_options& o, const rule_measures& m) {
    const double s = o.split_size;
    if (o.rule == published_rule::hbase) return std::min(s * (1 + m.jitter), s / 40 * std::pow(m.partitions, 3.0));
    if (o.rule == published_rule::fdb) {
        const double least = s / 50;
        const double slope = (s / 4 - least) / std::pow(std::max(o.final_database_bytes, 1.0), 0.5);
        return std::min((least + std::pow(std::max(m.database, 0.0), 0.5) * slope) * 4, s);
    }
    return s;
}

/// Into how many pieces a partition is cut now; 1 where it stays as it is.
[[nodiscard]] inline std::size_t pieces_of(const rule_options& o, const rule_measures& m) {
    const double size = m.size;
    const double s = split_size(o, m);
    switch (o.rule) {
        case published_rule::tikv: {
            if (size < s) return 1;
            const double whole = (size - std::fmod(size, s)) / s;
            return 1 +
                   static_cast<std::size_t>(std::min(std::max(std::nearbyint(size / (2 * s / 3)) - 1, whole), 10.0));
        }
        case published_rule::fdb:
            if (size <= s) return 1;
            return static_cast<std::size_t>(std::max(2.0, std::ceil(size / std::max(std::floor(s / 2), 1.0))));
        case published_rule::load:
            return size > s || (m.hot_for >= 3 && m.keys > 1) ? 2 : 1;
        case published_rule::crdb:
        case published_rule::hbase:
            return size > s ? 2 : 1;
        case published_rule::scylla:
        case published_rule::calendar:
            return 1;
    }
    return 1;
}

/// The size up to which a partition looks for a neighbour to merge with, of the size above which it would split.
[[nodiscard]] inline double merge_size(published_rule rule, double split_at) {
    return rule == published_rule::tikv ? .14 * split_at : split_at / 4;
}

/// Whether partitions merge by themselves, one pair at a time.
[[nodiscard]] inline bool merges_pairs(published_rule rule) {
    return rule == published_rule::tikv || rule == published_rule::crdb || rule == published_rule::fdb ||
           rule == published_rule::load;
}

/// What the table-wide rule does: doubles (1), halves (-1) or nothing.
[[nodiscard]] inline int table_step(const rule_options& o, double table_size, double partitions) {
    if (o.rule != published_rule::scylla) return 0;
    const double average = table_size / std::max(partitions, 1.0);
    if (average > o.split_size) return 1;
    return average < o.split_size / 4 && partitions > 1 ? -1 : 0;
}

}  // namespace foreshadow::testing

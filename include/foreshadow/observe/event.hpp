// SPDX-License-Identifier: BSL-1.0
//
// What happens during a backup, restore or verification, for whoever wants to know. Events are told on the strand,
// between two awaits: an observer is quick, or hands on.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/plane/prediction.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace foreshadow {

struct backup_started {
    std::string source;
    std::string backup;
    bool resumed = false;
    std::size_t partitions = 0;
};
struct held_from {
    position from;
};
/// One short transaction read `rows` of `interval`.
struct chunk_read {
    key_range interval;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    position at;
};
struct log_followed {
    position upto;
    std::uint64_t commits = 0;
    std::uint64_t changes = 0;
    std::uint64_t bytes = 0;
};
struct layout_changed {
    lineage_event what;
};
struct predicted {
    prediction what;
};
struct outcome_known {
    std::uint64_t prediction = 0;
    outcome became;
};
struct shadow_opened {
    std::uint64_t prediction = 0;
};
/// The shadow's change came about; `recut`: at another boundary than foretold.
struct shadow_adopted {
    std::uint64_t prediction = 0;
    bool recut = false;
};
struct shadow_discarded {
    std::uint64_t prediction = 0;
};
/// Rates in bytes per second, infinity being unlimited, and in layout changes per second.
struct pace_changed {
    double rate = 0;
    double predicted_change_rate = 0;
    double needed_rate = 0;  ///< what would read all that is predicted to change before it does
    double latency_seconds = 0;
    std::string reason;
};
struct checkpointed {
    position followed;
    std::uint64_t sequence = 0;
};
struct point_published {
    std::string id;
    position at;
    wall_time time;
};
/// Sums over all partitions so far; `of` is the number of bytes expected, 0 when unknown.
struct restore_progress {
    std::string partition;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    std::uint64_t of = 0;
};
struct verify_progress {
    std::uint64_t done = 0;
    std::uint64_t of = 0;
};
/// The source is locked by another program; it is asked again. `waited_seconds`: since it was asked first.
struct source_busy {
    std::string why;
    double waited_seconds = 0;
};
struct warning {
    std::string text;
};

using event = std::variant<backup_started, held_from, chunk_read, log_followed, layout_changed, predicted,
                           outcome_known, shadow_opened, shadow_adopted, shadow_discarded, pace_changed, checkpointed,
                           point_published, restore_progress, verify_progress, source_busy, warning>;

}  // namespace foreshadow

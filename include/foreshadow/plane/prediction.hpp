// SPDX-License-Identifier: BSL-1.0
//
// A prediction and what became of it. A prediction may change cost, never content (prediction rule), so these
// are plain records: nothing that decides restorability reads them.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/lineage.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace foreshadow {

/// When something is expected: quantiles of the time that remains, in seconds from the issue of the prediction.
struct expected_delay {
    double p10 = 0;
    double p50 = 0;
    double p90 = 0;

    friend bool operator==(const expected_delay&, const expected_delay&) = default;
};

/// One number that made a prediction what it is: "size 371 MB", "threshold 384 MB", "growth 2.1 MB/s".
struct evidence {
    std::string name;
    double value = 0;
    std::string unit;

    friend bool operator==(const evidence&, const evidence&) = default;
};

struct prediction {
    std::uint64_t id = 0;  ///< given by the catalog when it is recorded; 0 before
    lineage_kind kind = lineage_kind::split;
    std::vector<partition_id> partitions;
    std::vector<key> boundaries;  ///< expected inner boundaries after the change; none for a merge or drop
    /// What a creation makes will be called, a `#` for digits that are not known: "public.events_p#". Empty where that
    /// is not foretold. A creation without boundaries is known by it, as where it will lie is not.
    std::string name;
    expected_delay when;
    double confidence = 0;  ///< calibrated probability that it happens within `horizon_seconds`
    double horizon_seconds = 0;
    std::vector<evidence> because;
    position issued_at;
    wall_time issued_time;
    std::string predictor;

    friend bool operator==(const prediction&, const prediction&) = default;
};

/// exact: it came as foretold. near: another boundary. late: after its horizon. other_kind: the partition
/// changed in another way. none: nothing happened. pending: not known yet.
enum class outcome_kind : std::uint8_t { pending, exact, near, late, other_kind, none };

[[nodiscard]] inline const char* name_of(outcome_kind kind) noexcept {
    switch (kind) {
        case outcome_kind::pending:
            return "pending";
        case outcome_kind::exact:
            return "exact";
        case outcome_kind::near:
            return "near";
        case outcome_kind::late:
            return "late";
        case outcome_kind::other_kind:
            return "other kind";
        case outcome_kind::none:
            return "none";
    }
    return "unknown";
}

struct outcome {
    outcome_kind kind = outcome_kind::pending;
    version at;                   ///< of the layout change, where there was one
    double lead_seconds = 0;      ///< from the issue of the prediction to the change
    std::vector<key> boundaries;  ///< the boundaries that came about

    friend bool operator==(const outcome&, const outcome&) = default;
};

/// What became of the shadow of a prediction.
enum class shadow_fate : std::uint8_t {
    none,       ///< no shadow was opened
    open,       ///< still running
    adopted,    ///< its change came about where it was expected
    recut,      ///< its change came about at another boundary, and the shadow was cut again
    discarded,  ///< its change did not come about
    displaced   ///< gave way to a better one, or the budget ended it
};

[[nodiscard]] inline const char* name_of(shadow_fate fate) noexcept {
    switch (fate) {
        case shadow_fate::none:
            return "none";
        case shadow_fate::open:
            return "open";
        case shadow_fate::adopted:
            return "adopted";
        case shadow_fate::recut:
            return "recut";
        case shadow_fate::discarded:
            return "discarded";
        case shadow_fate::displaced:
            return "displaced";
    }
    return "unknown";
}

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// The plane's value types, described once for the catalog (see json.hpp). A member added to a type is added here,
// and the format's version moves.
#pragma once

#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/plane/shadow_account.hpp"
#include "foreshadow/source/omission.hpp"

#include <boost/describe/class.hpp>

namespace foreshadow {

[[nodiscard]] inline const char* name_of(content holds) noexcept {
    switch (holds) {
        case content::data:
            return "data";
        case content::definitions:
            return "definitions";
    }
    return "unknown";
}

BOOST_DESCRIBE_STRUCT(position, (), (value))
BOOST_DESCRIBE_STRUCT(version, (), (at, ordinal))
BOOST_DESCRIBE_STRUCT(wall_time, (), (microseconds))
BOOST_DESCRIBE_STRUCT(key_range, (), (begin, end))
BOOST_DESCRIBE_STRUCT(horizon, (), (low, high, also))
BOOST_DESCRIBE_STRUCT(partition_id, (), (native, created))
BOOST_DESCRIBE_STRUCT(partition, (), (id, name, interval, holds, born_empty, rows, bytes))
BOOST_DESCRIBE_STRUCT(layout, (), (at, partitions))
BOOST_DESCRIBE_STRUCT(descent, (), (from, to))
BOOST_DESCRIBE_STRUCT(layout_change, (), (at, time, retired, begun, descents))
BOOST_DESCRIBE_STRUCT(lineage_event, (), (at, time, kind, from, to, boundaries))
BOOST_DESCRIBE_STRUCT(image, (), (interval, seen, where, rows, bytes, fingerprint))
BOOST_DESCRIBE_STRUCT(segment, (), (after, upto, where, changes, bytes))
BOOST_DESCRIBE_STRUCT(range_erasure, (), (at, interval))
BOOST_DESCRIBE_STRUCT(run, (), (interval, after, upto, where, erasures, changes, bytes, prediction, fingerprint))
BOOST_DESCRIBE_STRUCT(birth, (), (interval, at))
BOOST_DESCRIBE_STRUCT(replacement, (), (interval, at))
BOOST_DESCRIBE_STRUCT(boxes, (), (images, segments, runs, births, replacements))
BOOST_DESCRIBE_STRUCT(expected_delay, (), (p10, p50, p90))
BOOST_DESCRIBE_STRUCT(evidence, (), (name, value, unit))
BOOST_DESCRIBE_STRUCT(prediction, (),
                      (id, kind, partitions, boundaries, name, when, confidence, horizon_seconds, because, issued_at,
                       issued_time, predictor))
BOOST_DESCRIBE_STRUCT(outcome, (), (kind, at, lead_seconds, boundaries))
BOOST_DESCRIBE_STRUCT(shadow_account, (), (spared, ready, worth, cost, open, most_open, held, most_held, verdict))
BOOST_DESCRIBE_STRUCT(omission, (), (name, why))

}  // namespace foreshadow

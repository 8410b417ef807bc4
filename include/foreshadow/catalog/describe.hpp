// SPDX-License-Identifier: BSL-1.0
//
// The plane's value types, described once for the catalog (see json.hpp). A member added to a type is added here,
// and the format's version moves.
#pragma once

#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/plane/prediction.hpp"

#include <boost/hana/adapt_struct.hpp>

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

}  // namespace foreshadow

BOOST_HANA_ADAPT_STRUCT(foreshadow::position, value);
BOOST_HANA_ADAPT_STRUCT(foreshadow::version, at, ordinal);
BOOST_HANA_ADAPT_STRUCT(foreshadow::wall_time, microseconds);
BOOST_HANA_ADAPT_STRUCT(foreshadow::key_range, begin, end);
BOOST_HANA_ADAPT_STRUCT(foreshadow::horizon, low, high, also);
BOOST_HANA_ADAPT_STRUCT(foreshadow::partition_id, native, created);
BOOST_HANA_ADAPT_STRUCT(foreshadow::partition, id, name, interval, holds, born_empty, rows, bytes);
BOOST_HANA_ADAPT_STRUCT(foreshadow::layout, at, partitions);
BOOST_HANA_ADAPT_STRUCT(foreshadow::layout_change, at, time, retired, begun);
BOOST_HANA_ADAPT_STRUCT(foreshadow::lineage_event, at, time, kind, from, to, boundaries);
BOOST_HANA_ADAPT_STRUCT(foreshadow::image, interval, seen, where, rows, bytes);
BOOST_HANA_ADAPT_STRUCT(foreshadow::segment, after, upto, where, changes, bytes);
BOOST_HANA_ADAPT_STRUCT(foreshadow::range_erasure, at, interval);
BOOST_HANA_ADAPT_STRUCT(foreshadow::run, interval, after, upto, where, erasures, changes, bytes, prediction);
BOOST_HANA_ADAPT_STRUCT(foreshadow::birth, interval, at);
BOOST_HANA_ADAPT_STRUCT(foreshadow::replacement, interval, at);
BOOST_HANA_ADAPT_STRUCT(foreshadow::boxes, images, segments, runs, births, replacements);
BOOST_HANA_ADAPT_STRUCT(foreshadow::expected_delay, p10, p50, p90);
BOOST_HANA_ADAPT_STRUCT(foreshadow::evidence, name, value, unit);
BOOST_HANA_ADAPT_STRUCT(foreshadow::prediction, id, kind, partitions, boundaries, when, confidence, horizon_seconds,
                        because, issued_at, issued_time, predictor);
BOOST_HANA_ADAPT_STRUCT(foreshadow::outcome, kind, at, lead_seconds, boundaries);

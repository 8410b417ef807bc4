// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/predict/detail/rhythms.hpp"

namespace foreshadow::detail {

/// What is known of partitions that come and go by the clock. A series is one of neighbours where the next touches the
/// last; where it does not, its name may tell whom it follows. What goes on by place is not of a series of names.
struct calendar {
    rhythms creations;
    rhythms drops;
    rhythms named_creations;
    rhythms named_drops;

    void learn(const lineage_event& event) {
        const bool is_drop = event.kind == lineage_kind::drop;
        if (!is_drop && event.kind != lineage_kind::create) return;
        for (const partition& p : is_drop ? event.from : event.to)
            if (!(is_drop ? drops : creations).add(p.interval, event.time))
                (is_drop ? named_drops : named_creations).add_by_name(p.name, event.time);
    }

    template <class Archive>
    void visit(Archive& archive) {
        for (rhythms* each : {&creations, &drops, &named_creations, &named_drops}) each->visit(archive);
    }
    /// After loading.
    void settle() {
        for (rhythms* each : {&creations, &drops, &named_creations, &named_drops}) each->settle();
    }
};

}  // namespace foreshadow::detail

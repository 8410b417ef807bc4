// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/source/log_batch.hpp"

#include <concepts>

namespace foreshadow::testing {

/// Hears a replay: batches and changes as a predictor does, and the end of every tick.
template <class L>
concept replay_listener =
    requires(L& l, const log_batch& batch, const layout& now, const lineage_event& event, wall_time time) {
        { l.observe(batch, now) } -> std::same_as<void>;
        { l.learn(event) } -> std::same_as<void>;
        { l.tick(time, now) } -> std::same_as<void>;
    };

}  // namespace foreshadow::testing

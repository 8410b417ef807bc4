// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/source/log_batch.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow {

/// Which layout changes are coming, when, how surely?
///
/// - `start(layout)`: the layout at the beginning, with the sizes that the source could tell.
/// - `observe(batch, layout)`: what was written; `layout` is the one in force at the batch's end. Allocates nothing per
/// change.
/// - `learn(event)`: a layout change that came about; called after `observe` of the batch that it stood in.
/// - `forecast(now, horizon_seconds, out)`: appends what is expected within the horizon. Ids and issue are filled in by
/// the caller.
/// - `save()`, `load(state)`: what was learnt, as bytes of the predictor's own; `load` of foreign bytes throws
/// `corrupt`.
///
/// Nothing that a predictor returns can hurt: confidences are clamped, unknown partitions and NaN are dropped by the
/// caller.
template <class P>
concept predictor =
    requires(P& p, const P& sealed, const layout& now, const log_batch& batch, const lineage_event& event,
             wall_time time, double horizon_seconds, std::vector<prediction>& out, std::string_view state) {
        { P::name } -> std::convertible_to<std::string_view>;
        { p.start(now) } -> std::same_as<void>;
        { p.observe(batch, now) } -> std::same_as<void>;
        { p.learn(event) } -> std::same_as<void>;
        { p.forecast(time, horizon_seconds, out) } -> std::same_as<void>;
        { sealed.save() } -> std::same_as<std::string>;
        { p.load(state) } -> std::same_as<void>;
    };

/// A predictor that wants to be told how large partitions are: `measured(layout)` comes before a forecast whenever
/// there is news of sizes that the log does not tell, with the rows and bytes of every live partition as of then. It
/// comes only where all of them are known, by being told or counted; 0 is a size.
template <class P>
concept takes_measurements = predictor<P> && requires(P& p, const layout& told) {
    { p.measured(told) } -> std::same_as<void>;
};

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Whether a score can be trusted: what a predictor says may depend on what came before, never on what comes after. A
// log is replayed again with another future from some line on; up to there every forecast must be the same, to the
// last bit. It finds a predictor that peeks into the log, and a harness that tells too early.
#pragma once

#include "foreshadow/predict/prequential.hpp"
#include "foreshadow/predict/trace.hpp"
#include "foreshadow/testing/replay.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct causality_report {
    std::size_t rows_compared = 0;
    std::optional<wall_time> leaks_at;  ///< the first tick whose forecast knew of the future

    [[nodiscard]] bool is_causal() const noexcept { return !leaks_at.has_value(); }
};

namespace detail {

/// The log up to `line`, then writes at the times that it has, but of other keys: those of the past, backwards.
[[nodiscard]] inline std::vector<trace_line> with_another_future(const std::vector<trace_line>& trace,
                                                                 std::size_t line) {
    std::vector<trace_line> made(trace.begin(), trace.begin() + static_cast<std::ptrdiff_t>(line));
    std::vector<key> past;
    for (const trace_line& l : made)
        if (!l.change) past.push_back(l.key);
    // An eighth is enough for a future that is used to show.
    const std::size_t end = std::min(trace.size(), line + trace.size() / 8 + 1);
    for (std::size_t i = line; i < end && !past.empty(); ++i) {
        if (trace[i].change) continue;
        trace_line other = trace[i];
        other.op = 'U';
        other.key = past[past.size() - 1 - (i - line) % past.size()];
        made.push_back(std::move(other));
    }
    return made;
}

}  // namespace detail

/// Compares the forecasts of `make(trace)` with those that it makes on logs which go on differently after each of
/// `shares` of the lines. `make` is given the log that its predictor is asked on, so that one which peeks peeks there.
template <class MakePredictor>
[[nodiscard]] causality_report audit_causality(const std::vector<trace_line>& trace, const replay_options& replayed,
                                               const scoring_options& scored, MakePredictor make,
                                               std::span<const double> shares) {
    const auto forecasts_on = [&](const std::vector<trace_line>& log) {
        auto predictor = make(log);
        prequential<decltype(predictor)> asked{predictor, scored};
        replay(log, replayed, asked);
        std::vector<forecast_rows> rows;
        for (const lineage_kind kind : scored_kinds) rows.push_back(asked.rows_of(kind));
        return rows;
    };
    const auto ticks_of = [&](const std::vector<trace_line>& log) {
        struct {
            void observe(const log_batch&, const layout&) {}
            void learn(const lineage_event&) {}
            void tick(wall_time time, const layout&) { last = time; }
            wall_time last;
        } heard;
        replay(log, replayed, heard);
        return heard.last;
    };
    const std::vector<forecast_rows> known = forecasts_on(trace);
    causality_report report;
    for (const double share : shares) {
        const auto line = static_cast<std::size_t>(share * static_cast<double>(trace.size()));
        const std::vector<trace_line> past(trace.begin(), trace.begin() + static_cast<std::ptrdiff_t>(line));
        if (past.empty()) continue;
        const wall_time last = ticks_of(past);
        const std::vector<forecast_rows> other = forecasts_on(detail::with_another_future(trace, line));
        for (std::size_t kind = 0; kind < known.size(); ++kind) {
            for (std::size_t i = 0; i < known[kind].at.size() && known[kind].at[i] <= last.microseconds; ++i) {
                ++report.rows_compared;
                const bool same = i < other[kind].at.size() && known[kind].said[i] == other[kind].said[i];
                const wall_time at{known[kind].at[i]};
                if (!same && (!report.leaks_at || at < *report.leaks_at)) report.leaks_at = at;
            }
        }
    }
    return report;
}

}  // namespace foreshadow::testing

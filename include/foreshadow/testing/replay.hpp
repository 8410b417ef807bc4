// SPDX-License-Identifier: BSL-1.0
//
// Replays a recorded write log tick by tick, as a source would deliver it: every batch ends where the layout changes
// or a tick ends. Layout changes come from an engine's rule, or from the trace itself.
//
// On the replay clock a tick is a fixed number of writes, each its own transaction, which stands for a database that
// is busy all the time; on the log's own clock the writes of one second are one transaction.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/predict/trace.hpp"
#include "foreshadow/source/log_batch.hpp"
#include "foreshadow/testing/published_rules.hpp"
#include "foreshadow/testing/replay_listener.hpp"
#include "foreshadow/testing/replayed_bands.hpp"
#include "foreshadow/testing/replayed_engine.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct replay_options {
    std::optional<rule_options> rule;  ///< none: the trace tells its layout changes
    double tick_seconds = 86400;
    double writes_per_tick = 0;  ///< the replay clock; 0: the log's own
};

struct replay_figures {
    std::size_t writes = 0;
    std::size_t homeless = 0;  ///< writes to keys of no partition
    std::size_t ticks = 0;
    std::size_t changes = 0;  ///< of layout
};

namespace detail {

/// Whole ticks in `seconds`; exact where a quotient would round up.
[[nodiscard]] inline double whole_ticks(double seconds, double tick) {
    const double rest = std::fmod(seconds, tick);
    return std::round((seconds - rest) / tick) - (rest < 0 ? 1 : 0);
}

template <replay_listener Listener>
class replayer {
  public:
    replayer(const replay_options& options, Listener& to)
        : options_{options},
          to_{to},
          engine_{rule_of(options), [this](const lineage_event& e) { changed(e); }},
          zeros_(longest_payload, '\0') {}

    replay_figures run(const std::vector<trace_line>& trace) {
        for (const trace_line& line : trace) {
            advance(line);
            if (line.change)
                change(line, *line.change);
            else
                write(line);
        }
        if (options_.rule) engine_.check(now_);
        flush(now_);
        return figures_;
    }

  private:
    // What a predictor is told of a row that is longer.
    static constexpr std::size_t longest_payload = std::size_t{1} << 20;
    static constexpr double longest_gap = 1e6;  // ticks
    static constexpr double latest = 9e11;      // seconds, of which microseconds fit in 64 bits

    /// A trace with its own layout changes has no rule, and keeps no old versions.
    [[nodiscard]] static rule_options rule_of(const replay_options& options) {
        rule_options rule = options.rule.value_or(rule_options{});
        rule.tick_seconds = options.tick_seconds;
        if (!options.rule) rule.versions_kept_ticks = 0;
        return rule;
    }

    /// Moves the clock on to a line, with all that an engine does meanwhile.
    void advance(const trace_line& line) {
        double then = line.seconds;
        if (options_.writes_per_tick > 0) {
            then = static_cast<double>(clocked_) * options_.tick_seconds / options_.writes_per_tick;
            if (line.change)
                then = started_ ? now_ : 0;
            else
                ++clocked_;
        }
        if (!started_) {
            started_ = true;
            tick_ = whole_ticks(then, options_.tick_seconds);
        } else if (then != now_) {
            if (options_.rule) engine_.check(now_);
            const double reached = whole_ticks(then, options_.tick_seconds);
            if (reached - tick_ > longest_gap || then > latest)
                throw error{errc::invalid_argument,
                            "line " + std::to_string(line.number) +
                                " of the trace is more than a million ticks later than the line before it",
                            "choose longer ticks, or the replay clock"};
            while (tick_ < reached) end_tick();
        }
        now_ = then;
    }

    void end_tick() {
        const double end = ++tick_ * options_.tick_seconds;
        flush(now_);
        if (options_.rule) engine_.patrol(end);
        flush(end);
        ++figures_.ticks;
        to_.tick(after_seconds({}, end), engine_.bands().shape());
    }

    void write(const trace_line& line) {
        ++figures_.writes;
        const std::int64_t bytes =
            options_.rule ? engine_.row_bytes(line.bytes, line.key)
                          : std::max<std::int64_t>(line.bytes, 0) + static_cast<std::int64_t>(line.key.size());
        std::optional<key> linear;
        if (options_.rule) {
            linear = engine_.write(now_, line.op, line.bytes, line.key);
        } else if (const auto place = engine_.bands().owner_of(line.key)) {
            engine_.bands().write(*place, line.key, line.op == 'D' ? -1 : bytes, now_);
            linear = line.key;
        }
        if (!linear) {
            ++figures_.homeless;
            return;
        }
        const version at{engine_.bands().head(), 0};
        const auto rest = static_cast<std::size_t>(
            std::clamp<std::int64_t>(bytes - static_cast<std::int64_t>(linear->size()), 0, longest_payload));
        batch_.commits.push_back(
            {.at = at.at, .time = after_seconds({}, now_), .first = batch_.changes.size(), .count = 1});
        batch_.changes.append({.kind = line.op == 'D' ? change_kind::erase : change_kind::put,
                               .hint = line.op == 'I'   ? write_hint::inserted
                                       : line.op == 'U' ? write_hint::updated
                                                        : write_hint::unknown,
                               .at = at,
                               .key = *linear,
                               .payload = std::string_view{zeros_}.substr(0, line.op == 'D' ? 0 : rest)});
    }

    // --- layout changes that the trace tells ---

    [[noreturn]] static void refuse(const trace_line& line, const std::string& what) {
        throw error{errc::invalid_argument, "line " + std::to_string(line.number) + " of the trace: " + what};
    }
    [[nodiscard]] std::size_t alive(const trace_line& line, std::uint64_t id) {
        const auto place = engine_.bands().place_of_id(id);
        if (!place) refuse(line, "partition " + std::to_string(id) + " does not live");
        return *place;
    }

    void change(const trace_line& line, const traced_change& told) {
        replayed_bands& bands = engine_.bands();
        for (const std::uint64_t id : told.begun)
            if (bands.place_of_id(id)) refuse(line, "partition " + std::to_string(id) + " lives already");
        if (told.kind == lineage_kind::create) {
            const key_range whole{told.boundaries[0], told.boundaries.size() > 1 ? told.boundaries[1] : key{}};
            for (const partition& p : bands.shape().partitions)
                if (p.interval.overlaps(whole))
                    refuse(line, "the interval overlaps partition " + std::to_string(p.id.native));
            bands.create(now_, {}, whole, told.begun);
        } else if (told.kind == lineage_kind::drop) {
            bands.drop(now_, alive(line, told.ended[0]));
        } else if (told.kind == lineage_kind::split) {
            const std::size_t place = alive(line, told.ended[0]);
            for (const key& edge : told.boundaries)
                if (edge <= bands.interval_of(place).begin || !bands.interval_of(place).ends_after(edge))
                    refuse(line, "boundary " + printable(edge) + " is not inside of the partition");
            bands.split(now_, place, told.boundaries, told.begun);
        } else {
            std::vector<std::size_t> places;
            for (const std::uint64_t id : told.ended) places.push_back(alive(line, id));
            std::sort(places.begin(), places.end());
            for (std::size_t i = 1; i < places.size(); ++i)
                if (places[i] != places[i - 1] + 1 ||
                    bands.interval_of(places[i - 1]).end != bands.interval_of(places[i]).begin)
                    refuse(line, "the partitions that merge are no neighbours");
            bands.merge(now_, places[0], places.size(), told.begun);
        }
    }

    // --- what is told ---

    void changed(const lineage_event& event) {
        ++figures_.changes;
        layout_change change{.at = event.at, .time = event.time, .retired = {}, .begun = event.to};
        for (const partition& p : event.from) change.retired.push_back(p.id);
        batch_.layouts.push_back(std::move(change));
        flush(static_cast<double>(event.time.microseconds) * 1e-6);
        to_.learn(event);
    }

    void flush(double now) {
        batch_.after = told_;
        batch_.upto = told_ = engine_.bands().head();
        batch_.now = after_seconds({}, now);
        to_.observe(batch_, engine_.bands().shape());
        batch_.clear();
    }

    replay_options options_;
    Listener& to_;
    replayed_engine engine_;
    std::string zeros_;
    log_batch batch_;
    position told_;
    replay_figures figures_;
    double now_ = 0;
    double tick_ = 0;
    std::size_t clocked_ = 0;  ///< writes on the replay clock
    bool started_ = false;
};

}  // namespace detail

/// Replays `trace` to `to`. The last tick of a log that does not fill it is not ended: nothing is known of it.
///
/// Errors: `invalid_argument` with the number of the line that cannot be replayed, or where rule and trace do not fit.
template <replay_listener Listener>
replay_figures replay(const std::vector<trace_line>& trace, const replay_options& options, Listener& to) {
    const bool tells = has_layout_changes(trace);
    if (tells && options.rule)
        throw error{errc::invalid_argument, "the trace tells its own layout changes", "leave the rule out"};
    if (!tells && !options.rule)
        throw error{errc::invalid_argument, "the trace tells no layout changes", "name the rule of an engine"};
    return detail::replayer<Listener>{options, to}.run(trace);
}

/// The size of the database at the end of a log, for the rule that needs to know it: as if nothing ever split.
[[nodiscard]] inline double final_size(const std::vector<trace_line>& trace, const replay_options& options) {
    replay_options whole = options;
    whole.rule->rule = published_rule::crdb;
    whole.rule->split_size = 1e18;
    whole.rule->row_cap = 0;
    struct {
        engine_measure measure;
        double size = 0;
        void observe(const log_batch&, const layout& now) {
            size = 0;
            for (const partition& p : now.partitions)
                size += static_cast<double>(measure == engine_measure::keys ? p.rows : p.bytes);
        }
        void learn(const lineage_event&) {}
        void tick(wall_time, const layout&) {}
    } heard{.measure = whole.rule->measure};
    replay(trace, whole, heard);
    return heard.size;
}

}  // namespace foreshadow::testing

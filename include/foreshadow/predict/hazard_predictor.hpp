// SPDX-License-Identifier: BSL-1.0
//
// The predictor that learns. Partitions split at a hidden threshold: where it lies is learnt on the axis of sizes, for
// each measure of size; growth says when a partition gets there, as the first passage of a drifting process; a small
// model that learns as it goes corrects that by what came of it; a calibration makes it a probability. Merges are
// learnt of pairs in the same way, creations and drops as rhythms, of neighbours or of names. Everything is online,
// takes a few microseconds a partition and forecast, and can be read: each prediction carries the numbers that made it.
//
// Time is counted in fifths of the horizon that is asked for, and sizes in thresholds, so there is nothing to tune to a
// database. `forecast` is the tick: what was written since the last one is folded then, rows that will be learnt from
// are taken, and those whose horizon is over are learnt. Rows are never learnt from before.
//
// When not to use it: for a horizon in which most partitions change, and where partitions never change.
#pragma once

#include "foreshadow/predict/detail/hazard_features.hpp"
#include "foreshadow/predict/detail/hazard_model.hpp"
#include "foreshadow/predict/detail/log_odds.hpp"
#include "foreshadow/predict/detail/merge_chains.hpp"
#include "foreshadow/predict/detail/rhythm_predictions.hpp"
#include "foreshadow/predict/detail/sizes_at_change.hpp"
#include "foreshadow/predict/detail/waiting_rows.hpp"
#include "foreshadow/predict/predictor.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

class hazard_predictor {
  public:
    static constexpr std::string_view name = "hazard";

    struct options {
        double split_at_rows = 0;        ///< the threshold, where the source tells it: as good as fifty splits seen
        double split_at_bytes = 0;       ///< likewise
        double least_confidence = 0.02;  ///< below it is not worth saying
        /// Partitions that one forecast looks at closely: those that the horizon may bring nearest to a threshold. It
        /// bounds the time of a forecast, whatever the stream does.
        std::size_t most_examined = 16'384;
    };

    hazard_predictor() : hazard_predictor{options{}} {}
    explicit hazard_predictor(options chosen) : options_{chosen} {
        if (chosen.split_at_rows > 0) model_.limits.expect(detail::by_rows, chosen.split_at_rows);
        if (chosen.split_at_bytes > 0) model_.limits.expect(detail::by_bytes, chosen.split_at_bytes);
        lead();
    }

    void start(const layout& now) {
        bands_.start(now);
        queues_.start(model_.dates.named_drops, now);
        model_.limits.forget_families();  // they are numbered anew
        begin_anew();
    }
    void observe(const log_batch& batch, const layout& now) {
        bands_.observe(batch, now);
        queues_.look_if_due(model_.dates.named_drops, now);
    }

    /// What the source says of its partitions' sizes now, for sources that can tell without effort; between two such
    /// tellings, and without any, the stream is what sizes are made of. O(partitions).
    void measured(const layout& told) {
        bands_.measured(told);
        queues_.look_if_due(model_.dates.named_drops, told);
    }

    void learn(const lineage_event& event);
    void forecast(wall_time now, double horizon_seconds, std::vector<prediction>& out);

    /// What was learnt: thresholds, models, calibration, rhythms. Sizes come from the layout at every start; thresholds
    /// of single tables are learnt again, from the common one.
    [[nodiscard]] std::string save() const {
        detail::hazard_model kept = model_;
        kept.sizes = bands_.learnt;
        kept.lives = bands_.lives;
        return std::move(kept).save();
    }
    /// Errors: `corrupt` when the state is of another predictor, or damaged; what was learnt before stays then.
    void load(std::string_view state) {
        model_ = detail::hazard_model::load(state);
        bands_.learnt = model_.sizes;
        bands_.lives = model_.lives;
        queues_.look_again();
        lead();
    }

  private:
    using slot = detail::bands::slot;
    /// Rows of a partition within one horizon: nearer ones tell nothing new.
    static constexpr double rows_a_horizon = 8;
    /// Horizons that the log may lie behind the clock until what did not come is held not to come.
    static constexpr double longest_delay = 4;

    void begin_anew();
    void lead();
    void tick(wall_time now, double horizon);
    void learn_matured();
    void foretell_splits(bool sampling, std::vector<prediction>& out);
    void foretell_merges(bool sampling, std::vector<prediction>& out);
    [[nodiscard]] prediction explain_split(slot s, const detail::split_features& f, double seconds);
    [[nodiscard]] bool wait(detail::waiting_rows& rows, const auto& features, std::size_t of_rows, double p,
                            detail::waiting_row row);
    void say(prediction p, double confidence, std::vector<prediction>& out) const;
    [[nodiscard]] const char* unit() const noexcept { return bands_.leading == detail::by_rows ? "rows" : "bytes"; }
    [[nodiscard]] double random() noexcept {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        return static_cast<double>(random_ >> 11) * 0x1p-53;
    }

    options options_;
    detail::hazard_model model_;
    detail::bands bands_;
    detail::drop_queues queues_;
    detail::surroundings around_;
    detail::waiting_rows split_rows_;
    detail::waiting_rows merge_rows_;
    double horizon_ = 60;
    double last_sampled_ = -1e300;
    bool has_ticked_ = false;
    std::uint64_t events_ = 0;
    std::uint64_t random_ = 0x9e3779b97f4a7c15ULL;
};

inline void hazard_predictor::begin_anew() {
    split_rows_.clear();
    merge_rows_.clear();
    bands_.heard_until = -1e300;
    last_sampled_ = -1e300;
    has_ticked_ = false;
}

inline void hazard_predictor::learn(const lineage_event& event) {
    if (!bands_.is_told() && detail::repeats_sizes(event)) return learn(detail::without_sizes(event));
    const double at = bands_.seconds(event.time);
    ++events_;
    for (const std::uint32_t family : bands_.take_ended_families()) model_.limits.forget(family);
    const std::vector<slot> ended = bands_.known(event.from);
    const partition_id became = event.to.size() == 1 ? event.to.front().id : partition_id{};
    bool is_watched = false;
    for (const slot s : ended) {
        if (!bands_.columns.in[s].is_watched) continue;
        is_watched = true;
        split_rows_.end(bands_.columns.id[s], event.kind, at, events_);
        merge_rows_.end(bands_.columns.id[s], event.kind, at, events_, became);
    }
    if (event.kind == lineage_kind::split && ended.size() == 1) {
        const slot s = ended.front();
        model_.limits.split(bands_.columns.highest[s], bands_.columns.in[s].family,
                            detail::sizes_at_split(bands_, event, s));
        const auto pieces = static_cast<double>(std::min<std::size_t>(event.to.size(), 16));
        model_.pieces += 0.1 * (pieces - model_.pieces);
        lead();
    } else if (event.kind == lineage_kind::merge && ended.size() == 2 && event.from.size() == 2) {
        detail::merged_pairs::pair pair{};
        for (const detail::measure m : {detail::by_rows, detail::by_bytes}) {
            const auto [a, b] = detail::sizes_at_merge(bands_, event, ended[0], ended[1], m);
            pair.sizes[m == detail::by_rows ? 0 : 1] = {std::max(a, b), std::min(a, b), a + b};
        }
        const auto& split = bands_.columns.split;
        const double rested = at - static_cast<double>(std::max(split(ended[0]), split(ended[1])));
        pair.since_split = std::clamp(rested, 0.0, 1e12);
        model_.merged.add(pair);
    }
    model_.dates.learn(event);
    queues_.change(event, model_.dates.named_drops);
    bands_.change(event);
    bands_.heard_until = std::max(bands_.heard_until, at);
    for (const slot s : bands_.known(event.to)) {
        model_.limits.begin(bands_.columns.highest[s],
                            {bands_.size(s, detail::by_rows), bands_.size(s, detail::by_bytes)});
        // Whoever waits for a third neighbour waits for what the first two became.
        if (event.kind == lineage_kind::merge) bands_.columns.in[s].is_watched = is_watched;
    }
}

/// Follows the measure that the splits speak for.
inline void hazard_predictor::lead() {
    constexpr double decided = 0.99;  // few splits, of bulk writes, must not turn the head
    const auto w = model_.limits.weights();
    if (w[detail::by_rows] > decided) bands_.lead(detail::by_rows);
    if (w[detail::by_bytes] > decided) bands_.lead(detail::by_bytes);
}

inline void hazard_predictor::tick(wall_time now, double horizon) {
    detail::tick_times& ticks = bands_.ticks;
    horizon_ = std::isfinite(horizon) && horizon > 0 ? std::clamp(horizon, 1e-3, 1e9) : horizon_;
    ticks.unit = horizon_ / detail::units_ahead;
    constexpr double day = 86'400;
    const double into = std::fmod(static_cast<double>(now.microseconds) * 1e-6, day) / day;
    around_.phase = horizon_ > day / 2 ? 0 : into < 0 ? into + 1 : into;

    around_.family_inserts.resize(bands_.families());
    const double at = bands_.seconds(now);
    if (has_ticked_ && at < ticks.last - horizon_) begin_anew();  // the clock was far ahead, and nothing waits for it
    if (has_ticked_ && !(at > ticks.last)) return;                // it went back a little: growth waits for it
    ticks.length = has_ticked_ ? at - ticks.last : ticks.unit;
    ticks.last = at;
    if (!has_ticked_) ticks.first = at - ticks.length;
    has_ticked_ = true;

    detail::band_columns& c = bands_.columns;
    const auto fade = static_cast<double>(ticks.faded(1, ticks.length));
    for (double& each : around_.family_inserts) each *= fade;
    double grown = 0;
    bands_.note_vanished();
    for (const std::uint32_t family : bands_.take_ended_families()) model_.limits.forget(family);
    for (const slot s : bands_.take_touched()) {
        if (!bands_.is_alive(s) || !c.in[s].is_touched) continue;
        around_.family_inserts[c.in[s].family] += (1 - fade) * static_cast<double>(c.in[s].inserted) / ticks.length;
        grown += bands_.fold(s);
        model_.limits.live(c.highest[s], c.in[s].family,
                           {static_cast<double>(c.rows(s)), static_cast<double>(c.bytes(s)),
                            static_cast<double>(c.writes(s)) * detail::thresholds::rate_scale});
    }
    const auto keep = static_cast<double>(ticks.faded(2, ticks.length));
    around_.common_growth = keep * around_.common_growth + (1 - keep) * grown / ticks.length;
    const double rows = static_cast<double>(xt::sum<double>(c.rows)());
    around_.usual_row = rows > 0 ? static_cast<double>(xt::sum<double>(c.bytes)()) / rows : 0;
}

inline void hazard_predictor::learn_matured() {
    // What the log has not told yet may have come. A log that stands still must not stop the learning, though.
    const double now = bands_.ticks.last;
    const bool is_heard = bands_.heard_until > -1e300;
    const double known = is_heard ? std::max(std::min(bands_.heard_until, now), now - longest_delay * horizon_) : now;
    split_rows_.mature(
        known, lineage_kind::split,
        [&](const detail::waiting_row& row, bool came, double after) {
            model_.splits.learn(row, came);
            if (came) model_.split_lead.add(static_cast<double>(row.foretold), after);
        },
        [&] { model_.splits.step(); });
    merge_rows_.mature(
        known, lineage_kind::merge,
        [&](const detail::waiting_row& row, bool came, double) { model_.merges.learn(row, came); },
        [&] { model_.merges.step(); });
    model_.limits.refresh();
}

/// Takes a row to be learnt from, or not, where there are more than fit: likely ones sooner, and each counts for those
/// that were not taken. Returns whether it was.
inline bool hazard_predictor::wait(detail::waiting_rows& rows, const auto& features, std::size_t of_rows, double p,
                                   detail::waiting_row row) {
    const double room = 0.5 * detail::waiting_rows::most / rows_a_horizon;
    const double kept = std::min(1.0, room / static_cast<double>(of_rows) * (1 + 50 * p));
    if (kept < 1 && random() >= kept) return false;
    row.at = bands_.ticks.last;
    row.until = row.at + horizon_;
    row.weight = static_cast<float>(1 / kept);
    std::copy(features.numbers.begin(), features.numbers.end(), row.numbers.begin());
    std::copy(features.cells.begin(), features.cells.end(), row.cells.begin());
    rows.add(row);
    return true;
}

inline void hazard_predictor::foretell_splits(bool sampling, std::vector<prediction>& out) {
    const detail::hazard_features features{bands_, model_, around_};
    const std::vector<slot> which = features.nearest(options_.most_examined);
    const double base = (model_.splits.came() + 0.5) / (model_.splits.rows_seen() + 50);
    const double known = model_.limits.splits_seen();
    for (const slot s : which) {
        const detail::split_features f = features.of_split(s);
        double p = detail::sigmoid(model_.splits.ask(f.numbers, f.cells));
        p = (known * p + 10 * std::min(p, base)) / (known + 10);  // a cold model says no more than what is usual
        // Given that it comes within the horizon: what seems far off comes at its end.
        const double left = std::max(f.threshold - f.size, 0.0);
        const double alone = f.drift > 0 ? left / f.drift * bands_.ticks.unit : 1e12;
        const double seconds = alone * horizon_ / (alone + horizon_);
        if (sampling && wait(split_rows_, f, which.size(), p,
                             {.first = bands_.columns.id[s], .second = {}, .foretold = static_cast<float>(seconds)}))
            bands_.columns.in[s].is_watched = true;
        if (p >= options_.least_confidence) say(explain_split(s, f, seconds), p, out);
    }
}

inline prediction hazard_predictor::explain_split(slot s, const detail::split_features& f, double seconds) {
    prediction told;
    told.kind = lineage_kind::split;
    told.partitions = {bands_.columns.id[s]};
    if (const detail::key_sample* sample = bands_.sample_of(s); sample != nullptr)
        told.boundaries = sample->cuts(bands_.index().range_of(s),
                                       static_cast<std::size_t>(std::lround(std::max(model_.pieces, 2.0))));
    else
        bands_.sample(s, f.size);  // it came near: from now on its keys are sampled
    const detail::lead_time& lead = model_.split_lead;
    told.when = {lead.earliest(seconds), lead.middle(seconds), lead.latest(seconds)};
    told.because = {{"size", f.size, unit()},
                    {"threshold", f.threshold, unit()},
                    {"give or take", (f.high - f.low) / 2, unit()},
                    {"growth", f.drift / bands_.ticks.unit, std::string{unit()} + "/s"},
                    {"by size and growth alone", f.passage, ""},
                    {std::string{model_.warmth()} + ", splits seen", model_.limits.splits_seen(), ""}};
    return told;
}

inline void hazard_predictor::foretell_merges(bool sampling, std::vector<prediction>& out) {
    if (model_.merged.total() < 3) return;  // what merges look like is not known
    const detail::hazard_features features{bands_, model_, around_};
    const auto pairs = features.neighbours(options_.most_examined / 2);
    detail::band_columns& c = bands_.columns;
    const auto ask = [&](const detail::merge_features& f) {
        return detail::sigmoid(model_.merges.ask(f.numbers, f.cells));
    };
    std::vector<detail::merge_group> alone;
    for (const auto& [left, right] : pairs) {
        const detail::merge_features f = features.of_merge(left, right);
        const double p = ask(f);
        if (sampling && wait(merge_rows_, f, pairs.size(), p, {.first = c.id[left], .second = c.id[right]}))
            c.in[left].is_watched = c.in[right].is_watched = true;
        alone.push_back({{left, right}, p, f.rests_for});
    }
    for (const detail::merge_group& group : detail::groups_of(alone, detail::chance_to_join(features, ask)))
        if (group.p >= options_.least_confidence)
            say(detail::explain_merge(group, bands_, model_, features, horizon_, unit()), group.p, out);
}

inline void hazard_predictor::say(prediction p, double confidence, std::vector<prediction>& out) const {
    p.confidence = std::clamp(confidence, 0.0, 0.999);
    p.horizon_seconds = horizon_;
    p.predictor = std::string{name};
    out.push_back(std::move(p));
}

inline void hazard_predictor::forecast(wall_time now, double horizon_seconds, std::vector<prediction>& out) {
    bands_.settle();
    tick(now, horizon_seconds);
    learn_matured();
    const bool sampling = bands_.ticks.last - last_sampled_ >= horizon_ / rows_a_horizon * 0.999;
    if (sampling) last_sampled_ = bands_.ticks.last;
    foretell_splits(sampling, out);
    foretell_merges(sampling, out);
    detail::foretell_by_calendar(model_.dates, bands_, queues_, now, horizon_, [&](prediction told, double p) {
        if (p >= options_.least_confidence) say(std::move(told), p, out);
    });
}

static_assert(predictor<hazard_predictor>);

}  // namespace foreshadow

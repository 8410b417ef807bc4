// SPDX-License-Identifier: BSL-1.0
//
// The honest baseline: partitions split when they reach a size, sizes grow as they grew. Per partition a size and a
// decayed growth; the size at which partitions split is given, or learnt from the splits that were seen; a straight
// line says when it is reached. Boundaries: engines cut at the middle, so the median of a small sample of the keys
// written; where rows were there before (their keys were never seen) and writes come at the end, the middle is
// interpolated. Every prediction carries the numbers that made it.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/predict/detail/key_line.hpp"
#include "foreshadow/predict/detail/renewal.hpp"
#include "foreshadow/predict/detail/size_bands.hpp"
#include "foreshadow/predict/predictor.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

class size_extrapolation {
  public:
    static constexpr std::string_view name = "size extrapolation";

    struct options {
        size_measure measure = size_measure::rows;
        double split_at = 0;             ///< the size at which partitions split, where it is known; 0: learn it
        double half_life_seconds = 30;   ///< of what growth remembers
        double least_confidence = 0.02;  ///< below it is not worth saying
    };

    size_extrapolation() : size_extrapolation{options{}} {}
    explicit size_extrapolation(options chosen) : options_{chosen}, bands_{chosen.measure, chosen.half_life_seconds} {}

    void start(const layout& now) { bands_.start(now); }
    void observe(const log_batch& batch, const layout& now) { bands_.observe(batch, now); }

    void learn(const lineage_event& event) {
        if (event.kind == lineage_kind::split && event.from.size() == 1) {
            if (const double size = bands_.size_of(event.from.front().id); size > 0) splits_.add(size);
        } else if (event.kind == lineage_kind::merge) {
            double sum = 0;
            for (const partition& p : event.from) sum += bands_.size_of(p.id);
            if (sum > 0) merges_.add(sum);
        } else if (event.kind == lineage_kind::create) {
            for (const partition& p : event.to) renew(creations_, p.interval, event.time);
        } else if (event.kind == lineage_kind::drop) {
            for (const partition& p : event.from) renew(drops_, p.interval, event.time);
        }
        bands_.change(event);
    }

    void forecast(wall_time now, double horizon_seconds, std::vector<prediction>& out) {
        bands_.settle();
        const std::vector<detail::size_band>& bands = bands_.all();
        for (std::size_t i = 0; i < bands.size(); ++i) {
            foretell_split(bands[i], now, horizon_seconds, out);
            if (i > 0) foretell_merge(bands[i - 1], bands[i], now, horizon_seconds, out);
        }
        foretell_creations(now, horizon_seconds, out);
        foretell_drops(now, horizon_seconds, out);
    }

    /// The learnt sizes as one line of text; sizes of partitions come from the layout at every start.
    [[nodiscard]] std::string save() const {
        char text[200];
        std::snprintf(text, sizeof text, "size_extrapolation 1 %.17g %.17g %.17g %.17g %.17g %.17g", splits_.mean,
                      splits_.spread, splits_.weight, merges_.mean, merges_.spread, merges_.weight);
        return text;
    }
    /// Errors: `corrupt` when the state is of another predictor.
    void load(std::string_view state) {
        detail::learnt_size s;
        detail::learnt_size m;
        const std::string text{state};
        const int read = std::sscanf(text.c_str(), "size_extrapolation 1 %lf %lf %lf %lf %lf %lf", &s.mean, &s.spread,
                                     &s.weight, &m.mean, &m.spread, &m.weight);
        if (read != 6 || !s.is_sound() || !m.is_sound())
            throw error{errc::corrupt, "the saved model is not of size extrapolation",
                        "the backup can go on without it"};
        splits_ = s;
        merges_ = m;
    }

    /// The size at which partitions are expected to split; 0 while nothing is known.
    [[nodiscard]] double threshold() const { return options_.split_at > 0 ? options_.split_at : splits_.mean; }
    /// The size that a partition is believed to have; 0 when unknown.
    [[nodiscard]] double size_of(partition_id id) const { return bands_.size_of(id); }

  private:
    [[nodiscard]] const char* unit() const { return options_.measure == size_measure::rows ? "rows" : "bytes"; }

    void foretell_split(const detail::size_band& band, wall_time now, double horizon,
                        std::vector<prediction>& out) const {
        const double threshold_now = threshold();
        const double growth = bands_.growth(band, now);
        if (!(threshold_now > 0) || !(growth > 0) || band.size <= 0) return;
        const double spread = options_.split_at > 0 ? 0.02 * threshold_now : splits_.expected_spread();
        const double remaining = std::max(threshold_now - band.size, 0.02 * threshold_now);
        const double seconds = remaining / growth;
        // Log-logistic in the time that is left: as wide as the threshold is uncertain against what is left, and the
        // growth.
        const double width = std::clamp(0.15 + 0.6 * spread / remaining, 0.1, 2.0);
        const double over = std::max(0.0, (band.size - threshold_now) / threshold_now - 2 * spread / threshold_now);
        // Far above the threshold and still whole: it is of a kind that does not split.
        const double confidence =
            std::exp(-3.0 * over) / (1.0 + std::exp(-(std::log(horizon) - std::log(seconds)) / width));
        if (confidence < options_.least_confidence) return;
        prediction p;
        p.kind = lineage_kind::split;
        p.partitions = {band.id};
        if (key middle = band.middle(); !middle.empty()) p.boundaries.push_back(std::move(middle));
        p.when = {seconds * std::exp(-2.2 * width), seconds, seconds * std::exp(2.2 * width)};
        p.because = {{"size", band.size, unit()},          {"threshold", threshold_now, unit()},
                     {"threshold spread", spread, unit()}, {"growth", growth, std::string{unit()} + "/s"},
                     {"reaches it in", seconds, "s"},      {"splits seen", splits_.weight, ""}};
        say(std::move(p), confidence, horizon, out);
    }

    void foretell_merge(const detail::size_band& left, const detail::size_band& right, wall_time now, double horizon,
                        std::vector<prediction>& out) const {
        if (merges_.weight <= 0 || left.interval.end != right.interval.begin) return;
        const double sum = left.size + right.size;
        const double growth = bands_.growth(left, now) + bands_.growth(right, now);
        if (growth > 0) return;
        const double width = std::max(0.1, merges_.expected_spread() / merges_.mean);
        const double small = 1.0 / (1.0 + std::exp((std::log(std::max(sum, 1.0)) - std::log(merges_.mean)) / width));
        const double confidence = 0.5 * small;  // being small is needed, but not enough
        if (confidence < options_.least_confidence) return;
        prediction p;
        p.kind = lineage_kind::merge;
        p.partitions = {left.id, right.id};
        p.when = {0, horizon / 2, horizon};
        p.because = {{"size of both", sum, unit()},
                     {"merged before at", merges_.mean, unit()},
                     {"growth", growth, std::string{unit()} + "/s"}};
        say(std::move(p), confidence, horizon, out);
    }

    void foretell_creations(wall_time now, double horizon, std::vector<prediction>& out) const {
        for (const detail::renewal& series : creations_) {
            if (!series.has_rhythm() || series.last.is_unbounded()) continue;
            const double confidence = series.chance(now, horizon);
            if (confidence < options_.least_confidence) continue;
            prediction p;
            p.kind = lineage_kind::create;
            p.boundaries = {series.last.end};
            key end = detail::point_between(series.last.begin, series.last.end, 2.0);
            if (end > series.last.end) p.boundaries.push_back(std::move(end));
            say_rhythm(std::move(p), series, now, confidence, horizon, out);
        }
    }

    void foretell_drops(wall_time now, double horizon, std::vector<prediction>& out) const {
        for (const detail::renewal& series : drops_) {
            if (!series.has_rhythm()) continue;
            const double confidence = series.chance(now, horizon);
            const auto next = std::find_if(bands_.all().begin(), bands_.all().end(), [&](const detail::size_band& b) {
                return b.interval.begin == series.last.end;
            });
            if (confidence < options_.least_confidence || next == bands_.all().end()) continue;
            prediction p;
            p.kind = lineage_kind::drop;
            p.partitions = {next->id};
            say_rhythm(std::move(p), series, now, confidence, horizon, out);
        }
    }

    static void say_rhythm(prediction p, const detail::renewal& series, wall_time now, double confidence,
                           double horizon, std::vector<prediction>& out) {
        const double due = std::max(series.due_in(now), 0.0);
        p.when = {std::max(due - 2.2 * series.spread(), 0.0), due, due + 2.2 * series.spread()};
        p.because = {{"every", series.mean, "s"},
                     {"give or take", series.spread(), "s"},
                     {"gaps seen", static_cast<double>(series.gaps), ""}};
        say(std::move(p), confidence, horizon, out);
    }

    static void say(prediction p, double confidence, double horizon, std::vector<prediction>& out) {
        p.confidence = std::clamp(confidence, 0.0, 0.99);
        p.horizon_seconds = horizon;
        p.predictor = std::string{name};
        out.push_back(std::move(p));
    }

    /// Goes on with the series that ended where this begins, or begins one; the longest untouched of many is forgotten.
    static void renew(std::vector<detail::renewal>& all, const key_range& where, wall_time when) {
        const auto before =
            std::find_if(all.begin(), all.end(), [&](const auto& s) { return s.last.end == where.begin; });
        if (before != all.end() && !where.begin.empty()) {
            before->again(where, when);
            return;
        }
        if (all.size() >= 64)
            all.erase(
                std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at < b.at; }));
        all.push_back({.last = where, .at = when});
    }

    options options_;
    detail::size_bands bands_;
    detail::learnt_size splits_;
    detail::learnt_size merges_;
    std::vector<detail::renewal> creations_;
    std::vector<detail::renewal> drops_;
};

static_assert(predictor<size_extrapolation>);

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Scores a predictor on a log that is replayed to it: at every tick it says what it expects of each live partition,
// knowing what came before; what came of it is looked up when the log has ended. Nothing flows back: a predictor is
// given what a backup would give it, and never a label.
//
// A row is a partition that lives at a tick, positive when its change comes within the horizon after it. The last
// part of the rows, after 60 % of the changes, is the test; rows whose horizon reaches into it are in neither part, so
// that nothing which the base rate was learnt from overlaps what it is tested on. A creation has no partition to be
// foretold of: its row is the one below the keys that it takes. One that is foretold by name alone takes keys that
// nobody knows yet, so it has no row, and is not scored.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/predict/predictor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace foreshadow {

/// The changes that are scored.
inline constexpr std::array scored_kinds{lineage_kind::split, lineage_kind::merge, lineage_kind::create};

struct scoring_options {
    double tick_seconds = 86400;
    double horizon_ticks = 5;
    bool sizes_told = true;  ///< the source can tell how large its partitions are
};

/// What was said of the rows of one kind, and what came of them, by time.
struct forecast_rows {
    struct event {
        std::int64_t at = 0;  ///< microseconds
        std::uint64_t subject = 0;
    };
    std::vector<std::int64_t> at;        ///< of the row's tick, in microseconds
    std::vector<std::uint64_t> subject;  ///< the partition's own number
    std::vector<double> said;
    std::vector<std::uint8_t> came;
    std::vector<event> events;  ///< what could be foretold: one for each partition that changed
    std::int64_t tick = 0;      ///< microseconds
    std::int64_t horizon = 0;   ///< microseconds
};

/// Hears a replay, and asks `P` at every tick. `P` must outlive it.
template <predictor P>
class prequential {
  public:
    prequential(P& asked, scoring_options options)
        : asked_{&asked},
          options_{options},
          horizon_{static_cast<std::int64_t>(std::min(options.horizon_ticks * options.tick_seconds, 9e11) * 1e6)} {}

    void observe(const log_batch& batch, const layout& now) {
        begin(batch.after);
        const layout& shown = options_.sizes_told ? now : without_sizes(now);
        asked_->observe(batch, shown);
    }

    void learn(const lineage_event& event) {
        if (options_.sizes_told) {
            asked_->learn(event);
        } else {
            lineage_event shown = event;
            for (auto* side : {&shown.from, &shown.to})
                for (partition& p : *side) p.rows = p.bytes = 0;
            asked_->learn(shown);
        }
        note(event);
    }

    /// The end of a tick: what is expected now of what lives now.
    void tick(wall_time time, const layout& now) {
        begin({});
        if (!at_.empty() && time.microseconds <= at_.back())
            throw error{errc::invalid_argument, "the ticks of a replay do not ascend"};
        if constexpr (takes_measurements<P>)
            if (options_.sizes_told) asked_->measured(now);
        std::vector<prediction> said;
        asked_->forecast(time, static_cast<double>(horizon_) * 1e-6, said);
        if (subject_.size() + now.partitions.size() > most_rows)
            throw error{errc::full, "there are more rows to score than fit in memory", "choose longer ticks"};
        at_.push_back(time.microseconds);
        first_.push_back(subject_.size());
        places_.clear();
        for (const partition& p : now.partitions) {
            places_.emplace(p.id, subject_.size());
            subject_.push_back(p.id.native);
        }
        for (auto& column : said_) column.resize(subject_.size(), 0.0);
        remember(now);
        partners_.clear();
        for (const prediction& p : said) hear(p, now);
    }

    /// The rows of a kind, with what came of them.
    [[nodiscard]] forecast_rows rows_of(lineage_kind kind) const {
        const std::size_t column = column_of(kind);
        forecast_rows rows{.at = {},
                           .subject = subject_,
                           .said = said_[column],
                           .came = std::vector<std::uint8_t>(subject_.size(), 0),
                           .events = events_[column],
                           .tick = static_cast<std::int64_t>(options_.tick_seconds * 1e6),
                           .horizon = horizon_};
        rows.at.reserve(subject_.size());
        for (std::size_t t = 0; t < at_.size(); ++t)
            rows.at.insert(rows.at.end(), (t + 1 < first_.size() ? first_[t + 1] : subject_.size()) - first_[t],
                           at_[t]);
        if (kind == lineage_kind::create) {
            for (const auto& [row, event] : creations_) {
                rows.subject[row] = event;
                rows.came[row] = 1;
            }
            return rows;
        }
        std::unordered_map<std::uint64_t, std::int64_t> ends;
        for (const forecast_rows::event& e : events_[column]) ends[e.subject] = e.at;
        for (std::size_t i = 0; i < rows.subject.size(); ++i) {
            const auto end = ends.find(rows.subject[i]);
            rows.came[i] = end != ends.end() && is_ahead(rows.at[i], end->second) ? 1 : 0;
        }
        return rows;
    }

  private:
    static constexpr std::size_t most_rows = 50'000'000;

    [[nodiscard]] static std::size_t column_of(lineage_kind kind) {
        return static_cast<std::size_t>(std::find(scored_kinds.begin(), scored_kinds.end(), kind) -
                                        scored_kinds.begin());
    }
    [[nodiscard]] bool is_ahead(std::int64_t tick, std::int64_t event) const {
        return event > tick && event - tick <= horizon_;
    }

    void begin(position after) {
        if (std::exchange(begun_, true)) return;
        asked_->start({.at = after, .partitions = {}});
    }

    /// The layout of a database that does not tell how large its partitions are.
    [[nodiscard]] const layout& without_sizes(const layout& now) {
        shown_ = now;
        for (partition& p : shown_.partitions) p.rows = p.bytes = 0;
        return shown_;
    }

    void note(const lineage_event& event) {
        const std::size_t column = column_of(event.kind);
        if (column == scored_kinds.size()) return;
        if (event.kind == lineage_kind::create) return note_creations(event);
        for (const partition& p : event.from) events_[column].push_back({event.time.microseconds, p.id.native});
    }

    // --- creations: by the gap between partitions that they fall into ---

    struct remembered {
        std::int64_t at;
        std::size_t first;
        std::vector<key> begins;
    };

    void remember(const layout& now) {
        recent_.push_back({at_.back(), first_.back(), {}});
        for (const partition& p : now.partitions) recent_.back().begins.push_back(p.interval.begin);
        while (at_.back() - recent_.front().at > horizon_) recent_.pop_front();
    }
    /// The row of `tick` that a creation at `begin` belongs to.
    [[nodiscard]] static std::optional<std::size_t> row_below(const remembered& tick, const key& begin) {
        const auto next = std::upper_bound(tick.begins.begin(), tick.begins.end(), begin);
        if (next == tick.begins.begin()) return std::nullopt;
        return tick.first + static_cast<std::size_t>(next - tick.begins.begin()) - 1;
    }
    void note_creations(const lineage_event& event) {
        for (const partition& p : event.to) {
            events_[column_of(lineage_kind::create)].push_back({event.time.microseconds, p.id.native});
            for (const remembered& tick : recent_) {
                const auto row = row_below(tick, p.interval.begin);
                if (row && is_ahead(tick.at, event.time.microseconds)) creations_.emplace(*row, p.id.native);
            }
        }
    }

    // --- what is said ---

    /// Takes a prediction for the rows that it is about: the surest of those that say the same. Merges are of the
    /// partitions they name and of no more: with one partner and with another they exclude each other, so they add up.
    void hear(const prediction& p, const layout& now) {
        const std::size_t column = column_of(p.kind);
        if (column == scored_kinds.size() || !(p.confidence > 0)) return;
        const double confidence = std::min(p.confidence, 1.0);
        if (p.kind == lineage_kind::create) {
            if (p.boundaries.empty() || now.partitions.empty()) return;
            if (const auto row = row_below(recent_.back(), p.boundaries.front())) raise(column, *row, confidence);
            return;
        }
        std::vector<std::size_t> rows;
        for (const partition_id id : p.partitions) {
            const auto row = places_.find(id);
            if (row == places_.end()) return;
            rows.push_back(row->second);
        }
        if (p.kind == lineage_kind::split) {
            if (rows.size() == 1) raise(column, rows[0], confidence);
            return;
        }
        std::sort(rows.begin(), rows.end());
        if (rows.size() < 2 || std::adjacent_find(rows.begin(), rows.end()) != rows.end()) return;
        double& before = partners_[rows];
        for (const std::size_t row : rows)
            said_[column][row] = std::min(said_[column][row] + std::max(confidence - before, 0.0), 1.0);
        before = std::max(before, confidence);
    }
    void raise(std::size_t column, std::size_t row, double confidence) {
        said_[column][row] = std::max(said_[column][row], confidence);
    }

    P* asked_;
    scoring_options options_;
    std::int64_t horizon_;
    bool begun_ = false;
    layout shown_;

    std::vector<std::int64_t> at_;    ///< of each tick
    std::vector<std::size_t> first_;  ///< row of each tick
    std::vector<std::uint64_t> subject_;
    std::array<std::vector<double>, scored_kinds.size()> said_;
    std::array<std::vector<forecast_rows::event>, scored_kinds.size()> events_;
    std::map<partition_id, std::size_t> places_;  ///< rows of this tick
    std::map<std::vector<std::size_t>, double> partners_;
    std::deque<remembered> recent_;  ///< ticks that a creation may still belong to
    std::map<std::size_t, std::uint64_t> creations_;
};

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Partitions that come or go by the calendar: one a day, at its end; the oldest, when the newest is made. Each series
// of neighbours is a renewal process whose gaps are log-normal: a job that runs by the clock makes a narrow one and so
// a clock, a person's habit a wide one. The next creation begins where the last ended, and is as wide; the next drop is
// the neighbour of the last.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/predict/detail/first_passage.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace foreshadow::detail {

/// One series: when it last happened, where, and how the logarithm of the gaps is distributed.
struct rhythm {
    static constexpr double least_spread = 0.02;  ///< months are 28 to 31 days, and jobs begin late

    key_range last;
    wall_time at;
    double mean = 0;    ///< of the logarithm of gaps in seconds
    double spread = 0;  ///< its standard deviation
    std::uint64_t gaps = 0;

    void again(const key_range& where, wall_time when) {
        const double gap = std::log(std::max(seconds_between(at, when), 1e-3));
        last = where;
        at = when;
        gaps += 1;
        // The first gaps count as one each, later ones fade: habits change.
        const double share = std::max(1.0 / static_cast<double>(gaps), 0.15);
        const double off = gap - mean;
        mean += share * off;
        spread = std::sqrt((1 - share) * (spread * spread + share * off * off));
    }

    /// Two gaps are the least that shows a rhythm.
    [[nodiscard]] bool is_known() const noexcept { return gaps >= 2; }
    /// Two gaps that happen to be equal are no clock yet.
    [[nodiscard]] double believed_spread() const noexcept {
        return std::max(least_spread, std::sqrt(spread * spread + 0.25 / static_cast<double>(gaps * gaps)));
    }
    /// The gap that a share `q` stays below, in seconds.
    [[nodiscard]] double gap(double deviations) const { return std::exp(mean + deviations * believed_spread()); }

    /// The chance of the next within `horizon`, given that it has not come yet.
    [[nodiscard]] double chance(wall_time now, double horizon) const {
        const double waited = std::max(seconds_between(at, now), 1e-3);
        const double before = alive_for(waited);
        const double after = alive_for(waited + horizon);
        // Overdue by far more than it ever was: the series has most likely ended.
        const double lost = std::exp(-std::max(0.0, std::log(waited) - mean - 3 * believed_spread()));
        const double trust = 1 - 0.5 / static_cast<double>(gaps);
        return trust * lost * std::clamp(-std::expm1(after - before), 0.0, 1.0);
    }

    template <class Archive>
    void visit(Archive& archive) {
        archive.text(last.begin);
        archive.text(last.end);
        archive.number(at.microseconds);
        archive.number(mean);
        archive.number(spread);
        archive.number(gaps);
    }

  private:
    /// The logarithm of the probability that a gap is longer.
    [[nodiscard]] double alive_for(double seconds) const {
        return log_normal_cdf(-(std::log(seconds) - mean) / believed_spread());
    }
};

/// The series of one kind of change.
class rhythms {
  public:
    static constexpr std::size_t most = 64;

    /// Goes on with the series that ended where this begins, or begins one; the longest untouched of many is forgotten.
    void add(const key_range& where, wall_time when) {
        const auto before = std::find_if(all_.begin(), all_.end(), [&](const rhythm& s) {
            return !where.begin.empty() && s.last.end == where.begin;
        });
        if (before != all_.end()) return before->again(where, when);
        if (all_.size() >= most)
            all_.erase(
                std::min_element(all_.begin(), all_.end(), [](const auto& a, const auto& b) { return a.at < b.at; }));
        all_.push_back({.last = where, .at = when});
    }

    [[nodiscard]] const std::vector<rhythm>& all() const noexcept { return all_; }

    template <class Archive>
    void visit(Archive& archive) {
        all_.resize(std::min(archive.count(all_.size()), most));
        for (rhythm& each : all_) each.visit(archive);
    }

  private:
    std::vector<rhythm> all_;
};

}  // namespace foreshadow::detail

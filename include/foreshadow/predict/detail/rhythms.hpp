// SPDX-License-Identifier: BSL-1.0
//
// Partitions that come or go by the calendar: one a day, at its end; the oldest, when the newest is made. Each series
// of neighbours is a renewal process whose gaps are distributed as its last few were: a job that runs by the clock
// makes a sharp one, one that rests at weekends has two peaks, a person's habit is wide. The next creation begins where
// the last ended, and is as wide; the next drop is the neighbour of the last. Where partitions of a table do not touch,
// a series is one of names that differ in their digits only.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/predict/detail/first_passage.hpp"
#include "foreshadow/predict/detail/name_stem.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// One series: when it last happened, where, and what gaps were between.
struct rhythm {
    static constexpr std::size_t most = 8;
    static constexpr double least_spread = 0.02;  ///< months are 28 to 31 days, and jobs begin late
    static constexpr double at_once = 0.001;      ///< of a gap: a minute and a half of a day

    key_range last;
    wall_time at;
    std::array<double, most> recent{};  ///< logarithms of gaps in seconds, in turn
    std::uint64_t gaps = 0;

    void again(const key_range& where, wall_time when) {
        last = where;
        // What is made at once, some time ahead, is one event.
        if (when <= at) return;
        recent[gaps++ % most] = std::log(seconds_between(at, when));
        at = when;
    }

    /// The same, where one event may be several commits, those of a script: next to the gap between two events, the
    /// moments between its commits are none.
    void again_by_script(const key_range& where, wall_time when) {
        if (gaps > 0 && when > at) {
            const double gap = std::log(seconds_between(at, when));
            if (gap < longest() + std::log(at_once)) return;
            if (gap > longest() - std::log(at_once)) gaps = 0;  // what was seen so far was one event
        }
        again(where, when);
    }

    /// Two gaps are the least that shows a rhythm.
    [[nodiscard]] bool is_known() const noexcept { return gaps >= 2; }
    [[nodiscard]] double median() const {
        std::array<double, most> sorted = recent;
        const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(known() / 2);
        std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(known()));
        return *middle;
    }
    /// How wide the gaps are around the median, as a standard deviation of their logarithms; one that is far off, since
    /// the job had stood still, does not matter. Two gaps that happen to be equal are no clock yet.
    [[nodiscard]] double spread() const {
        std::array<double, most> off{};
        const double middle = median();
        for (std::size_t i = 0; i < known(); ++i) off[i] = std::abs(recent[i] - middle);
        const auto half = off.begin() + static_cast<std::ptrdiff_t>(known() / 2);
        std::nth_element(off.begin(), half, off.begin() + static_cast<std::ptrdiff_t>(known()));
        return std::hypot(least_spread, 1.48 * *half, 0.5 / static_cast<double>(gaps));
    }
    /// The gap that is `deviations` above the median, in seconds.
    [[nodiscard]] double gap(double deviations) const { return std::exp(median() + deviations * spread()); }

    /// The chance of the next within `horizon`, given that it has not come yet.
    [[nodiscard]] double chance(wall_time now, double horizon) const {
        const double waited = std::max(seconds_between(at, now), 1e-3);
        // A gap like one of the last, each a little blurred: the more so, the fewer and the wider they are.
        const double blur = std::hypot(least_spread, spread() / 2);
        const double before = longer_than(waited, blur);
        const double after = longer_than(waited + horizon, blur);
        // Overdue by far more than it ever was: the series has most likely ended.
        const double lost = std::exp(-std::max(0.0, std::log(waited) - longest() - 3 * blur));
        const double trust = 1 - 0.5 / static_cast<double>(gaps);
        // Where none was ever as long, nothing is left of the distribution but its end.
        const double comes = before > 1e-12 ? 1 - after / before : 1;
        return trust * lost * std::clamp(comes, 0.0, 1.0);
    }

    template <class Archive>
    void visit(Archive& archive) {
        archive.text(last.begin);
        archive.text(last.end);
        archive.number(at.microseconds);
        archive.dense(recent);
        archive.number(gaps);
    }

  private:
    [[nodiscard]] std::size_t known() const noexcept { return std::min<std::uint64_t>(gaps, most); }
    [[nodiscard]] double longest() const {
        return *std::max_element(recent.begin(), recent.begin() + static_cast<std::ptrdiff_t>(known()));
    }
    [[nodiscard]] double longer_than(double seconds, double blur) const {
        double share = 0;
        for (std::size_t i = 0; i < known(); ++i) share += normal_cdf((recent[i] - std::log(seconds)) / blur);
        return share / static_cast<double>(known());
    }
};

/// The series of one kind of change.
class rhythms {
  public:
    /// Tables that are partitioned by time: more than most databases have, and few enough to go through in a forecast.
    static constexpr std::size_t most = 4096;

    /// Goes on with the series that ended where this begins, or begins one; says which. Of too many one is forgotten
    /// that was not heard of for long. O(1).
    bool add(const key_range& where, wall_time when) {
        return go_on(where, when, [&](rhythm& series) { series.again(where, when); });
    }

    /// The same for a series that is known by what its partitions are called, wherever they lie: the place of each is
    /// the stem of its name, so it begins where the one before it ended. Names without digits are of no series.
    void add_by_name(std::string_view name, wall_time when) {
        const key stem{stem_of(name)};
        const key_range where{stem, stem};
        if (!stem.empty()) go_on(where, when, [&](rhythm& series) { series.again_by_script(where, when); });
    }

    [[nodiscard]] const std::vector<rhythm>& all() const noexcept { return all_; }
    /// The series that ended there, or has that stem; null where there is none.
    [[nodiscard]] const rhythm* find(const key& end) const {
        const auto found = by_end_.find(end);
        return found == by_end_.end() ? nullptr : &all_[found->second];
    }

    template <class Archive>
    void visit(Archive& archive) {
        all_.resize(std::min(archive.count(all_.size()), most));
        for (rhythm& each : all_) each.visit(archive);
    }
    /// After loading.
    void settle() {
        by_end_.clear();
        heard_.assign(all_.size(), 1);
        for (std::size_t i = 0; i < all_.size(); ++i) note(i);
    }

  private:
    template <class Again>
    bool go_on(const key_range& where, wall_time when, Again again) {
        if (const auto before = where.begin.empty() ? by_end_.end() : by_end_.find(where.begin);
            before != by_end_.end()) {
            const std::size_t i = before->second;
            by_end_.erase(before);
            again(all_[i]);
            heard_[i] = 1;
            note(i);
            return true;
        }
        if (all_.size() < most) {
            all_.push_back({.last = where, .at = when});
            heard_.push_back(0);
            note(all_.size() - 1);
            return false;
        }
        while (std::exchange(heard_[hand_], 0) != 0) hand_ = (hand_ + 1) % most;
        if (const auto of = by_end_.find(all_[hand_].last.end); of != by_end_.end() && of->second == hand_)
            by_end_.erase(of);
        all_[hand_] = {.last = where, .at = when};
        note(std::exchange(hand_, (hand_ + 1) % most));
        return false;
    }

    void note(std::size_t i) { by_end_.insert_or_assign(all_[i].last.end, i); }

    std::vector<rhythm> all_;
    std::vector<std::uint8_t> heard_;  ///< of a series, since the hand last came by
    std::unordered_map<key, std::size_t> by_end_;
    std::size_t hand_ = 0;
};

}  // namespace foreshadow::detail

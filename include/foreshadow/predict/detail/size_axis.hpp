// SPDX-License-Identifier: BSL-1.0
//
// At which size do partitions change? A product limit (Kaplan and Meier 1958) on an axis of sizes instead of times: a
// partition that grew from one size to another survived everything between; one that split at a size had its threshold
// somewhere between the largest size it had survived and that one. Bins are a 512th of an octave, 0.14 %, since
// thresholds are sharp and what is coarser blurs when they are reached. Partitions count from the size at which they
// were first seen (left truncation), and what will never split (one hot key) pulls the hazard down where it stands.
//
// Exposure is kept as differences, so that growth over any number of bins costs the same; `refresh` sums them up. Old
// changes fade with new ones, not with time: a quiet year teaches nothing.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace foreshadow::detail {

/// What is tracked on the size axis of a partition, or told of a group: the bin of its largest size so far.
using size_bin = std::uint16_t;

class size_axis {
  public:
    static constexpr int per_octave = 512;
    static constexpr int octaves = 40;  ///< 1 to 10^12
    static constexpr int bins = per_octave * octaves;
    /// Changes after which an old one counts for 1/e: a threshold drifts with the database, slowly.
    static constexpr double memory = 2000;
    /// Before anything is known: half a change an octave, believed as much as one partition that passed.
    static constexpr double prior_hazard = 0.5 / per_octave;

    size_axis() : events_(bins), exposed_(bins), change_(bins + 1), hazard_(bins, prior_hazard), survived_(bins) {
        sum_up();
    }

    [[nodiscard]] static size_bin bin_of(double size) noexcept {
        if (!(size > 1)) return 0;
        return static_cast<size_bin>(std::min(std::log2(size) * per_octave, bins - 1.0));
    }
    /// The size in the middle of a bin.
    [[nodiscard]] static double size_of(int bin) noexcept { return std::exp2((bin + 0.5) / per_octave); }

    /// A partition grew from one bin to another, and lived.
    void survive(size_bin from, size_bin to) noexcept {
        if (to <= from) return;
        change_[from + 1U] += weight_;
        change_[to + 1U] -= weight_;
        is_stale_ = true;
    }

    /// A partition that had survived `from` changed at `to`: its threshold was between, where the hazard says (one step
    /// of expectation and maximisation).
    void happen(size_bin from, size_bin to) noexcept {
        const int first = std::min<int>(from, to - 1) + 1;
        double alive = 1;
        double total = 0;
        for (int k = std::max(first, 0); k <= to; ++k) {
            total += alive * hazard_[at(k)];
            alive *= 1 - hazard_[at(k)];
        }
        if (!(total > 0)) return;
        double left = 1;
        alive = 1;
        float before = 0;
        for (int k = std::max(first, 0); k <= to; ++k) {
            const auto share = alive * hazard_[at(k)] / total;
            alive *= 1 - hazard_[at(k)];
            events_[at(k)] += static_cast<float>(share) * weight_;
            const float exposed = static_cast<float>(left) * weight_;
            change_[at(k)] += exposed - before;
            before = exposed;
            left -= share;
        }
        change_[to + 1U] -= before;
        seen_ += 1;
        weight_ *= static_cast<float>(memory / (memory - 1));
        is_stale_ = true;
    }

    /// Takes up what happened since. With `elders`, the hazard leans on theirs as `kinship` crossings would.
    /// Complexity: O(bins), and nothing when nothing happened.
    void refresh(const size_axis* elders = nullptr, double kinship = 1) {
        if (!is_stale_ && elders == nullptr) return;
        double running = 0;
        const float unit = 1 / weight_;
        for (int k = 0; k < bins; ++k) {
            running += change_[at(k)];
            exposed_[at(k)] = std::max(0.0F, (exposed_[at(k)] + static_cast<float>(running)) * unit);
            events_[at(k)] *= unit;
            const double prior = elders == nullptr ? prior_hazard : elders->hazard_[at(k)];
            const double hazard = (events_[at(k)] + kinship * prior) / (exposed_[at(k)] + kinship);
            hazard_[at(k)] = static_cast<float>(std::clamp(hazard, 1e-9, 1 - 1e-6));
        }
        std::fill(change_.begin(), change_.end(), 0.0F);
        weight_ = 1;
        is_stale_ = false;
        sum_up();
    }

    /// The size at which a share `q` of partitions will have changed that are `size` large now and have not.
    [[nodiscard]] double quantile(double size, double q) const noexcept {
        const float goal = survived_[bin_of(size)] - static_cast<float>(std::log1p(-q));
        const auto found = std::lower_bound(survived_.begin(), survived_.end(), goal);
        const auto place = std::min<std::ptrdiff_t>(found - survived_.begin(), bins - 1);
        // Never nearer than a third of a bin: what stands on its threshold is not yet over it.
        return std::max(size_of(static_cast<int>(place)), size * (1 + 0.3 / per_octave));
    }

    /// How well the axis foresaw a change between two bins: the logarithm of its chance there, given that it had come
    /// so far. What was not moving when it changed is explained by nothing but its own bin.
    [[nodiscard]] double log_chance(size_bin from, size_bin to) const noexcept {
        const int first = std::max(std::min<int>(from, to - 1), 0);
        const double passed = static_cast<double>(survived_[to]) - static_cast<double>(survived_[at(first)]);
        return std::log(std::max(-std::expm1(-passed), 1e-12));
    }

    [[nodiscard]] double seen() const noexcept { return seen_; }
    [[nodiscard]] std::span<const float> hazards() const noexcept { return hazard_; }

    /// Visits what has to be kept across restarts; see `model_writer` and `model_reader`.
    template <class Archive>
    void visit(Archive& archive) {
        refresh();
        archive.sparse(events_);
        archive.sparse(exposed_);
        archive.number(seen_);
    }
    /// After loading: the hazards follow from what was kept.
    void settle() {
        is_stale_ = true;
        refresh();
    }

  private:
    static constexpr std::size_t at(int k) noexcept { return static_cast<std::size_t>(k); }
    void sum_up() {
        double sum = 0;
        for (int k = 0; k < bins; ++k) {
            const auto h = static_cast<double>(hazard_[at(k)]);
            sum += h < 1e-3 ? h * (1 + 0.5 * h)
                            : -std::log1p(-h);  // the series is good to 1e-9, and is what most bins need
            survived_[at(k)] = static_cast<float>(sum);
        }
    }

    std::vector<float> events_;
    std::vector<float> exposed_;  ///< partitions that passed a bin
    std::vector<float> change_;   ///< of exposure since the last refresh, as differences
    std::vector<float> hazard_;
    std::vector<float> survived_;  ///< cumulated hazard, rising
    float weight_ = 1;             ///< of what happens now; what lies back is worth 1 / weight_
    double seen_ = 0;
    bool is_stale_ = false;
};

}  // namespace foreshadow::detail

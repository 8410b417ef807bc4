// SPDX-License-Identifier: BSL-1.0
//
// Which size do partitions split at, and which measure of size is it that decides? One size axis for each measure, of
// all partitions; families that have split often enough to tell have axes of their own, which lean on the common one.
// A family is what descends of one creation: a table, as far as anyone can tell from outside. Each split adds to the
// evidence for the measure that foresaw it best, and the trigger gives itself away.
#pragma once

#include "foreshadow/predict/detail/band_columns.hpp"
#include "foreshadow/predict/detail/size_axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace foreshadow::detail {

class thresholds {
  public:
    /// Rates are below one a second as often as above it, and an axis begins at 1.
    static constexpr double rate_scale = 1 << 20;
    /// Splits of a family before it is heard: below, what it says is what the common axis says.
    static constexpr double enough_splits = 8;
    static constexpr std::size_t most_families = 16;
    static constexpr std::uint64_t fading_splits = 512;  ///< after which they count half
    /// Crossings that the common axis counts for in a family: more than twice what it takes to be heard.
    static constexpr double kinship = 20;
    static constexpr double fading = 0.98;  ///< of the evidence for a measure, a split: the last fifty decide

    using sizes = std::array<double, measures>;

    /// The threshold where the source knows it: as good as fifty splits seen there.
    void expect(measure m, double size) {
        const size_bin at = size_axis::bin_of(size);
        for (int i = 0; i < 50; ++i) {
            common_[m].survive(0, at > 0 ? static_cast<size_bin>(at - 1) : at);
            common_[m].happen(at > 0 ? static_cast<size_bin>(at - 1) : at, at);
        }
        for (std::size_t other = 0; other < measures; ++other) evidence_[other] = other == m ? 0 : -40;
        common_[m].refresh();
    }

    /// A band is this large now and lives; `highest` is how large it was at most.
    void live(std::array<size_bin, measures>& highest, std::uint32_t family, const sizes& now) {
        own_axes* own = find(family);
        for (std::size_t m = 0; m < measures; ++m) {
            const size_bin bin = size_axis::bin_of(now[m]);
            if (highest[m] == band_columns::unseen) {
                highest[m] = bin;
            } else if (bin > highest[m]) {
                common_[m].survive(highest[m], bin);
                if (own != nullptr && m < own->axes.size()) own->axes[m].survive(highest[m], bin);
                highest[m] = bin;
            }
        }
    }

    /// A band begins with this size: it had not grown to it.
    static void begin(std::array<size_bin, measures>& highest, const sizes& now) {
        for (const measure m : {by_rows, by_bytes})
            if (highest[m] == band_columns::unseen) highest[m] = size_axis::bin_of(now[m]);
    }

    /// A family has ended: its number may be given to another.
    void forget(std::uint32_t family) {
        own_.erase(family);
        waiting_.erase(family);
    }

    void forget_families() {
        own_.clear();
        waiting_.clear();
    }

    /// A band split at this size.
    void split(const std::array<size_bin, measures>& highest, std::uint32_t family, const sizes& at) {
        // What splits as soon as it is there was above its threshold from the beginning: that tells nothing.
        const bool is_new = highest[by_rate] == band_columns::unseen;
        const auto grew = [&](measure m) { return size_axis::bin_of(at[m]) > highest[m]; };
        if (is_new && !grew(by_rows) && !grew(by_bytes)) return;
        if (own_axes* own = grow_up(family); own != nullptr)
            for (std::size_t m = 0; m < own->axes.size(); ++m) {
                own->has_split = true;
                const size_bin to = size_axis::bin_of(at[m]);
                own->axes[m].happen(highest[m] == band_columns::unseen ? to : highest[m], to);
            }
        for (std::size_t m = 0; m < measures; ++m) {
            const size_bin to = size_axis::bin_of(at[m]);
            const size_bin from = highest[m] == band_columns::unseen ? to : highest[m];
            evidence_[m] = fading * evidence_[m] + common_[m].log_chance(from, to);
            common_[m].happen(from, to);
        }
    }

    /// Before quantiles are asked for. O(bins) for each axis on which something happened; of the families, those that
    /// split since are taken up, and another one in turn.
    void refresh() {
        for (size_axis& axis : common_) axis.refresh();
        std::size_t place = 0;
        const std::size_t turn = own_.empty() ? 0 : turn_++ % own_.size();
        for (auto& [family, own] : own_)
            if (std::exchange(own.has_split, false) || place++ == turn)
                for (std::size_t m = 0; m < own.axes.size(); ++m) own.axes[m].refresh(&common_[m], kinship);
    }

    [[nodiscard]] const size_axis& axis(measure m, std::uint32_t family) const {
        if (m != by_rate)
            if (const auto found = own_.find(family);
                found != own_.end() && found->second.axes[m].seen() >= enough_splits)
                return found->second.axes[m];
        return common_[m];
    }

    /// How much each measure is believed to be the one that decides; they sum to 1.
    [[nodiscard]] std::array<double, measures> weights() const noexcept {
        const double best = *std::max_element(evidence_.begin(), evidence_.end());
        std::array<double, measures> w{};
        double total = 0;
        for (std::size_t m = 0; m < measures; ++m) total += w[m] = std::exp(evidence_[m] - best);
        for (double& each : w) each /= total;
        return w;
    }
    [[nodiscard]] double splits_seen() const noexcept { return common_[by_bytes].seen(); }

    template <class Archive>
    void visit(Archive& archive) {
        for (size_axis& axis : common_) axis.visit(archive);
        archive.dense(evidence_);
    }
    void settle() {
        for (size_axis& axis : common_) axis.settle();
        forget_families();
    }

  private:
    struct own_axes {
        bool has_split = false;
        double splits = 0;              ///< lately
        std::array<size_axis, 2> axes;  // rows and bytes: a rate is no property of a table
    };

    [[nodiscard]] own_axes* find(std::uint32_t family) {
        if (own_.empty()) return nullptr;
        const auto found = own_.find(family);
        return found == own_.end() ? nullptr : &found->second;
    }
    [[nodiscard]] own_axes* grow_up(std::uint32_t family) {
        if (++splits_ % fading_splits == 0) {
            for (auto& [id, each] : own_) each.splits /= 2;
            waiting_.clear();
        }
        own_axes* own = find(family);
        if (own == nullptr) {
            if (own_.size() >= most_families) {
                // The place of the one that splits least, for one that splits more often.
                const auto least = std::min_element(own_.begin(), own_.end(), [](const auto& a, const auto& b) {
                    return a.second.splits < b.second.splits;
                });
                if (++waiting_[family] <= least->second.splits + enough_splits / 2) return nullptr;
                own_.erase(least);
                waiting_.erase(family);
            }
            own = &own_[family];
        }
        own->splits += 1;
        return own;
    }

    std::array<size_axis, measures> common_;
    std::array<double, measures> evidence_{-1, 0, -4};  // most engines split by bytes, some by rows, few by load alone
    std::map<std::uint32_t, own_axes> own_;
    std::map<std::uint32_t, double> waiting_;  ///< splits lately, of families without axes
    std::uint64_t splits_ = 0;
    std::size_t turn_ = 0;
};

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
//
// Which neighbours become one. The model of pairs says how likely two neighbours are to come together, by one merge or
// by several; engines merge two first, and what these became with the third soon after. Two pairs that share a
// partition may both come true, and often cannot: what two of three become may be too large for the third. How likely
// the third is to join is the same question, asked of a partition that is not there yet: as large as both.
//
// So pairs in key order are a Markov chain: whether one comes together depends on whether the one before it does. A
// group is a run of pairs that do, between two that do not, and its chance is that of the run. Groups of one partition
// exclude each other, and their chances add up to that of its merging at all, until a run has to be cut as too long.
#pragma once

#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/predict/detail/hazard_features.hpp"
#include "foreshadow/predict/detail/hazard_model.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace foreshadow::detail {

struct merge_group {
    std::vector<bands::slot> slots;  ///< two to `most_together`, in key order
    double p = 0;
    double rests_for = 0;  ///< units until it can come at the earliest
};

/// Below, nobody asks who might join.
inline constexpr double least_chance_of_chains = 0.01;
/// Partitions of a group: where more are sure to come together, several groups are told of.
inline constexpr std::size_t most_together = 16;

/// The chance that two pairs which share a partition both come together, where one does with `left`, the other with
/// `right`, and the third partition joins a pair that has merged with `joins`: a share of the chance that either comes,
/// which is both less what they have in common. Never more than either, nor so little that one would have to come.
[[nodiscard]] inline double chance_of_both(double left, double right, double joins) noexcept {
    const double most = std::min(left, right);
    // Next to certainty the sum is rounded, and what it leaves may be above.
    const double least = std::min(std::max(0.0, left + right - 1), most);
    return std::clamp((left + right) * joins / (1 + joins), least, most);
}

/// How likely the third of three neighbours is to join two that merged, of two pairs that share a partition: either may
/// be the one that merges first, as surely as it merges at all. `ask(features)` is the chance that a pair comes
/// together.
[[nodiscard]] auto chance_to_join(const hazard_features& features, const auto& ask) {
    return [&](const merge_group& left, const merge_group& right) {
        const auto third = [&](bool left_first) {
            return ask(features.of_third(left.slots.front(), left.slots.back(), right.slots.back(), left_first));
        };
        return (left.p * third(true) + right.p * third(false)) / (left.p + right.p);
    };
}

/// The groups that pairs in key order may form, each with its chance. `joins(left, right)`: see `chance_to_join`.
///
/// Complexity: O(pairs), as no more than 1 / `least_chance_of_chains` runs are followed over a partition.
[[nodiscard]] std::vector<merge_group> groups_of(const std::vector<merge_group>& pairs, auto&& joins) {
    std::vector<merge_group> groups;
    std::vector<merge_group> open;  // runs that end with the pair before, unless they go on with this one
    const auto close = [&] {
        groups.insert(groups.end(), std::move_iterator{open.begin()}, std::move_iterator{open.end()});
        open.clear();
    };
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const merge_group& pair = pairs[i];
        std::vector<merge_group> longer;
        double first = pair.p;  // chance of a run that begins with this pair
        if (i > 0 && pairs[i - 1].slots.back() == pair.slots.front()) {
            const merge_group& before = pairs[i - 1];
            const bool is_likely = std::min(before.p, pair.p) >= least_chance_of_chains;
            const double both = chance_of_both(before.p, pair.p, is_likely ? joins(before, pair) : 0.0);
            const auto is_followed = [&](const merge_group& run) {
                return both > 0 && run.p * both >= least_chance_of_chains * before.p &&
                       run.slots.size() < most_together;
            };
            double taken = 0;     // chance that the partition which both pairs share is in a run that began before
            double followed = 0;  // and in one that is followed: those go on for all
            for (const merge_group& run : open) {
                taken += run.p;
                if (is_followed(run)) followed += run.p;
            }
            const double share = followed > 0 ? std::min(both / followed, 1.0) : 0;
            for (merge_group& run : open) {
                if (!is_followed(run)) continue;
                longer.push_back({run.slots, run.p * share, std::min(run.rests_for, pair.rests_for)});
                longer.back().slots.push_back(pair.slots.back());
                run.p *= 1 - share;
            }
            first = std::clamp(pair.p - followed * share, 0.0, std::max(1 - taken, 0.0));
        }
        close();
        longer.push_back({pair.slots, first, pair.rests_for});
        open = std::move(longer);
    }
    close();
    return groups;
}

/// What is said of a group, and why.
[[nodiscard]] inline prediction explain_merge(const merge_group& group, const bands& all, const hazard_model& model,
                                              const hazard_features& features, double horizon, const char* unit) {
    prediction told;
    told.kind = lineage_kind::merge;
    double largest = 0;
    double sum = 0;
    for (const bands::slot s : group.slots) {
        told.partitions.push_back(all.columns.id[s]);
        largest = std::max(largest, features.size(s));
        sum += features.size(s);
    }
    // Nothing tells when within the horizon, but that what still rests cannot come before it has rested.
    const double rests = std::clamp(group.rests_for * all.ticks.unit, 0.0, horizon);
    const auto share = [&](double q) { return rests + q * (horizon - rests); };
    told.when = {share(0.1), share(0.5), share(0.9)};
    told.because = {
        {"largest of them", largest, unit}, {"merged before at most", model.merged.limits(all.leading).larger, unit},
        {"all together", sum, unit},        {"together at most", model.merged.limits(all.leading).sum, unit},
        {"still rests for", rests, "s"},    {"merges seen", model.merged.total(), ""}};
    return told;
}

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
//
// Of three neighbours that become one, engines merge two first, and what these became with the third soon after. The
// model of pairs says how likely two neighbours are to come together, by one merge or by several. Two pairs that share
// a partition may both come true, and often cannot: what two of three become may be too large for the third. How likely
// the third is to join is the same question, asked of a partition that is not there yet: as large as both. What is said
// is which partitions end up together, each group with the chance of that and of no more, so that the chances of one
// partition's groups add up to that of its merging. Where four and more neighbours are all likely to merge, groups
// overlap, and what they add up to is too much.
#pragma once

#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/predict/detail/hazard_features.hpp"
#include "foreshadow/predict/detail/hazard_model.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace foreshadow::detail {

struct merge_group {
    std::vector<bands::slot> slots;  ///< two or three, in key order
    double p = 0;
    double rests_for = 0;  ///< units until it can come at the earliest
};

/// Below, nobody asks who might join.
inline constexpr double least_chance_of_chains = 0.01;

/// The chance that two pairs which share a partition both come together, where one does with `left`, the other with
/// `right`, and the third partition joins a pair that has merged with `joins`: a share of the chance that either comes,
/// which is both less what they have in common. Never more than either, nor so little that one would have to come.
[[nodiscard]] inline double chance_of_both(double left, double right, double joins) noexcept {
    const double most = std::min(left, right);
    // Next to certainty the sum is rounded, and what it leaves may be above.
    const double least = std::min(std::max(0.0, left + right - 1), most);
    return std::clamp((left + right) * joins / (1 + joins), least, most);
}

/// What becomes of pairs, which stand in key order. `ask(features)` is the chance that a pair comes together.
[[nodiscard]] inline std::vector<merge_group> with_thirds(const hazard_features& features,
                                                          std::vector<merge_group> pairs, auto&& ask) {
    const std::size_t count = pairs.size();
    std::vector<double> shared(count);
    for (std::size_t i = 0; i + 1 < count; ++i) {
        const bands::slot left = pairs[i].slots.front();
        const bands::slot middle = pairs[i].slots.back();
        const bands::slot right = pairs[i + 1].slots.back();
        const double first = pairs[i].p;
        const double second = pairs[i + 1].p;
        if (pairs[i + 1].slots.front() != middle || std::min(first, second) < least_chance_of_chains) continue;
        // Either pair may be the one that merges first, as surely as it merges at all.
        const double joins = (first * ask(features.of_third(left, middle, right, true)) +
                              second * ask(features.of_third(left, middle, right, false))) /
                             (first + second);
        const double both = chance_of_both(first, second, joins);
        shared[i] += both;
        shared[i + 1] += both;
        pairs.push_back({{left, middle, right}, both, std::min(pairs[i].rests_for, pairs[i + 1].rests_for)});
    }
    for (std::size_t i = 0; i < count; ++i) pairs[i].p = std::max(pairs[i].p - shared[i], 0.0);
    return pairs;
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

// SPDX-License-Identifier: BSL-1.0
//
// Puts together, for one band or two neighbours, what the models learn on; and chooses, among very many bands, those
// that are worth it: a sweep over the columns gives each the largest size that it may reach within the horizon.
#pragma once

#include "foreshadow/predict/detail/hazard_model.hpp"

#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// What holds for all bands at one tick.
struct surroundings {
    std::vector<double> family_inserts;  ///< per second, fading with the second half-life
    double common_growth = 0;            ///< of all bands together, per second
    double usual_row = 0;                ///< bytes of a row
    double phase = 0;                    ///< of the day, where the horizon is a part of one
};

class hazard_features {
  public:
    using slot = bands::slot;

    hazard_features(const bands& all, const hazard_model& model, const surroundings& around)
        : all_{all}, model_{model}, around_{around}, rate_weight_{model.limits.weights()[by_rate]} {}

    [[nodiscard]] split_features of_split(slot s) const {
        const band_columns& c = all_.columns;
        const double unit = all_.ticks.unit;
        const motion moves = motion_of(c, s, all_.ticks);
        split_features::setting here;
        here.size = size(s);
        here.rows = static_cast<double>(c.rows(s));
        here.idle = units_since(c.in[s].last_write);
        here.age = units_since(c.born(s));
        here.since_split = std::min(units_since(c.split(s)), 1e4);
        here.dead = dead(s);
        here.phase = around_.phase;
        here.family_inserts = around_.family_inserts[c.in[s].family] * unit;
        here.common_drift =
            std::max(0.0, around_.common_growth * unit / static_cast<double>(std::max<std::size_t>(all_.count(), 1)));
        here.rate_weight = rate_weight_;
        if (rate_weight_ > 0.01) {
            // Loads go up and down by half of themselves within a horizon, and nobody knows which.
            const double rate = moves.writes / unit * thresholds::rate_scale;
            const double goal = model_.limits.axis(by_rate, 0).quantile(rate, 0.5);
            here.passage_by_rate = first_passage(std::log(goal / std::max(rate, 1.0)), 0, 0.5);
        }
        split_features f;
        f.fill(moves, here, model_.limits.axis(all_.leading, c.in[s].family));
        return f;
    }

    [[nodiscard]] merge_features of_merge(slot left, slot right) const {
        return of_merge(side(left), side(right), left, right);
    }
    /// What two of three neighbours would become, the first or the last two, and the third.
    [[nodiscard]] merge_features of_third(slot left, slot middle, slot right, bool left_first) const {
        return left_first ? of_merge(joined(side(left), side(middle)), side(right), left, right)
                          : of_merge(side(left), joined(side(middle), side(right)), left, right);
    }

    /// All bands, or the `most` that may come nearest to a threshold within the horizon. The bound takes growth as it
    /// was when it was last folded, which only fades.
    [[nodiscard]] std::vector<slot> nearest(std::size_t most) const {
        std::vector<slot> which;
        which.reserve(std::min(all_.count(), most));
        if (all_.count() <= most) {
            all_.index().for_each([&](slot s) { which.push_back(s); });
            return which;
        }
        const band_columns& c = all_.columns;
        const auto ahead = static_cast<float>(units_ahead * all_.ticks.unit);
        const auto& sizes = all_.leading == by_rows ? c.rows : c.bytes;
        const xt::xtensor<float, 1> reach =
            sizes + ahead * xt::maximum(xt::col(c.net, 1), 0.0F) + 3.0F * xt::sqrt(ahead * c.variance);
        std::vector<float> ordered(reach.begin(), reach.end());
        const auto edge = ordered.begin() + static_cast<std::ptrdiff_t>(most);
        std::nth_element(ordered.begin(), edge, ordered.end(), std::greater<>{});
        for (slot s = 0; s < reach.size() && which.size() < most; ++s)
            if (reach(s) > *edge && all_.is_alive(s)) which.push_back(s);
        return which;
    }

    /// Neighbours of one family, at most `most`, that are not both far above what merged before.
    [[nodiscard]] std::vector<std::pair<slot, slot>> neighbours(std::size_t most) const {
        std::vector<std::pair<slot, slot>> pairs;
        const band_columns& c = all_.columns;
        const double limit = all_.count() <= most ? 1e300 : 2 * model_.merged.limits(all_.leading).larger;
        slot before = bands::none;
        bool was_small = false;
        all_.index().for_each([&](slot s) {
            const bool is_small = size(s) <= limit;
            if (was_small && is_small && pairs.size() < most && c.in[s].family == c.in[before].family &&
                all_.index().range_of(before).end == all_.index().range_of(s).begin)
                pairs.emplace_back(before, s);
            before = s;
            was_small = is_small;
        });
        return pairs;
    }

    [[nodiscard]] double size(slot s) const {
        return static_cast<double>(all_.leading == by_rows ? all_.columns.rows(s) : all_.columns.bytes(s));
    }

  private:
    [[nodiscard]] double units_since(float moment) const {
        return std::max(0.0, all_.ticks.last - static_cast<double>(moment)) / all_.ticks.unit;
    }

    /// What old versions make of a band: its bytes a row over what is usual, as a logarithm.
    [[nodiscard]] double dead(slot s) const {
        if (!(around_.usual_row > 0)) return 0;
        const auto rows = static_cast<double>(all_.columns.rows(s));
        return std::log2((static_cast<double>(all_.columns.bytes(s)) + 1) / (rows * around_.usual_row + 1));
    }

    [[nodiscard]] merge_features::side side(slot s) const {
        const band_columns& c = all_.columns;
        const old_versions::outlook old = vanishing(s);
        return {.size = size(s),
                .moves = motion_of(c, s, all_.ticks),
                .idle = units_since(c.in[s].last_write),
                .age = units_since(c.born(s)),
                .since_split = std::min(units_since(c.split(s)), 1e6),
                .dead = dead(s),
                .due = old.due,
                .held = old.held};
    }

    [[nodiscard]] merge_features of_merge(merge_features::side l, merge_features::side r, slot left, slot right) const {
        merge_features f;
        const auto beyond = [&](slot s, bool before) {
            const auto [lower, upper] = all_.index().neighbours(s);
            const slot other = before ? lower : upper;
            if (other == bands::none || all_.columns.in[other].family != all_.columns.in[s].family) return 1e300;
            return std::max(size(other) - vanishing(other).due, 0.0);
        };
        l.beyond = beyond(left, true);
        r.beyond = beyond(right, false);
        f.fill(l, r, {model_.merged.limits(all_.leading), model_.merged.cool_down() / all_.ticks.unit});
        return f;
    }

    /// What two neighbours would be that have just become one.
    [[nodiscard]] static merge_features::side joined(merge_features::side a, const merge_features::side& b) {
        const double sizes = a.size + b.size;
        const double share = sizes > 0 ? a.size / sizes : 0.5;
        a.dead = share * a.dead + (1 - share) * b.dead;
        a.size = sizes;
        for (std::size_t j = 0; j < a.moves.drift.size(); ++j) a.moves.drift[j] += b.moves.drift[j];
        a.moves.deviation = std::hypot(a.moves.deviation, b.moves.deviation);
        a.moves.jump = std::max(a.moves.jump, b.moves.jump);
        a.moves.inserts += b.moves.inserts;
        a.moves.writes += b.moves.writes;
        a.idle = std::min(a.idle, b.idle);
        a.age = std::min(a.age, b.age);  // it has no more to wait for than these
        a.since_split = std::min(a.since_split, b.since_split);
        a.due += b.due;
        a.held += b.held;
        return a;
    }

    [[nodiscard]] old_versions::outlook vanishing(slot s) const {
        if (all_.leading == by_rows) return {};
        return all_.vanishing(s, units_ahead * all_.ticks.unit);
    }

    const bands& all_;
    const hazard_model& model_;
    const surroundings& around_;
    double rate_weight_;
};

}  // namespace foreshadow::detail

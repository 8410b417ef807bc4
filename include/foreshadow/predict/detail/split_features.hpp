// SPDX-License-Identifier: BSL-1.0
//
// What is known of one band, as the numbers and table cells that the split model learns on. Everything is relative:
// sizes to the threshold, times to the horizon, growth to what is left to grow; so what was learnt of one table serves
// for the next, and nothing depends on how large or fast a database is.
#pragma once

#include "foreshadow/predict/detail/feature_tables.hpp"
#include "foreshadow/predict/detail/first_passage.hpp"
#include "foreshadow/predict/detail/growth.hpp"
#include "foreshadow/predict/detail/log_odds.hpp"
#include "foreshadow/predict/detail/size_axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace foreshadow::detail {

/// Horizons are five units long, whatever their seconds.
inline constexpr double units_ahead = 5;

struct split_features {
    static constexpr std::size_t number_count = 17;
    std::array<float, number_count> numbers{};

    enum input {
        rel,
        ttt1,
        ttt7,
        ttt30,
        ttt120,
        idle,
        age,
        jump,
        spread,
        table,
        since_split,
        rows,
        odds,
        dead,
        phase,
        input_count
    };
    static constexpr feature_tables<input_count, 9> tables{.axes = {{{-7, 0, 20},
                                                                     {-5, 12, 20},
                                                                     {-5, 12, 20},
                                                                     {-5, 12, 20},
                                                                     {-5, 12, 20},
                                                                     {0, 7, 20},
                                                                     {0, 7, 20},
                                                                     {-8, 3, 20},
                                                                     {-8, 3, 20},
                                                                     {0, 7, 20},
                                                                     {0, 8, 20},
                                                                     {0, 6, 12},
                                                                     {-12, 6, 36},
                                                                     {-2, 4, 12},
                                                                     {0, 1, 12}}},
                                                           .pairs = {{{ttt7, ttt30},
                                                                      {rel, jump},
                                                                      {ttt30, idle},
                                                                      {rel, rows},
                                                                      {odds, rows},
                                                                      {odds, idle},
                                                                      {odds, dead},
                                                                      {odds, jump},
                                                                      {odds, phase}}},
                                                           .pair_bins = 12};
    static constexpr std::size_t cell_count = tables.cell_count();
    decltype(tables)::cells cells{};

    // What the evidence and the lead time are made of.
    double size = 0;
    double threshold = 0;  ///< median, of those that are this large and whole
    double low = 0;        ///< tenth and ninetieth percentile
    double high = 0;
    double drift = 0;    ///< per unit, of the second half-life
    double passage = 0;  ///< the probability without any correction

    /// What of a band is not in its motion.
    struct setting {
        double size = 0;
        double rows = 0;
        double idle = 0;  ///< in units, as the next two
        double age = 0;
        double since_split = 0;
        double phase = 0;           ///< of the day, from 0 to 1
        double dead = 0;            ///< logarithm of bytes a row over what is usual
        double family_inserts = 0;  ///< per unit
        double common_drift = 0;    ///< mean growth of all bands, per unit
        double passage_by_rate = 0;
        double rate_weight = 0;
    };

    void fill(const motion& m, const setting& here, const size_axis& axis) {
        static constexpr std::array<double, 6> shares{.02, .1, .3, .5, .7, .9};
        static constexpr std::array<double, 6> weights{.06, .14, .2, .2, .2, .2};
        std::array<double, 6> reached{};
        for (std::size_t i = 0; i < shares.size(); ++i) reached[i] = axis.quantile(here.size, shares[i]);
        size = here.size;
        low = reached[1];
        threshold = reached[3];
        high = reached[5];
        drift = m.drift[1];
        const double left = std::max(threshold - size, 1e-3 * size + 1e-6);
        const double deviation =
            std::max({m.deviation, 0.3 * std::abs(m.drift[2]), 1e-3 * left + 0.2 * here.common_drift});

        std::array<double, half_lives.size()> each_odds{};
        passage = 0;
        for (std::size_t j = 0; j < half_lives.size(); ++j) {
            const double towards = (0.97 * m.drift[j] + 0.03 * here.common_drift) * units_ahead;
            double p = 0;
            for (std::size_t i = 0; i < reached.size(); ++i)
                p += weights[i] * first_passage(reached[i] - size, towards, deviation * std::sqrt(units_ahead));
            each_odds[j] = std::clamp(logit(p), -12.0, 12.0);
            if (j == 1 || j == 2) passage += p / 2;
        }
        passage = (1 - here.rate_weight) * passage + here.rate_weight * here.passage_by_rate;

        std::array<double, input_count> in{};
        in[rel] = std::log(left / std::max(threshold, 1e-9));
        for (std::size_t j = 0; j < half_lives.size(); ++j)
            in[ttt1 + j] = std::min(std::log(left / std::max(m.drift[j], 1e-4 * left)), 12.0);
        in[idle] = std::log1p(here.idle);
        in[age] = std::log1p(here.age);
        in[since_split] = std::log1p(here.since_split);
        in[jump] = std::log(std::max(m.jump, 1e-4 * left) / left);
        in[spread] = std::log(deviation / left);
        in[table] = std::log1p(here.family_inserts);
        in[rows] = std::log1p(here.rows);
        in[odds] = std::clamp(logit(passage), -12.0, 12.0);
        in[dead] = here.dead;
        in[phase] = here.phase;

        std::size_t n = 0;
        const auto put = [&](double v) { numbers[n++] = static_cast<float>(v); };
        put(1);
        put(in[odds] / 4);
        for (const double each : each_odds) put(each / 4);
        for (const input i : {ttt1, ttt7, ttt30, ttt120}) put(std::min(in[i], 9.0) / 4);
        for (const input i : {rel, idle, age, jump, spread, table}) put(in[i] / 3);
        put(here.rate_weight * std::clamp(logit(here.passage_by_rate), -12.0, 12.0) / 4);

        cells = tables.cells_of(in);
    }
};

}  // namespace foreshadow::detail

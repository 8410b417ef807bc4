// SPDX-License-Identifier: BSL-1.0
//
// How bands grow: means over four half-lives that fade with time, and the variance around them. A band is folded when
// it was written to, once a tick; one that lies idle is not touched and fades when it is read. So a tick costs what was
// written, not what is there.
#pragma once

#include "foreshadow/predict/detail/band_columns.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace foreshadow::detail {

/// The grid of forecasts on which growth is folded.
struct tick_times {
    double first = 0;   ///< seconds since the origin, when watching began
    double last = 0;    ///< of the last tick
    double length = 0;  ///< of the tick that ended there
    double unit = 12;   ///< a fifth of the horizon: what half-lives and features are counted in

    /// What is left of a mean of the half-life `j` after `seconds`.
    [[nodiscard]] float faded(std::size_t j, double seconds) const noexcept {
        return seconds > 0 ? static_cast<float>(std::exp2(-seconds / (half_lives[j] * unit))) : 1.0F;
    }
};

/// Makes up for means that are young: since watching began they have known only a part of their half-life.
[[nodiscard]] inline double youth(const tick_times& tick, std::size_t j) noexcept {
    const double seen = std::max(tick.last - tick.first, tick.unit);
    return 1 / (1 - std::exp2(-seen / (half_lives[j] * tick.unit)));
}

/// What a band is doing, as of the last tick: per unit of time, in the leading measure.
struct motion {
    std::array<double, half_lives.size()> drift{};
    double deviation = 0;  ///< over one unit
    double jump = 0;
    double inserts = 0;
    double writes = 0;
};

/// The tick ended: `grown` is what the leading measure gained in it.
inline void fold(band_columns& c, band_index::slot s, const tick_times& tick, double grown) {
    const double idle = tick.last - tick.length - c.folded(s);
    const double length = std::max(tick.length, 1e-9);
    const auto rate = static_cast<float>(grown / length);
    const inflow& in = c.in[s];
    const auto mean = [&](float& value, std::size_t j, float now) {
        const float keep = tick.faded(j, length);
        value = value * tick.faded(j, idle) * keep + (1 - keep) * now;
    };
    const float keep = tick.faded(2, length);
    const float off = rate - c.net(s, 2) * tick.faded(2, idle);
    c.variance(s) = c.variance(s) * tick.faded(2, idle) * keep + (1 - keep) * off * off * static_cast<float>(length);
    c.jump(s) = std::max(c.jump(s) * tick.faded(2, idle) * keep, static_cast<float>(grown));
    for (std::size_t j = 0; j < half_lives.size(); ++j) mean(c.net(s, j), j, rate);
    mean(c.inserts(s), 1, in.inserted / static_cast<float>(length));
    mean(c.writes(s), 0, (in.inserted + in.updated) / static_cast<float>(length));
    c.folded(s) = tick.last;
}

[[nodiscard]] inline motion motion_of(const band_columns& c, band_index::slot s, const tick_times& tick) {
    const double idle = tick.last - c.folded(s);
    motion m;
    for (std::size_t j = 0; j < half_lives.size(); ++j)
        m.drift[j] = static_cast<double>(c.net(s, j) * tick.faded(j, idle)) * tick.unit * youth(tick, j);
    m.deviation = std::sqrt(static_cast<double>(c.variance(s) * tick.faded(2, idle)) * tick.unit * youth(tick, 2));
    m.jump = static_cast<double>(c.jump(s) * tick.faded(2, idle));
    m.inserts = static_cast<double>(c.inserts(s) * tick.faded(1, idle)) * tick.unit;
    m.writes = static_cast<double>(c.writes(s) * tick.faded(0, idle)) * tick.unit;
    return m;
}

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/predict/predictor.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace foreshadow {

/// Expects nothing: what every other predictor is measured against.
struct silent {
    static constexpr std::string_view name = "silent";

    void start(const layout&) const noexcept {}
    void observe(const log_batch&, const layout&) const noexcept {}
    void learn(const lineage_event&) const noexcept {}
    void forecast(wall_time, double, std::vector<prediction>&) const noexcept {}
    /// Learns nothing, and what another predictor learnt is none of its business.
    [[nodiscard]] std::string save() const { return {}; }
    void load(std::string_view state) const {
        if (!state.empty()) throw error{errc::corrupt, "the silent predictor learns nothing and cannot load a model"};
    }
};

static_assert(predictor<silent>);

}  // namespace foreshadow

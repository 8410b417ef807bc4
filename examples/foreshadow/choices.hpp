// SPDX-License-Identifier: BSL-1.0
//
// A policy chosen when the program runs, from those compiled in: it models its role because each of them does. This is
// how a program offers names on its command line and still composes at compile time.
#pragma once

#include "foreshadow/predict/ensemble.hpp"
#include "foreshadow/predict/hazard_predictor.hpp"
#include "foreshadow/predict/predictor.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/schedule/fixed_rate.hpp"
#include "foreshadow/schedule/flat_out.hpp"
#include "foreshadow/schedule/latency_guard.hpp"
#include "foreshadow/schedule/pace.hpp"
#include "foreshadow/schedule/two_thresholds.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tool {

template <foreshadow::predictor... Predictors>
class any_predictor_of {
  public:
    static constexpr std::string_view name = "chosen";

    template <class P>
    any_predictor_of(P chosen) : chosen_{std::move(chosen)} {}  // NOLINT: a choice converts

    void start(const foreshadow::layout& now) {
        std::visit([&](auto& p) { p.start(now); }, chosen_);
    }
    void observe(const foreshadow::log_batch& batch, const foreshadow::layout& now) {
        std::visit([&](auto& p) { p.observe(batch, now); }, chosen_);
    }
    void learn(const foreshadow::lineage_event& event) {
        std::visit([&](auto& p) { p.learn(event); }, chosen_);
    }
    void measured(const foreshadow::layout& told) {
        std::visit(
            [&]<class P>(P& p) {
                if constexpr (foreshadow::takes_measurements<P>) p.measured(told);
            },
            chosen_);
    }
    void forecast(foreshadow::wall_time now, double horizon_seconds, std::vector<foreshadow::prediction>& out) {
        std::visit(
            [&]<class P>(P& p) {
                const std::size_t before = out.size();
                p.forecast(now, horizon_seconds, out);
                for (std::size_t i = before; i < out.size(); ++i)
                    if (out[i].predictor.empty()) out[i].predictor = std::string{P::name};
            },
            chosen_);
    }
    [[nodiscard]] std::string save() const {
        return std::visit([](const auto& p) { return std::string{p.name} + '\n' + p.save(); }, chosen_);
    }
    /// What another predictor has learnt is passed over: its state means nothing to this one.
    void load(std::string_view state) {
        const std::size_t end = state.find('\n');
        std::visit(
            [&](auto& p) {
                if (end != std::string_view::npos && state.substr(0, end) == p.name) p.load(state.substr(end + 1));
            },
            chosen_);
    }

  private:
    std::variant<Predictors...> chosen_;
};

using any_predictor =
    any_predictor_of<foreshadow::silent, foreshadow::size_extrapolation, foreshadow::hazard_predictor,
                     foreshadow::ensemble<foreshadow::hazard_predictor, foreshadow::size_extrapolation>>;
static_assert(foreshadow::predictor<any_predictor>);

class any_pace {
  public:
    template <foreshadow::pace P>
    any_pace(P chosen) : chosen_{std::move(chosen)} {}  // NOLINT: a choice converts

    foreshadow::pace_decision decide(const foreshadow::pace_input& input) {
        return std::visit([&](auto& p) { return p.decide(input); }, chosen_);
    }

  private:
    std::variant<foreshadow::flat_out, foreshadow::fixed_rate, foreshadow::two_thresholds, foreshadow::latency_guard>
        chosen_;
};
static_assert(foreshadow::pace<any_pace>);

/// "silent", "size" or "hazard". Errors: `wrong_usage`.
[[nodiscard]] any_predictor predictor_called(const std::string& name);

/// "flat-out", "two-thresholds", "latency-guard" or "fixed:BYTES_PER_SECOND" (with K, M or G). Errors: `wrong_usage`.
[[nodiscard]] any_pace pace_called(const std::string& name);

}  // namespace tool

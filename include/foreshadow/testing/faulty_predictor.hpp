// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/predict/predictor.hpp"
#include "foreshadow/testing/faults.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::testing {

/// A predictor whose memory fails: what it saves is cut short, or is what another predictor would have saved.
template <predictor Predictor>
class faulty_predictor {
  public:
    static constexpr std::string_view name = Predictor::name;

    faulty_predictor(Predictor one, trouble with) : predictor_{std::move(one)}, with_{std::move(with)} {}

    void start(const layout& now) { predictor_.start(now); }
    void observe(const log_batch& batch, const layout& now) { predictor_.observe(batch, now); }
    void learn(const lineage_event& what) { predictor_.learn(what); }
    void measured(const layout& told)
        requires takes_measurements<Predictor>
    {
        predictor_.measured(told);
    }
    void forecast(wall_time now, double horizon_seconds, std::vector<prediction>& out) {
        predictor_.forecast(now, horizon_seconds, out);
    }
    [[nodiscard]] std::string save() const {
        std::string state = predictor_.save();
        if (!with_.happens(with_.which().amnesia)) return state;
        return with_.below(2) == 0 ? state.substr(0, state.size() / 2) : "what another predictor learnt";
    }
    void load(std::string_view state) { predictor_.load(state); }

  private:
    Predictor predictor_;
    mutable trouble with_;
};

}  // namespace foreshadow::testing

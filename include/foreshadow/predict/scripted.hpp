// SPDX-License-Identifier: BSL-1.0
//
// Says what it was told to say, when it was told to. For tests and experiments: an oracle, a liar, or a fool, since
// what it says is not looked at.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/predict/predictor.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

class scripted {
  public:
    static constexpr std::string_view name = "scripted";

    /// Said once `from` was followed and `from_time` has come; once, or at every forecast from then on.
    struct line {
        position from;
        wall_time from_time;
        bool every_time = false;
        prediction what;
    };

    scripted() = default;
    explicit scripted(std::vector<line> lines) : lines_{std::move(lines)}, said_(lines_.size(), false) {}

    void start(const layout& now) { reached_ = std::max(reached_, now.at); }
    void observe(const log_batch& batch, const layout&) { reached_ = std::max(reached_, batch.upto); }
    void learn(const lineage_event&) {}

    void forecast(wall_time now, double, std::vector<prediction>& out) {
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            const line& next = lines_[i];
            if (reached_ < next.from || now < next.from_time || (said_[i] && !next.every_time)) continue;
            out.push_back(next.what);
            said_[i] = true;
        }
    }

    /// Which lines were said, so that a resumed backup does not hear them twice.
    [[nodiscard]] std::string save() const {
        std::string state = "scripted 1 ";
        for (const bool said : said_) state += said ? '1' : '0';
        return state;
    }
    /// Errors: `corrupt` when the state is of another predictor. Of another script: it begins anew.
    void load(std::string_view state) {
        constexpr std::string_view head = "scripted 1 ";
        if (state.substr(0, head.size()) != head)
            throw error{errc::corrupt, "the saved model is not of the scripted predictor"};
        state.remove_prefix(head.size());
        if (state.size() != said_.size()) return;
        for (std::size_t i = 0; i < state.size(); ++i) said_[i] = state[i] == '1';
    }

  private:
    std::vector<line> lines_;
    std::vector<bool> said_;
    position reached_;
};

static_assert(predictor<scripted>);

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// How much is written, and where: one decayed rate for all keys, and a small sample of the keys written last. Any
// interval's share follows from the sample, whatever the layout, for a constant number of steps a batch.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/source/log_batch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace foreshadow {

class write_rates {
  public:
    void take(const log_batch& batch) {
        const wall_time now = batch.commits.empty() ? batch.now : batch.commits.back().time;
        if (now > last_) {
            const double passed = started_ ? seconds_between(last_, now) : 0.0;
            const double fade = std::exp2(-passed / half_life);
            rate_ *= fade;
            weight_ = weight_ * fade + (1.0 - fade);
            last_ = now;
            started_ = true;
        }
        if (batch.changes.empty()) return;
        rate_ += std::log(2.0) / half_life * static_cast<double>(batch.changes.bytes());
        const std::size_t stride = std::max<std::size_t>(1, batch.changes.size() / 32);
        for (std::size_t i = 0; i < batch.changes.size(); i += stride) {
            sample_[next_ % sample_.size()].assign(batch.changes[i].key);
            ++next_;
        }
    }

    /// Bytes per second, over the last minute or so.
    [[nodiscard]] double whole() const noexcept { return weight_ > 0.01 ? rate_ / weight_ : rate_; }

    [[nodiscard]] double of(const key_range& keys) const {
        const std::size_t known = std::min(next_, sample_.size());
        if (known == 0) return 0;
        const auto inside = std::count_if(sample_.begin(), sample_.begin() + static_cast<std::ptrdiff_t>(known),
                                          [&](const key& k) { return keys.contains(k); });
        return whole() * static_cast<double>(inside) / static_cast<double>(known);
    }

  private:
    static constexpr double half_life = 30;  // seconds
    std::array<key, 256> sample_;
    std::size_t next_ = 0;
    double rate_ = 0;
    double weight_ = 0;
    wall_time last_;
    bool started_ = false;
};

}  // namespace foreshadow

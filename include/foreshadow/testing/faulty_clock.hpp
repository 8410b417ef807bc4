// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/run/clock.hpp"
#include "foreshadow/testing/faults.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace foreshadow::testing {

/// A clock whose wall time jumps, as after somebody set it. What `seconds` and `sleep` tell stays true.
template <clock Clock>
class faulty_clock {
  public:
    faulty_clock(Clock time, trouble with) : clock_{std::move(time)}, with_{std::move(with)} {}

    [[nodiscard]] wall_time now() {
        if (with_.happens(with_.which().clock_jump)) {
            const double most = with_.which().jump_seconds * 1e6;
            *ahead_ += static_cast<std::int64_t>(most) -
                       static_cast<std::int64_t>(with_.below(static_cast<std::uint64_t>(2 * most) + 1));
        }
        return {clock_.now().microseconds + *ahead_};
    }
    [[nodiscard]] double seconds() { return clock_.seconds(); }
    task<> sleep(double seconds) { return clock_.sleep(seconds); }

  private:
    Clock clock_;
    trouble with_;
    std::shared_ptr<std::int64_t> ahead_ = std::make_shared<std::int64_t>(0);
};

static_assert(clock<faulty_clock<virtual_clock>>);

}  // namespace foreshadow::testing

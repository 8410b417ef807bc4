// SPDX-License-Identifier: BSL-1.0
//
// What a backup shares with a database's users: one server, first come, first served. Requests arrive at random, at a
// rate that may change; each takes a random time, and a chunk of the backup takes its own. Latency is waiting plus
// service. It is a model of the resource that is short, whichever that is; with it, a pace can be tested by the
// thousand.
#pragma once

#include "foreshadow/testing/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace foreshadow::testing {

/// Times in seconds. Time only goes forward.
class shared_server {
  public:
    using load = std::function<double(double)>;  ///< requests per second at a time

    shared_server(std::uint64_t seed, load requests, double mean_service)
        : random_{seed}, requests_{std::move(requests)}, mean_service_{mean_service}, next_{gap(requests_(0))} {}

    /// Serves the requests that arrive before `until`; their latencies are appended.
    void advance(double until, std::vector<double>& latencies) {
        while (next_ < until) {
            free_at_ = std::max(free_at_, next_) + exponential(mean_service_);
            latencies.push_back(free_at_ - next_);
            next_ += gap(requests_(next_));
        }
    }

    /// Serves a chunk that is asked for at `at`, to where time was advanced before; returns when it is done.
    double serve(double at, double seconds) {
        free_at_ = std::max(free_at_, at) + seconds;
        return free_at_;
    }

  private:
    [[nodiscard]] double exponential(double mean) { return -mean * std::log1p(-random_.unit()); }
    [[nodiscard]] double gap(double per_second) { return exponential(1 / std::max(per_second, 1e-9)); }

    seeded_random random_;
    load requests_;
    double mean_service_;
    double next_;
    double free_at_ = 0;
};

/// The value that `share` of all are not above; 0 of none. The order of `values` is changed.
[[nodiscard]] inline double quantile(std::vector<double>& values, double share) {
    if (values.empty()) return 0;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

}  // namespace foreshadow::testing

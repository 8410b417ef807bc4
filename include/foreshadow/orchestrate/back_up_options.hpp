// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/shadow/shadow_set.hpp"
#include "foreshadow/source/source.hpp"

#include <atomic>
#include <cstddef>

namespace foreshadow {

/// How a backup is to be made. The defaults suit a database of any size on a machine of any size.
struct back_up_options {
    read_budget chunk = {};                             ///< of each short read transaction
    std::size_t workers = 1;                            ///< chunks read at once
    std::size_t memory_bytes = std::size_t{256} << 20;  ///< the byte budget of rows in flight
    std::size_t journal_bytes = std::size_t{4} << 20;   ///< a segment is sealed when it has grown to this
    double checkpoint_seconds = 5;                      ///< between checkpoints; 0: after every chunk and batch
    double patience_seconds = 300;            ///< how long a source that is locked by another program is asked again
    double forecast_seconds = 0.5;            ///< between forecasts
    double horizon_seconds = 30;              ///< how far ahead is predicted
    double least_confidence = 0.05;           ///< predictions below are not recorded
    double least_bytes_per_second = 1 << 20;  ///< the floor of the pace, so that a backup always ends
    double finish_within_seconds = 0;  ///< of its begin; a pace that heeds it hurries in time. 0: whenever it ends
    shadow_budget shadows = {};
    const std::atomic<bool>* stop = nullptr;  ///< set it to stop at the next durable point (throws `interrupted`)

    [[nodiscard]] bool is_stopped() const noexcept { return stop != nullptr && stop->load(); }
};

}  // namespace foreshadow

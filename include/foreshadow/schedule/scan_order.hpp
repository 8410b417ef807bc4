// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/prediction.hpp"

#include <concepts>
#include <span>

namespace foreshadow {

/// An interval that no image covers yet.
struct piece {
    key_range interval;
    partition_id owner;          ///< of the partition that owned it when it was planned
    double remaining_bytes = 0;  ///< estimate; 0 when unknown
    bool started = false;        ///< whether a part of its partition was read in this backup
    content holds = content::data;
};

/// Which piece next? `arrange` puts pieces, which come in any order, into the one in which they are to be read; none
/// may be changed or lost. `live` are the predictions that have not come true or lapsed, by falling confidence.
///
/// Asked when a scan is planned and when predictions have changed, not for each chunk: what a chunk leaves of its piece
/// comes next.
template <class O>
concept scan_order = requires(O& o, std::span<piece> pieces, std::span<const prediction> live) {
    { o.arrange(pieces, live) } -> std::same_as<void>;
};

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/prediction.hpp"

#include <concepts>
#include <cstddef>
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

/// Which piece next? `next` returns an index into `pieces`, which is not empty and in key order.
/// `live` are the predictions that have not come true or lapsed, by falling confidence.
template <class O>
concept scan_order = requires(O& o, std::span<const piece> pieces, std::span<const prediction> live) {
    { o.next(pieces, live) } -> std::same_as<std::size_t>;
};

}  // namespace foreshadow

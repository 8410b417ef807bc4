// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace foreshadow {

/// What shadows may cost at most. Hard: what does not fit is refused, or gives way.
struct shadow_budget {
    std::size_t memory_bytes = std::size_t{64} << 20;
    double stored_share = 0.10;                            ///< of all bytes stored so far, at most for runs
    std::uint64_t stored_always = std::uint64_t{1} << 20;  ///< so much may be stored whatever the share
    std::size_t count = 64;                                ///< shadows open at once
    double confidence_threshold = 0.5;
};

/// What became of the shadows of a backup.
struct shadow_counts {
    std::uint64_t opened = 0;
    std::uint64_t adopted = 0;    ///< the change came about where it was foretold
    std::uint64_t recut = 0;      ///< it came about at another boundary
    std::uint64_t discarded = 0;  ///< it did not come about, or the shadow gave way
    std::uint64_t stored = 0;     ///< bytes harvested, before compression
};

}  // namespace foreshadow

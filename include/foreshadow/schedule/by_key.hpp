// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/schedule/scan_order.hpp"

#include <cstddef>
#include <span>

namespace foreshadow {

namespace detail {

/// The first piece of definitions, or `pieces.size()`: a target needs them first, and they are few.
[[nodiscard]] inline std::size_t first_definitions(std::span<const piece> pieces) {
    std::size_t i = 0;
    while (i < pieces.size() && pieces[i].holds != content::definitions) ++i;
    return i;
}

}  // namespace detail

/// In key order, definitions first: the order that disturbs a database's caches least, and knows nothing.
struct by_key {
    [[nodiscard]] std::size_t next(std::span<const piece> pieces, std::span<const prediction>) const {
        const std::size_t definitions = detail::first_definitions(pieces);
        return definitions < pieces.size() ? definitions : 0;
    }
};

static_assert(scan_order<by_key>);

}  // namespace foreshadow

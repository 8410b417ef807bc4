// SPDX-License-Identifier: BSL-1.0
//
// Lineage: which partitions became which. Derived from a layout entry by laying what ends over what begins;
// one entry may tell of several independent changes.
#pragma once

#include "foreshadow/plane/layout.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace foreshadow {

enum class lineage_kind : std::uint8_t { split, merge, create, drop, reshape };

[[nodiscard]] inline const char* name_of(lineage_kind kind) noexcept {
    switch (kind) {
        case lineage_kind::split: return "split";
        case lineage_kind::merge: return "merge";
        case lineage_kind::create: return "create";
        case lineage_kind::drop: return "drop";
        case lineage_kind::reshape: return "reshape";
    }
    return "unknown";
}

/// One change of layout: `from` ended, `to` began; `boundaries` are the inner edges that came or went.
struct lineage_event {
    version at;
    wall_time time;
    lineage_kind kind = lineage_kind::split;
    std::vector<partition> from;
    std::vector<partition> to;
    std::vector<key> boundaries;

    friend bool operator==(const lineage_event&, const lineage_event&) = default;
};

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/position.hpp"

#include <concepts>
#include <cstdint>
#include <string>

namespace foreshadow {

/// What rule 1 cannot settle.
enum class conflict_kind : std::uint8_t {
    same_version,  ///< same key, same version, different bytes
    patch_without_row,
    claimed_twice  ///< two images know different bytes of one key at one position
};

struct conflict {
    conflict_kind kind = conflict_kind::same_version;
    key where;
    version at;
    std::string partition;
    std::string boxes;  ///< the boxes that disagree, for people
};

/// What if boxes disagree? `settle` throws, or returns and thereby lets the newest win (a patch without row is
/// skipped).
template <class P>
concept conflict_policy = requires(P& p, const conflict& c) {
    { p.settle(c) } -> std::same_as<void>;
};

}  // namespace foreshadow

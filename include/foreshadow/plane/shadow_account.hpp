// SPDX-License-Identifier: BSL-1.0
//
// Why a prediction has a shadow, or has none: the numbers that it was decided by, as they were then. Plain records,
// like predictions: whoever wants to know why a restore read the journal finds it here.
#pragma once

#include <cstdint>

namespace foreshadow {

/// What came of a prediction's request for a shadow.
enum class shadow_verdict : std::uint8_t {
    not_asked,    ///< it was never considered
    opened,       ///< it has, or had, a shadow until it was adopted or discarded
    unlikely,     ///< refused: its confidence is below the threshold
    no_keys,      ///< refused: there are no keys whose changes would be kept (a drop, a creation without an end)
    costs_more,   ///< refused: the cost exceeds the worth
    keys_taken,   ///< refused: its keys have a shadow that was adopted, or is worth more than half as much
    no_memory,    ///< refused: the budget of memory is used up
    no_room,      ///< refused: there are as many shadows as may be, and none is worth less than half as much
    gave_way,     ///< evicted: its keys, or its place, were wanted by one that is worth twice as much
    memory_full,  ///< evicted: the budget of memory was exceeded
    store_full    ///< evicted: the budget of stored bytes had no room for what it held
};

[[nodiscard]] inline const char* name_of(shadow_verdict verdict) noexcept {
    switch (verdict) {
        case shadow_verdict::not_asked:
            return "not asked";
        case shadow_verdict::opened:
            return "opened";
        case shadow_verdict::unlikely:
            return "unlikely";
        case shadow_verdict::no_keys:
            return "no keys";
        case shadow_verdict::costs_more:
            return "costs more";
        case shadow_verdict::keys_taken:
            return "keys taken";
        case shadow_verdict::no_memory:
            return "no memory";
        case shadow_verdict::no_room:
            return "no room";
        case shadow_verdict::gave_way:
            return "gave way";
        case shadow_verdict::memory_full:
            return "memory full";
        case shadow_verdict::store_full:
            return "store full";
    }
    return "unknown";
}

/// The arithmetic of a shadow, in bytes: worth = confidence × (spared + ready), and it pays where that is no less than
/// the cost. See shadow/worth.hpp.
struct shadow_account {
    double spared = 0;  ///< journal that a restore of these keys does not read and sort
    double ready = 0;   ///< what is sorted by the time of the change
    double worth = 0;
    double cost = 0;              ///< held, and written a second time if the shadow is kept
    std::uint64_t open = 0;       ///< shadows open then
    std::uint64_t most_open = 0;  ///< and how many may be
    std::uint64_t held = 0;       ///< bytes in memory then
    std::uint64_t most_held = 0;  ///< and how many may be
    shadow_verdict verdict = shadow_verdict::not_asked;

    [[nodiscard]] double net() const noexcept { return worth - cost; }
    /// An idle band costs nothing, and "nothing was written here" is coverage too: a draw opens.
    [[nodiscard]] bool pays() const noexcept { return worth >= cost; }

    friend bool operator==(const shadow_account&, const shadow_account&) = default;
};

}  // namespace foreshadow

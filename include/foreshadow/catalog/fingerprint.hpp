// SPDX-License-Identifier: BSL-1.0
//
// What a box said when it was made, as a number that goes with it from then on: through checkpoints, points and later
// backups, which copy boxes and never change one. Most of what a catalog says it says twice, and is held against
// itself; the keys and positions of an image or a run that no proof rests on stand there once, and have this.
#pragma once

#include "foreshadow/plane/box.hpp"
#include "foreshadow/row/varint.hpp"
#include "foreshadow/store/digest.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace foreshadow {

namespace detail {

inline void append_interval(const key_range& interval, std::string& out) {
    append_sized(interval.begin, out);
    append_sized(interval.end, out);
}

[[nodiscard]] inline std::uint32_t low_half(const std::string& told) {
    return static_cast<std::uint32_t>(checksum_of(told));
}

}  // namespace detail

/// Of the keys, the horizon and the bytes of an image. Format: docs/format.md, "Boxes".
[[nodiscard]] inline std::uint32_t fingerprint_of(const image& i) {
    std::string told;
    detail::append_interval(i.interval, told);
    append_varint(i.seen.low.value, told);
    append_varint(i.seen.high.value, told);
    append_varint(i.seen.also.size(), told);
    for (const position p : i.seen.also) append_varint(p.value, told);
    append_sized(i.where, told);
    return detail::low_half(told);
}

/// Of the keys, the positions, the erasures and the bytes of a run.
[[nodiscard]] inline std::uint32_t fingerprint_of(const run& r) {
    std::string told;
    detail::append_interval(r.interval, told);
    append_varint(r.after.value, told);
    append_varint(r.upto.value, told);
    append_varint(r.erasures.size(), told);
    for (const range_erasure& erased : r.erasures) {
        append_varint(erased.at.at.value, told);
        append_varint(erased.at.ordinal, told);
        detail::append_interval(erased.interval, told);
    }
    append_sized(r.where, told);
    return detail::low_half(told);
}

/// The box with its fingerprint, for whoever made it.
template <class Box>
[[nodiscard]] Box fingerprinted(Box made) {
    made.fingerprint = fingerprint_of(made);
    return made;
}

}  // namespace foreshadow

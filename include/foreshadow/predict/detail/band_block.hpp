// SPDX-License-Identifier: BSL-1.0
//
// Up to 64 bands in key order, and what a search among them reads: eight bytes of each begin behind what all of them
// have in common. The heads stand in eights, a cache line each, and the last of each eight stands in the block, so that
// a key waits for memory twice: for its block, and then for its eight and their slots at once.
#pragma once

#include "foreshadow/predict/detail/key_head.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace foreshadow::detail {

/// The bands of a block: 768 bytes, of which a search reads a line and a half.
struct alignas(64) block_page {
    static constexpr std::size_t room = 64;
    static constexpr std::size_t a_line = 8;

    std::array<std::uint64_t, room> heads;  ///< all ones behind the last
    std::array<std::uint32_t, room> slots;

    /// How many of the eight heads from `row` on are smaller.
    [[nodiscard]] std::size_t smaller(std::size_t row, std::uint64_t head) const noexcept {
        const std::uint64_t* const h = heads.data() + row;
        std::size_t n = static_cast<std::size_t>(h[3] < head) * 4;
        n += static_cast<std::size_t>(h[n + 1] < head) * 2;
        n += static_cast<std::size_t>(h[n] < head);
        return n + static_cast<std::size_t>(h[n] < head);
    }
};

struct alignas(64) band_block {
    static constexpr std::size_t most_skipped = 0xffff;

    std::array<std::uint64_t, block_page::a_line - 1> lasts;  ///< of each eight heads but the last
    std::uint32_t page = 0;
    std::uint16_t skip = 0;   ///< how many bytes all begins have in common
    std::uint8_t count = 0;   ///< of bands
    bool is_bounded = false;  ///< whether all keys from this block to the next have those in common, too
    // Behind the first cache line is what only blocks without bounds are asked for.
    shared_front front;

    /// Whether a key with these first sixteen bytes begins as the bands do, as far as that is surely known.
    [[nodiscard]] bool is_beginning(wide_head head) const noexcept {
        return is_bounded || (front.is_of(head) && skip <= sizeof(wide_head));
    }

    /// The first of the eight heads among which this one belongs.
    [[nodiscard]] std::size_t row_of(std::uint64_t head) const noexcept {
        std::size_t n = static_cast<std::size_t>(lasts[3] < head) * 4;
        n += static_cast<std::size_t>(lasts[n + 1] < head) * 2;
        n += static_cast<std::size_t>(lasts[n] < head);
        return n * block_page::a_line;
    }
};
static_assert(sizeof(band_block) == 128);

}  // namespace foreshadow::detail

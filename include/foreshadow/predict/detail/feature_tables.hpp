// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace foreshadow::detail {

/// A table over one number: where it begins and ends, and in how many bins.
struct table_axis {
    double low;
    double high;
    std::uint16_t bins;

    [[nodiscard]] std::uint16_t bin(double v, std::uint16_t n) const noexcept {
        const double place = (v - low) / (high - low) * n;
        if (!(place > 0)) return 0;
        return static_cast<std::uint16_t>(std::min(place, n - 1.0));
    }
};

/// The tables of an additive model: one over each number, and one over each of some pairs of them.
template <std::size_t Numbers, std::size_t Pairs>
struct feature_tables {
    using cells = std::array<std::uint16_t, Numbers + Pairs>;

    std::array<table_axis, Numbers> axes;
    std::array<std::array<std::size_t, 2>, Pairs> pairs;
    std::uint16_t pair_bins = 0;  ///< of each number of a pair; 0: as many as it has alone

    [[nodiscard]] constexpr std::uint16_t bins_in_pair(std::size_t number) const noexcept {
        return pair_bins != 0 ? pair_bins : axes[number].bins;
    }
    [[nodiscard]] constexpr std::size_t cell_count() const noexcept {
        std::size_t n = 0;
        for (const table_axis& axis : axes) n += axis.bins;
        for (const auto& [a, b] : pairs) n += std::size_t{bins_in_pair(a)} * bins_in_pair(b);
        return n;
    }

    /// Where these numbers lie: a cell of each table, counted through all of them.
    [[nodiscard]] cells cells_of(const std::array<double, Numbers>& in) const noexcept {
        cells all;
        std::size_t offset = 0;
        std::size_t n = 0;
        const auto put = [&](std::size_t bin, std::size_t of) {
            all[n++] = static_cast<std::uint16_t>(offset + bin);
            offset += of;
        };
        for (std::size_t i = 0; i < Numbers; ++i) put(axes[i].bin(in[i], axes[i].bins), axes[i].bins);
        for (const auto& [a, b] : pairs) {
            const std::size_t across = bins_in_pair(b);
            put(axes[a].bin(in[a], bins_in_pair(a)) * across + axes[b].bin(in[b], bins_in_pair(b)),
                bins_in_pair(a) * across);
        }
        return all;
    }
};

}  // namespace foreshadow::detail

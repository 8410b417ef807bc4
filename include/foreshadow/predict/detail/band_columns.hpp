// SPDX-License-Identifier: BSL-1.0
//
// What is remembered of each band, as arrays over all of them. What a write touches lies together in one record of 32
// bytes, since a random write then costs one cache line; everything else is folded once a tick and swept by forecasts,
// and stands in xtensor columns, a column a quantity. A row of all of it is `bytes_a_band` bytes; keys and the few
// samples of keys come on top.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/predict/detail/band_index.hpp"
#include "foreshadow/predict/detail/huge_pages.hpp"
#include "foreshadow/predict/detail/old_versions.hpp"
#include "foreshadow/predict/detail/size_axis.hpp"

#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace foreshadow::detail {

/// Half-lives of growth in fifths of the horizon: from well below it to far above. The growth that matters to a
/// passage within H is the one over times like H; one further down answers to bursts, two further up to seasons.
inline constexpr std::array<double, 4> half_lives{1, 7, 30, 120};

/// What was written to a band since it was last folded.
struct inflow {
    float inserted = 0;
    float updated = 0;
    float erased = 0;
    float bytes = 0;          ///< of inserts
    float updated_bytes = 0;  ///< of updates: what these do to the size depends on the engine
    float last_write = 0;     ///< seconds since the origin
    std::uint32_t family = 0;
    std::uint16_t sample = no_sample;
    bool is_touched = false;       ///< written to since it was last folded
    bool is_watched : 1 = false;   ///< a row of it waits for its outcome
    bool may_have_gap : 1 = true;  ///< whether keys may follow it that belong to nobody

    static constexpr std::uint16_t no_sample = 0xffff;
};
static_assert(sizeof(inflow) == 32);

/// The measures of size that engines split by.
enum measure : std::uint8_t { by_rows, by_bytes, by_rate };
inline constexpr std::size_t measures = 3;

struct band_columns {
    using slot = band_index::slot;
    using column = xt::xtensor<float, 1>;

    huge_vector<inflow> in;
    std::vector<partition_id> id;
    std::vector<old_versions::list> old;
    std::vector<std::array<size_bin, measures>> highest;  ///< of each measure, the largest it has lived through
    column rows;
    column bytes;
    xt::xtensor<float, 2> net;  ///< growth of the leading measure per second, by half-life
    column inserts;             ///< per second, the second half-life
    column writes;              ///< inserts and updates per second, the shortest half-life
    column variance;            ///< of growth per second, the third half-life
    column jump;                ///< the largest growth in one tick, fading with the third half-life
    column born;                ///< seconds since the origin
    column split;               ///< when it came of a split
    xt::xtensor<double, 1> folded;

    static constexpr std::size_t bytes_a_band = sizeof(inflow) + sizeof(partition_id) + sizeof(old_versions::list) +
                                                sizeof(std::array<size_bin, measures>) + 12 * sizeof(float) +
                                                sizeof(double) + sizeof(std::uint64_t) + sizeof(slot);

    [[nodiscard]] std::size_t capacity() const noexcept { return in.size(); }

    /// Room for `n` bands; what is there stays.
    void grow(std::size_t n) {
        const std::size_t there = capacity();
        if (n <= there) return;
        n = std::max(n, there + there / 2);
        in.resize(n);
        id.resize(n);
        old.resize(n, old_versions::none);
        highest.resize(n);
        for (column* c : {&rows, &bytes, &inserts, &writes, &variance, &jump, &born, &split}) extend(*c, there, n);
        extend(folded, there, n);
        xt::xtensor<float, 2> more = xt::zeros<float>({n, half_lives.size()});
        if (there > 0) xt::view(more, xt::range(0, there), xt::all()) = net;
        net = std::move(more);
    }

    /// One band's row of all columns.
    struct record {
        inflow in;
        float rows = 0;
        float bytes = 0;
        std::array<float, half_lives.size()> net{};
        float inserts = 0;
        float writes = 0;
        float variance = 0;
        float jump = 0;
        double folded = 0;
    };
    [[nodiscard]] record read(slot s) const {
        record r{in[s], rows(s), bytes(s), {}, inserts(s), writes(s), variance(s), jump(s), folded(s)};
        for (std::size_t j = 0; j < r.net.size(); ++j) r.net[j] = net(s, j);
        return r;
    }
    void write(slot s, const record& r) {
        in[s] = r.in;
        rows(s) = r.rows;
        bytes(s) = r.bytes;
        for (std::size_t j = 0; j < r.net.size(); ++j) net(s, j) = r.net[j];
        inserts(s) = r.inserts;
        writes(s) = r.writes;
        variance(s) = r.variance;
        jump(s) = r.jump;
        folded(s) = r.folded;
    }
    void reset(slot s) {
        write(s, {});
        id[s] = {};
        highest[s].fill(unseen);
        born(s) = 0;
        split(s) = never;
    }

    static constexpr size_bin unseen = 0xffff;  ///< its first size is where it begins to count
    static constexpr float never = -1e30F;

  private:
    template <class Column>
    static void extend(Column& c, std::size_t there, std::size_t n) {
        Column more = xt::zeros<typename Column::value_type>({n});
        if (there > 0) xt::view(more, xt::range(0, there)) = c;
        c = std::move(more);
    }
};
static_assert(band_columns::bytes_a_band <= 128);

}  // namespace foreshadow::detail

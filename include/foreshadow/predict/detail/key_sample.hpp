// SPDX-License-Identifier: BSL-1.0
//
// Where will a band be cut? Engines cut at the middle of what it holds, so a small weighted sample of the keys that
// were written tells it; where rows were there before (their keys were never seen) and writes come at the end, the
// middle is interpolated. The last few keys say where growth goes: which child will be the one that grows.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/predict/detail/key_line.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace foreshadow::detail {

class key_sample {
  public:
    static constexpr std::size_t most = 64;
    static constexpr std::size_t last = 8;

    /// `unseen`: the size that was there before the first insert was seen.
    explicit key_sample(double unseen = 0) : unseen_{unseen} {}

    /// An insert; `weight` is what it adds to the size, and it stands for `times` of them; `random` is any 64 bits.
    void add(key_view k, float weight, int times, std::uint64_t random) {
        ++inserts_;
        recent_[inserts_ % last].assign(k);
        if (highest_ < k) {
            highest_.assign(k);
            ++at_end_;
        }
        known_ += static_cast<double>(weight) * times;
        // As likely as any key before it: a reservoir (Vitter 1985).
        if (drawn_.size() < most && (drawn_.size() + 1 >= inserts_ || drawn_.size() < last)) {
            drawn_.push_back({key{k}, weight});
            return;
        }
        // A child's sample is smaller than it may be: it grows as slowly, not to favour new keys.
        const std::uint64_t place = random % inserts_;
        if (place >= drawn_.size()) return;
        if (drawn_.size() < most) {
            drawn_.push_back({key{k}, weight});
        } else {
            drawn_[place].k.assign(k);
            drawn_[place].weight = weight;
        }
    }

    /// Inserts come above every key seen before, most of the time.
    [[nodiscard]] bool grows_at_end() const noexcept { return inserts_ > 8 && at_end_ * 2 > inserts_; }
    [[nodiscard]] std::uint64_t inserts() const noexcept { return inserts_; }

    /// The keys that cut the band into `pieces` of equal size, ascending, inside of `range`; none where nothing is
    /// known.
    [[nodiscard]] std::vector<key> cuts(const key_range& range, std::size_t pieces) const {
        std::vector<drawn> sorted = drawn_;
        std::erase_if(sorted, [&](const drawn& d) { return d.k <= range.begin || !range.ends_after(d.k); });
        if (sorted.empty() || pieces < 2) return {};
        std::sort(sorted.begin(), sorted.end(), [](const drawn& a, const drawn& b) { return a.k < b.k; });
        // A few huge rows of a small sample say little about where the others are: half of the weight is the number.
        double total = 0;
        for (const drawn& d : sorted) total += static_cast<double>(d.weight);
        const auto mean = static_cast<float>(total / static_cast<double>(sorted.size()));
        total = 0;
        for (drawn& d : sorted) total += static_cast<double>(d.weight = mean + std::min(d.weight, 2 * mean));
        const double known = std::max(known_, 1e-9);
        const double unseen_share = grows_at_end() ? unseen_ / (unseen_ + known) : 0;
        std::vector<key> edges;
        for (std::size_t i = 1; i < pieces; ++i) {
            const double rank = static_cast<double>(i) / static_cast<double>(pieces);
            key edge = rank < unseen_share ? point_between(range.begin, sorted.front().k, rank / unseen_share)
                                           : at(sorted, total * (rank - unseen_share) / (1 - unseen_share));
            if (edge > range.begin && range.ends_after(edge) && (edges.empty() || edges.back() < edge))
                edges.push_back(std::move(edge));
        }
        return edges;
    }

    /// The share of the size, and of the last inserts, that lies in `part`; `prior` is believed as a full sample is,
    /// since most engines cut at the middle.
    struct shares {
        double size;
        double growth;
    };
    [[nodiscard]] shares within(const key_range& part, const key_range& whole, double prior) const {
        double inside = 0;
        double total = 0;
        for (const drawn& d : drawn_) {
            total += 1;
            inside += part.contains(d.k) ? 1 : 0;
        }
        shares s{(inside + most * prior) / (total + most), prior};
        if (grows_at_end()) {
            s.growth = !end_before(part.end, whole.end) ? 1 : 0;  // the end of the key space gets everything
        } else {
            const std::size_t there = std::min<std::size_t>(inserts_, last);
            double grown = 8 * prior;
            for (std::size_t i = 1; i <= there; ++i) grown += part.contains(recent_[i % last]) ? 1 : 0;
            s.growth = grown / (8 + static_cast<double>(there));
        }
        return s;
    }

    /// Takes over what `parent` knows of `part`.
    void inherit(const key_sample& parent, const key_range& part, double share) {
        for (const drawn& d : parent.drawn_)
            if (part.contains(d.k) && drawn_.size() < most) drawn_.push_back(d);
        known_ += parent.known_ * share;
        unseen_ += parent.unseen_ * share;
        inserts_ += std::max<std::uint64_t>(drawn_.size(),
                                            static_cast<std::uint64_t>(share * static_cast<double>(parent.inserts_)));
        if (part.contains(parent.highest_) && highest_ < parent.highest_) {
            highest_ = parent.highest_;
            if (parent.grows_at_end()) at_end_ = inserts_;
        }
        for (const key& k : parent.recent_)
            if (!k.empty() && part.contains(k)) recent_[++turn_ % last] = k;
    }

  private:
    struct drawn {
        key k;
        float weight;
    };

    [[nodiscard]] static key at(const std::vector<drawn>& sorted, double goal) {
        double below = 0;
        for (const drawn& d : sorted) {
            below += static_cast<double>(d.weight);
            if (below > goal) return d.k;
        }
        return sorted.back().k;
    }

    std::vector<drawn> drawn_;
    std::array<key, last> recent_;
    key highest_;
    std::uint64_t inserts_ = 0;
    std::uint64_t at_end_ = 0;
    std::uint64_t turn_ = 0;
    double known_ = 0;
    double unseen_;
};

}  // namespace foreshadow::detail

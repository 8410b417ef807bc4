// SPDX-License-Identifier: BSL-1.0
//
// Which band does a key belong to? Asked for every change of the log, so a million string comparisons far apart in
// memory will not do. Bands stand in blocks of at most 64, in key order. A block keeps, side by side, eight bytes of
// each begin after what all of its begins have in common; a search reads those, and a whole key only where they are
// equal. So blocks are cut where neighbouring begins have least in common: at the edges of tables. Keys are looked up
// many at a time, step by step, so that what one waits for from memory is fetched while the others go on. A change of
// layout touches one block.
#pragma once

#include "foreshadow/plane/key_range.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow::detail {

class band_index {
  public:
    using slot = std::uint32_t;
    static constexpr slot none = 0xffff'ffff;

    void clear() {
        blocks_.clear();
        tops_.clear();
        ranges_.clear();
        size_ = 0;
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const key_range& range_of(slot s) const noexcept { return ranges_[s]; }

    /// The band that owns `k`, or `none`.
    [[nodiscard]] slot find(key_view k) const {
        const slot s = at_or_before(k);
        return s == none || !ranges_[s].ends_after(k) ? none : s;
    }

    /// The last band that begins at or before `k`, or `none`: its owner, if it reaches that far.
    [[nodiscard]] slot at_or_before(key_view k) const {
        if (blocks_.empty()) return none;
        const std::size_t in = block_of(k);
        const std::size_t below = rank(blocks_[in], k);
        if (below > 0) return blocks_[in].slots[below - 1];
        return in == 0 ? none : blocks_[in - 1].slots.back();
    }

    static constexpr std::size_t at_once = 16;

    /// The same for up to `at_once` keys.
    void at_or_before(std::span<const key_view> keys, std::span<slot> found) const {
        if (blocks_.empty()) return std::fill(found.begin(), found.end(), none);
        std::array<wide_head, at_once> wanted;
        std::array<std::size_t, at_once> place{};
        for (std::size_t i = 0; i < keys.size(); ++i) wanted[i] = wide_head_of(keys[i]);
        for (std::size_t left = tops_.size(); left > 1;) {
            const std::size_t half = left / 2;
            for (std::size_t i = 0; i < keys.size(); ++i)
                place[i] += half * static_cast<std::size_t>(tops_[place[i] + half - 1] < wanted[i]);
            left -= half;
        }
        for (std::size_t i = 0; i < keys.size(); ++i) {
            place[i] += static_cast<std::size_t>(tops_[place[i]] < wanted[i]);
            const bool is_told = place[i] == tops_.size() || !(tops_[place[i]] == wanted[i]);
            if (!is_told) {
                const bool is_only = place[i] + 1 == tops_.size() || !(tops_[place[i] + 1] == wanted[i]);
                place[i] = is_only ? place[i] + static_cast<std::size_t>(blocks_[place[i]].low <= keys[i])
                                   : block_of(keys[i]) + 1;
            }
            place[i] = std::max<std::size_t>(place[i], 1) - 1;
            __builtin_prefetch(&blocks_[place[i]]);
        }
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const block& b = blocks_[place[i]];
            __builtin_prefetch(b.heads.data() + b.heads.size() / 2);
            __builtin_prefetch(b.heads.data() + b.heads.size() / 4);
            __builtin_prefetch(b.heads.data() + b.heads.size() * 3 / 4);
        }
        for (std::size_t i = 0; i < keys.size(); ++i) {
            place[i] = place[i] << 8 | rank(blocks_[place[i]], keys[i]);
            const block& b = blocks_[place[i] >> 8];
            __builtin_prefetch(b.slots.data() + (place[i] & 0xff));
        }
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const std::size_t in = place[i] >> 8;
            const std::size_t below = place[i] & 0xff;
            found[i] = below > 0 ? blocks_[in].slots[below - 1] : in == 0 ? none : blocks_[in - 1].slots.back();
        }
    }

    /// The band that begins at `begin`, or `none`.
    [[nodiscard]] slot find_begin(key_view begin) const {
        const slot s = at_or_before(begin);
        return s == none || ranges_[s].begin != begin ? none : s;
    }

    /// A new band; none begins where it does. Amortised O(block), and O(1) behind the last.
    void insert(slot s, key_range range) {
        if (ranges_.size() <= s) ranges_.resize(s + std::size_t{1});
        ranges_[s] = std::move(range);
        insert_one(s);
        ++size_;
    }

    void erase(slot s) {
        const place where = locate(s);
        block& b = blocks_[where.block];
        b.slots.erase(b.slots.begin() + static_cast<std::ptrdiff_t>(where.at));
        b.heads.erase(b.heads.begin() + static_cast<std::ptrdiff_t>(where.at));
        if (b.slots.empty()) {
            blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(where.block));
            tops_.erase(tops_.begin() + static_cast<std::ptrdiff_t>(where.block));
            bound(where.block);
        }
        ranges_[s] = {};
        --size_;
    }

    /// Visits all bands in key order.
    template <class F>
    void for_each(F&& visit) const {
        for (const block& b : blocks_)
            for (const slot s : b.slots) visit(s);
    }

    /// Visits bands in key order from the one that `k` lies in, or the next, until `visit` returns false.
    template <class F>
    void for_each_from(key_view k, F&& visit) const {
        if (blocks_.empty()) return;
        std::size_t in = block_of(k);
        std::size_t at = rank(blocks_[in], k);
        if (at > 0) --at;
        for (; in < blocks_.size(); ++in, at = 0)
            for (; at < blocks_[in].slots.size(); ++at)
                if (ranges_[blocks_[in].slots[at]].ends_after(k) && !visit(blocks_[in].slots[at])) return;
    }

    /// The band before and the band after, or `none`.
    [[nodiscard]] std::pair<slot, slot> neighbours(slot s) const {
        const place where = locate(s);
        const auto& here = blocks_[where.block].slots;
        slot before = none;
        slot after = none;
        if (where.at > 0)
            before = here[where.at - 1];
        else if (where.block > 0)
            before = blocks_[where.block - 1].slots.back();
        if (where.at + 1 < here.size())
            after = here[where.at + 1];
        else if (where.block + 1 < blocks_.size())
            after = blocks_[where.block + 1].slots.front();
        return {before, after};
    }

  private:
    static constexpr std::size_t fullest = 64;

    struct block {
        key low;                  ///< begin of the first band when the block was made; not above it
        key shared;               ///< what all begins have in common
        bool is_bounded = false;  ///< whether all keys between `low` and the next block's have that in common, too
        std::vector<std::uint64_t> heads;
        std::vector<slot> slots;
    };

    /// Eight bytes of `k` behind `skip`, as a number that orders as they do.
    [[nodiscard]] static std::uint64_t head(key_view k, std::size_t skip) noexcept {
        std::uint64_t value = 0;
        if constexpr (std::endian::native == std::endian::little) {
            if (k.size() >= skip + 8) {
                std::memcpy(&value, k.data() + skip, 8);
                return __builtin_bswap64(value);
            }
        }
        const std::size_t there = k.size() > skip ? std::min<std::size_t>(k.size() - skip, 8) : 0;
        if constexpr (std::endian::native == std::endian::little) {
            if (there > 0 && k.size() >= 8) {  // its last eight bytes, without those that are not asked for
                std::memcpy(&value, k.data() + k.size() - 8, 8);
                return __builtin_bswap64(value) << (8 * (8 - there));
            }
        }
        for (std::size_t i = 0; i < there; ++i) value = value << 8 | static_cast<unsigned char>(k[skip + i]);
        return there == 0 ? 0 : value << (8 * (8 - there));
    }

    struct wide_head {
        std::uint64_t first = 0;
        std::uint64_t second = 0;

        friend bool operator==(const wide_head&, const wide_head&) = default;
        friend bool operator<(const wide_head& a, const wide_head& b) noexcept {  // without a branch
            return static_cast<bool>(static_cast<int>(a.first < b.first) |
                                     (static_cast<int>(a.first == b.first) & static_cast<int>(a.second < b.second)));
        }
    };
    [[nodiscard]] static wide_head wide_head_of(key_view k) noexcept { return {head(k, 0), head(k, 8)}; }

    [[nodiscard]] std::size_t block_of(key_view k) const {
        // Sixteen bytes tell most blocks apart, and stand side by side.
        const wide_head wanted = wide_head_of(k);
        const auto [first, last] = std::equal_range(tops_.begin(), tops_.end(), wanted);
        const auto from = blocks_.begin() + (first - tops_.begin());
        const auto after = std::upper_bound(from, blocks_.begin() + (last - tops_.begin()), k,
                                            [](key_view value, const block& b) { return value < b.low; });
        return after == blocks_.begin() ? 0 : static_cast<std::size_t>(after - blocks_.begin()) - 1;
    }

    /// How many of the block's bands begin at or before `k`.
    [[nodiscard]] std::size_t rank(const block& b, key_view k) const {
        if (!b.is_bounded) {
            const int order = k.substr(0, b.shared.size()).compare(b.shared);
            if (order != 0) return order < 0 ? 0 : b.slots.size();
        }
        const std::uint64_t wanted = head(k, b.shared.size());
        std::size_t low = 0;
        for (std::size_t left = b.heads.size(); left > 1;) {  // no branch to be mispredicted
            const std::size_t half = left / 2;
            low += b.heads[low + half - 1] < wanted ? half : 0;
            left -= half;
        }
        low += b.heads[low] < wanted ? 1 : 0;
        if (low == b.heads.size() || b.heads[low] != wanted) return low;
        const auto first = b.slots.begin() + static_cast<std::ptrdiff_t>(low);
        auto last = first;
        const auto same = std::upper_bound(b.heads.begin() + static_cast<std::ptrdiff_t>(low), b.heads.end(), wanted);
        last = b.slots.begin() + (same - b.heads.begin());
        const auto found = std::upper_bound(first, last, k, [&](key_view v, slot s) { return v < ranges_[s].begin; });
        return static_cast<std::size_t>(found - b.slots.begin());
    }

    struct place {
        std::size_t block;
        std::size_t at;
    };
    [[nodiscard]] place locate(slot s) const {
        const std::size_t in = block_of(ranges_[s].begin);
        return {in, rank(blocks_[in], ranges_[s].begin) - 1};
    }

    void insert_one(slot s) {
        const key& begin = ranges_[s].begin;
        if (blocks_.empty()) {
            blocks_.push_back({.low = begin, .shared = {}, .is_bounded = false, .heads = {}, .slots = {s}});
            tops_.push_back(wide_head_of(begin));
            renew(blocks_.back());
            return;
        }
        const bool is_last = ranges_[blocks_.back().slots.back()].begin < begin;
        const std::size_t in = is_last ? blocks_.size() - 1 : block_of(begin);
        block& b = blocks_[in];
        const std::size_t at = is_last ? b.slots.size() : rank(b, begin);
        const bool shares = begin.compare(0, b.shared.size(), b.shared) == 0;
        b.slots.insert(b.slots.begin() + static_cast<std::ptrdiff_t>(at), s);
        if (begin < b.low) {
            b.low = begin;
            tops_[in] = wide_head_of(begin);
            bound(in);
        }
        if (b.slots.size() > fullest) {
            split_block(in, is_last);
        } else if (shares) {
            b.heads.insert(b.heads.begin() + static_cast<std::ptrdiff_t>(at), head(begin, b.shared.size()));
        } else {
            renew(b);
            bound(in);
        }
    }

    [[nodiscard]] static std::size_t in_common(key_view a, key_view b) noexcept {
        const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
        return static_cast<std::size_t>(differ - a.begin());
    }

    /// Where neighbours have least in common, and nearest to the middle of such places; at the end of all, where bands
    /// come in order, at the last such place.
    [[nodiscard]] std::size_t cut_of(const block& b, bool is_last) const {
        const std::size_t count = b.slots.size();
        const std::size_t middle = is_last ? count - 1 : count / 2;
        std::size_t best = middle;
        std::size_t least = in_common(ranges_[b.slots[middle - 1]].begin, ranges_[b.slots[middle]].begin);
        for (std::size_t off = 1; middle - off >= count / 4; ++off) {
            for (const std::size_t at : {middle - off, middle + off}) {
                if (at >= count || at > std::max(middle, count * 3 / 4)) continue;
                const std::size_t common = in_common(ranges_[b.slots[at - 1]].begin, ranges_[b.slots[at]].begin);
                if (common >= least) continue;
                least = common;
                best = at;
            }
        }
        return best;
    }

    void split_block(std::size_t in, bool is_last) {
        block upper;
        block& lower = blocks_[in];
        const std::size_t keep = cut_of(lower, is_last);
        upper.slots.assign(lower.slots.begin() + static_cast<std::ptrdiff_t>(keep), lower.slots.end());
        upper.low = ranges_[upper.slots.front()].begin;
        lower.slots.resize(keep);
        renew(lower);
        renew(upper);
        tops_.insert(tops_.begin() + static_cast<std::ptrdiff_t>(in) + 1, wide_head_of(upper.low));
        blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(in) + 1, std::move(upper));
        bound(in);
        bound(in + 1);
    }

    /// What keys between two lows have in common follows from these: after a change of the block `in`, of it and the
    /// one before.
    void bound(std::size_t in) {
        for (std::size_t i = in > 0 ? in - 1 : 0; i <= in && i < blocks_.size(); ++i)
            blocks_[i].is_bounded =
                i + 1 < blocks_.size() && in_common(blocks_[i].low, blocks_[i + 1].low) >= blocks_[i].shared.size();
    }

    void renew(block& b) const {
        const key& first = ranges_[b.slots.front()].begin;
        const key& last = ranges_[b.slots.back()].begin;
        const auto differ = std::mismatch(first.begin(), first.end(), last.begin(), last.end()).first;
        b.shared.assign(first.begin(), differ);
        b.heads.clear();
        for (const slot s : b.slots) b.heads.push_back(head(ranges_[s].begin, b.shared.size()));
    }

    std::vector<block> blocks_;
    std::vector<wide_head> tops_;    ///< of the blocks' lowest
    std::vector<key_range> ranges_;  ///< by slot
    std::size_t size_ = 0;
};

}  // namespace foreshadow::detail

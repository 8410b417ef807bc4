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
#include "foreshadow/predict/detail/band_block.hpp"
#include "foreshadow/predict/detail/huge_pages.hpp"
#include "foreshadow/predict/detail/key_head.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow::detail {

class band_index {
  public:
    using slot = std::uint32_t;
    static constexpr slot none = 0xffff'ffff;

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
        return before(in, rank(in, k));
    }

    static constexpr std::size_t at_once = 64;

    /// The same for up to `at_once` keys.
    void at_or_before(std::span<const key_view> keys, std::span<slot> found) const {
        if (blocks_.empty()) return std::fill(found.begin(), found.end(), none);
        std::array<wide_head, at_once> front;
        std::array<std::uint32_t, at_once> place;  // of its block
        for (std::size_t i = 0; i < keys.size(); ++i) front[i] = wide_head_of(keys[i]);
        find_blocks(keys, front, place);

        std::array<std::uint64_t, at_once> head;
        std::array<std::uint32_t, at_once> row;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const band_block& b = blocks_[place[i]];
            if (!b.is_beginning(front[i])) {
                found[i] = before(place[i], rank(place[i], keys[i]));
                row[i] = none;
                continue;
            }
            head[i] = key_head(keys[i], b.skip);
            row[i] = static_cast<std::uint32_t>(b.row_of(head[i]));
            __builtin_prefetch(pages_[b.page].heads.data() + row[i]);
            __builtin_prefetch(pages_[b.page].slots.data() + row[i]);
        }
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (row[i] == none) continue;
            const band_block& b = blocks_[place[i]];
            const block_page& page = pages_[b.page];
            std::size_t below = row[i] + page.smaller(row[i], head[i]);
            if (below < b.count && page.heads[below] == head[i]) below = rank(place[i], keys[i]);
            found[i] = before(place[i], below);
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
        const std::size_t in = block_of(ranges_[s].begin);
        const std::size_t at = rank(in, ranges_[s].begin) - 1;
        band_block& b = blocks_[in];
        block_page& page = pages_[b.page];
        std::copy(page.slots.begin() + at + 1, page.slots.begin() + b.count, page.slots.begin() + at);
        std::copy(page.heads.begin() + at + 1, page.heads.begin() + b.count, page.heads.begin() + at);
        page.heads[--b.count] = ~std::uint64_t{0};
        copy_lasts(b);
        if (b.count == 0) {
            free_pages_.push_back(b.page);
            blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(in));
            tops_.erase(tops_.begin() + static_cast<std::ptrdiff_t>(in));
            lows_.erase(lows_.begin() + static_cast<std::ptrdiff_t>(in));
            renew_tops();
            bound(in);
        }
        ranges_[s] = {};
        --size_;
    }

    /// Visits all bands in key order.
    template <class F>
    void for_each(F&& visit) const {
        for (const band_block& b : blocks_)
            for (std::size_t at = 0; at < b.count; ++at) visit(pages_[b.page].slots[at]);
    }

    /// Visits bands in key order from the one that `k` lies in, or the next, until `visit` returns false.
    template <class F>
    void for_each_from(key_view k, F&& visit) const {
        if (blocks_.empty()) return;
        std::size_t in = block_of(k);
        std::size_t at = rank(in, k);
        if (at > 0) --at;
        for (; in < blocks_.size(); ++in, at = 0)
            for (; at < blocks_[in].count; ++at) {
                const slot s = pages_[blocks_[in].page].slots[at];
                if (ranges_[s].ends_after(k) && !visit(s)) return;
            }
    }

    /// The band before and the band after, or `none`.
    [[nodiscard]] std::pair<slot, slot> neighbours(slot s) const {
        const std::size_t in = block_of(ranges_[s].begin);
        const std::size_t after = rank(in, ranges_[s].begin);
        slot next = none;
        if (after < blocks_[in].count)
            next = pages_[blocks_[in].page].slots[after];
        else if (in + 1 < blocks_.size())
            next = pages_[blocks_[in + 1].page].slots[0];
        return {before(in, after - 1), next};
    }

  private:
    /// The blocks of some keys, four at a time.
    void find_blocks(std::span<const key_view> keys, std::span<const wide_head> front,
                     std::span<std::uint32_t> place) const {
        std::array<wide_head, at_once> wanted;
        for (std::size_t i = 0; i < keys.size(); ++i) wanted[i] = skip_ == 0 ? front[i] : wide_head_of(keys[i], skip_);
        for (std::size_t i = keys.size(); i % 4 != 0; ++i) wanted[i] = 0;
        const wide_head* const tops = tops_.data();
        for (std::size_t i = 0; i < keys.size(); i += 4) {
            std::array<std::size_t, 4> at{};
            for (std::size_t left = tops_.size(); left > 1; left -= left / 2) {
                const std::size_t half = left / 2;
                const auto step = [&](std::size_t n) {  // no branch to be mispredicted
                    at[n] += half & (std::size_t{0} - static_cast<std::size_t>(tops[at[n] + half] <= wanted[i + n]));
                };
                step(0), step(1), step(2), step(3);
            }
            for (std::size_t n = 0; n < 4; ++n) place[i + n] = static_cast<std::uint32_t>(at[n]);
        }
        const bool is_told = skip_ <= sizeof(wide_head);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (tops[place[i]] == wanted[i] || !is_told || !front_.is_of(front[i]))
                place[i] = static_cast<std::uint32_t>(block_of(keys[i]));
            __builtin_prefetch(&blocks_[place[i]]);
        }
    }

    /// The block that `k` lies in, or the first.
    [[nodiscard]] std::size_t block_of(key_view k) const {
        if (blocks_.size() == 1) return 0;
        const int order = k.substr(0, skip_).compare(key_view{lows_[1]}.substr(0, skip_));
        if (order != 0) return order < 0 ? 0 : blocks_.size() - 1;
        const auto [first, last] = std::equal_range(tops_.begin() + 1, tops_.end(), wide_head_of(k, skip_));
        const auto after =
            std::upper_bound(lows_.begin() + (first - tops_.begin()), lows_.begin() + (last - tops_.begin()), k);
        return static_cast<std::size_t>(after - lows_.begin()) - 1;
    }

    /// How many of the block's bands begin at or before `k`.
    [[nodiscard]] std::size_t rank(std::size_t in, key_view k) const {
        const band_block& b = blocks_[in];
        const block_page& page = pages_[b.page];
        if (!b.is_bounded) {
            const key_view shared = key_view{ranges_[page.slots[0]].begin}.substr(0, b.skip);
            const int order = k.substr(0, b.skip).compare(shared);
            if (order != 0) return order < 0 ? 0 : b.count;
        }
        const std::uint64_t head = key_head(k, b.skip);
        const std::size_t row = b.row_of(head);
        const std::size_t low = std::min<std::size_t>(row + page.smaller(row, head), b.count);
        if (low == b.count || page.heads[low] != head) return low;
        const auto last = std::upper_bound(page.heads.begin() + low, page.heads.begin() + b.count, head);
        const auto found = std::upper_bound(page.slots.begin() + low, page.slots.begin() + (last - page.heads.begin()),
                                            k, [&](key_view v, slot s) { return v < ranges_[s].begin; });
        return static_cast<std::size_t>(found - page.slots.begin());
    }

    /// The band before the place `rank` of a block.
    [[nodiscard]] slot before(std::size_t in, std::size_t rank) const noexcept {
        if (rank > 0) return pages_[blocks_[in].page].slots[rank - 1];
        if (in == 0) return none;
        const band_block& left = blocks_[in - 1];
        return pages_[left.page].slots[left.count - 1];
    }

    [[nodiscard]] std::uint32_t take_page() {
        if (free_pages_.empty()) {
            pages_.emplace_back();
            return static_cast<std::uint32_t>(pages_.size() - 1);
        }
        const std::uint32_t page = free_pages_.back();
        free_pages_.pop_back();
        return page;
    }

    void insert_one(slot s) {
        const key& begin = ranges_[s].begin;
        if (blocks_.empty()) {
            place_block(0, std::span{&s, 1});
            return bound(0);
        }
        const band_block& last = blocks_.back();
        const bool is_last = ranges_[pages_[last.page].slots[last.count - 1]].begin < begin;
        std::size_t in = is_last ? blocks_.size() - 1 : block_of(begin);
        if (blocks_[in].count == block_page::room) {
            split_block(in, is_last);
            if (!(begin < lows_[in + 1])) ++in;
        }
        band_block& b = blocks_[in];
        block_page& page = pages_[b.page];
        const std::size_t at = is_last ? b.count : rank(in, begin);
        const bool shares = begin.compare(0, b.skip, ranges_[page.slots[0]].begin, 0, b.skip) == 0;
        std::copy_backward(page.slots.begin() + at, page.slots.begin() + b.count, page.slots.begin() + b.count + 1);
        std::copy_backward(page.heads.begin() + at, page.heads.begin() + b.count, page.heads.begin() + b.count + 1);
        page.slots[at] = s;
        page.heads[at] = key_head(begin, b.skip);
        ++b.count;
        if (begin < lows_[in]) {
            lows_[in] = begin;  // of the first, since it lies below all
            bound(in);
        }
        if (shares) return copy_lasts(b);
        renew(b);
        bound(in);
    }

    /// Where neighbours have least in common, and nearest to the middle of such places; at the end of all, where bands
    /// come in order, at the last such place.
    [[nodiscard]] std::size_t cut_of(const band_block& b, bool is_last) const {
        const std::size_t count = b.count;
        const std::size_t middle = is_last ? count - 1 : count / 2;
        const auto common_at = [&](std::size_t at) {
            const auto& slots = pages_[b.page].slots;
            return in_common(ranges_[slots[at - 1]].begin, ranges_[slots[at]].begin);
        };
        std::size_t best = middle;
        std::size_t least = common_at(middle);
        for (std::size_t off = 1; middle - off >= count / 4; ++off) {
            for (const std::size_t at : {middle - off, middle + off}) {
                if (at >= count || at > std::max(middle, count * 3 / 4)) continue;
                const std::size_t common = common_at(at);
                if (common >= least) continue;
                least = common;
                best = at;
            }
        }
        return best;
    }

    void split_block(std::size_t in, bool is_last) {
        const std::size_t keep = cut_of(blocks_[in], is_last);
        const auto slots = pages_[blocks_[in].page].slots;
        place_block(in + 1, std::span{slots}.subspan(keep, blocks_[in].count - keep));
        blocks_[in].count = static_cast<std::uint8_t>(keep);
        renew(blocks_[in]);
        bound(in);
        bound(in + 1);
    }

    void place_block(std::size_t in, std::span<const slot> slots) {
        band_block made;
        made.page = take_page();
        made.count = static_cast<std::uint8_t>(slots.size());
        std::copy(slots.begin(), slots.end(), pages_[made.page].slots.begin());
        renew(made);
        const key& low = ranges_[slots.front()].begin;
        const auto at = static_cast<std::ptrdiff_t>(in);
        blocks_.insert(blocks_.begin() + at, made);
        lows_.insert(lows_.begin() + at, low);
        tops_.insert(tops_.begin() + at, wide_head_of(low, skip_));
        renew_tops();
    }

    /// The first block holds whatever is below the second; what the lows of all others have in common is passed over.
    void renew_tops() {
        const std::size_t skip = lows_.size() < 2 ? 0 : in_common(lows_[1], lows_.back());
        if (skip < skip_ || lows_.size() <= 2) {
            for (std::size_t in = 1; in < lows_.size(); ++in) tops_[in] = wide_head_of(lows_[in], skip);
            skip_ = skip;
            front_ = lows_.size() < 2 ? shared_front{} : shared_front{lows_[1], skip};
        }
        if (!tops_.empty()) tops_[0] = 0;
    }

    /// What keys between two lows have in common follows from these: after a change of the block `in`, of it and the
    /// one before. Below the first there may be any.
    void bound(std::size_t in) {
        for (std::size_t i = in > 0 ? in - 1 : 0; i <= in && i < blocks_.size(); ++i)
            blocks_[i].is_bounded =
                i > 0 && i + 1 < blocks_.size() && in_common(lows_[i], lows_[i + 1]) >= blocks_[i].skip;
    }

    /// What the begins have in common changed, and with it the heads.
    void renew(band_block& b) {
        block_page& page = pages_[b.page];
        const key& first = ranges_[page.slots[0]].begin;
        const std::size_t skip =
            std::min(in_common(first, ranges_[page.slots[b.count - 1U]].begin), band_block::most_skipped);
        b.skip = static_cast<std::uint16_t>(skip);
        b.front = {first, skip};
        for (std::size_t at = 0; at < b.count; ++at) page.heads[at] = key_head(ranges_[page.slots[at]].begin, skip);
        std::fill(page.heads.begin() + b.count, page.heads.end(), ~std::uint64_t{0});
        copy_lasts(b);
    }
    void copy_lasts(band_block& b) const noexcept {
        for (std::size_t i = 0; i < b.lasts.size(); ++i)
            b.lasts[i] = pages_[b.page].heads[(i + 1) * block_page::a_line - 1];
    }

    huge_vector<band_block> blocks_;
    std::vector<key> lows_;        ///< of each block: its first begin when it was made; not above it
    std::vector<wide_head> tops_;  ///< sixteen bytes of each, behind what they have in common; of the first, 0
    std::size_t skip_ = 0;         ///< how many bytes are passed over of all lows but the first
    shared_front front_;           ///< what these are
    huge_vector<block_page> pages_;
    std::vector<std::uint32_t> free_pages_;
    std::vector<key_range> ranges_;  ///< by slot
    std::size_t size_ = 0;
};

}  // namespace foreshadow::detail

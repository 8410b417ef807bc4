// SPDX-License-Identifier: BSL-1.0
//
// Sorted changes in a file, in blocks, with the first key of each in memory; and several such stretches read as one.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/row/detail/spill_file.hpp"
#include "foreshadow/row/varint.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::detail {

inline void append_spilled(const change_view& change, std::string& out) {
    out.push_back(static_cast<char>(change.kind));
    out.push_back(static_cast<char>(change.hint));
    append_varint(change.at.at.value, out);
    append_varint(change.at.ordinal, out);
    append_sized(change.key, out);
    append_sized(change.payload, out);
}

[[nodiscard]] inline change_view read_spilled(std::string_view& in) {
    if (in.size() < 2) throw error{errc::corrupt, "a change in a temporary file is cut off"};
    change_view change;
    change.kind = static_cast<change_kind>(in[0]);
    change.hint = static_cast<write_hint>(in[1]);
    in.remove_prefix(2);
    change.at.at.value = read_varint(in);
    change.at.ordinal = static_cast<std::uint32_t>(read_varint(in));
    change.key = read_sized(in);
    change.payload = read_sized(in);
    return change;
}

/// Where a stretch's blocks are, and the key that each begins with.
struct spilled_stretch {
    struct block {
        std::uint64_t offset;
        std::size_t length;
        key first;
    };
    std::vector<block> blocks;

    /// The block from which to look for `begin`: the last that begins below it.
    [[nodiscard]] std::size_t seek(key_view begin) const {
        const auto found = std::lower_bound(blocks.begin(), blocks.end(), begin,
                                            [](const block& b, key_view k) { return b.first < k; });
        return found == blocks.begin() ? 0 : static_cast<std::size_t>(found - blocks.begin()) - 1;
    }

    void give_back(const spill_file& file) const noexcept {
        if (blocks.empty()) return;
        const block& last = blocks.back();
        file.give_back(blocks.front().offset, last.offset + last.length - blocks.front().offset);
    }
};

/// Writes sorted changes at the end of a file.
class stretch_writer {
  public:
    stretch_writer(spill_file& file, std::size_t block_bytes) : file_{file}, block_bytes_{block_bytes} {}

    void append(const change_view& change) {
        if (buffer_.empty()) first_.assign(change.key);
        append_spilled(change, buffer_);
        if (buffer_.size() >= block_bytes_) flush();
    }

    [[nodiscard]] spilled_stretch finish() {
        flush();
        return std::move(stretch_);
    }

  private:
    void flush() {
        if (buffer_.empty()) return;
        stretch_.blocks.push_back({file_.size(), buffer_.size(), first_});
        file_.append(buffer_);
        buffer_.clear();
    }

    spill_file& file_;
    std::size_t block_bytes_;
    spilled_stretch stretch_;
    std::string buffer_;
    key first_;
};

/// The changes of an interval in several stretches and a sorted batch, read as one in the order of (key, version,
/// kind).
///
/// Views of the stretches and the batch: both have to stay as they are.
class stretch_heads {
    struct reader {
        const spilled_stretch* stretch;
        std::size_t next_block;
        std::vector<char> bytes;
        std::string_view left;
        change_view head;
    };

    [[nodiscard]] auto later_than() const {
        return [this](std::size_t a, std::size_t b) {
            const change_view& x = readers_[a].head;
            const change_view& y = readers_[b].head;
            const int order = x.key.compare(y.key);
            if (order != 0) return order > 0;
            if (x.at != y.at) return x.at > y.at;
            return x.kind != y.kind ? x.kind > y.kind : a > b;
        };
    }

  public:
    stretch_heads(const spill_file& file, const std::vector<spilled_stretch>& stretches, const change_batch& rest,
                  key_range interval)
        : file_{&file}, rest_{&rest}, interval_{std::move(interval)} {
        readers_.reserve(stretches.size());
        for (const spilled_stretch& stretch : stretches) {
            readers_.push_back({&stretch, stretch.seek(interval_.begin), {}, {}, {}});
            if (step_into(readers_.back())) heap_.push_back(readers_.size() - 1);
        }
        std::make_heap(heap_.begin(), heap_.end(), later_than());
        next_ = first_of_rest();
        load_rest();
    }
    stretch_heads(stretch_heads&&) = default;
    stretch_heads& operator=(stretch_heads&&) = default;

    /// The next change, or null at the end; valid until `advance`.
    [[nodiscard]] const change_view* top() const noexcept {
        if (!heap_.empty()) return &readers_[heap_.front()].head;
        return has_rest_ ? &rest_head_ : nullptr;
    }

    void advance() {
        if (heap_.empty()) {
            ++next_;
            load_rest();
            return;
        }
        std::pop_heap(heap_.begin(), heap_.end(), later_than());
        if (step(readers_[heap_.back()])) {
            std::push_heap(heap_.begin(), heap_.end(), later_than());
        } else {
            heap_.pop_back();
        }
    }

  private:
    /// To the first change of the interval; false where there is none.
    [[nodiscard]] bool step_into(reader& from) const {
        bool has_one = step(from);
        while (has_one && from.head.key < interval_.begin) has_one = step(from);
        return has_one;
    }

    [[nodiscard]] bool step(reader& from) const {
        if (from.left.empty()) {
            if (from.next_block == from.stretch->blocks.size()) return false;
            const spilled_stretch::block& block = from.stretch->blocks[from.next_block];
            if (!interval_.ends_after(block.first)) return false;
            from.bytes.resize(block.length);
            file_->read(block.offset, from.bytes.data(), block.length);
            from.left = {from.bytes.data(), from.bytes.size()};
            ++from.next_block;
        }
        from.head = read_spilled(from.left);
        return interval_.ends_after(from.head.key);
    }

    [[nodiscard]] std::size_t first_of_rest() const {
        std::size_t low = 0;
        for (std::size_t high = rest_->size(); low < high;) {
            const std::size_t middle = low + (high - low) / 2;
            if ((*rest_)[middle].key < interval_.begin) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    void load_rest() {
        has_rest_ = next_ < rest_->size() && interval_.ends_after((*rest_)[next_].key);
        if (has_rest_) rest_head_ = (*rest_)[next_];
    }

    const spill_file* file_;
    const change_batch* rest_;
    key_range interval_;
    std::vector<reader> readers_;
    std::vector<std::size_t> heap_;
    std::size_t next_ = 0;  ///< in the batch
    bool has_rest_ = false;
    change_view rest_head_;
};

}  // namespace foreshadow::detail

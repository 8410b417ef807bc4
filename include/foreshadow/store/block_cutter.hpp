// SPDX-License-Identifier: BSL-1.0
//
// Where a block ends and the next begins. A row begins a block when a seeded hash of its *key* ends in enough zero
// bits; values are not hashed, so an update leaves every boundary where it was, and an insert or a delete moves one.
//
// How many zero bits are enough follows from the mean row size of the block so far, rounded to a power of two, so that
// blocks come out near the target whatever the rows are. A key with more zero bits is a boundary at every setting;
// a mean that wanders over a power of two only adds or removes every other boundary, it does not move the rest.
//
// Two limits look at sizes, and could let a change of one size ripple on. Against that:
// - below `least` no boundary is taken: two cuttings that differ there agree again at the first boundary that both
//   take, which is one or two blocks further on, because what is a boundary does not depend on where a block began;
// - at `most` the cut is not made where the limit happens to fall, but at the key with the most zero bits since
//   `least`: the same key for any cutting that has it in sight. Without this a stretch without a boundary would be
//   cut at a different place after each change of its size.
#pragma once

#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/store/digest.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

/// Sizes of blocks in bytes, before compression.
struct block_limits {
    std::size_t least = std::size_t{32} << 10;
    std::size_t target = std::size_t{128} << 10;
    std::size_t most = std::size_t{512} << 10;
};

class block_cutter {
  public:
    explicit block_cutter(std::uint64_t seed, block_limits limits = {}) noexcept : seed_{seed}, limits_{limits} {}

    /// Takes the next row; appends to `blocks` what it completed. Holds less than `most` bytes, or one row.
    void push(row_view row, std::vector<row_batch>& blocks) {
        const std::size_t size = weight(row);
        const std::uint64_t hash = boundary_hash(row.key, seed_);
        const bool may_begin =
            !pending_.empty() && bytes_ >= limits_.least && pending_[pending_.size() - 1].key != row.key;
        if (may_begin && std::countr_zero(hash) >= needed_bits()) {
            emit(blocks);
        } else if (!pending_.empty() && bytes_ + size > limits_.most) {
            cut_at_anchor(blocks);
            return push(row, blocks);
        } else if (may_begin && (anchor_ == 0 || std::countr_zero(hash) > anchor_bits_)) {
            anchor_ = pending_.size();
            anchor_bits_ = std::countr_zero(hash);
        }
        pending_.append(row.key, row.value);
        bytes_ += size;
    }

    /// The rows that are left, and begins anew.
    [[nodiscard]] row_batch finish() {
        row_batch rest = std::exchange(pending_, {});
        bytes_ = anchor_ = 0;
        return rest;
    }

    /// The key of the last row taken that is not in a block yet, if there is one.
    [[nodiscard]] const row_batch& pending() const noexcept { return pending_; }

  private:
    [[nodiscard]] static std::size_t weight(row_view row) noexcept { return row.key.size() + row.value.size() + 4; }

    /// Zero bits such that blocks of rows of the present mean size end `target - least` bytes after the least, on
    /// average.
    [[nodiscard]] int needed_bits() const noexcept {
        const std::uint64_t rows_wanted = (limits_.target - limits_.least) * pending_.size() * 181 / 128 / bytes_;
        return rows_wanted == 0 ? 0 : static_cast<int>(std::bit_width(rows_wanted)) - 1;
    }

    void emit(std::vector<row_batch>& blocks) { blocks.push_back(finish()); }

    /// The limit is reached: ends the block at the best key in sight, and takes the rows behind it again.
    void cut_at_anchor(std::vector<row_batch>& blocks) {
        const std::size_t first = anchor_ == 0 ? pending_.size() : anchor_;
        const row_batch all = finish();
        row_batch block;
        for (std::size_t i = 0; i < first; ++i) block.append(all[i].key, all[i].value);
        blocks.push_back(std::move(block));
        for (std::size_t i = first; i < all.size(); ++i) push(all[i], blocks);
    }

    std::uint64_t seed_;
    block_limits limits_;
    row_batch pending_;
    std::size_t bytes_ = 0;
    std::size_t anchor_ = 0;  ///< the row of `pending_` that a forced cut would begin the next block with
    int anchor_bits_ = 0;
};

}  // namespace foreshadow

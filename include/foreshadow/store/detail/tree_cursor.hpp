// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/store/block.hpp"
#include "foreshadow/store/detail/in_background.hpp"
#include "foreshadow/store/repository_options.hpp"
#include "foreshadow/store/tree.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// Says which block is wrong where its bytes are what was written, and still are not what they should be.
template <class F>
decltype(auto) naming_block(const block_id& id, F&& decode) {
    try {
        return decode();
    } catch (const error& e) {
        throw error{e.code(), "block " + to_hex(id) + ": " + e.message(), e.hint()}.with("block", to_hex(id));
    }
}

/// The rows of a range of a tree, block by block. While one stretch of blocks is consumed the next is fetched.
template <class Repository>
class tree_cursor {
  public:
    tree_cursor(Repository& repository, tree_root root, key_range range)
        : repository_{&repository}, range_{std::move(range)}, depth_{root.depth} {
        if (!root.is_empty() && !range_.is_empty())
            path_.push_back({{tree_child{{}, root.id, root.rows, root.bytes}}, 0});
    }

    task<bool> next(row_batch& rows) {
        rows.clear();
        while (rows.empty()) {
            if (blocks_.empty()) {
                if (!fetching_) co_await fetch();
                if (!fetching_) co_return false;
                auto read = co_await fetching_->take();
                fetching_.reset();
                stored_ += read.stored;
                for (std::size_t i = 0; i < read.blocks.size(); ++i)
                    blocks_.push_back({fetched_[i], std::move(read.blocks[i])});
                co_await fetch();
            }
            const auto block = std::move(blocks_.front());
            blocks_.pop_front();
            naming_block(block.id, [&] { decode_block(block_kind::rows, block.bytes, range_, rows); });
        }
        co_return true;
    }

    /// Bytes fetched from the store so far; nodes that came from memory cost nothing.
    [[nodiscard]] std::uint64_t stored_bytes() const noexcept { return stored_; }

  private:
    static constexpr std::uint64_t stretch_bytes = std::uint64_t{1} << 20;  // as stored
    static constexpr std::size_t stretch_blocks = 16;

    struct level {
        std::vector<tree_child> children;
        std::size_t next = 0;
    };
    struct fetched_block {
        block_id id;
        std::string bytes;
    };

    /// Goes to the next stretch of blocks of rows and begins to fetch it; does nothing at the end.
    task<> fetch() {
        while (!path_.empty() && path_.size() <= depth_) {
            auto& here = path_.back();
            if (here.next == here.children.size()) {
                path_.pop_back();
                continue;
            }
            const block_id id = here.children[here.next++].id;
            const auto read = co_await repository_->read_node(id);
            stored_ += read.stored;
            auto children = naming_block(id, [&] { return children_in(read.blocks.front(), range_); });
            path_.push_back({std::move(children), 0});
        }
        if (path_.empty()) co_return;
        auto& leaves = path_.back();
        if (leaves.next == leaves.children.size()) {
            path_.pop_back();
            co_await fetch();
            co_return;
        }
        fetched_.clear();
        for (std::size_t i = leaves.next; i < std::min(leaves.children.size(), leaves.next + stretch_blocks); ++i)
            fetched_.push_back(leaves.children[i].id);
        fetched_.resize(repository_->together(std::span<const block_id>{fetched_}, stretch_bytes));
        leaves.next += fetched_.size();
        auto work = repository_->read_blocks(fetched_);
        fetching_.emplace(co_await in_background<blocks_read>::start(std::move(work), repository_->pool().is_inline()));
    }

    Repository* repository_;
    key_range range_;
    unsigned depth_;
    std::vector<level> path_;  // from the root, which stands in a level of its own, to blocks of rows
    std::vector<block_id> fetched_;
    std::optional<in_background<blocks_read>> fetching_;
    std::deque<fetched_block> blocks_;
    std::uint64_t stored_ = 0;
};

}  // namespace foreshadow::detail

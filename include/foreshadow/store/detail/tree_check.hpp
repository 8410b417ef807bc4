// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/store/block.hpp"
#include "foreshadow/store/detail/tree_cursor.hpp"
#include "foreshadow/store/tree.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// Throws unless a block holds what its parent says.
inline void expect_child(const tree_child& said, std::uint64_t rows, std::uint64_t bytes, key_view first) {
    if (rows != said.rows || bytes != said.bytes || first != said.first)
        throw error{errc::corrupt, "block " + to_hex(said.id) + " does not hold what its parent says"}.with(
            "block", to_hex(said.id));
}

template <class Repository>
task<> check_rows(Repository* repository, std::vector<tree_child> blocks, bool read_data) {
    std::vector<block_id> ids;
    for (const auto& block : blocks) {
        repository->expect_block(block.id);
        ids.push_back(block.id);
    }
    for (std::size_t at = 0; read_data && at < ids.size();) {
        const auto count = repository->together(std::span<const block_id>{ids}.subspan(at), std::uint64_t{2} << 20);
        std::vector<block_id> stretch(ids.begin() + static_cast<std::ptrdiff_t>(at),
                                      ids.begin() + static_cast<std::ptrdiff_t>(at + count));
        const auto read = co_await repository->read_blocks(std::move(stretch));
        for (std::size_t i = 0; i < count; ++i) {
            row_batch rows;
            naming_block(ids[at + i], [&] { decode_block(block_kind::rows, read.blocks[i], key_range::all(), rows); });
            expect_child(blocks[at + i], rows.size(), rows.bytes(), rows.empty() ? key_view{} : rows[0].key);
        }
        at += count;
    }
}

/// See `content_defined_blocks::check`. Holds one node a level.
template <class Repository>
task<> check_subtree(Repository* repository, tree_child subtree, unsigned depth, key_range range, bool read_data) {
    const auto read = co_await repository->read_node(subtree.id);
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    const auto children = naming_block(subtree.id, [&] { return children_in(read.blocks.front(), key_range::all()); });
    for (const auto& child : children) {
        rows += child.rows;
        bytes += child.bytes;
    }
    expect_child(subtree, rows, bytes, children.empty() ? key_view{} : key_view{children.front().first});
    auto wanted = naming_block(subtree.id, [&] { return children_in(read.blocks.front(), range); });
    if (depth == 1) {
        co_await check_rows(repository, std::move(wanted), read_data);
    } else {
        for (auto& child : wanted) co_await check_subtree(repository, std::move(child), depth - 1, range, read_data);
    }
}

template <class Repository>
task<> check_tree(Repository* repository, tree_root root, key_range range, bool read_data) {
    if (root.is_empty() || range.is_empty()) co_return;
    tree_child whole{.first = {}, .id = root.id, .rows = root.rows, .bytes = root.bytes};
    // A reference does not tell the first key: it is whatever the root's block says.
    const auto read = co_await repository->read_node(root.id);
    row_batch top;
    const auto kind = root.depth == 0 ? block_kind::rows : block_kind::node;
    naming_block(root.id, [&] { decode_block(kind, read.blocks.front(), key_range::all(), top); });
    if (!top.empty()) whole.first = top[0].key;
    if (root.depth > 0) {
        co_await check_subtree(repository, std::move(whole), root.depth, std::move(range), read_data);
    } else {
        std::vector<tree_child> one;
        one.push_back(std::move(whole));
        co_await check_rows(repository, std::move(one), read_data);
    }
}

}  // namespace foreshadow::detail

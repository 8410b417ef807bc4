// SPDX-License-Identifier: BSL-1.0
//
// Trees of blocks. A node is a block whose rows are its children: the key is the child's first key, the value what the
// child holds. Nodes are cut as rows are, by the children's first keys, so two trees over mostly equal rows share
// mostly equal nodes, and one root id names an image of any size.
//
//    value of a child:  varint rows, varint bytes, block id (32)
//    reference:         "<id of the root, hex>-<depth>-<rows>-<bytes>", or "empty"
//
// Depth 0 is a block of rows. Bytes are of keys and values, before encoding.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/store/block.hpp"
#include "foreshadow/store/block_cutter.hpp"
#include "foreshadow/store/digest.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow {

/// A subtree, as its parent lists it.
struct tree_child {
    key first;
    block_id id;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;

    friend bool operator==(const tree_child&, const tree_child&) = default;
};

/// A tree. No rows: there is no block, and `id` means nothing.
struct tree_root {
    block_id id;
    unsigned depth = 0;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;

    friend bool operator==(const tree_root&, const tree_root&) = default;
    [[nodiscard]] bool is_empty() const noexcept { return rows == 0; }

    [[nodiscard]] std::string text() const {
        if (is_empty()) return "empty";
        return to_hex(id) + "-" + std::to_string(depth) + "-" + std::to_string(rows) + "-" + std::to_string(bytes);
    }

    /// Errors: corrupt when `text` is no reference.
    [[nodiscard]] static tree_root parse(std::string_view text) {
        if (text == "empty") return {};
        const error wrong{errc::corrupt, "'" + std::string{text} + "' does not name a tree of blocks"};
        const auto hex = from_hex(text.substr(0, 64));
        if (!hex || hex->size() != 32) throw wrong;
        tree_root root;
        root.id = digest::from(*hex);
        text.remove_prefix(64);
        const auto number = [&](auto& value) {
            if (text.empty() || text.front() != '-') throw wrong;
            const auto read = std::from_chars(text.data() + 1, text.data() + text.size(), value);
            if (read.ec != std::errc{}) throw wrong;
            text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
        };
        number(root.depth);
        number(root.rows);
        number(root.bytes);
        // More levels than this hold more rows than there are positions.
        if (!text.empty() || root.depth > 16 || root.rows == 0) throw wrong;
        return root;
    }
};

/// Sizes of nodes: smaller than blocks of rows, since each update rewrites one on every level.
inline constexpr block_limits node_limits{
    .least = std::size_t{8} << 10, .target = std::size_t{32} << 10, .most = std::size_t{128} << 10};

/// Levels are cut by different seeds: a key that begins a block must say nothing about whether it begins a node.
[[nodiscard]] constexpr std::uint64_t level_seed(std::uint64_t cut_seed, unsigned level) noexcept {
    return cut_seed + level * 0x9e37'79b9'7f4a'7c15U;
}

inline void append_child(row_batch& node, const tree_child& child) {
    node.append_with(child.first, [&](std::string& value) {
        append_varint(child.rows, value);
        append_varint(child.bytes, value);
        value += child.id.view();
    });
}

/// The child that a row of a node tells of.
[[nodiscard]] inline tree_child read_child(row_view row) {
    detail::byte_reader reader{row.value};
    tree_child child;
    child.first = row.key;
    child.rows = reader.varint();
    child.bytes = reader.varint();
    child.id = digest::from(reader.take(32));
    reader.expect_end();
    return child;
}

/// The children of a node that may hold keys of `range`: those that begin in it, and the one before.
///
/// A child ends where the next begins, and equal keys may stand on both sides of that.
[[nodiscard]] inline std::vector<tree_child> children_in(std::string_view node, const key_range& range) {
    row_batch rows;
    decode_block(block_kind::node, node, {{}, range.end}, rows);
    std::size_t first = 0;
    while (first + 1 < rows.size() && rows[first + 1].key < range.begin) ++first;
    std::vector<tree_child> children;
    for (std::size_t i = first; i < rows.size(); ++i) children.push_back(read_child(rows[i]));
    return children;
}

}  // namespace foreshadow

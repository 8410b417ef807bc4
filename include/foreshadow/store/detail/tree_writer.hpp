// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/store/block.hpp"
#include "foreshadow/store/block_cutter.hpp"
#include "foreshadow/store/detail/in_background.hpp"
#include "foreshadow/store/partition_storage.hpp"
#include "foreshadow/store/repository_options.hpp"
#include "foreshadow/store/tree.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// Cuts a sorted stream of rows into a tree of blocks.
///
/// Blocks of rows are written in the background, several at once, and enter their parents in order; the tree is the
/// same whatever the timing. After an error or a cancellation the writer is good for nothing but destruction.
template <class Repository>
class tree_writer {
  public:
    tree_writer(Repository& repository, block_limits rows, block_limits nodes, std::size_t in_flight)
        : repository_{&repository},
          rows_{level_seed(repository.keys().cut_seed, 0), rows},
          node_limits_{nodes},
          in_flight_{std::max<std::size_t>(in_flight, 1)} {}

    task<> append(const row_batch& rows) {
        std::vector<row_batch> blocks;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const row_view row = rows[i];
            if (written_.rows > 0 && row.key < last_)
                throw error{errc::invalid_argument, "rows are not in key order"}.with("key", printable(row.key));
            last_.assign(row.key);
            ++written_.rows;
            written_.bytes += row.key.size() + row.value.size();
            rows_.push(row, blocks);
            for (auto& block : blocks) co_await begin_block(std::move(block));
            blocks.clear();
        }
    }

    task<stored_rows> finish() {
        row_batch rest = rows_.finish();
        if (!rest.empty()) co_await begin_block(std::move(rest));
        while (!under_way_.empty()) co_await end_block();
        for (std::size_t at = 0; at < levels_.size(); ++at) {
            if (levels_[at]->children == 1) {
                const tree_root root{levels_[at]->last, static_cast<unsigned>(at), written_.rows, written_.bytes};
                written_.where = root.text();
                co_return written_;
            }
            row_batch children = levels_[at]->cutter.finish();
            if (!children.empty()) co_await write_node(at, std::move(children));
        }
        written_.where = tree_root{}.text();
        co_return written_;
    }

  private:
    struct level {
        block_cutter cutter;
        std::uint64_t children = 0;
        block_id last;
    };
    struct block_under_way {
        tree_child child;  // without its id
        in_background<block_ref> written;
    };

    task<> begin_block(row_batch rows) {
        while (under_way_.size() >= in_flight_) co_await end_block();
        tree_child child{.first = key{rows[0].key}, .id = {}, .rows = rows.size(), .bytes = rows.bytes()};
        auto make = [batch = std::move(rows)] { return encode_block(block_kind::rows, batch); };
        auto work = repository_->write_block_from(std::move(make));
        auto started = co_await in_background<block_ref>::start(std::move(work), repository_->pool().is_inline());
        under_way_.push_back({std::move(child), std::move(started)});
    }

    task<> end_block() {
        const auto written = co_await under_way_.front().written.take();
        tree_child child = std::move(under_way_.front().child);
        under_way_.pop_front();
        child.id = written.id;
        written_.stored += written.stored;
        co_await add_child(0, std::move(child));
    }

    /// `at` counts levels of nodes: 0 are the parents of blocks of rows.
    task<> add_child(std::size_t at, tree_child child) {
        if (at == levels_.size()) {
            const auto seed = level_seed(repository_->keys().cut_seed, static_cast<unsigned>(at) + 1);
            levels_.push_back(std::make_unique<level>(level{block_cutter{seed, node_limits_}, 0, {}}));
        }
        ++levels_[at]->children;
        levels_[at]->last = child.id;
        row_batch row;
        append_child(row, child);
        std::vector<row_batch> nodes;
        levels_[at]->cutter.push(row[0], nodes);
        for (auto& node : nodes) co_await write_node(at, std::move(node));
    }

    task<> write_node(std::size_t at, row_batch children) {
        tree_child parent{.first = key{children[0].key}, .id = {}, .rows = 0, .bytes = 0};
        for (std::size_t i = 0; i < children.size(); ++i) {
            const auto child = read_child(children[i]);
            parent.rows += child.rows;
            parent.bytes += child.bytes;
        }
        auto encoded = encode_block(block_kind::node, children);
        const auto written = co_await repository_->write_block(std::move(encoded));
        written_.stored += written.stored;
        parent.id = written.id;
        co_await add_child(at + 1, std::move(parent));
    }

    Repository* repository_;
    block_cutter rows_;
    block_limits node_limits_;
    std::size_t in_flight_;
    std::deque<block_under_way> under_way_;
    std::vector<std::unique_ptr<level>> levels_;
    key last_;
    stored_rows written_;
};

}  // namespace foreshadow::detail

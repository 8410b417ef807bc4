// SPDX-License-Identifier: BSL-1.0
//
// The default partition storage: rows become trees of blocks in a repository (see `tree.hpp`). What is stored for an
// image depends on its rows alone, not on how they came, so equal stretches of any two images are stored once.
//
// A writer holds the rows of the block it is cutting, and a few blocks that the workers encode, hash and compress
// meanwhile. A cursor holds one stretch of blocks that lie together, about two MiB of rows, and fetches the next.
#pragma once

#include "foreshadow/store/block.hpp"
#include "foreshadow/store/detail/tree_check.hpp"
#include "foreshadow/store/detail/tree_cursor.hpp"
#include "foreshadow/store/detail/tree_writer.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/store/partition_storage.hpp"
#include "foreshadow/store/repository.hpp"
#include "foreshadow/store/tree.hpp"

#include <cstddef>
#include <string_view>
#include <utility>

namespace foreshadow {

struct content_defined_options {
    block_limits rows = {};
    block_limits nodes = node_limits;
    std::size_t in_flight = 4;  ///< blocks of one writer that the workers may have at once
};

template <class Repository>
class content_defined_blocks {
  public:
    /// The repository outlives the storage, its writers and its cursors.
    explicit content_defined_blocks(Repository& repository, content_defined_options options = {})
        : repository_{&repository}, options_{options} {}

    /// A writer of one image or run. Errors of its `append`: invalid_argument for a key below the one before.
    [[nodiscard]] detail::tree_writer<Repository> write() {
        return detail::tree_writer<Repository>{*repository_, options_.rows, options_.nodes, options_.in_flight};
    }

    /// The rows of `range`. Reads the path to it and the blocks that overlap it, nothing else.
    ///
    /// Errors: corrupt when `where` is no reference; those of `next`: corrupt, not_found, naming the object.
    [[nodiscard]] detail::tree_cursor<Repository> read(std::string_view where, key_range range) {
        return detail::tree_cursor<Repository>{*repository_, tree_root::parse(where), std::move(range)};
    }

    task<> flush() { return repository_->flush(); }

    /// Checks what `where` holds in `range`: every node, and that each block of rows is in a pack that is there; with
    /// `read_data`, every byte. Throws what is wrong first: corrupt or not_found, naming the object.
    task<> check(std::string_view where, key_range range, bool read_data) {
        return detail::check_tree(repository_, tree_root::parse(where), std::move(range), read_data);
    }

  private:
    Repository* repository_;
    content_defined_options options_;
};

static_assert(partition_storage<content_defined_blocks<repository<memory_store>>>);

}  // namespace foreshadow

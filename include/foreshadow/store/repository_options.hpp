// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/store/digest.hpp"
#include "foreshadow/store/repository_keys.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace foreshadow {

class workers;

struct repository_options {
    bool create = true;                      ///< make a repository where there is nothing
    foreshadow::workers* workers = nullptr;  ///< for hashing and compressing; outlives the repository. None: inline
    std::size_t pack_bytes = std::size_t{32} << 20;
    std::size_t cache_bytes = std::size_t{16} << 20;  ///< of nodes that were read lately
    random_source random = system_random;             ///< names of packs and indexes, keys of a new repository
};

/// What a repository did since it was opened.
struct repository_statistics {
    std::uint64_t blocks_written = 0;
    std::uint64_t blocks_shared = 0;  ///< asked to be written, and there already
    std::uint64_t bytes_stored = 0;   ///< of every object put
    std::uint64_t bytes_read = 0;     ///< fetched from the store
    std::uint64_t fetches = 0;        ///< gets for blocks
};

/// A block that is in the repository.
struct block_ref {
    block_id id;
    std::uint64_t raw = 0;     ///< its encoded size
    std::uint64_t stored = 0;  ///< what it added: 0 when an equal block was there
};

struct blocks_read {
    std::vector<std::string> blocks;
    std::uint64_t stored = 0;  ///< bytes fetched from the store
};

}  // namespace foreshadow

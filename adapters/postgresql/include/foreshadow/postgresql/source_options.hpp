// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace foreshadow::postgresql {

/// How a source uses its database.
struct source_options {
    std::string slot = {};                       ///< of the replication slot; empty: foreshadow_ and the database's oid
    std::chrono::milliseconds heartbeat{1'000};  ///< the longest wait of `follow`
    std::chrono::milliseconds lock_timeout{2'000};  ///< how long a chunk waits for a table that is being altered
    std::size_t batch_bytes = std::size_t{8}
                              << 20;  ///< of the log that `follow` returns at once, if commits are smaller
    /// Of the log that is kept in memory while chunks wait for it and nobody follows; above, it is asked for again.
    std::size_t most_kept_bytes = std::size_t{64} << 20;
    std::string pg_dump = "pg_dump";  ///< the program, of the server's version or newer
};

}  // namespace foreshadow::postgresql

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace foreshadow::sqlite {

/// How a source uses its database.
struct source_options {
    std::size_t readers = 2;                        ///< connections that read chunks at once
    std::chrono::milliseconds busy_timeout{5'000};  ///< how long a locked database is waited for
    std::chrono::milliseconds poll_interval{5};     ///< between two looks at the log
    std::chrono::milliseconds heartbeat{1'000};     ///< the longest wait of `follow`
    std::chrono::milliseconds longest_overlap{
        200};  ///< after which readers pause together, so that the WAL can restart
    std::int64_t checkpoint_above_bytes = 16 << 20;  ///< size of the WAL from which such a pause checkpoints it
    std::int64_t prune_rows = 20'000;                ///< rows of the log that one transaction forgets
    /// Above so many rows of the log the database is read again instead of followed: a poll is held in memory whole.
    std::uint64_t most_backlog = 500'000;
    /// Every writer sets `PRAGMA recursive_triggers = ON`: allows unique indexes on expressions, and saves two triggers
    /// for each table with unique indexes. Where it is said but not done, rows that OR REPLACE removes come back.
    bool writers_use_recursive_triggers = false;
};

}  // namespace foreshadow::sqlite

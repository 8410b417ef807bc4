// SPDX-License-Identifier: BSL-1.0
//
// A backup that dies at every point at which it can, and the next one, which must go on from there. Points are before
// and after each operation of its store and database, between the system calls that a put or a removal is made of, and
// before each step of its coroutines from one suspension to the next.
//
// One process lives through the backup and is never disturbed; at each point it forks. The child dies there, as far as
// the backup in it can tell, begins again, and looks at what came of it. So a point costs the rest of a backup, and not
// the whole of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace support {

struct crash_plan {
    std::uint64_t seed = 2;
    std::size_t steps = 150;    ///< for which the database lives on; it is about as large as that is long
    double read_seconds = .02;  ///< the mean time of a chunk: a slower one makes a longer backup
    double gap_seconds = .004;  ///< between the database's steps
    std::uint64_t from = 0;     ///< the first point to die at
    std::uint64_t every = 1;    ///< and every so many from there
    std::uint64_t upto = std::numeric_limits<std::uint64_t>::max();  ///< the last
    std::size_t processes = 2;                                       ///< at once
    bool syncs_files = true;    ///< false: the store forgets to, and that must be noticed
    bool syncs_folders = true;  ///< the same
};

/// What became of the store when a process died.
enum class remains : std::uint8_t {
    all,    ///< the process died, and nothing else
    part,   ///< the power went, and with it what was not synced, or some of it
    later,  ///< the power went when the next backup was done
};

struct crash_failure {
    std::uint64_t point = 0;
    std::string what;
};

struct crash_totals {
    std::uint64_t operations = 0;  ///< points before, after and within operations
    std::uint64_t steps = 0;       ///< points before steps
    std::uint64_t deaths = 0;
    std::uint64_t power_cuts = 0;         ///< of those
    std::uint64_t resumed = 0;            ///< the others had not come to a checkpoint, or had published
    std::uint64_t chunks_again = 0;       ///< read before the last checkpoint, and again after
    std::uint64_t most_chunks_again = 0;  ///< of one death
    std::uint64_t orphan_segments = 0;    ///< that no point names: what pruning has to find
    std::uint64_t orphan_blocks = 0;      ///< in packs, and of no image or run that a point names
    std::uint64_t orphan_bytes = 0;       ///< of both, as stored
    std::vector<crash_failure> failures;
};

/// Calls `tell` now and then with what is known so far.
[[nodiscard]] crash_totals crash_everywhere(const crash_plan& plan,
                                            const std::function<void(const crash_totals&)>& tell = {});

}  // namespace support

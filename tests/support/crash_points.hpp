// SPDX-License-Identifier: BSL-1.0
//
// A backup that dies at a chosen point, and the next one, which must go on from there. Points are counted in a backup
// of the same seed that nothing disturbs: before and after each operation of its store and database, or before each
// step of its coroutines from one suspension to the next.
#pragma once

#include <cstdint>
#include <string>

namespace support {

enum class crash_at : std::uint8_t { operation, step };

struct crash_result {
    std::string wrong;                  ///< empty: nothing
    bool died = false;                  ///< false where the backup ended before
    bool resumed = false;               ///< false where it had not come to a checkpoint
    std::uint64_t chunks_again = 0;     ///< read before the last checkpoint, and again after
    std::uint64_t orphan_segments = 0;  ///< that no point names: what pruning has to find
};

/// How many points there are.
[[nodiscard]] std::uint64_t count_crash_points(std::uint64_t seed, std::size_t steps, crash_at where);
/// Dies at the `number`th, resumes, and compares with the oracle and with what may be left behind.
[[nodiscard]] crash_result crash(std::uint64_t seed, std::size_t steps, crash_at where, std::uint64_t number);

}  // namespace support

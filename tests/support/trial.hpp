// SPDX-License-Identifier: BSL-1.0
//
// The main property as a value: a trial says which database is backed up, how, and what goes wrong meanwhile; `run`
// lives through it and compares every restore with the oracle. One number makes a trial, and tells of it again.
#pragma once

#include "simulated_world.hpp"

#include <cstdint>
#include <string>

namespace support {

enum class foreteller : std::uint8_t {
    silent,
    size_extrapolation,
    hazard,
    prophet,
    liar,
    laggard,
    certain,
    erratic,
    malformed
};
inline constexpr std::size_t foretellers = 9;
enum class speed : std::uint8_t { flat_out, fixed, two_thresholds, latency_guard };
enum class order : std::uint8_t { at_risk_first, by_key, hottest_last };

struct trial {
    std::uint64_t seed = 1;
    ft::database_options database;
    fs::back_up_options how;
    ft::faults what_goes_wrong;
    foreteller says = foreteller::silent;
    speed at = speed::flat_out;
    order in = order::at_risk_first;
    std::size_t steps = 400;        ///< that the database lives
    ft::shard_options shards = {};  ///< and logs
    bool is_put_back = false;       ///< to an older copy of itself, before the last of three backups
};

struct trial_result {
    std::string wrong;          ///< the first thing that is; empty: nothing
    std::uint64_t points = 0;   ///< published
    std::uint64_t exact = 0;    ///< restores that gave the oracle's bytes
    std::uint64_t placed = 0;   ///< of them, into another layout than the source's
    std::uint64_t refused = 0;  ///< earlier positions that rightly are not restorable
    std::uint64_t deaths = 0;
    std::uint64_t errors = 0;
    std::uint64_t resumed = 0;
    std::uint64_t came_true = 0;            ///< predictions
    std::uint64_t came_true_in_shards = 0;  ///< of them, where there are several logs
    std::string state;                      ///< a digest of everything that is in the store at the end
};

/// The trial of a seed: three of four have faults; all else is mixed as well.
[[nodiscard]] trial trial_of(std::uint64_t seed);
/// A trial of a seed with these faults and no others.
[[nodiscard]] trial trial_with(std::uint64_t seed, ft::faults what_goes_wrong);

/// Two or three backups, each going on from the last, with restores everywhere in between.
[[nodiscard]] trial_result run(const trial& which);

}  // namespace support

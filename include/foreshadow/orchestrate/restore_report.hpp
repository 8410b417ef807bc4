// SPDX-License-Identifier: BSL-1.0
//
// What a restore is asked for, and what it did.
#pragma once

#include "foreshadow/catalog/describe.hpp"
#include "foreshadow/plane/position.hpp"

#include <boost/describe/class.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace foreshadow {

struct restore_options {
    std::vector<std::string> partitions = {};  ///< names at T; none: all
    std::optional<position> at = {};           ///< a T before the point's: snaps to the last commit not above it
    std::optional<wall_time> at_time = {};     ///< looked up among the commits; the position chosen is reported
    std::size_t memory_bytes = std::size_t{128} << 20;  ///< for sorting the journal
};

struct restored_partition {
    std::string name;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
};

/// What a restore did. `*_bytes_read` are bytes fetched from the store.
struct restore_report {
    std::string point;
    position at;
    wall_time time;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    std::uint64_t image_bytes_read = 0;
    std::uint64_t run_bytes_read = 0;
    std::uint64_t journal_bytes_read = 0;
    std::uint64_t changes_applied = 0;
    std::uint64_t conflicts = 0;
    std::vector<restored_partition> partitions;
    std::vector<omission> omissions;  ///< what is missing, because the source could not capture it
};

BOOST_DESCRIBE_STRUCT(restored_partition, (), (name, rows, bytes))
BOOST_DESCRIBE_STRUCT(restore_report, (),
                      (point, at, time, rows, bytes, image_bytes_read, run_bytes_read, journal_bytes_read,
                       changes_applied, conflicts, partitions, omissions))

}  // namespace foreshadow

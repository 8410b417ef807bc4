// SPDX-License-Identifier: BSL-1.0
//
// Catalogs that lost, doubled or shifted something, against the truth cell by cell. A small database lives by seed (a
// few keys, a few positions); a backup of it is drawn up as boxes, layout changes and a published point; then, in one
// of two cases, something is done to the document, so that only its meaning is wrong. The oracle knows what is really
// in every box and in every cell, and shares no code with the coverage rule: it goes key by key and position by
// position.
#pragma once

#include <cstdint>
#include <string>

namespace support {

struct catalog_result {
    std::string wrong;                 ///< empty: nothing
    std::string done;                  ///< what was done to the catalog
    bool is_refused = false;           ///< as a whole: it contradicts itself, or its proof
    bool is_harmless = false;          ///< not refused, and the point restores exactly
    std::uint64_t proved = 0;          ///< positions that are restorable by what the catalog says, and by the oracle
    std::uint64_t unproved = 0;        ///< and those that are not, by both
    std::uint64_t exact = 0;           ///< positions of catalogs that were accepted, restored cell by cell
    std::uint64_t cannot_be_read = 0;  ///< of those: reading the boxes finds that they are not what the catalog says
    std::uint64_t untold = 0;          ///< wrong before T, by a box that stands in no proof: nothing tells of it twice
};

/// The catalog of a seed, as it is or mutated.
[[nodiscard]] catalog_result try_catalog(std::uint64_t seed, bool mutated);

}  // namespace support

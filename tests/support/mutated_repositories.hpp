// SPDX-License-Identifier: BSL-1.0
//
// Real repositories in which something means another thing than it did, and every checksum is right: catalogs of points
// with a box dropped, doubled, shortened, shifted or out of place, segments sealed anew without a commit or under each
// other's names, indexes that tell of other blocks. Whoever restores gets exactly the rows that were there, or an
// error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace support {

struct repository_result {
    std::string wrong;          ///< empty: nothing
    std::string done;           ///< what was done to the repository
    std::uint64_t exact = 0;    ///< restores
    std::uint64_t refused = 0;  ///< restores
    bool is_found = false;      ///< by verifying
    bool untold = false;        ///< wrong before T, by a box that stands in no proof: nothing tells of it twice
};

/// Repositories by seed; one is made for every fifty seeds, and kept for the next.
class mutated_repositories {
  public:
    mutated_repositories();
    ~mutated_repositories();

    /// The repository of a seed as it is, but for what must not matter, or mutated.
    [[nodiscard]] repository_result try_one(std::uint64_t seed, bool mutated);

  private:
    class base;
    std::unique_ptr<base> base_;
};

}  // namespace support

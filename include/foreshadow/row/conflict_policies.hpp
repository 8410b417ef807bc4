// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/row/conflict_policy.hpp"

#include <string>
#include <vector>

namespace foreshadow {

[[nodiscard]] inline const char* name_of(conflict_kind kind) noexcept {
    switch (kind) {
        case conflict_kind::same_version:
            return "one version says two things of a key";
        case conflict_kind::patch_without_row:
            return "a patch changes a row that does not exist";
        case conflict_kind::claimed_twice:
            return "two images know one key differently";
    }
    return "unknown";
}

/// The default: whatever rule 1 cannot settle stops the restore of the partition.
///
/// Errors: `conflict`, with key, partition, version and boxes.
struct fail {
    void settle(const conflict& c) const {
        throw error{errc::conflict, name_of(c.kind), "verify the repository; newest-and-report restores what can be"}
            .with("key", printable(c.where))
            .with("partition", c.partition)
            .with("version", std::to_string(c.at.at.value) + "." + std::to_string(c.at.ordinal))
            .with("boxes", c.boxes);
    }
};

/// Lets the newest win and keeps every case for the report.
class newest_and_report {
  public:
    void settle(const conflict& c) { conflicts_.push_back(c); }

    [[nodiscard]] const std::vector<conflict>& conflicts() const noexcept { return conflicts_; }

  private:
    std::vector<conflict> conflicts_;
};

static_assert(conflict_policy<fail>);
static_assert(conflict_policy<newest_and_report>);

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/testing/conformance/report.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

/// What a database holds, by its own word: its rows by key, and its partitions by name in key order.
struct database_truth {
    std::map<key, std::string, std::less<>> rows;
    std::vector<std::pair<std::string, key_range>> partitions;
};

/// What the kit for sources checks.
struct source_rules {
    static constexpr rule identity{"identity", "a database has one id, made of [A-Za-z0-9-]"};
    static constexpr rule holds{"holds", "hold keeps the log whole from the position that it returns"};
    static constexpr rule remembers{"remembers", "what was acknowledged is remembered"};
    static constexpr rule layout{"layout",
                                 "layout tells the partitions of now: disjoint, in order, each under its own id"};
    static constexpr rule layout_log{"layout log", "the layout and its changes in the log give each later layout"};
    static constexpr rule reads{"reads", "read appends rows of the range in key order, and gets on"};
    static constexpr rule horizons{"horizons", "a horizon is well-formed, and a prefix where the traits say so"};
    static constexpr rule follows{"follows",
                                  "follow reaches the head, in whole commits in log order, and replaces out"};
    static constexpr rule repeats{"repeats",
                                  "the log leads to the same, however often and from wherever it is followed"};
    static constexpr rule head{"head", "head is at or above every commit that was visible to anybody"};
    static constexpr rule exact{"exact", "an image with the changes that its horizon lacks is what the database holds"};
    static constexpr rule born_empty{"born empty", "a partition that is born empty has no rows but what the log tells"};
    static constexpr rule untold{"untold", "an image read after a replaced was followed contains it"};
    static constexpr rule cancels{"cancels", "a call can be cancelled where it waits, and the source goes on"};
    static constexpr rule lost{"lost", "a log that is no longer whole throws hold_lost"};
    static constexpr rule strain{"strain", "strain is not negative"};
};

}  // namespace foreshadow::testing

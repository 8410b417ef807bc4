// SPDX-License-Identifier: BSL-1.0
//
// What a statement sees, by transaction id. In PostgreSQL a snapshot is no prefix of the log: a commit record is
// written first and becomes visible later, so positions cannot tell what a chunk contains, and transaction ids can.
#pragma once

#include "foreshadow/postgresql/server/sql_text.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace foreshadow::postgresql::detail {

using transaction_id = std::uint64_t;  ///< never wraps: PostgreSQL's xid8

struct snapshot {
    transaction_id xmin = 0;             ///< everything below has ended
    transaction_id xmax = 0;             ///< nothing from here on had begun
    std::vector<transaction_id> active;  ///< ascending, in [xmin, xmax)

    /// Whether a transaction that has committed, by the log, is seen. The snapshot that a slot exports may have an
    /// `xmax` below its `xmin`: it sees everything below `xmin` all the same.
    [[nodiscard]] bool sees(transaction_id committed) const {
        return committed < xmin || (committed < xmax && !std::binary_search(active.begin(), active.end(), committed));
    }

    /// Reads PostgreSQL's `xmin:xmax:xip,xip`.
    [[nodiscard]] static snapshot read(std::string_view text) {
        const std::size_t first = text.find(':');
        const std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
        if (second == std::string_view::npos)
            throw error{errc::corrupt, "the server answers \"" + std::string{text} + "\" where a snapshot is expected"};
        snapshot s{.xmin = whole_number<transaction_id>(text.substr(0, first)),
                   .xmax = whole_number<transaction_id>(text.substr(first + 1, second - first - 1)),
                   .active = {}};
        for (std::string_view rest = text.substr(second + 1); !rest.empty();) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            s.active.push_back(whole_number<transaction_id>(rest.substr(0, comma)));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
        std::sort(s.active.begin(), s.active.end());
        return s;
    }
};

/// The id whose last 32 bits the log tells: the one nearest to an id of about that time.
[[nodiscard]] inline transaction_id widened(std::uint32_t low, transaction_id about) {
    const auto away = static_cast<std::int32_t>(low - static_cast<std::uint32_t>(about));
    return about + static_cast<transaction_id>(static_cast<std::int64_t>(away));
}

}  // namespace foreshadow::postgresql::detail

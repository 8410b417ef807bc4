// SPDX-License-Identifier: BSL-1.0
//
// What is known about one source: its layouts over time, what was predicted and what became of it, and the boxes
// that lie on its plane. A checkpoint holds it while a backup runs, a restore point holds it as of T. The catalog
// never claims more than is durable: whoever adds a box has made its bytes durable, or does so before publishing.
#pragma once

#include "foreshadow/catalog/describe.hpp"
#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/layout_history.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/plane/shadow_account.hpp"
#include "foreshadow/source/source.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace foreshadow {

/// A prediction with its outcome and its shadow's fate.
struct foretold {
    prediction what;
    outcome became;
    shadow_fate shadow = shadow_fate::none;
    std::uint64_t shadow_bytes = 0;  ///< stored for it
    shadow_account account = {};     ///< what its shadow was decided by, as it was last

    friend bool operator==(const foretold&, const foretold&) = default;
};

/// How large a partition is believed to be.
struct partition_size {
    partition_id id;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;  ///< of keys and values

    friend bool operator==(const partition_size&, const partition_size&) = default;
};

struct catalog {
    source_identity source;
    std::uint64_t timeline = 1;  ///< moves on whenever the log could not be followed on from where it was
    position held;               ///< the log is held from here on
    position acknowledged;       ///< the source was told that it may forget the log up to here
    position followed;           ///< every change up to here is in a segment
    layout first;                ///< the layout that the history begins with
    std::vector<layout_change> changes;
    std::vector<foretold> predictions;
    boxes known;
    std::uint64_t next_prediction = 1;
    std::string model;                  ///< what the predictor has learnt
    std::vector<partition_size> sizes;  ///< of live partitions as of `followed`, where a predictor asks for them
};

/// The layouts over time. Errors: `conflict` where the changes do not follow from one another.
[[nodiscard]] inline layout_history history_of(const catalog& knows) {
    layout_history history{knows.first};
    for (const layout_change& change : knows.changes) history.apply(change);
    return history;
}

BOOST_DESCRIBE_STRUCT(source_identity, (), (id, kind, name))
BOOST_DESCRIBE_STRUCT(partition_size, (), (id, rows, bytes))
BOOST_DESCRIBE_STRUCT(foretold, (), (what, became, shadow, shadow_bytes, account))
BOOST_DESCRIBE_STRUCT(catalog, (),
                      (source, timeline, held, acknowledged, followed, first, changes, predictions, known,
                       next_prediction, model, sizes))

}  // namespace foreshadow

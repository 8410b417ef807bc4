// SPDX-License-Identifier: BSL-1.0
//
// What is known about one source: its layouts over time, what was predicted and what became of it, and the boxes
// that lie on its plane. A checkpoint holds it while a backup runs, a restore point holds it as of T. The catalog
// never claims more than is durable: whoever adds a box has made its bytes durable, or does so before publishing.
#pragma once

#include "foreshadow/catalog/describe.hpp"
#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/source/source.hpp"

#include <boost/hana/adapt_struct.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace foreshadow {

/// What became of the shadow of a prediction.
enum class shadow_fate : std::uint8_t {
    none,       ///< no shadow was opened
    open,       ///< still running
    adopted,    ///< its change came about where it was expected
    recut,      ///< its change came about at another boundary, and the shadow was cut again
    discarded,  ///< its change did not come about
    displaced   ///< gave way to a better one, or the budget ended it
};

[[nodiscard]] inline const char* name_of(shadow_fate fate) noexcept {
    switch (fate) {
        case shadow_fate::none: return "none";
        case shadow_fate::open: return "open";
        case shadow_fate::adopted: return "adopted";
        case shadow_fate::recut: return "recut";
        case shadow_fate::discarded: return "discarded";
        case shadow_fate::displaced: return "displaced";
    }
    return "unknown";
}

/// A prediction with its outcome and its shadow's fate.
struct foretold {
    prediction what;
    outcome became;
    shadow_fate shadow = shadow_fate::none;
    std::uint64_t shadow_bytes = 0;  ///< stored for it

    friend bool operator==(const foretold&, const foretold&) = default;
};

struct catalog {
    source_identity source;
    position held;      ///< the log is held from here on
    position followed;  ///< every change up to here is in a segment
    layout first;       ///< the layout that the history begins with
    std::vector<layout_change> changes;
    std::vector<foretold> predictions;
    boxes known;
    std::uint64_t next_prediction = 1;
    std::string model;  ///< what the predictor has learnt
};

}  // namespace foreshadow

BOOST_HANA_ADAPT_STRUCT(foreshadow::source_identity, id, kind, name);
BOOST_HANA_ADAPT_STRUCT(foreshadow::foretold, what, became, shadow, shadow_bytes);
BOOST_HANA_ADAPT_STRUCT(foreshadow::catalog, source, held, followed, first, changes, predictions, known,
                        next_prediction, model);

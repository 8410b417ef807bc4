// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/predict/detail/band_lineage.hpp"
#include "foreshadow/predict/detail/calendar.hpp"
#include "foreshadow/predict/detail/calibration.hpp"
#include "foreshadow/predict/detail/experts.hpp"
#include "foreshadow/predict/detail/merge_features.hpp"
#include "foreshadow/predict/detail/model_bytes.hpp"
#include "foreshadow/predict/detail/split_features.hpp"
#include "foreshadow/predict/detail/thresholds.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace foreshadow::detail {

/// What is learnt, and kept across restarts: nothing of single bands, whose sizes the layout tells at every start.
struct hazard_model {
    static constexpr std::string_view magic = "foreshadow hazard model 3\n";

    thresholds limits;
    experts splits{split_features::number_count, split_features::input_count, split_features{}.cells.size(),
                   split_features::cell_count};
    experts merges{merge_features::number_count, merge_features::input_count, merge_features{}.cells.size(),
                   merge_features::cell_count};
    merged_pairs merged;
    lead_time split_lead;
    calendar dates;
    accounting sizes;
    lifetimes lives;    ///< of old versions
    double pieces = 2;  ///< children of a split

    /// How much is known: cold below ten splits seen, hot from a hundred.
    [[nodiscard]] const char* warmth() const noexcept {
        return limits.splits_seen() < 10 ? "cold" : limits.splits_seen() < 100 ? "warm" : "hot";
    }

    /// Sums up what waits to be summed up: of a copy.
    [[nodiscard]] std::string save() && {
        model_writer out{magic};
        visit(out);
        return std::move(out).finish();
    }
    /// Errors: `corrupt` when the bytes are foreign or damaged.
    [[nodiscard]] static hazard_model load(std::string_view state) {
        model_reader in{magic, state};
        hazard_model loaded;
        loaded.visit(in);
        in.finish();
        loaded.limits.settle();
        loaded.merged.settle();
        loaded.dates.settle();
        return loaded;
    }

  private:
    template <class Archive>
    void visit(Archive& archive) {
        limits.visit(archive);
        splits.visit(archive);
        merges.visit(archive);
        merged.visit(archive);
        split_lead.visit(archive);
        dates.visit(archive);
        sizes.visit(archive);
        lives.visit(archive);
        archive.number(pieces);
    }
};

}  // namespace foreshadow::detail

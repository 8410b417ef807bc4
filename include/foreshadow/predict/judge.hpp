// SPDX-License-Identifier: BSL-1.0
//
// Holds predictions against what happens. Every prediction gets exactly one outcome: from the layout change that
// decides it, or `none` when its time is over. Nobody's own opinion of a prediction enters.
#pragma once

#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/plane/prediction.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow {

class judge {
  public:
    /// `grace`: how long after its horizon a change still counts as late, as a share of the horizon.
    explicit judge(double grace = 0.5) : grace_{grace} {}

    /// Takes a prediction that was recorded (it has its id and issue).
    void record(prediction p) {
        const auto place =
            std::upper_bound(live_.begin(), live_.end(), p,
                             [](const prediction& a, const prediction& b) { return a.confidence > b.confidence; });
        live_.insert(place, std::move(p));
        ++changes_;
    }

    /// The outcomes that a layout change brings: of predictions of its partitions, and of creations that it overlaps.
    std::vector<std::pair<std::uint64_t, outcome>> settle(const lineage_event& event) {
        return take_out([&](const prediction& p) { return decide(p, event); });
    }

    /// The outcomes of predictions whose horizon and grace are over: `none`.
    std::vector<std::pair<std::uint64_t, outcome>> lapse(wall_time now) {
        return take_out([&](const prediction& p) {
            const bool over = seconds_between(p.issued_time, now) > p.horizon_seconds * (1.0 + grace_);
            return over ? std::optional{outcome{
                              .kind = outcome_kind::none, .at = {}, .lead_seconds = 0, .boundaries = {}}}
                        : std::nullopt;
        });
    }

    /// Predictions without an outcome, by falling confidence. Valid until the next call of anything else.
    [[nodiscard]] std::span<const prediction> live() const noexcept { return live_; }
    /// Moves whenever `live` changes.
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

  private:
    template <class Decide>
    std::vector<std::pair<std::uint64_t, outcome>> take_out(Decide decide_one) {
        std::vector<std::pair<std::uint64_t, outcome>> known;
        std::erase_if(live_, [&](const prediction& p) {
            std::optional<outcome> became = decide_one(p);
            if (became) known.emplace_back(p.id, std::move(*became));
            return became.has_value();
        });
        if (!known.empty()) ++changes_;
        return known;
    }

    [[nodiscard]] static std::optional<outcome> decide(const prediction& p, const lineage_event& event) {
        if (event.at.at <= p.issued_at) return std::nullopt;  // it was history when this was said
        const std::optional<outcome_kind> kind = p.kind == lineage_kind::create ? creation(p, event) : change(p, event);
        if (!kind) return std::nullopt;
        const double lead = seconds_between(p.issued_time, event.time);
        const bool came = *kind == outcome_kind::exact || *kind == outcome_kind::near;
        return outcome{.kind = came && lead > p.horizon_seconds ? outcome_kind::late : *kind,
                       .at = event.at,
                       .lead_seconds = lead,
                       .boundaries = event.boundaries};
    }

    /// A creation is foretold by place: begin, and end where it is known.
    [[nodiscard]] static std::optional<outcome_kind> creation(const prediction& p, const lineage_event& event) {
        if (event.kind != lineage_kind::create || p.boundaries.empty()) return std::nullopt;
        const key_range expected{p.boundaries.front(),
                                 p.boundaries.size() > 1 ? p.boundaries[1] : successor(p.boundaries[0])};
        for (const partition& born : event.to) {
            const bool begins = born.interval.begin == expected.begin;
            if (begins && (p.boundaries.size() == 1 || born.interval.end == expected.end)) return outcome_kind::exact;
            if (born.interval.overlaps(expected)) return outcome_kind::near;
        }
        return std::nullopt;
    }

    [[nodiscard]] static std::optional<outcome_kind> change(const prediction& p, const lineage_event& event) {
        const auto ended = [&](partition_id id) {
            return std::any_of(event.from.begin(), event.from.end(), [&](const partition& f) { return f.id == id; });
        };
        const auto hit = std::count_if(p.partitions.begin(), p.partitions.end(), ended);
        if (hit == 0) return std::nullopt;
        const bool all_of_it = static_cast<std::size_t>(hit) == p.partitions.size();
        if (event.kind != p.kind || !all_of_it) return outcome_kind::other_kind;
        const bool no_more = event.from.size() == p.partitions.size();
        if (p.kind == lineage_kind::split || p.kind == lineage_kind::reshape)
            return no_more && event.boundaries == p.boundaries ? outcome_kind::exact : outcome_kind::near;
        return no_more ? outcome_kind::exact : outcome_kind::near;
    }

    double grace_;
    std::vector<prediction> live_;
    std::uint64_t changes_ = 0;
};

}  // namespace foreshadow

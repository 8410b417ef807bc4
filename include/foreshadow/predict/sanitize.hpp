// SPDX-License-Identifier: BSL-1.0
//
// The one gate between a predictor and everything else: what comes through is well-formed, about partitions that
// exist, and not too much. Nothing behind it has to think about a predictor that is broken or hostile.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/predict/detail/name_stem.hpp"
#include "foreshadow/predict/detail/subject.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

/// How much one forecast may say.
struct forecast_limits {
    std::size_t predictions = 256;
    std::size_t partitions = 64;        ///< of one prediction
    std::size_t boundaries = 64;        ///< of one prediction
    std::size_t boundary_bytes = 8192;  ///< of one boundary
    std::size_t evidence = 16;
    std::size_t text_bytes = 64;                    ///< of a piece of evidence, its unit, or the predictor
    std::size_t name_bytes = detail::longest_name;  ///< of what is going to be created
};

namespace detail {

/// Plain ASCII and short, so that any catalog, log or terminal can show it.
inline void make_plain(std::string& text, std::size_t most) {
    if (text.size() > most) text.resize(most);
    std::transform(text.begin(), text.end(), text.begin(), plain);
}

class sanitizer {
  public:
    sanitizer(const layout& now, double horizon_seconds, const forecast_limits& limits)
        : limits_{limits},
          horizon_{horizon_seconds > 0 && std::isfinite(horizon_seconds) ? horizon_seconds : 1.0},
          now_{now} {
        ids_.reserve(now.partitions.size());
        for (std::size_t i = 0; i < now.partitions.size(); ++i) ids_.emplace_back(now.partitions[i].id, i);
        std::sort(ids_.begin(), ids_.end());
    }

    /// Puts `p` in order; false when there is nothing to be made of it.
    [[nodiscard]] bool clean(prediction& p) const {
        p.id = 0;
        if (!(p.confidence > 0)) return false;  // NaN too
        p.confidence = std::min(p.confidence, 1.0);
        if (!(p.horizon_seconds > 0 && p.horizon_seconds <= horizon_)) p.horizon_seconds = horizon_;
        if (!std::isfinite(p.when.p10) || !std::isfinite(p.when.p50) || !std::isfinite(p.when.p90))
            p.when = {0, p.horizon_seconds, p.horizon_seconds};
        constexpr double century = 3.2e9;
        p.when.p10 = std::clamp(p.when.p10, 0.0, century);
        p.when.p50 = std::clamp(p.when.p50, p.when.p10, century);
        p.when.p90 = std::clamp(p.when.p90, p.when.p50, century);

        std::erase_if(p.because, [](const evidence& e) { return !std::isfinite(e.value); });
        if (p.because.size() > limits_.evidence) p.because.resize(limits_.evidence);
        for (evidence& e : p.because) {
            make_plain(e.name, limits_.text_bytes);
            make_plain(e.unit, limits_.text_bytes);
        }
        make_plain(p.predictor, limits_.text_bytes);
        if (p.kind != lineage_kind::create) p.name.clear();
        make_plain(p.name, limits_.name_bytes);
        return clean_place(p);
    }

  private:
    [[nodiscard]] bool clean_place(prediction& p) const {
        if (p.partitions.size() > limits_.partitions) return false;
        std::vector<std::size_t> places;
        for (const partition_id id : p.partitions) {
            const auto found = std::lower_bound(ids_.begin(), ids_.end(), std::pair{id, std::size_t{0}});
            if (found == ids_.end() || found->first != id) return false;
            places.push_back(found->second);
        }
        std::sort(places.begin(), places.end());
        if (std::adjacent_find(places.begin(), places.end()) != places.end()) return false;
        p.partitions.clear();
        for (const std::size_t place : places) p.partitions.push_back(now_.partitions[place].id);

        if (p.boundaries.size() > limits_.boundaries) return false;
        std::erase_if(p.boundaries, [&](const key& b) { return b.empty() || b.size() > limits_.boundary_bytes; });
        std::sort(p.boundaries.begin(), p.boundaries.end());
        p.boundaries.erase(std::unique(p.boundaries.begin(), p.boundaries.end()), p.boundaries.end());

        switch (p.kind) {
            case lineage_kind::split:
                if (places.size() != 1) return false;
                keep_within(p, now_.partitions[places[0]].interval);
                return true;
            case lineage_kind::merge:
                p.boundaries.clear();
                return places.size() >= 2 && are_neighbours(places);
            case lineage_kind::drop:
                p.boundaries.clear();
                return places.size() == 1;
            case lineage_kind::reshape:
                if (places.empty() || !are_neighbours(places)) return false;
                keep_within(
                    p, {now_.partitions[places.front()].interval.begin, now_.partitions[places.back()].interval.end});
                return true;
            case lineage_kind::create:
                // One begin, and one end where it is known, in keys that belong to nobody; or no place, but a name.
                if (p.boundaries.empty()) return !p.name.empty() && places.empty();
                if (p.boundaries.size() > 2 || places.size() > 1) return false;
                return now_.owner(p.boundaries.front()) == nullptr && reaches_nobody(p.boundaries);
        }
        return false;
    }

    static void keep_within(prediction& p, const key_range& whole) {
        std::erase_if(p.boundaries, [&](const key& b) { return b <= whole.begin || !whole.ends_after(b); });
    }
    [[nodiscard]] static bool are_neighbours(const std::vector<std::size_t>& places) {
        return places.back() - places.front() + 1 == places.size();
    }
    [[nodiscard]] bool reaches_nobody(const std::vector<key>& edges) const {
        if (edges.size() < 2) return true;
        const key_range expected{edges[0], edges[1]};
        const auto next = std::lower_bound(now_.partitions.begin(), now_.partitions.end(), expected.begin,
                                           [](const partition& p, const key& k) { return p.interval.begin < k; });
        return next == now_.partitions.end() || !next->interval.overlaps(expected);
    }

    forecast_limits limits_;
    double horizon_;
    const layout& now_;
    std::vector<std::pair<partition_id, std::size_t>> ids_;
};

}  // namespace detail

/// Drops or clamps whatever is not well-formed: NaN, confidences out of range, partitions that do not exist, boundaries
/// outside of their partition, out of order or twice; of several predictions of the same, all but the surest; what is
/// too much. What is left is ordered by falling confidence.
///
/// Complexity: O(predictions · log + partitions · log).
inline void sanitize(std::vector<prediction>& said, const layout& now, double horizon_seconds,
                     forecast_limits limits = {}) {
    if (said.empty()) return;
    const detail::sanitizer check{now, horizon_seconds, limits};
    std::erase_if(said, [&](prediction& p) { return !check.clean(p); });
    std::sort(said.begin(), said.end(), [](const prediction& a, const prediction& b) {
        if (a.confidence != b.confidence) return a.confidence > b.confidence;
        return a.kind != b.kind ? a.kind < b.kind : a.partitions < b.partitions;
    });
    std::set<detail::subject> told;
    std::erase_if(said,
                  [&](const prediction& p) { return told.size() == limits.predictions || !told.emplace(p).second; });
}

}  // namespace foreshadow

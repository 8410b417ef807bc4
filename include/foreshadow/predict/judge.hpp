// SPDX-License-Identifier: BSL-1.0
//
// Holds predictions against what happens. Every prediction gets exactly one outcome: from the layout change that
// decides it, or `none` when its time is over. Nobody's own opinion of a prediction enters.
#pragma once

#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/predict/detail/follow_merge.hpp"
#include "foreshadow/predict/detail/name_stem.hpp"
#include "foreshadow/predict/detail/subject.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace foreshadow {

class judge {
  public:
    /// `grace`: how long after its horizon a change still counts as late, as a share of the horizon.
    explicit judge(double grace = 0.5) : grace_{grace} {}

    /// Takes a prediction that was recorded (it has its id and issue). O(log n), and once more when `live` is asked.
    void record(prediction p) {
        if (!(p.confidence >= 0)) p.confidence = 0;
        foretold_[detail::subject{p}].insert(p.confidence);
        live_.push_back(std::move(p));
        ++changes_;
    }

    /// The largest confidence in the same change of the same partitions, or a creation at the same key or of the same
    /// name, of predictions without an outcome; none where nobody foretells it. O(log n).
    [[nodiscard]] std::optional<double> confidence_in(const prediction& p) const {
        const auto found = foretold_.find(detail::subject{p});
        return found == foretold_.end() ? std::nullopt : std::optional{*found->second.rbegin()};
    }

    /// A prediction that was settled, and by which of the events.
    struct verdict {
        std::size_t event = 0;
        std::uint64_t prediction = 0;
        outcome became;
    };

    /// The outcomes that layout changes bring: of predictions of their partitions, and of creations that they overlap,
    /// or that are called as they are. By event; where several would settle a prediction, the first does. Partitions
    /// may become one in steps: where some of those that a merge is foretold of have merged, the prediction goes on
    /// with what they became.
    ///
    /// Complexity: O(log n) for each partition of a prediction or event; a creation is held against every creation.
    std::vector<verdict> settle(std::span<const lineage_event> events) {
        std::map<partition_id, std::size_t> ended;
        std::vector<std::size_t> created;
        for (std::size_t i = 0; i < events.size(); ++i) {
            for (const partition& p : events[i].from) ended.emplace(p.id, i);
            if (events[i].kind == lineage_kind::create) created.push_back(i);
        }
        std::vector<verdict> settled;
        if (events.empty()) return settled;
        arrange();
        bool has_moved = false;
        auto kept = live_.begin();
        for (prediction& p : live_) {
            if (auto known = p.kind == lineage_kind::create ? creation_among(p, events, created)
                                                            : change_among(p, events, ended, has_moved)) {
                settled.push_back(std::move(*known));
                forget(p);
            } else {
                if (&*kept != &p) *kept = std::move(p);
                ++kept;
            }
        }
        live_.erase(kept, live_.end());
        note_erasure(settled.size());
        if (settled.empty() && has_moved) ++changes_;
        std::sort(settled.begin(), settled.end(), [](const verdict& a, const verdict& b) {
            return std::tie(a.event, a.prediction) < std::tie(b.event, b.prediction);
        });
        return settled;
    }
    std::vector<std::pair<std::uint64_t, outcome>> settle(const lineage_event& event) {
        std::vector<std::pair<std::uint64_t, outcome>> known;
        for (verdict& v : settle(std::span{&event, 1})) known.emplace_back(v.prediction, std::move(v.became));
        return known;
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
    [[nodiscard]] std::span<const prediction> live() {
        arrange();
        return live_;
    }
    /// Moves whenever `live` changes.
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

  private:
    /// Puts what was recorded since the last time where it belongs.
    void arrange() {
        if (arranged_ == live_.size()) return;
        const auto surer = [](const prediction& a, const prediction& b) {
            return std::tie(b.confidence, a.id) < std::tie(a.confidence, b.id);
        };
        const auto fresh = live_.begin() + static_cast<std::ptrdiff_t>(arranged_);
        std::sort(fresh, live_.end(), surer);
        std::vector<prediction> all;
        all.reserve(live_.size());
        std::merge(std::move_iterator{live_.begin()}, std::move_iterator{fresh}, std::move_iterator{fresh},
                   std::move_iterator{live_.end()}, std::back_inserter(all), surer);
        live_ = std::move(all);
        arranged_ = live_.size();
    }
    void forget(const prediction& p) {
        const auto found = foretold_.find(detail::subject{p});
        found->second.erase(found->second.find(p.confidence));
        if (found->second.empty()) foretold_.erase(found);
        widened_.erase(p.id);
    }
    void note_erasure(std::size_t count) {
        arranged_ -= count;
        if (count > 0) ++changes_;
    }

    template <class Decide>
    std::vector<std::pair<std::uint64_t, outcome>> take_out(Decide decide_one) {
        std::vector<std::pair<std::uint64_t, outcome>> known;
        arrange();
        std::erase_if(live_, [&](const prediction& p) {
            std::optional<outcome> became = decide_one(p);
            if (!became) return false;
            known.emplace_back(p.id, std::move(*became));
            forget(p);
            return true;
        });
        note_erasure(known.size());
        return known;
    }

    [[nodiscard]] std::optional<verdict> creation_among(const prediction& p, std::span<const lineage_event> events,
                                                        const std::vector<std::size_t>& created) const {
        for (const std::size_t i : created)
            if (std::optional<outcome> became = decide(p, events[i])) return verdict{i, p.id, std::move(*became)};
        return std::nullopt;
    }

    /// `ended` tells by which event a partition ended.
    [[nodiscard]] std::optional<verdict> change_among(prediction& p, std::span<const lineage_event> events,
                                                      const std::map<partition_id, std::size_t>& ended,
                                                      bool& has_moved) {
        for (auto next = first_end(p, ended, 0); next; next = first_end(p, ended, *next + 1)) {
            const lineage_event& event = events[*next];
            if (follow(p, event))
                has_moved = true;
            else if (std::optional<outcome> became = decide(p, event))
                return verdict{*next, p.id, std::move(*became)};
        }
        return std::nullopt;
    }
    /// The first event from `from` on that ends a partition of `p`.
    [[nodiscard]] static std::optional<std::size_t> first_end(const prediction& p,
                                                              const std::map<partition_id, std::size_t>& ended,
                                                              std::size_t from) {
        std::optional<std::size_t> first;
        for (const partition_id id : p.partitions)
            if (const auto place = ended.find(id); place != ended.end() && place->second >= from)
                first = std::min(first.value_or(place->second), place->second);
        return first;
    }

    /// A step of the merge that is foretold.
    [[nodiscard]] bool follow(prediction& p, const lineage_event& event) {
        if (p.kind != lineage_kind::merge || event.at.at <= p.issued_at) return false;
        std::vector<partition_id> then = p.partitions;
        const std::size_t merged = detail::follow_merge(then, event);
        if (merged == 0) return false;
        const bool is_wider = merged != event.from.size() || widened_.contains(p.id);
        forget(p);
        p.partitions = std::move(then);
        foretold_[detail::subject{p}].insert(p.confidence);
        if (is_wider) widened_.insert(p.id);
        return true;
    }

    [[nodiscard]] std::optional<outcome> decide(const prediction& p, const lineage_event& event) const {
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

    /// A creation is foretold by place: begin, and end where it is known; or, where nothing is known of that, by name.
    [[nodiscard]] static std::optional<outcome_kind> creation(const prediction& p, const lineage_event& event) {
        if (event.kind != lineage_kind::create) return std::nullopt;
        if (p.boundaries.empty()) {
            const bool came = !p.name.empty() && std::any_of(event.to.begin(), event.to.end(), [&](const auto& born) {
                return detail::is_called(born.name, p.name);
            });
            return came ? std::optional{outcome_kind::exact} : std::nullopt;
        }
        const key_range expected{p.boundaries.front(),
                                 p.boundaries.size() > 1 ? p.boundaries[1] : successor(p.boundaries[0])};
        for (const partition& born : event.to) {
            const bool begins = born.interval.begin == expected.begin;
            if (begins && (p.boundaries.size() == 1 || born.interval.end == expected.end)) return outcome_kind::exact;
            if (born.interval.overlaps(expected)) return outcome_kind::near;
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<outcome_kind> change(const prediction& p, const lineage_event& event) const {
        const auto ended = [&](partition_id id) {
            return std::any_of(event.from.begin(), event.from.end(), [&](const partition& f) { return f.id == id; });
        };
        const auto hit = std::count_if(p.partitions.begin(), p.partitions.end(), ended);
        if (hit == 0) return std::nullopt;
        const bool all_of_it = static_cast<std::size_t>(hit) == p.partitions.size();
        if (event.kind != p.kind || !all_of_it) return outcome_kind::other_kind;
        const bool no_more = event.from.size() == p.partitions.size() && !widened_.contains(p.id);
        if (p.kind == lineage_kind::split || p.kind == lineage_kind::reshape)
            return no_more && event.boundaries == p.boundaries ? outcome_kind::exact : outcome_kind::near;
        return no_more ? outcome_kind::exact : outcome_kind::near;
    }

    double grace_;
    std::vector<prediction> live_;
    std::size_t arranged_ = 0;  ///< so many of them are in order; the others were recorded since
    std::map<detail::subject, std::multiset<double>> foretold_;
    std::set<std::uint64_t> widened_;  ///< merges that took in partitions which were not foretold
    std::uint64_t changes_ = 0;
};

}  // namespace foreshadow

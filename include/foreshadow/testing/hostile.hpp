// SPDX-License-Identifier: BSL-1.0
//
// Predictors that do what a predictor must not, to show that none can hurt: a prediction may change cost, never
// content. And one that knows the future, to show what the best possible one would save.
#pragma once

#include "foreshadow/predict/predictor.hpp"
#include "foreshadow/testing/history.hpp"
#include "foreshadow/testing/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::testing {

namespace detail {

[[nodiscard]] inline prediction foretell(lineage_kind kind, std::vector<partition_id> partitions,
                                         std::vector<key> boundaries, expected_delay when, double confidence,
                                         double horizon_seconds) {
    prediction told;
    told.kind = kind;
    told.partitions = std::move(partitions);
    told.boundaries = std::move(boundaries);
    told.when = when;
    told.confidence = confidence;
    told.horizon_seconds = horizon_seconds;
    return told;
}

/// What hostile predictors have in common: the layout, and nothing learnt.
class hostile_base {
  public:
    void start(const layout& now) { now_ = now; }
    void observe(const log_batch&, const layout& now) {
        if (now.at != now_.at || now.partitions.size() != now_.partitions.size()) now_ = now;
    }
    void learn(const lineage_event&) {}
    [[nodiscard]] std::string save() const { return {}; }
    void load(std::string_view) {}

  protected:
    layout now_;
};

}  // namespace detail

/// Foretells with certainty that each partition is about to split.
class always_certain : public detail::hostile_base {
  public:
    static constexpr std::string_view name = "always certain";

    void forecast(wall_time, double horizon_seconds, std::vector<prediction>& out) {
        for (const partition& p : now_.partitions)
            out.push_back(
                detail::foretell(lineage_kind::split, {p.id}, {p.interval.begin + "5"}, {}, 1, horizon_seconds));
    }
};

/// Foretells anything of anybody, well-formed but without sense.
class erratic : public detail::hostile_base {
  public:
    static constexpr std::string_view name = "erratic";

    explicit erratic(std::uint64_t seed) : random_{seed} {}

    void forecast(wall_time, double horizon_seconds, std::vector<prediction>& out) {
        if (now_.partitions.empty()) return;
        for (std::uint64_t n = random_.below(12); n > 0; --n) {
            const std::size_t first = static_cast<std::size_t>(random_.below(now_.partitions.size()));
            const auto kind = static_cast<lineage_kind>(random_.below(5));
            const expected_delay when{random_.unit(), 1 + random_.unit(), 2 + random_.unit()};
            prediction p =
                detail::foretell(kind, {now_.partitions[first].id}, {}, when, random_.unit(), horizon_seconds);
            if (first + 1 < now_.partitions.size() && random_.chance(.5))
                p.partitions.push_back(now_.partitions[first + 1].id);
            for (std::uint64_t cuts = random_.below(4); cuts > 0; --cuts)
                p.boundaries.push_back(now_.partitions[first].interval.begin +
                                       std::to_string(random_.below(1'000'000)));
            out.push_back(std::move(p));
        }
    }

  private:
    seeded_random random_;
};

/// Foretells what cannot be: not a number, below zero, partitions that never were, boundaries outside and unsorted.
class malformed : public detail::hostile_base {
  public:
    static constexpr std::string_view name = "malformed";

    void forecast(wall_time, double horizon_seconds, std::vector<prediction>& out) {
        constexpr double nan = std::numeric_limits<double>::quiet_NaN();
        constexpr double infinity = std::numeric_limits<double>::infinity();
        const auto tell = [&out](auto... parts) { out.push_back(detail::foretell(std::move(parts)...)); };
        using ids = std::vector<partition_id>;
        using keys = std::vector<key>;
        tell(lineage_kind::split, ids{{987'654'321, {3}}}, keys{}, expected_delay{}, 1.0, horizon_seconds);
        tell(lineage_kind::create, ids{}, keys{}, expected_delay{}, 2.0, -1.0);
        tell(lineage_kind::create, ids{}, keys{}, expected_delay{}, 1.0, horizon_seconds);
        out.back().name = std::string(100'000, '\x01') + "#\xff";
        for (const partition& p : now_.partitions) {
            tell(lineage_kind::split, ids{p.id}, keys{}, expected_delay{nan, nan, nan}, nan, nan);
            tell(lineage_kind::split, ids{p.id}, keys{}, expected_delay{-5, -9, -1}, -1.0, -5.0);
            tell(lineage_kind::split, ids{p.id, p.id, p.id}, keys{"zz", "", "a", "a", p.interval.begin, p.interval.end},
                 expected_delay{infinity, 0, -infinity}, infinity, infinity);
            tell(lineage_kind::merge, ids{p.id}, keys{""}, expected_delay{}, 1.0, horizon_seconds);
        }
    }
};

/// What will happen: every layout change of a history, in order.
[[nodiscard]] inline std::vector<lineage_event> future_of(const history& past) {
    std::vector<lineage_event> events;
    layout shape = past.layout_at({0});
    for (const logged_commit& c : past.commits())
        for (const layout_change& change : c.layouts) {
            for (lineage_event& event : lineage_of(shape, change)) events.push_back(std::move(event));
            std::erase_if(shape.partitions, [&](const partition& p) {
                return std::find(change.retired.begin(), change.retired.end(), p.id) != change.retired.end();
            });
            shape.partitions.insert(shape.partitions.end(), change.begun.begin(), change.begun.end());
            std::sort(shape.partitions.begin(), shape.partitions.end(),
                      [](const partition& a, const partition& b) { return a.interval.begin < b.interval.begin; });
        }
    return events;
}

/// Told the future by a history of the same seed that ran ahead; the truth, or told wrong with every part of it.
class prophet : public detail::hostile_base {
  public:
    static constexpr std::string_view name = "prophet";
    enum class manner : std::uint8_t { truthful, wrong, too_late };

    explicit prophet(std::vector<lineage_event> future, manner how = manner::truthful)
        : future_{std::move(future)}, how_{how} {}

    void forecast(wall_time now, double horizon_seconds, std::vector<prediction>& out) {
        for (const lineage_event& event : future_) {
            const double ahead = seconds_between(now, event.time);
            const bool is_due = how_ == manner::too_late ? ahead < 0 && ahead > -horizon_seconds
                                                         : ahead >= 0 && ahead <= horizon_seconds;
            if (!is_due || event.from.empty()) continue;
            prediction told = detail::foretell(event.kind, {}, event.boundaries, {.9 * ahead, ahead, 1.1 * ahead}, 1,
                                               horizon_seconds);
            for (const partition& p : event.from) told.partitions.push_back(known_as(p.id));
            if (how_ == manner::wrong) falsify(told, event);
            out.push_back(std::move(told));
        }
    }

  private:
    /// The database's own number says who is meant. Where several logs are put into one order, a partition was created
    /// at another position than in the history that ran ahead, and nobody can know it before.
    [[nodiscard]] partition_id known_as(partition_id foreseen) const {
        const auto found = std::find_if(now_.partitions.begin(), now_.partitions.end(),
                                        [&](const partition& p) { return p.id.native == foreseen.native; });
        return found == now_.partitions.end() ? foreseen : found->id;
    }

    /// Another kind, another boundary, another partition.
    void falsify(prediction& told, const lineage_event& event) const {
        told.kind = event.kind == lineage_kind::split ? lineage_kind::merge : lineage_kind::split;
        told.boundaries = {event.from.front().interval.begin + "7"};
        for (const partition& p : now_.partitions)
            if (p.id != told.partitions.front()) told.partitions = {p.id};
    }

    std::vector<lineage_event> future_;
    manner how_;
};

static_assert(predictor<always_certain>);
static_assert(predictor<erratic>);
static_assert(predictor<malformed>);
static_assert(predictor<prophet>);

}  // namespace foreshadow::testing

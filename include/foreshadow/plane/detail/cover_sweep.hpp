// SPDX-License-Identifier: BSL-1.0
//
// One walk over the keys of a layout, from boundary to boundary, that keeps the boxes in reach at hand: so a proof
// costs n log n in the number of boxes and not their product. Between two boundaries every key is in the same
// situation; what that situation is worth is decided in `choose` and `lay_chain`, and nowhere else.
#pragma once

#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/detail/journal_stretches.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/position.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// What the state of a key can begin from: an image, or a birth.
struct base {
    std::optional<std::size_t> image;
    std::optional<std::size_t> birth;
    position low;
};

/// A stretch of positions that a chain of changes lays, or lacks.
struct stretch_step {
    std::optional<std::size_t> run;  ///< none: the journal
    position after;
    position upto;

    friend bool operator==(const stretch_step&, const stretch_step&) = default;
};

/// Which boxes are asked about: those that say nothing from above these positions.
struct cover_limits {
    position images;  ///< the largest `high`
    position told;    ///< the largest version of a birth or replacement
    position runs;    ///< the largest `upto`
};

class cover_sweep {
  public:
    /// Nothing is copied: boxes, layout and what is under way outlive the sweep.
    cover_sweep(const boxes& known, const layout& keys, cover_limits limits, const under_way& more = {})
        : known_{known}, keys_{keys}, limits_{limits}, journal_{known.segments, more} {
        images_.reserve(known.images.size() + more.images.size());
        for (const image& i : known.images) images_.push_back(&i);
        images_.insert(images_.end(), more.images.begin(), more.images.end());
        for (const image* i : images_)
            if (i->seen.low < i->seen.high) widest_ = std::max(widest_, i->seen.high.value - i->seen.low.value);
    }

    /// Calls `visit(key_range, const partition&)` for each piece of the layout in key order; in it, `choose`,
    /// `lay_chain` and the questions below answer for that piece.
    template <class Visit>
    void walk(Visit&& visit) {
        std::vector<event> events = all_events();
        std::sort(events.begin(), events.end(), [](const event& a, const event& b) {
            return std::tie(a.is_infinite, a.at) < std::tie(b.is_infinite, b.at);
        });
        for (std::size_t i = 0; i < events.size();) {
            const event& here = events[i];
            for (; i < events.size() && events[i].is_infinite == here.is_infinite && events[i].at == here.at; ++i)
                pass(events[i]);
            if (owner_ == nullptr || i == events.size()) continue;
            visit(key_range{key{here.at}, key{events[i].is_infinite ? key_view{} : events[i].at}}, *owner_);
        }
    }

    /// The newest thing to begin from: an image that contains every replacement, or a birth that none follows.
    ///
    /// Only the newest is of interest: what covers the changes from an older one on covers them from a newer one on.
    [[nodiscard]] std::optional<base> choose() const {
        const version* replaced = replacements_.empty() ? nullptr : &*replacements_.rbegin();
        std::optional<base> best;
        if (!prefixes_.empty()) {
            const auto [low, index] = *prefixes_.rbegin();
            if (replaced == nullptr || replaced->at <= low) best = base{index, {}, low};
        }
        for (auto it = unordered_.rbegin(); it != unordered_.rend(); ++it) {
            const auto [low, index] = *it;
            if (best && low <= best->low) break;
            if (replaced != nullptr && replaced->at > low) {
                if (replaced->at.value - low.value > widest_) break;  // nor does any older one reach up to it
                if (!contains_replacements(images_[index]->seen)) continue;
            }
            best = base{index, {}, low};
            break;
        }
        if (births_.empty()) return best;
        const auto [at, index] = *births_.rbegin();
        if ((replaced != nullptr && *replaced >= at) || (best && best->low >= at.at)) return best;
        return base{{}, index, {at.at.value == 0 ? 0 : at.at.value - 1}};
    }

    /// Lays changes over `(low, goal]`: runs where they reach, the journal up to the next run elsewhere. What neither
    /// has goes to `missing`.
    void lay_chain(position low, position goal, std::vector<stretch_step>& chain,
                   std::vector<stretch_step>& missing) const {
        chain.clear();
        missing.clear();
        auto next = runs_.begin();
        std::optional<std::size_t> furthest;
        for (position here = low; here < goal;) {
            for (; next != runs_.end() && next->first <= here; ++next)
                if (!furthest || known_.runs[next->second].upto > known_.runs[*furthest].upto) furthest = next->second;
            if (furthest && known_.runs[*furthest].upto > here) {
                const position end = std::min(goal, known_.runs[*furthest].upto);
                chain.push_back({furthest, here, end});
                here = end;
                continue;
            }
            const position limit = next == runs_.end() ? goal : std::min(goal, next->first);
            const position reach = std::min(limit, journal_.reach(here));
            if (reach > here) {
                chain.push_back({{}, here, reach});
                here = reach;
                continue;
            }
            const position resume = std::min(limit, journal_.next_begin(here));
            missing.push_back({{}, here, resume});
            here = resume;
        }
    }

    /// Changes whenever another set of runs is in reach.
    [[nodiscard]] std::size_t generation() const noexcept { return generation_; }
    /// Whether an image is in reach that is too new.
    [[nodiscard]] bool has_later_image() const noexcept { return later_images_ != 0; }
    /// Whether an image is in reach that is not too new.
    [[nodiscard]] bool has_image() const noexcept { return !prefixes_.empty() || !unordered_.empty(); }
    /// The newest replacement in reach.
    [[nodiscard]] std::optional<version> newest_replacement() const {
        if (replacements_.empty()) return {};
        return *replacements_.rbegin();
    }

  private:
    enum class what : std::uint8_t { owner, image, birth, replacement, run };

    struct event {
        key_view at;
        bool is_infinite;
        bool opens;
        what kind;
        std::size_t index;
    };

    [[nodiscard]] std::vector<event> all_events() const {
        std::vector<event> events;
        events.reserve(2 * (keys_.partitions.size() + images_.size() + known_.births.size() +
                            known_.replacements.size() + known_.runs.size()));
        const auto add = [&](const key_range& interval, what kind, std::size_t index) {
            if (interval.is_empty()) return;
            events.push_back({.at = interval.begin, .is_infinite = false, .opens = true, .kind = kind, .index = index});
            events.push_back({.at = interval.end,
                              .is_infinite = interval.is_unbounded(),
                              .opens = false,
                              .kind = kind,
                              .index = index});
        };
        for (std::size_t i = 0; i < keys_.partitions.size(); ++i) add(keys_.partitions[i].interval, what::owner, i);
        for (std::size_t i = 0; i < images_.size(); ++i) add(images_[i]->interval, what::image, i);
        for (std::size_t i = 0; i < known_.births.size(); ++i)
            if (known_.births[i].at.at <= limits_.told) add(known_.births[i].interval, what::birth, i);
        for (std::size_t i = 0; i < known_.replacements.size(); ++i)
            if (known_.replacements[i].at.at <= limits_.told)
                add(known_.replacements[i].interval, what::replacement, i);
        for (std::size_t i = 0; i < known_.runs.size(); ++i)
            if (known_.runs[i].upto <= limits_.runs && known_.runs[i].after < known_.runs[i].upto)
                add(known_.runs[i].interval, what::run, i);
        return events;
    }

    void pass(const event& e) {
        switch (e.kind) {
            case what::owner:
                if (e.opens) {
                    owner_ = &keys_.partitions[e.index];
                } else if (owner_ == &keys_.partitions[e.index]) {
                    owner_ = nullptr;  // a neighbour that begins here may have taken over already
                }
                break;
            case what::image:
                pass_image(e);
                break;
            case what::birth:
                put_or_take(births_, {known_.births[e.index].at, e.index}, e.opens);
                break;
            case what::replacement:
                if (e.opens) {
                    replacements_.insert(known_.replacements[e.index].at);
                } else {
                    replacements_.erase(replacements_.find(known_.replacements[e.index].at));
                }
                break;
            case what::run:
                put_or_take(runs_, {known_.runs[e.index].after, e.index}, e.opens);
                ++generation_;
                break;
        }
    }

    void pass_image(const event& e) {
        const horizon& seen = images_[e.index]->seen;
        if (seen.high > limits_.images) {
            later_images_ = e.opens ? later_images_ + 1 : later_images_ - 1;
            return;
        }
        put_or_take(seen.also.empty() ? prefixes_ : unordered_, {seen.low, e.index}, e.opens);
    }

    template <class Set>
    static void put_or_take(Set& set, const typename Set::value_type& value, bool put) {
        if (put) {
            set.insert(value);
        } else {
            set.erase(value);
        }
    }

    [[nodiscard]] bool contains_replacements(const horizon& seen) const {
        for (auto it = replacements_.rbegin(); it != replacements_.rend() && it->at > seen.low; ++it)
            if (!seen.contains(it->at)) return false;
        return true;
    }

    const boxes& known_;
    const layout& keys_;
    std::vector<const image*> images_;  ///< those of the catalog, then those under way
    cover_limits limits_;
    journal_stretches journal_;
    std::uint64_t widest_ = 0;  ///< the largest `high - low`
    const partition* owner_ = nullptr;
    std::set<std::pair<position, std::size_t>> prefixes_;   ///< images by `low`, of those without `also`
    std::set<std::pair<position, std::size_t>> unordered_;  ///< images by `low`, of those with
    std::size_t later_images_ = 0;
    std::set<std::pair<version, std::size_t>> births_;
    std::multiset<version> replacements_;
    std::set<std::pair<position, std::size_t>> runs_;  ///< by `after`
    std::size_t generation_ = 0;
};

}  // namespace foreshadow::detail

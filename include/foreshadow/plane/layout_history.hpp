// SPDX-License-Identifier: BSL-1.0
//
// Every layout there was, by position: a reader that lags asks for the layout of its own position, never for
// today's. Kept as lives (a partition, from one change to another) with a list of the living every so many changes,
// so that memory grows with the changes alone and any past layout costs about what its own size is.
// An entry that does not fit is refused whole: a layout that is wrong would make a proof that is wrong.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/lineage.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

/// The layouts of a source from a first one on.
///
/// Not for use by several threads at once, not even its const members: `current()` is put together when it is asked
/// for.
class layout_history {
  public:
    layout_history() : layout_history{layout{}} {}

    /// Errors: `conflict` when partitions of `first` overlap or share an id.
    explicit layout_history(layout first) : first_{std::move(first)} {
        const auto by_begin = [](const partition& a, const partition& b) {
            return a.interval.begin < b.interval.begin;
        };
        std::sort(first_.partitions.begin(), first_.partitions.end(), by_begin);
        for (const partition& p : first_.partitions) {
            refuse_used(p, "the first layout");
            refuse_overlap(p, "the first layout");
            begin_life(p);
        }
        current_ = first_;
        checkpoints_.push_back({0, lives_.size(), living()});
    }

    /// Adds the next change of the log. One that is known already (its version is, or it is not above the first
    /// layout's position, which contains it) is ignored.
    ///
    /// Guarantees: all or nothing.
    /// Errors: `conflict` when a retired id is unknown, an id was used before, partitions would overlap, or the version
    /// is not above the last.
    /// Complexity: O(k log n) for k partitions named, n alive.
    void apply(const layout_change& change) {
        if (change.at.at <= first_.at || is_known(change)) return;
        const std::string what = describe(change.at);
        if (!changes_.empty() && change.at < changes_.back().at)
            throw error{errc::conflict, what + " comes after the one at " + describe_version(changes_.back().at),
                        "layout changes are applied in the order of the log"};

        std::vector<std::size_t> ending;
        std::vector<partition> ended;
        for (const partition_id id : change.retired) {
            const auto found = by_id_.find(id);
            if (found == by_id_.end() || lives_[found->second].ended != still_alive)
                throw error{errc::conflict, what + " ends partition " + describe(id) + ", which is not alive"};
            if (std::find(ending.begin(), ending.end(), found->second) != ending.end())
                throw error{errc::conflict, what + " ends partition " + describe(id) + " twice"};
            ending.push_back(found->second);
            ended.push_back(lives_[found->second].what);
        }
        std::vector<lineage_event> events = detail::lineage_between(std::move(ended), change);

        const std::size_t lives_before = lives_.size();
        for (const std::size_t life : ending) by_begin_.erase(lives_[life].what.interval.begin);
        try {
            for (const partition& p : change.begun) {
                refuse_used(p, what);
                refuse_overlap(p, what);
                begin_life(p);
            }
        } catch (...) {
            take_back(lives_before, ending);
            throw;
        }
        for (const std::size_t life : ending) lives_[life].ended = changes_.size() + 1;
        changes_.push_back(change);
        births_.push_back(lives_.size());
        std::move(events.begin(), events.end(), std::back_inserter(lineage_));
        is_stale_ = true;
        if (changes_.size() - checkpoints_.back().changes >= 64 + 2 * by_begin_.size())
            checkpoints_.push_back({changes_.size(), lives_.size(), living()});
    }

    /// The layout after everything that was applied; `at` is the position of the last change.
    [[nodiscard]] const layout& current() const {
        if (is_stale_) {
            current_.partitions.clear();
            current_.partitions.reserve(by_begin_.size());
            for (const auto& [begin, life] : by_begin_) current_.partitions.push_back(lives_[life].what);
            current_.at = changes_.back().at.at;
            is_stale_ = false;
        }
        return current_;
    }

    /// The layout at `p`: after all changes with `at.at <= p`.
    ///
    /// Errors: `not_found` when `p` is before the first layout.
    /// Complexity: O(n log n) for n partitions alive about then, whatever the length of the history.
    [[nodiscard]] layout at(position p) const {
        if (p < first_.at)
            throw error{errc::not_found, "no layout is known at position " + std::to_string(p.value) +
                                             ": the first is from " + std::to_string(first_.at.value)};
        const auto above = std::upper_bound(changes_.begin(), changes_.end(), p,
                                            [](position at, const layout_change& c) { return at < c.at.at; });
        const auto count = static_cast<std::size_t>(above - changes_.begin());
        const auto later = std::upper_bound(checkpoints_.begin(), checkpoints_.end(), count,
                                            [](std::size_t n, const checkpoint& c) { return n < c.changes; });
        const checkpoint& from = *std::prev(later);
        std::vector<const partition*> alive;
        const auto keep = [&](const lifetime& l) {
            if (l.ended > count) alive.push_back(&l.what);
        };
        for (const std::size_t l : from.alive) keep(lives_[l]);
        const std::size_t lives = count == 0 ? checkpoints_.front().lives : births_[count - 1];
        for (std::size_t l = from.lives; l < lives; ++l) keep(lives_[l]);
        std::sort(alive.begin(), alive.end(),
                  [](const partition* a, const partition* b) { return a->interval.begin < b->interval.begin; });
        layout result{p, {}};
        result.partitions.reserve(alive.size());
        for (const partition* what : alive) result.partitions.push_back(*what);
        return result;
    }

    [[nodiscard]] const layout& first() const noexcept { return first_; }
    [[nodiscard]] const std::vector<layout_change>& changes() const noexcept { return changes_; }
    [[nodiscard]] const std::vector<lineage_event>& lineage() const noexcept { return lineage_; }

  private:
    static constexpr std::size_t still_alive = std::numeric_limits<std::size_t>::max();

    struct lifetime {
        partition what;
        std::size_t ended = still_alive;  ///< after how many changes it was gone
    };
    struct checkpoint {
        std::size_t changes;
        std::size_t lives;  ///< how many lives had begun by then
        std::vector<std::size_t> alive;
    };

    [[nodiscard]] static std::string describe_version(version at) {
        return std::to_string(at.at.value) + "." + std::to_string(at.ordinal);
    }
    [[nodiscard]] static std::string describe(version at) { return "the layout change at " + describe_version(at); }
    [[nodiscard]] static std::string describe(partition_id id) {
        return std::to_string(id.native) + "@" + std::to_string(id.created.value);
    }
    [[nodiscard]] static std::string describe(const partition& p) { return p.name + " (" + describe(p.id) + ")"; }

    /// Whether this very change was applied; another one at its version is a conflict.
    [[nodiscard]] bool is_known(const layout_change& change) const {
        const auto found = std::lower_bound(changes_.begin(), changes_.end(), change.at,
                                            [](const layout_change& c, version at) { return c.at < at; });
        if (found == changes_.end() || found->at != change.at) return false;
        const auto same_id = [](const partition& a, const partition& b) { return a.id == b.id; };
        if (found->retired != change.retired ||
            !std::equal(found->begun.begin(), found->begun.end(), change.begun.begin(), change.begun.end(), same_id))
            throw error{errc::conflict, describe(change.at) + " is told in two ways"};
        return true;
    }

    void refuse_used(const partition& p, const std::string& what) const {
        if (by_id_.count(p.id) != 0)
            throw error{errc::conflict, what + " begins partition " + describe(p) + ", whose id was used before",
                        "an id carries the position of its creation and is never used again"};
    }

    void refuse_overlap(const partition& p, const std::string& what) const {
        const auto refuse = [&](const partition& other) {
            throw error{errc::conflict, what + " lets partition " + describe(p) + " overlap partition " +
                                            describe(other) + " in " +
                                            printable(intersection(p.interval, other.interval))};
        };
        if (p.interval.is_empty())
            throw error{errc::conflict, what + " begins partition " + describe(p) + " without keys"};
        const auto next = by_begin_.lower_bound(p.interval.begin);
        if (next != by_begin_.end() && lives_[next->second].what.interval.overlaps(p.interval))
            refuse(lives_[next->second].what);
        if (next == by_begin_.begin()) return;
        const partition& previous = lives_[std::prev(next)->second].what;
        if (previous.interval.overlaps(p.interval)) refuse(previous);
    }

    void begin_life(const partition& p) {
        by_begin_.emplace(p.interval.begin, lives_.size());
        by_id_.emplace(p.id, lives_.size());
        lives_.push_back({p, still_alive});
    }

    void take_back(std::size_t lives, const std::vector<std::size_t>& ending) {
        for (; lives_.size() > lives; lives_.pop_back()) {
            by_begin_.erase(lives_.back().what.interval.begin);
            by_id_.erase(lives_.back().what.id);
        }
        for (const std::size_t l : ending) by_begin_.emplace(lives_[l].what.interval.begin, l);
    }

    [[nodiscard]] std::vector<std::size_t> living() const {
        std::vector<std::size_t> alive;
        alive.reserve(by_begin_.size());
        for (const auto& [begin, life] : by_begin_) alive.push_back(life);
        return alive;
    }

    layout first_;
    std::vector<lifetime> lives_;                       ///< in the order of their beginning
    std::vector<std::size_t> births_;                   ///< lives that had begun after each change
    std::map<key, std::size_t, std::less<>> by_begin_;  ///< the living
    std::map<partition_id, std::size_t> by_id_;         ///< everybody there ever was
    std::vector<checkpoint> checkpoints_;
    std::vector<layout_change> changes_;
    std::vector<lineage_event> lineage_;
    mutable layout current_;
    mutable bool is_stale_ = false;
};

}  // namespace foreshadow

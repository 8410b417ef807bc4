// SPDX-License-Identifier: BSL-1.0
//
// A simulated database as several shards would hold it, and the one order that `closed_cuts` puts their logs into. The
// order is kept here as if in the database, so that it survives whoever asked for it. The true state at a cut is the
// whole database's rows without what the cut does not have; that the cut is closed is checked there.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/source/closed_cuts.hpp"
#include "foreshadow/testing/shard_logs.hpp"
#include "foreshadow/testing/simulated_database.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

class simulated_shards {
  public:
    simulated_shards(const std::shared_ptr<simulated_database>& whole, shard_options chosen)
        : logs_{whole, chosen}, dice_{whole->options.work.seed * 67 + 31}, cuts_{chosen.count} {
        steps_.push_back({{}, std::vector<std::size_t>(chosen.count)});
        layouts_.push_back({});
        catch_up();
    }
    /// A copy, with a copy of the whole.
    simulated_shards(const simulated_shards& other, std::shared_ptr<simulated_database> whole)
        : simulated_shards{other} {
        logs_ = shard_logs{other.logs_, std::move(whole)};
    }

    [[nodiscard]] const shard_logs& logs() const noexcept { return logs_; }
    [[nodiscard]] simulated_database& whole() const noexcept { return logs_.whole(); }
    /// The commits of all logs in one order, each with all its parts; `untold` and `before` stay with the whole's.
    [[nodiscard]] const std::vector<logged_commit>& commits() const noexcept { return commits_; }
    [[nodiscard]] position end() const noexcept { return commits_.empty() ? position{} : commits_.back().at; }
    [[nodiscard]] const layout& current_layout() const noexcept { return layouts_.back(); }

    /// What happened since, gets into the logs that it has reached by now, and into the order of all as far as it is
    /// closed.
    void catch_up() {
        logs_.catch_up([&](std::size_t shard, const commit_part& part) { cuts_.add(shard, part); });
        const std::size_t count = logs_.logged().size();
        for (bool moved = true; moved;) {
            moved = false;
            for (std::size_t first = dice_.below(count), i = 0; i < count && !moved; ++i)
                moved = take(cuts_.advance((first + i) % count));
        }
    }

    /// Whether the order of all has that much of each log.
    [[nodiscard]] bool has(const std::vector<std::size_t>& parts) const {
        const std::vector<std::size_t>& upto = steps_.back().upto;
        return std::equal(parts.begin(), parts.end(), upto.begin(),
                          [](std::size_t a, std::size_t b) { return a <= b; });
    }
    /// From where to where the order of all has exactly `parts` of a log; nothing where it never does.
    [[nodiscard]] std::optional<std::pair<position, position>> stretch_of(std::size_t shard, std::size_t parts) const {
        const auto first =
            std::partition_point(steps_.begin(), steps_.end(), [&](const step& s) { return s.upto[shard] < parts; });
        const auto beyond =
            std::partition_point(first, steps_.end(), [&](const step& s) { return s.upto[shard] <= parts; });
        if (first == beyond) return std::nullopt;
        return std::pair{first->at, std::prev(beyond)->at};
    }

    /// The true rows at a position of the order of all. Throws `internal` where that is no closed cut.
    [[nodiscard]] rows_by_key state_at(position at) const {
        const std::vector<std::size_t>& upto = step_at(at).upto;
        rows_by_key rows = whole().past().rows();
        const auto restore_old = [&](const key& k, const std::optional<std::string>& value) {
            if (value) {
                rows.insert_or_assign(k, *value);
            } else {
                rows.erase(k);
            }
        };
        const auto& log = whole().past().commits();
        for (std::size_t i = log.size(); i-- > logs_.taken();)  // not split yet, so in no log
            for (auto write = log[i].before.rbegin(); write != log[i].before.rend(); ++write)
                restore_old(write->first, write->second);
        for (std::size_t e = logs_.events().size(); e-- > 0;) {
            const shard_logs::event& what = logs_.events()[e];
            const auto has = [&](const shard_logs::part& p) { return p.number && *p.number < upto[p.shard]; };
            if (std::all_of(what.parts.begin(), what.parts.end(), has)) continue;
            if (std::any_of(what.parts.begin(), what.parts.end(), has))
                throw error{errc::internal, "the cut at " + std::to_string(at.value) + " has a half of a commit"};
            logs_.undo(what, [](key_view, std::size_t) { return true; }, restore_old);
        }
        return rows;
    }

    /// The true layout at a position of the order of all.
    [[nodiscard]] layout layout_at(position at) const {
        const auto above = std::upper_bound(layouts_.begin(), layouts_.end(), at,
                                            [](position p, const layout& l) { return p < l.at; });
        layout found = *std::prev(above);
        found.at = at;
        return found;
    }

  private:
    struct step {
        position at;
        std::vector<std::size_t> upto;
    };

    /// Adds a closed step to the order of all, as one commit; false where there is none.
    bool take(const std::vector<closed_cuts::member>& members) {
        if (members.empty()) return false;
        step next{cuts_.at(), steps_.back().upto};
        logged_commit told;
        told.at = next.at;
        std::uint32_t ordinal = 0;
        for (const closed_cuts::member& m : members) {
            ++next.upto[m.log];
            const shard_logs::event& what = logs_.events()[m.commit];
            told.time = std::max(told.time, wall_time{what.time});
            const std::vector<layout_change> none;
            const bool is_first = told_.insert(m.commit).second && what.commit;
            const auto& layouts = is_first ? whole().past().commits()[*what.commit].layouts : none;
            auto shape = layouts.begin();
            const auto tell_layouts = [&](std::uint32_t before) {
                for (; shape != layouts.end() && shape->at.ordinal < before; ++shape)
                    told.layouts.push_back(renamed(*shape, {next.at, ordinal++}));
            };
            for (logged_change change : what.parts[shard_logs::part_in(what, m.log)].changes) {
                tell_layouts(change.ordinal);
                change.ordinal = ordinal++;
                told.changes.push_back(std::move(change));
            }
            tell_layouts(std::numeric_limits<std::uint32_t>::max());
        }
        for (layout_change& change : told.layouts) change.time = told.time;
        steps_.push_back(std::move(next));
        commits_.push_back(std::move(told));
        return true;
    }

    /// A layout change as it is in the order of all, where ids carry other positions; the layout moves on by it.
    [[nodiscard]] layout_change renamed(layout_change change, version at) {
        change.at = at;
        for (partition_id& id : change.retired) id.created = created_[id.native];
        for (partition& begun : change.begun) begun.id.created = created_[begun.id.native] = at.at;
        layout next = layouts_.back();
        std::erase_if(next.partitions, [&](const partition& p) {
            return std::find(change.retired.begin(), change.retired.end(), p.id) != change.retired.end();
        });
        next.partitions.insert(next.partitions.end(), change.begun.begin(), change.begun.end());
        std::sort(next.partitions.begin(), next.partitions.end(),
                  [](const partition& a, const partition& b) { return a.interval.begin < b.interval.begin; });
        next.at = at.at;
        if (layouts_.back().at == next.at && layouts_.size() > 1) layouts_.pop_back();
        layouts_.push_back(std::move(next));
        return change;
    }

    [[nodiscard]] const step& step_at(position at) const {
        const auto above =
            std::upper_bound(steps_.begin(), steps_.end(), at, [](position p, const step& s) { return p < s.at; });
        return *std::prev(above);
    }

    shard_logs logs_;
    seeded_random dice_;
    closed_cuts cuts_;
    std::vector<step> steps_;  ///< from the beginning on, where the cut has nothing
    std::vector<logged_commit> commits_;
    std::set<std::uint64_t> told_;  ///< events of which the order has a part
    std::vector<layout> layouts_;
    std::map<std::uint64_t, position> created_;  ///< of partitions, by the numbers that the database gave them
};

}  // namespace foreshadow::testing

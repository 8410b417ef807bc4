// SPDX-License-Identifier: BSL-1.0
//
// The logs of a simulated database's shards. Each gets its parts of commits some time after they were made: shards
// disagree about the order of what does not conflict, and one has its part of a commit while another still waits for
// it. Now and then an interval moves, by a hand-off that stands in two logs. Layout changes stand in all.
#pragma once

#include "foreshadow/source/closed_cuts.hpp"
#include "foreshadow/testing/detail/segments.hpp"
#include "foreshadow/testing/detail/simulated_answers.hpp"
#include "foreshadow/testing/simulated_database.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct shard_options {
    std::size_t count = 1;       ///< 1: an ordinary database with one log
    double delay_seconds = .01;  ///< the mean of what a part may take to get into its log
    double hand_offs = .05;      ///< a commit
};

class shard_logs {
  public:
    struct part {
        std::size_t shard = 0;
        bool arrives = false;
        std::vector<logged_change> changes;
        std::vector<key_range> reach;       ///< beside what its changes touch
        std::optional<std::size_t> number;  ///< in its shard's log
    };
    /// A commit of the whole database, or a hand-off.
    struct event {
        std::optional<std::size_t> commit;  ///< the number of the commit
        std::int64_t time = 0;
        key_range moved;
        std::vector<part> parts;
        std::vector<std::uint8_t> writers;  ///< of what its writes found, the shard of each
    };
    /// Who has a key, as far as the logs say: nobody, while it is on its way from one to another.
    struct owner {
        std::optional<std::size_t> shard;
        std::size_t since = 0;  ///< the number of the event by which it came there

        friend bool operator==(const owner&, const owner&) = default;
    };
    [[nodiscard]] const owner& owner_of(key_view k) const { return owners_.at(k); }
    [[nodiscard]] key_range owned_around(key_view k) const { return owners_.around(k); }

    shard_logs(std::shared_ptr<simulated_database> whole, shard_options chosen)
        : whole_{std::move(whole)},
          options_{chosen},
          dice_{whole_->options.work.seed * 61 + 29},
          logged_(chosen.count),
          ends_(chosen.count) {
        for (char letter = 'a'; letter <= 'f'; ++letter) {  // some pieces of each table
            const key begin{letter};
            move({begin, begin + random_digits()}, some_shard());
            move({begin + random_digits(), {}}, some_shard());
        }
        owners_ = truly_;
    }
    /// A copy, with a copy of the whole.
    shard_logs(const shard_logs& other, std::shared_ptr<simulated_database> whole) : shard_logs{other} {
        whole_ = std::move(whole);
    }

    [[nodiscard]] simulated_database& whole() const noexcept { return *whole_; }
    [[nodiscard]] const std::vector<event>& events() const noexcept { return events_; }
    /// How many commits of the whole are events.
    [[nodiscard]] std::size_t taken() const noexcept { return taken_; }
    /// How much each log has.
    [[nodiscard]] const std::vector<std::size_t>& logged() const noexcept { return logged_; }

    /// What happened since, gets into the logs that it has reached by now; `arrived(shard, part)` is told of each.
    template <class Arrived>
    void catch_up(Arrived arrived) {
        const auto& log = whole_->past().commits();
        for (; taken_ < log.size(); ++taken_) {
            let_arrive(log[taken_].time.microseconds, arrived);
            split(log[taken_]);
            if (options_.count > 1 && dice_.chance(options_.hand_offs)) hand_off(log[taken_].time.microseconds);
        }
        let_arrive(whole_->clock.now().microseconds, arrived);
    }

    static constexpr double shortest_wait = 2e-6;  ///< seconds; virtual time goes by whole microseconds

    /// How long until something gets into a log.
    [[nodiscard]] double seconds_to_next() const {
        if (pending_.empty()) return std::numeric_limits<double>::infinity();
        const auto due = std::get<0>(*pending_.begin());
        return std::max(shortest_wait, static_cast<double>(due - whole_->clock.now().microseconds) * 1e-6);
    }

    /// The number of the part that an event has in a shard; one more than there are where it has none.
    [[nodiscard]] static std::size_t part_in(const event& what, std::size_t shard) {
        std::size_t i = 0;
        while (i < what.parts.size() && what.parts[i].shard != shard) ++i;
        return i;
    }
    /// What keys of `interval`, which `from` has, held before what its log does not have yet.
    [[nodiscard]] detail::old_values not_yet_in(const owner& from, const key_range& interval) const {
        detail::old_values undone;
        for (std::size_t e = events_.size(); e > settled_ && e > from.since;) {
            const event& what = events_[--e];
            undo(
                what,
                [&](key_view k, std::size_t shard) {
                    return interval.contains(k) && !(shard == *from.shard && what.parts[part_in(what, shard)].number);
                },
                [&](const key& k, const std::optional<std::string>& value) { undone.insert_or_assign(k, value); });
        }
        return undone;
    }

    /// Gives what the chosen writes of an event found, the latest first.
    template <class Chosen, class Give>
    void undo(const event& what, Chosen chosen, Give give) const {
        if (!what.commit) return;
        const auto& before = whole_->past().commits()[*what.commit].before;
        for (std::size_t i = before.size(); i-- > 0;)
            if (chosen(before[i].first, what.writers[i])) give(before[i].first, before[i].second);
    }

  private:
    [[nodiscard]] std::size_t some_shard() { return static_cast<std::size_t>(dice_.below(options_.count)); }
    [[nodiscard]] std::string random_digits() {
        std::string digits(dice_.between(1, 6), '0');
        for (char& c : digits) c = static_cast<char>('0' + dice_.below(10));
        return digits;
    }
    void move(const key_range& interval, std::size_t to) {
        if (!interval.is_empty()) truly_.assign(interval, {to, events_.size()});
    }

    [[nodiscard]] static part& part_of(event& what, std::size_t shard) {
        const std::size_t found = part_in(what, shard);
        if (found == what.parts.size()) {
            what.parts.emplace_back();
            what.parts.back().shard = shard;
        }
        return what.parts[found];
    }

    /// Cuts a commit into the parts that the shards have.
    void split(const logged_commit& c) {
        event made;
        made.commit = taken_;
        made.time = c.time.microseconds;
        for (const logged_change& change : c.changes) {
            if (change.kind != change_kind::erase_range && change.kind != change_kind::replaced) {
                part_of(made, *truly_.at(change.where).shard).changes.push_back(change);
                continue;
            }
            truly_.for_each_in(change.reach(), [&](const key_range& piece, const owner& of) {
                logged_change clipped = change;
                clipped.where = piece.begin;
                clipped.payload = piece.end;
                part_of(made, *of.shard).changes.push_back(std::move(clipped));
            });
        }
        for (std::size_t shard = 0; !c.layouts.empty() && shard < options_.count; ++shard) {
            part& p = part_of(made, shard);
            for (const layout_change& change : c.layouts)
                for (const partition& begun : change.begun) p.reach.push_back(begun.interval);
        }
        made.writers.reserve(c.before.size());
        for (const auto& [k, value] : c.before) made.writers.push_back(static_cast<std::uint8_t>(*truly_.at(k).shard));
        add(std::move(made));
    }

    /// Moves a piece of some segment from its shard to another.
    void hand_off(std::int64_t time) {
        const key from = static_cast<char>('a' + dice_.below(5)) + random_digits();
        const key_range segment = truly_.around(from);
        const key to = from + random_digits();
        event made;
        made.time = time;
        made.moved = {from, segment.ends_after(to) && dice_.chance(.5) ? to : segment.end};
        const std::size_t old = *truly_.at(from).shard;
        const std::size_t next = (old + 1 + dice_.below(options_.count - 1)) % options_.count;
        for (const std::size_t shard : {old, next}) {
            part& p = part_of(made, shard);
            p.reach.push_back(made.moved);
            p.arrives = shard == next;
        }
        move(made.moved, next);
        add(std::move(made));
    }

    /// Says when each part gets into its log: after every part there that it conflicts with, and what arrives after it
    /// left.
    void add(event made) {
        const bool has_layout = made.commit && !whole_->past().commits()[*made.commit].layouts.empty();
        std::int64_t left = 0;
        const std::size_t number = events_.size();
        std::vector<std::tuple<std::int64_t, std::size_t, std::size_t>> due_parts;
        for (std::size_t i = 0; i < made.parts.size(); ++i) {
            const part& p = made.parts[i];
            std::int64_t due = made.time;
            if (dice_.chance(.5)) due += static_cast<std::int64_t>(dice_.gap(options_.delay_seconds) * 1e6);
            if (p.arrives) due = std::max(due, left + 1);
            for (const auto& [when, e, q] : pending_) {
                const part& other = events_[e].parts[q];
                if (other.shard != p.shard || when < due) continue;
                const bool is_layout_too =
                    has_layout && events_[e].commit && !whole_->past().commits()[*events_[e].commit].layouts.empty();
                if (is_layout_too || conflict(p, other)) due = when + 1;
            }
            left = due;
            due_parts.emplace_back(due, number, i);
        }
        events_.push_back(std::move(made));
        pending_.insert(due_parts.begin(), due_parts.end());
    }

    [[nodiscard]] static bool touches(const part& p, const key_range& interval) {
        return std::any_of(p.reach.begin(), p.reach.end(), [&](const key_range& r) { return r.overlaps(interval); }) ||
               std::any_of(p.changes.begin(), p.changes.end(), [&](const logged_change& c) {
                   const bool is_range = c.kind == change_kind::erase_range || c.kind == change_kind::replaced;
                   return is_range ? c.reach().overlaps(interval) : interval.contains(c.where);
               });
    }
    [[nodiscard]] static bool conflict(const part& a, const part& b) {
        return std::any_of(a.reach.begin(), a.reach.end(), [&](const key_range& r) { return touches(b, r); }) ||
               std::any_of(a.changes.begin(), a.changes.end(),
                           [&](const logged_change& c) { return touches(b, c.reach()); });
    }

    /// Gets what is due by `now` into the logs.
    template <class Arrived>
    void let_arrive(std::int64_t now, Arrived arrived) {
        while (!pending_.empty() && std::get<0>(*pending_.begin()) <= now) {
            const auto [due, e, i] = *pending_.begin();
            pending_.erase(pending_.begin());
            event& what = events_[e];
            part& p = what.parts[i];
            p.number = logged_[p.shard]++;
            ends_[p.shard].value += dice_.between(1, 9);
            arrived(p.shard, commit_part{e, what.parts.size(), p.arrives, ends_[p.shard]});
            if (!what.moved.begin.empty())
                owners_.assign(what.moved, p.arrives ? owner{p.shard, e} : owner{std::nullopt, e});
        }
        while (settled_ < events_.size() && std::all_of(
                                                events_[settled_].parts.begin(), events_[settled_].parts.end(),
                                                [](const part& p) { return p.number.has_value(); }))
            ++settled_;
    }

    std::shared_ptr<simulated_database> whole_;
    shard_options options_;
    seeded_random dice_;
    detail::segments<owner> truly_{owner{0, 0}};   ///< who has a key as of the last event
    detail::segments<owner> owners_{owner{0, 0}};  ///< as of the logs
    std::vector<event> events_;
    std::size_t taken_ = 0;
    std::size_t settled_ = 0;  ///< events that are in their logs with all parts, and so are those before
    std::set<std::tuple<std::int64_t, std::size_t, std::size_t>> pending_;  ///< due, event, part
    std::vector<std::size_t> logged_;
    std::vector<position> ends_;  ///< of the logs
};

}  // namespace foreshadow::testing

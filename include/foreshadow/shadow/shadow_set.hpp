// SPDX-License-Identifier: BSL-1.0
//
// All shadows of a backup, under one hard budget. Each key belongs to at most one shadow: the first that asked, unless
// a later one is worth twice all that it would take the keys from; one that was adopted keeps its keys, whatever is
// foretold. What a shadow says is in the journal as well, so any may be dropped at any time (prediction rule).
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/plane/prediction.hpp"
#include "foreshadow/shadow/shadow.hpp"
#include "foreshadow/shadow/shadow_budget.hpp"
#include "foreshadow/shadow/worth.hpp"
#include "foreshadow/shadow/write_rates.hpp"
#include "foreshadow/source/log_batch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow {

class shadow_set {
  public:
    using fates = std::vector<std::pair<std::uint64_t, shadow_fate>>;
    using accounts = std::vector<std::pair<std::uint64_t, shadow_account>>;

    explicit shadow_set(shadow_budget budget = {}) : budget_{budget} {}

    /// Opens shadows for predictions that pay, `live` by falling confidence; says which opened and which gave way, also
    /// since the last call. `followed`: up to where changes were taken. `stored_bytes`: of the whole backup so far.
    fates consider(std::span<const prediction> live, const layout& now, position followed, std::uint64_t stored_bytes) {
        stored_so_far_ = stored_bytes;
        std::optional<partition_index> owners;  // made when it is needed: as a rule there is nothing new
        for (const prediction& p : live) {
            if (find(p.id) != open_.end() || has_been_seen(p.id)) continue;
            if (!owners) owners.emplace(now);
            const std::vector<key_range> cuts = cuts_for(p, *owners);
            shadow_account account = account_of(p, cuts);
            account.verdict = decide(p, cuts, account, followed);
            explain(p.id, account);
            // No layout to come gives keys to a creation whose place is not known.
            const bool has_no_place = p.kind == lineage_kind::create && cuts.empty();
            const bool is_final =
                account.verdict == shadow_verdict::unlikely || p.kind == lineage_kind::drop || has_no_place;
            if (is_final || account.verdict == shadow_verdict::opened) seen_.insert(p.id);
        }
        return std::exchange(told_, {});
    }

    /// The arithmetic of the predictions whose verdicts are new since the last call.
    [[nodiscard]] accounts take_accounts() { return std::exchange(accounts_, {}); }

    /// Takes the changes of the log that fall into shadows. O(log cuts) a change, next to nothing while none is open.
    void take(const log_batch& batch) {
        followed_ = batch.upto;
        rates_.take(batch);
        if (routes_.empty()) return;
        // Nobody harvested although it was full: the rest of the budget is hard.
        while (bytes() > budget_.memory_bytes && give_way_for_memory()) {
        }
        for (std::size_t i = 0; i < batch.changes.size(); ++i) {
            const change_view change = batch.changes[i];
            auto at = std::upper_bound(routes_.begin(), routes_.end(), change.key,
                                       [](std::string_view k, const place& p) { return k < p.begin; });
            if (at != routes_.begin()) --at;
            if (!change.is_range()) {
                if (at != routes_.end() && interval_of(*at).contains(change.key))
                    open_[at->shadow].kept.take(at->cut, change);
                continue;
            }
            for (; at != routes_.end() && (change.payload.empty() || at->begin < change.payload); ++at)
                open_[at->shadow].kept.take(at->cut, change);
        }
    }

    /// Bytes held in memory.
    [[nodiscard]] std::size_t bytes() const noexcept {
        std::size_t sum = 0;
        for (const entry& e : open_) sum += e.kept.bytes();
        return sum;
    }
    [[nodiscard]] std::size_t size() const noexcept { return open_.size(); }
    [[nodiscard]] const shadow_counts& counts() const noexcept { return counts_; }

    /// The runs of all shadows that came true, up to `upto`, as far as the budget of stored bytes allows.
    std::vector<shadow_run> harvest_adopted(position upto) {
        std::vector<shadow_run> out;
        for (std::size_t i = 0; i < open_.size();)
            if (!open_[i].adopted || harvest_or_drop(i, upto, out)) ++i;
        return out;
    }

    /// Frees memory down to half of the budget: folds, then harvests the fullest shadows, those that came true first;
    /// what the budget of stored bytes has no room for gives way.
    std::vector<shadow_run> harvest_for_memory(position upto) {
        std::vector<shadow_run> out;
        for (entry& e : open_) e.kept.compact(upto);
        while (bytes() > budget_.memory_bytes / 2) {
            const auto fullest = std::max_element(open_.begin(), open_.end(), [](const entry& a, const entry& b) {
                return std::pair{a.adopted && has_changes(a), a.kept.bytes()} <
                       std::pair{b.adopted && has_changes(b), b.kept.bytes()};
            });
            const std::size_t i = static_cast<std::size_t>(fullest - open_.begin());
            if (!has_changes(*fullest)) break;  // what is left is book-keeping
            harvest_or_drop(i, upto, out);
        }
        return out;
    }

    /// What a layout change means for the shadows of what ended: its own change adopts a shadow, for the partitions
    /// that came about; another one ends it. Says what became of which prediction's.
    fates adopt(const lineage_event& event) {
        fates became;
        for (std::size_t i = 0; i < open_.size();) {
            entry& e = open_[i];
            const shadow_fate fate = touches(e, event) ? meet(e, event) : shadow_fate::none;
            if (fate == shadow_fate::adopted || fate == shadow_fate::recut || fate == shadow_fate::discarded)
                became.emplace_back(e.kept.id(), fate);
            if (fate == shadow_fate::discarded || fate == shadow_fate::displaced) {
                if (fate == shadow_fate::discarded) ++counts_.discarded;
                open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
            } else {
                ++i;
            }
        }
        route();
        return became;
    }

    /// Drops the shadow of a prediction that did not come true. False when there is none, or it was adopted.
    bool discard(std::uint64_t prediction) {
        const auto found = find(prediction);
        if (found == open_.end() || found->adopted) return false;
        open_.erase(found);
        ++counts_.discarded;
        route();
        return true;
    }

  private:
    struct entry {
        shadow kept;
        shadow_account account;
        bool adopted = false;

        [[nodiscard]] double net() const noexcept { return account.net(); }
    };
    struct place {
        std::string_view begin;  ///< of the cut, which holds the bytes
        std::size_t shadow;
        std::size_t cut;
    };

    [[nodiscard]] std::vector<entry>::iterator find(std::uint64_t id) {
        return std::find_if(open_.begin(), open_.end(), [&](const entry& e) { return e.kept.id() == id; });
    }
    /// One chance for each prediction: what gave way does not come back with the next tick.
    [[nodiscard]] bool has_been_seen(std::uint64_t id) const { return seen_.count(id) != 0; }
    [[nodiscard]] const key_range& interval_of(const place& p) const {
        return open_[p.shadow].kept.cuts()[p.cut].interval;
    }
    [[nodiscard]] static bool has_changes(const entry& e) {
        return std::any_of(e.kept.cuts().begin(), e.kept.cuts().end(),
                           [](const auto& c) { return !c.changes.empty(); });
    }

    /// What a shadow of `p` would be worth and cost, beside what there is already.
    [[nodiscard]] shadow_account account_of(const prediction& p, const std::vector<key_range>& cuts) const {
        shadow_account account;
        if (!cuts.empty()) {
            const key_range hull{cuts.front().begin, cuts.back().end};
            account = worth_of({.confidence = p.confidence,
                                .lead_seconds = p.when.p50,
                                .remaining_seconds = p.horizon_seconds,
                                .band_rate = rates_.of(hull),
                                .whole_rate = rates_.whole()});
        }
        account.open = open_.size();
        account.most_open = budget_.count;
        account.held = bytes();
        account.most_held = budget_.memory_bytes;
        return account;
    }

    /// Opens a shadow, or says why not.
    shadow_verdict decide(const prediction& p, const std::vector<key_range>& cuts, const shadow_account& account,
                          position followed) {
        if (p.confidence < budget_.confidence_threshold) return shadow_verdict::unlikely;
        if (cuts.empty() || p.kind == lineage_kind::drop) return shadow_verdict::no_keys;
        if (!account.pays()) return shadow_verdict::costs_more;
        shadow asks{p, cuts, followed};
        const key_range hull{cuts.front().begin, cuts.back().end};
        const shadow_verdict verdict = make_room(hull, asks.bytes(), account.net());
        if (verdict != shadow_verdict::opened) return verdict;
        open_.push_back({.kept = std::move(asks), .account = account, .adopted = false});
        open_.back().account.verdict = verdict;
        ++counts_.opened;
        told_.emplace_back(p.id, shadow_fate::open);
        route();
        return verdict;
    }

    void explain(std::uint64_t id, const shadow_account& account) {
        const auto [known, is_new] = verdicts_.try_emplace(id, account.verdict);
        if (is_new || known->second != account.verdict) accounts_.emplace_back(id, account);
        known->second = account.verdict;
    }

    /// Whether a shadow of `net` worth may have `hull`: those in its way, and the poorest where there are too many, go.
    shadow_verdict make_room(const key_range& hull, std::size_t needed, double net) {
        double in_the_way = 0;
        std::vector<std::uint64_t> going;
        for (const entry& e : open_) {
            const bool overlaps = std::any_of(e.kept.cuts().begin(), e.kept.cuts().end(),
                                              [&](const auto& c) { return c.interval.overlaps(hull); });
            if (!overlaps) continue;
            if (e.adopted) return shadow_verdict::keys_taken;
            in_the_way += std::max(e.net(), 0.0);
            going.push_back(e.kept.id());
        }
        if (!going.empty() && net <= 2 * in_the_way) return shadow_verdict::keys_taken;
        if (bytes() + needed > budget_.memory_bytes) return shadow_verdict::no_memory;
        if (open_.size() - going.size() >= budget_.count) {
            const auto last = poorest();
            if (last == open_.end() || last->adopted || net <= 2 * std::max(last->net(), 0.0))
                return shadow_verdict::no_room;
            going.push_back(last->kept.id());
        }
        for (const std::uint64_t id : going) displace(find(id), shadow_verdict::gave_way);
        return shadow_verdict::opened;
    }

    /// The one that goes first.
    [[nodiscard]] std::vector<entry>::iterator poorest() {
        return std::min_element(open_.begin(), open_.end(), [](const entry& a, const entry& b) {
            return std::pair{a.adopted, a.net()} < std::pair{b.adopted, b.net()};
        });
    }

    void displace(std::vector<entry>::iterator which, shadow_verdict why) {
        which->account.verdict = why;
        explain(which->kept.id(), which->account);
        told_.emplace_back(which->kept.id(), shadow_fate::displaced);
        ++counts_.discarded;
        open_.erase(which);
        route();
    }

    bool give_way_for_memory() {
        if (open_.empty()) return false;
        displace(poorest(), shadow_verdict::memory_full);
        return true;
    }

    /// True when the shadow was harvested and stays open, false when it gave way.
    bool harvest_or_drop(std::size_t i, position upto, std::vector<shadow_run>& out) {
        entry& e = open_[i];
        e.kept.compact(upto);
        std::uint64_t bytes = 0;
        for (const auto& c : e.kept.cuts()) bytes += c.changes.bytes();
        const double allowed = std::max(static_cast<double>(budget_.stored_always),
                                        budget_.stored_share * static_cast<double>(stored_so_far_));
        if (static_cast<double>(counts_.stored + bytes) > allowed) {
            displace(open_.begin() + static_cast<std::ptrdiff_t>(i), shadow_verdict::store_full);
            return false;
        }
        counts_.stored += bytes;
        e.kept.harvest(upto, out);
        return true;
    }

    [[nodiscard]] static bool touches(const entry& e, const lineage_event& event) {
        const auto among = [&](const std::vector<partition>& side) {
            return std::any_of(side.begin(), side.end(), [&](const partition& p) {
                return std::any_of(e.kept.cuts().begin(), e.kept.cuts().end(),
                                   [&](const auto& c) { return c.interval.overlaps(p.interval); });
            });
        };
        return among(event.from) || among(event.to);
    }

    shadow_fate meet(entry& e, const lineage_event& event) {
        const prediction& p = e.kept.of();
        if (event.kind == lineage_kind::drop) {
            bool left = true;
            for (const partition& gone : event.from) left = e.kept.forget(gone.interval);
            if (left) return shadow_fate::none;
            return e.adopted ? shadow_fate::displaced : shadow_fate::discarded;
        }
        std::vector<key> edges;
        for (const partition& born : event.to) {
            edges.push_back(born.interval.begin);
            if (!born.interval.is_unbounded()) edges.push_back(born.interval.end);
        }
        std::sort(edges.begin(), edges.end());
        if (e.adopted) {
            e.kept.recut(edges);
            return shadow_fate::none;
        }
        if (event.kind != p.kind) return shadow_fate::discarded;
        const bool elsewhere = p.kind == lineage_kind::create
                                   ? edges != p.boundaries
                                   : p.kind != lineage_kind::merge && event.boundaries != p.boundaries;
        const bool divided = e.kept.recut(edges);
        e.adopted = true;
        const bool recut = elsewhere || divided;
        ++(recut ? counts_.recut : counts_.adopted);
        return recut ? shadow_fate::recut : shadow_fate::adopted;
    }

    void route() {
        routes_.clear();
        for (std::size_t s = 0; s < open_.size(); ++s)
            for (std::size_t c = 0; c < open_[s].kept.cuts().size(); ++c)
                routes_.push_back({open_[s].kept.cuts()[c].interval.begin, s, c});
        std::sort(routes_.begin(), routes_.end(), [](const place& a, const place& b) { return a.begin < b.begin; });
    }

    shadow_budget budget_;
    shadow_counts counts_;
    std::vector<entry> open_;
    std::vector<place> routes_;  ///< all cuts, by begin
    std::set<std::uint64_t> seen_;
    fates told_;
    std::map<std::uint64_t, shadow_verdict> verdicts_;  ///< that were told last
    accounts accounts_;
    write_rates rates_;
    std::uint64_t stored_so_far_ = 0;
    position followed_;
};

}  // namespace foreshadow

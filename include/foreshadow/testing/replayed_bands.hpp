// SPDX-License-Identifier: BSL-1.0
//
// The partitions of an engine that is replayed, and what happens to them: whoever decides on a layout change, an
// engine's rule or a trace's own line, it is made here, with the sizes before and after it.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/testing/published_rules.hpp"
#include "foreshadow/testing/replayed_band.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace foreshadow::testing {

class replayed_bands {
  public:
    using listener = std::function<void(const lineage_event&)>;
    using ids = std::vector<std::uint64_t>;  ///< of what begins; numbered on where there are none

    /// `changed` hears of every layout change just after it was made.
    replayed_bands(rule_options options, listener changed) : options_{options}, changed_{std::move(changed)} {}

    [[nodiscard]] std::size_t size() const { return bands_.size(); }
    [[nodiscard]] replayed_band& operator[](std::size_t place) { return bands_[place]; }
    [[nodiscard]] const replayed_band& operator[](std::size_t place) const { return bands_[place]; }
    [[nodiscard]] std::int64_t size_of(std::size_t place) const { return bands_[place].size(options_.measure); }
    /// Of everything, in the measure.
    [[nodiscard]] std::int64_t database_size() const { return database_; }
    [[nodiscard]] std::size_t count_of(const std::string& table) const {
        const auto found = tables_.find(table);
        return found == tables_.end() ? 0 : found->second;
    }
    [[nodiscard]] const std::unordered_map<std::string, std::size_t>& tables() const { return tables_; }
    /// Of the last write or layout change.
    [[nodiscard]] position head() const { return {position_}; }
    /// The layout, with the sizes as of now. Valid until the next change.
    [[nodiscard]] const layout& shape() {
        for (std::size_t i = 0; i < bands_.size(); ++i) tell_size(bands_[i], shape_.partitions[i]);
        shape_.at = {position_};
        return shape_;
    }
    [[nodiscard]] const key_range& interval_of(std::size_t place) const { return shape_.partitions[place].interval; }

    /// The first place whose band begins at `low` or above.
    [[nodiscard]] std::size_t place_of(key_view low) const {
        const auto at =
            std::lower_bound(bands_.begin(), bands_.end(), low, [](const auto& b, key_view k) { return b.low < k; });
        return static_cast<std::size_t>(at - bands_.begin());
    }
    [[nodiscard]] std::optional<std::size_t> owner_of(key_view k) const {
        const auto next =
            std::upper_bound(bands_.begin(), bands_.end(), k, [](key_view v, const auto& b) { return v < b.low; });
        if (next == bands_.begin()) return std::nullopt;
        const auto place = static_cast<std::size_t>(next - bands_.begin()) - 1;
        return interval_of(place).contains(k) ? std::optional{place} : std::nullopt;
    }
    [[nodiscard]] std::optional<std::size_t> place_of_id(std::uint64_t id) const {
        const auto found = lows_.find(id);
        return found == lows_.end() ? std::nullopt : std::optional{place_of(found->second)};
    }

    /// Puts a row of so many bytes, or deletes it where they are negative.
    void write(std::size_t place, const key& k, std::int64_t bytes, double now) {
        database_ -= size_of(place);
        bands_[place].write(k, bytes, now, options_);
        database_ += size_of(place);
        ++position_;
    }

    /// Forgets what was overwritten before `then`.
    void collect(std::size_t place, double then) {
        const std::int64_t gone = bands_[place].collect(then);
        if (options_.measure == engine_measure::bytes) database_ -= gone;
    }

    std::size_t create(double now, const std::string& table, const key_range& whole, const ids& named = {}) {
        const std::size_t place = place_of(whole.begin);
        std::vector<replayed_band> begun;
        begun.push_back(fresh(table, whole.begin, now, named, 0));
        ++tables_[table];
        replace(now, lineage_kind::create, place, {}, std::move(begun), whole);
        return place;
    }

    void drop(double now, std::size_t place) {
        const std::string table = bands_[place].table;
        database_ -= size_of(place);
        if (--tables_[table] == 0) tables_.erase(table);
        replace(now, lineage_kind::drop, place, {ending(place)}, {}, {});
    }

    /// Cuts a band in pieces that begin at `cuts`; tells their ids.
    ids split(double now, std::size_t place, const std::vector<key>& cuts, const ids& named = {}) {
        partition ended = ending(place);
        replayed_band parent = std::move(bands_[place]);
        std::vector<replayed_band> begun;
        ids made;
        for (std::size_t i = 0; i <= cuts.size(); ++i) {
            auto child = fresh(parent.table, i == 0 ? parent.low : cuts[i - 1], now, named, i);
            child.last_split = now;
            child.last_write = parent.last_write;
            child.writes = parent.writes / static_cast<double>(cuts.size() + 1);
            child.writes_at = parent.writes_at;
            made.push_back(child.id);
            begun.push_back(std::move(child));
        }
        for (std::size_t i = begun.size(); i-- > 0;) parent.give_away(begun[i].low, begun[i]);
        tables_[parent.table] += cuts.size();
        const key_range whole = ended.interval;
        replace(now, lineage_kind::split, place, {std::move(ended)}, std::move(begun), whole);
        return made;
    }

    /// Makes one band of the `count` from `first` on.
    void merge(double now, std::size_t first, std::size_t count, const ids& named = {}) {
        const key_range whole{interval_of(first).begin, interval_of(first + count - 1).end};
        auto all = fresh(bands_[first].table, whole.begin, now, named, 0);
        all.last_write = bands_[first].last_write;
        std::vector<partition> ended;
        for (std::size_t i = first; i < first + count; ++i) {
            ended.push_back(ending(i));
            all.writes += bands_[i].write_rate(now, options_.tick_seconds);
            all.take(bands_[i]);
        }
        tables_[all.table] -= count - 1;
        std::vector<replayed_band> begun;
        begun.push_back(std::move(all));
        replace(now, lineage_kind::merge, first, std::move(ended), std::move(begun), whole);
    }

  private:
    [[nodiscard]] replayed_band fresh(const std::string& table, key low, double now, const ids& named, std::size_t i) {
        replayed_band b;
        b.id = named.empty() ? next_id_++ : named[i];
        b.table = table;
        b.low = std::move(low);
        b.last_write = b.writes_at = now;
        b.jitter = jitter_();
        return b;
    }

    static void tell_size(const replayed_band& b, partition& to) {
        to.rows = b.live.size();
        to.bytes = static_cast<std::uint64_t>(b.live_bytes + b.old_bytes);
    }

    /// The partition at `place`, as it ends.
    [[nodiscard]] partition ending(std::size_t place) const {
        partition p = shape_.partitions[place];
        tell_size(bands_[place], p);
        return p;
    }

    /// Replaces the bands from `place` on, which are `ended`, by `begun`, and tells of it.
    void replace(double now, lineage_kind kind, std::size_t place, std::vector<partition> ended,
                 std::vector<replayed_band> begun, const key_range& whole) {
        ++position_;
        lineage_event event{.at = {.at = {position_}, .ordinal = 0},
                            .time = after_seconds({}, now),
                            .kind = kind,
                            .from = std::move(ended),
                            .to = {},
                            .boundaries = {}};
        for (std::size_t i = 0; i < begun.size(); ++i) {
            partition p{.id = {begun[i].id, {position_}},
                        .name = printable(begun[i].table) + " #" + std::to_string(begun[i].id),
                        .interval = {begun[i].low, i + 1 < begun.size() ? begun[i + 1].low : whole.end},
                        .holds = content::data,
                        .born_empty = kind == lineage_kind::create,
                        .rows = 0,
                        .bytes = 0};
            tell_size(begun[i], p);
            event.to.push_back(std::move(p));
        }
        const std::vector<partition>& inner = kind == lineage_kind::merge ? event.from : event.to;
        for (std::size_t i = 1; i < inner.size(); ++i) event.boundaries.push_back(inner[i].interval.begin);

        const auto at = static_cast<std::ptrdiff_t>(place);
        const auto end = at + static_cast<std::ptrdiff_t>(event.from.size());
        for (const partition& p : event.from) lows_.erase(p.id.native);
        for (const replayed_band& b : begun) lows_[b.id] = b.low;
        const auto band = bands_.erase(bands_.begin() + at, bands_.begin() + end);
        bands_.insert(band, std::make_move_iterator(begun.begin()), std::make_move_iterator(begun.end()));
        const auto told = shape_.partitions.erase(shape_.partitions.begin() + at, shape_.partitions.begin() + end);
        shape_.partitions.insert(told, event.to.begin(), event.to.end());
        changed_(event);
    }

    rule_options options_;
    listener changed_;
    std::vector<replayed_band> bands_;             ///< by their lows
    layout shape_;                                 ///< in the same order
    std::unordered_map<std::uint64_t, key> lows_;  ///< of live bands
    std::unordered_map<std::string, std::size_t> tables_;
    std::int64_t database_ = 0;
    std::uint64_t position_ = 0;
    std::uint64_t next_id_ = 0;
    jitter_source jitter_{1};
};

}  // namespace foreshadow::testing

// SPDX-License-Identifier: BSL-1.0
//
// An engine that a write log is replayed through, so that a log without layout changes gets those that the engine
// would have made. A key's first path component is its table, which begins with one partition when it is first seen
// and is dropped with its last row. Linear keys are table, zero byte, key; by the calendar, the period that a row was
// first written in stands before its key.
#pragma once

#include "foreshadow/testing/published_rules.hpp"
#include "foreshadow/testing/replayed_bands.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace foreshadow::testing {

class replayed_engine {
  public:
    /// `changed` hears of every layout change just after it was made.
    replayed_engine(rule_options options, replayed_bands::listener changed)
        : options_{options}, bands_{options, std::move(changed)} {}

    /// What a row takes: its bytes up to the cap, its key, and what the engine keeps beside them.
    [[nodiscard]] std::int64_t row_bytes(std::int64_t bytes, key_view raw) const {
        constexpr std::int64_t overhead = 40;
        if (options_.row_cap > 0) bytes = std::min(bytes, options_.row_cap);
        return std::max<std::int64_t>(bytes, 0) + overhead + static_cast<std::int64_t>(raw.size());
    }

    /// Writes one row (`bytes` without the engine's own; negative: unknown), or deletes it where `op` is D. Gives its
    /// linear key, or nothing where a row is deleted of a table that does not exist.
    std::optional<key> write(double now, char op, std::int64_t bytes, key_view raw) {
        const std::size_t slash = raw.find('/');
        const std::string table{raw.substr(0, slash == key_view::npos ? 0 : slash)};
        std::optional<key> k = linear_key(table, raw, now, op);
        if (!k) return std::nullopt;
        std::optional<std::size_t> place = bands_.owner_of(*k);
        if (!place) {
            if (op == 'D') return std::nullopt;
            place = is_calendar() ? create_period(now, table, period_of(now))
                                  : bands_.create(now, table, prefixed(table + '\0'));
        }
        bands_.write(*place, *k, op == 'D' ? -1 : row_bytes(bytes, raw), now);
        dirty_.push_back(bands_[*place].id);
        return k;
    }

    /// What an engine does after a transaction: splits what grew too large, drops a table that is empty.
    void check(double now) {
        while (!dirty_.empty()) {
            std::vector<std::size_t> places;
            for (const std::uint64_t id : std::exchange(dirty_, {}))
                if (const auto place = bands_.place_of_id(id)) places.push_back(*place);
            std::sort(places.rbegin(), places.rend());
            places.erase(std::unique(places.begin(), places.end()), places.end());
            for (const std::size_t i : places) {
                if (bands_[i].is_empty() && bands_.count_of(bands_[i].table) == 1 && !is_calendar())
                    bands_.drop(now, i);
                else
                    split(now, i, pieces_of(options_, measures_of(i)));
            }
        }
    }

    /// What an engine does now and then: collects old versions, counts hot ticks, merges, keeps a calendar.
    void patrol(double now) {
        for (std::size_t i = 0; i < bands_.size(); ++i) {
            bands_.collect(i, now - options_.versions_kept_ticks * options_.tick_seconds);
            replayed_band& b = bands_[i];
            if (options_.rule == published_rule::load) {
                const bool is_hot = b.write_rate(now, options_.tick_seconds) > options_.hot_writes_per_tick;
                b.hot_for = is_hot ? b.hot_for + 1 : 0;
            }
            if (b.hot_for >= 3 || b.is_empty()) dirty_.push_back(b.id);
        }
        check(now);
        if (is_calendar()) keep_calendar(now);
        if (options_.rule == published_rule::scylla) keep_average(now);
        if (merges_pairs(options_.rule)) merge_small(now);
    }

    [[nodiscard]] replayed_bands& bands() { return bands_; }

  private:
    [[nodiscard]] bool is_calendar() const { return options_.rule == published_rule::calendar; }

    [[nodiscard]] rule_measures measures_of(std::size_t place) const {
        const replayed_band& b = bands_[place];
        return {.size = static_cast<double>(bands_.size_of(place)),
                .jitter = b.jitter,
                .partitions = static_cast<double>(bands_.count_of(b.table)),
                .database = static_cast<double>(bands_.database_size()),
                .hot_for = b.hot_for,
                .keys = b.live.size()};
    }

    void split(double now, std::size_t place, std::size_t pieces) {
        if (pieces < 2) return;
        const std::vector<key> cuts = bands_[place].cuts(pieces, options_.measure);
        if (cuts.empty()) return;
        const replayed_bands::ids made = bands_.split(now, place, cuts);
        dirty_.insert(dirty_.end(), made.begin(), made.end());
    }

    // --- pairs ---

    /// The neighbour that a partition merges with: the smaller of those that qualify.
    [[nodiscard]] std::optional<std::size_t> partner_of(std::size_t i, double now) const {
        const double tick = options_.tick_seconds;
        const double rest = options_.cool_down_ticks * tick;
        const replayed_band& b = bands_[i];
        const rule_measures m = measures_of(i);
        const double split_at = split_size(options_, m);
        if (m.size > merge_size(options_.rule, split_at) || now - b.last_split < rest) return std::nullopt;
        if (options_.rule == published_rule::fdb && now - b.last_write < rest) return std::nullopt;
        const bool only_right = options_.rule == published_rule::crdb || options_.rule == published_rule::load;
        std::optional<std::size_t> best;
        double best_size = 0;
        const auto consider = [&](std::size_t q) {
            const replayed_band& n = bands_[q];
            if (n.table != b.table || now - n.last_split < rest) return;
            const auto size = static_cast<double>(bands_.size_of(q));
            if (m.size + size >= split_at || (only_right && (q < i || size >= split_at / 4))) return;
            const bool is_hot = b.write_rate(now, tick) + n.write_rate(now, tick) >= options_.hot_writes_per_tick / 2;
            if (options_.rule == published_rule::load && is_hot) return;
            if (best && best_size <= size) return;
            best = q;
            best_size = size;
        };
        if (i > 0) consider(i - 1);
        if (i + 1 < bands_.size()) consider(i + 1);
        return best;
    }

    void merge_small(double now) {
        for (std::size_t i = 0; i < bands_.size();) {
            const std::optional<std::size_t> partner = partner_of(i, now);
            if (!partner) {
                ++i;
                continue;
            }
            const std::size_t left = std::min(i, *partner);
            bands_.merge(now, left, 2);
            i = left > 0 ? left - 1 : 0;
        }
    }

    // --- whole tables ---

    void keep_average(double now) {
        for (std::size_t end = bands_.size(); end > 0;) {
            std::size_t begin = end;
            double size = 0;
            for (; begin > 0 && bands_[begin - 1].table == bands_[end - 1].table; --begin)
                size += static_cast<double>(bands_.size_of(begin - 1));
            const std::size_t count = end - begin;
            const int step = table_step(options_, size, static_cast<double>(count));
            if (step > 0)
                for (std::size_t i = end; i-- > begin;) split(now, i, 2);
            if (step < 0)
                for (std::size_t pair = count / 2; pair-- > 0;) bands_.merge(now, begin + 2 * pair, 2);
            end = begin;
        }
    }

    // --- the calendar ---

    [[nodiscard]] std::int64_t period_of(double now) const {
        const double length = static_cast<double>(options_.period_ticks) * options_.tick_seconds;
        return static_cast<std::int64_t>(std::floor(now / length));
    }
    /// Eight bytes that order as the time does.
    [[nodiscard]] static key begin_of(const std::string& table, std::int64_t period) {
        key made = table + '\0';
        const std::uint64_t ordered = static_cast<std::uint64_t>(period) ^ (std::uint64_t{1} << 63);
        for (int shift = 56; shift >= 0; shift -= 8) made += static_cast<char>((ordered >> shift) & 0xff);
        return made;
    }
    [[nodiscard]] std::optional<key> linear_key(const std::string& table, key_view raw, double now, char op) {
        key name = table + '\0';
        name += raw;
        if (!is_calendar()) return name;
        const auto home = homes_.find(name);
        if (home == homes_.end() && op == 'D') return std::nullopt;
        const std::int64_t period = home == homes_.end() ? period_of(now) : home->second;
        if (op == 'D')
            homes_.erase(home);
        else
            homes_[std::move(name)] = period;
        return begin_of(table, period) + std::string{raw};
    }

    std::size_t create_period(double now, const std::string& table, std::int64_t period) {
        return bands_.create(now, table, {begin_of(table, period), begin_of(table, period + 1)});
    }

    void keep_calendar(double now) {
        std::vector<std::string> names;
        for (const auto& [table, count] : bands_.tables()) names.push_back(table);
        std::sort(names.begin(), names.end());
        const std::int64_t current = period_of(now);
        for (const std::string& table : names)
            for (std::int64_t period = current; period <= current + options_.periods_ahead; ++period)
                if (!bands_.owner_of(begin_of(table, period))) create_period(now, table, period);
        for (std::size_t i = bands_.size(); i-- > 0;)
            if (bands_[i].low < begin_of(bands_[i].table, current - options_.periods_kept)) expire(now, i);
    }

    /// Drops a partition with all of its rows.
    void expire(double now, std::size_t place) {
        const replayed_band& b = bands_[place];
        const std::size_t head = begin_of(b.table, 0).size();
        for (const auto& [k, bytes] : b.live) homes_.erase(b.table + '\0' + k.substr(head));
        bands_.drop(now, place);
    }

    rule_options options_;
    replayed_bands bands_;
    std::vector<std::uint64_t> dirty_;
    std::unordered_map<key, std::int64_t> homes_;  ///< calendar: the period that a row was first written in
};

}  // namespace foreshadow::testing

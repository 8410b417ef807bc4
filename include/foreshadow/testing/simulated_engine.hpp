// SPDX-License-Identifier: BSL-1.0
//
// The engine of a simulated database: it looks at a table now and then, as background jobs do, and changes its layout
// by the table's rule. Cool-downs are counted in steps of the workload.
#pragma once

#include "foreshadow/testing/simulated_tables.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

class simulated_engine {
  public:
    static constexpr std::uint64_t key_count = 1'000'000;

    simulated_engine(simulated_tables& tables, std::uint64_t seed) : tables_{&tables}, random_{seed} {}
    /// One that goes on as `other` does, with a copy of its tables.
    simulated_engine(simulated_tables& tables, const simulated_engine& other)
        : tables_{&tables}, random_{other.random_} {}

    /// Looks at a table, and changes its layout at most once.
    void keep_shape(simulated_table& t) {
        for (auto& [first, b] : t.bands) {
            b.hot_for = b.load > 6 ? b.hot_for + 1 : 0;
            b.load *= .8;
        }
        if (t.rule == engine_rule::calendar) return keep_calendar(t);
        if (random_.chance(.004) && reshape(t)) return;
        const int wide = table_wide_step(t.rule, measures_of(t, nullptr));
        if (wide != 0) return wide > 0 ? split_all(t) : merge_pairs(t);
        if (!split_one(t)) merge_one(t);
    }

    /// Creates the next partition of the calendar.
    void begin_day(simulated_table& t) {
        const std::uint64_t first = t.days++ * day;
        tables_->create(t, "day" + std::to_string(t.days),
                        {tables_->key_of(t, first), tables_->key_of(t, first + day)});
    }

  private:
    static constexpr std::uint64_t day = 150;  ///< keys of a calendar's partition
    static constexpr std::size_t days_kept = 6;
    static constexpr std::size_t cool_down = 25;  ///< steps

    [[nodiscard]] engine_measures measures_of(const simulated_table& t, const band* b) const {
        engine_measures m{.partitions = static_cast<double>(t.bands.size()),
                          .database_bytes = tables_->bytes(),
                          .threshold = t.threshold};
        for (const auto& [first, other] : t.bands) m.table_bytes += other.bytes;
        if (b != nullptr) {
            m.bytes = b->bytes;
            m.jitter = b->jitter;
            m.hot_for = b->hot_for;
        }
        return m;
    }

    bool split_one(simulated_table& t) {
        for (auto& [first, b] : t.bands) {
            const engine_measures m = measures_of(t, &b);
            if (tables_->step - b.changed < 3 || !wants_split(t.rule, m)) continue;
            std::vector<key_range> parts = tables_->cut(b.interval, b.rows, pieces_of_split(m));
            if (parts.size() < 2) continue;
            const std::vector<key> old{first};
            tables_->reshape(t, old, std::move(parts));
            return true;
        }
        return false;
    }

    void merge_one(simulated_table& t) {
        for (auto left = t.bands.begin(); left != t.bands.end(); ++left) {
            const auto right = std::next(left);
            if (right == t.bands.end()) return;
            const band& a = left->second;
            const band& b = right->second;
            const bool is_cool = tables_->step - a.changed > cool_down && tables_->step - b.changed > cool_down;
            if (!is_cool || a.interval.end != b.interval.begin) continue;
            if (!wants_merge(t.rule, a.bytes + b.bytes, measures_of(t, &a))) continue;
            const std::vector<key> old{left->first, right->first};
            tables_->reshape(t, old, {{a.interval.begin, b.interval.end}});
            return;
        }
    }

    void split_all(simulated_table& t) {
        std::vector<key> old;
        std::vector<key_range> parts;
        for (const auto& [first, b] : t.bands) {
            std::vector<key_range> halves = tables_->cut(b.interval, b.rows, 2);
            if (halves.size() < 2) continue;
            old.push_back(first);
            parts.insert(parts.end(), halves.begin(), halves.end());
        }
        if (!old.empty()) tables_->reshape(t, old, std::move(parts));
    }

    void merge_pairs(simulated_table& t) {
        std::vector<key> old;
        std::vector<key_range> parts;
        for (auto left = t.bands.begin(); left != t.bands.end() && std::next(left) != t.bands.end(); ++left) {
            const auto right = std::next(left);
            const bool is_cool = tables_->step - left->second.changed > cool_down;
            if (!is_cool || left->second.interval.end != right->second.interval.begin) continue;
            old.push_back(left->first);
            old.push_back(right->first);
            parts.push_back({left->first, right->second.interval.end});
            left = right;
        }
        if (!old.empty()) tables_->reshape(t, old, std::move(parts));
    }

    /// Some neighbours become another number of neighbours, cut elsewhere.
    bool reshape(simulated_table& t) {
        if (t.bands.size() < 2) return false;
        const auto first = std::next(t.bands.begin(), static_cast<std::ptrdiff_t>(random_.below(t.bands.size() - 1)));
        const auto second = std::next(first);
        if (first->second.interval.end != second->second.interval.begin) return false;
        const key_range whole{first->first, second->second.interval.end};
        std::vector<key_range> parts = tables_->cut(whole, first->second.rows + second->second.rows, 3);
        if (parts.size() < 2) return false;
        const std::vector<key> old{first->first, second->first};
        tables_->reshape(t, old, std::move(parts));
        return true;
    }

    void keep_calendar(simulated_table& t) {
        if (t.days * day < key_count - day && t.frontier + day > (t.days - 1) * day) begin_day(t);
        if (t.bands.size() > days_kept) tables_->drop(t, key{t.bands.begin()->first});
    }

    simulated_tables* tables_;
    seeded_random random_;
};

}  // namespace foreshadow::testing

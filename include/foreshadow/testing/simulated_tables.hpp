// SPDX-License-Identifier: BSL-1.0
//
// The tables of a simulated database: which partition owns a key, how large each is, and the ways in which layouts
// change. Every operation belongs to the commit that the history is making.
#pragma once

#include "foreshadow/testing/engine_rules.hpp"
#include "foreshadow/testing/history.hpp"
#include "foreshadow/testing/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

enum class write_shape : std::uint8_t { uniform, hot_spot, append, expiring };

/// A partition that lives, with what its engine counts.
struct band {
    partition_id id;
    std::string name;
    key_range interval;
    double bytes = 0;
    std::uint64_t rows = 0;
    double jitter = 0;
    double load = 0;
    std::size_t hot_for = 0;
    std::size_t changed = 0;  ///< the number of the step in which it began
};

/// A dropped partition, which may come again.
struct vacancy {
    std::string name;
    key_range interval;
};

struct simulated_table {
    char letter = 'a';
    write_shape shape = write_shape::uniform;
    engine_rule rule = engine_rule::constant_size;
    double threshold = 4000;
    std::uint64_t frontier = 0;  ///< where appending goes on
    std::uint64_t hot = 0;       ///< the middle of the hot spot
    std::uint64_t days = 0;      ///< partitions created by the calendar
    std::uint64_t names = 0;
    std::map<key, band, std::less<>> bands;
    std::vector<vacancy> vacancies;
};

class simulated_tables {
  public:
    explicit simulated_tables(std::uint64_t seed) : random_{seed} {}

    [[nodiscard]] const history& past() const noexcept { return past_; }
    [[nodiscard]] history& past() noexcept { return past_; }
    [[nodiscard]] std::vector<simulated_table>& tables() noexcept { return tables_; }
    [[nodiscard]] double bytes() const noexcept { return bytes_; }
    std::size_t step = 0;

    /// A key of a table: its letter and six digits.
    [[nodiscard]] static key key_of(const simulated_table& t, std::uint64_t number) {
        key k(7, '0');
        k[0] = t.letter;
        for (std::size_t i = 6; i > 0; --i, number /= 10) k[i] = static_cast<char>('0' + number % 10);
        return k;
    }

    [[nodiscard]] static band* owner(simulated_table& t, key_view k) {
        auto next = t.bands.upper_bound(k);
        if (next == t.bands.begin()) return nullptr;
        band& b = std::prev(next)->second;
        return b.interval.contains(k) ? &b : nullptr;
    }

    /// Writes a row, where somebody owns its key.
    bool put(simulated_table& t, const key& k, const std::string& value, write_hint hint) {
        band* b = owner(t, k);
        if (b == nullptr) return false;
        count(*b, k, -1);
        past_.put(k, value, hint);
        count(*b, k, 1);
        b->load += 1;
        return true;
    }
    bool patch(simulated_table& t, const key& k, const std::string& columns) {
        band* b = owner(t, k);
        if (b == nullptr || past_.rows().find(k) == past_.rows().end()) return false;
        count(*b, k, -1);
        past_.patch(k, columns);
        count(*b, k, 1);
        b->load += 1;
        return true;
    }
    bool erase(simulated_table& t, const key& k, write_hint hint) {
        band* b = owner(t, k);
        if (b == nullptr || past_.rows().find(k) == past_.rows().end()) return false;
        count(*b, k, -1);
        past_.erase(k, hint);
        b->load += 1;
        return true;
    }
    void truncate(band& b) {
        past_.erase_range(b.interval);
        bytes_ -= b.bytes;
        b.bytes = 0;
        b.rows = 0;
    }
    void replace(band& b, std::vector<std::pair<key, std::string>> content) {
        past_.replace(b.interval, std::move(content));
        recount(b);
    }

    /// Ends `old`, which touch one another in order, and begins partitions of `intervals` with the same keys.
    void reshape(simulated_table& t, const std::vector<key>& old, std::vector<key_range> intervals) {
        std::vector<partition_id> retired;
        for (const key& begin : old) {
            const auto found = t.bands.find(begin);
            retired.push_back(found->second.id);
            bytes_ -= found->second.bytes;
            t.bands.erase(found);
        }
        std::vector<band> begun;
        for (key_range& interval : intervals) begun.push_back(new_band(t, {}, std::move(interval)));
        begin(t, std::move(retired), std::move(begun), false);
    }

    /// A partition of keys that nobody owns, born empty.
    band& create(simulated_table& t, std::string name, key_range interval, bool is_empty = true) {
        const key first = interval.begin;
        std::vector<band> begun;
        begun.push_back(new_band(t, std::move(name), std::move(interval)));
        begin(t, {}, std::move(begun), is_empty);
        return t.bands.find(first)->second;
    }

    /// Drops a partition: its rows go first, then itself.
    vacancy drop(simulated_table& t, const key& first) {
        const auto found = t.bands.find(first);
        truncate(found->second);
        past_.change_layout({found->second.id}, {});
        vacancy left{found->second.name, found->second.interval};
        t.bands.erase(found);
        return left;
    }

    /// Cuts a band into at most `pieces` of about as many rows each; nothing where it has too few.
    [[nodiscard]] std::vector<key_range> cut(const key_range& whole, std::uint64_t rows, std::size_t pieces) const {
        std::vector<key_range> parts;
        if (rows < 2 * pieces) return parts;
        key from = whole.begin;
        std::uint64_t seen = 0;
        for (auto row = past_.rows().lower_bound(whole.begin);
             row != past_.rows().end() && whole.ends_after(row->first); ++row, ++seen) {
            const bool is_due = seen >= (parts.size() + 1) * rows / pieces && parts.size() + 1 < pieces;
            if (!is_due || row->first == from) continue;
            parts.push_back({from, row->first});
            from = row->first;
        }
        parts.push_back({from, whole.end});
        return parts;
    }

    /// A row's value: three columns.
    [[nodiscard]] std::string value(seeded_random& r) const {
        std::string row;
        append_column(std::to_string(r.below(100'000)), row);
        append_column(text(r), row);
        append_column(std::to_string(r.below(1'000)), row);
        return row;
    }
    [[nodiscard]] std::string columns(seeded_random& r) const {
        std::string patch;
        const std::uint64_t first = r.below(3);
        append_patch_column(first, text(r), patch);
        if (first < 2 && r.chance(.3)) append_patch_column(first + 1, text(r), patch);
        return patch;
    }

  private:
    [[nodiscard]] static std::string text(seeded_random& r) {
        std::string letters(r.between(2, 24), 'a');
        for (char& c : letters) c = static_cast<char>('a' + r.below(26));
        return letters;
    }

    [[nodiscard]] band new_band(simulated_table& t, std::string name, key_range interval) {
        if (name.empty()) name = std::string{t.letter} + std::to_string(++t.names);
        band b;
        b.id.native = ++natives_;
        b.name = std::move(name);
        b.interval = std::move(interval);
        b.jitter = 2 * random_.unit() - 1;
        b.changed = step;
        return b;
    }

    void begin(simulated_table& t, std::vector<partition_id> retired, std::vector<band> begun, bool is_empty) {
        std::vector<partition> told;
        for (band& b : begun) {
            b.id.created = {past_.quiet_until().value + 1};
            recount(b);
            told.push_back({.id = b.id,
                            .name = b.name,
                            .interval = b.interval,
                            .born_empty = is_empty,
                            .rows = b.rows,
                            .bytes = static_cast<std::uint64_t>(b.bytes)});
        }
        past_.change_layout(std::move(retired), std::move(told));
        for (band& b : begun) {
            key first = b.interval.begin;
            t.bands.insert_or_assign(std::move(first), std::move(b));
        }
    }

    void count(band& b, const key& k, int sign) {
        const auto row = past_.rows().find(k);
        if (row == past_.rows().end()) return;
        const double size = sign * static_cast<double>(row->first.size() + row->second.size());
        b.bytes += size;
        bytes_ += size;
        b.rows += static_cast<std::uint64_t>(sign);
    }
    void recount(band& b) {
        bytes_ -= b.bytes;
        b.bytes = 0;
        b.rows = 0;
        for (auto row = past_.rows().lower_bound(b.interval.begin);
             row != past_.rows().end() && b.interval.ends_after(row->first); ++row) {
            b.bytes += static_cast<double>(row->first.size() + row->second.size());
            ++b.rows;
        }
        bytes_ += b.bytes;
    }

    history past_;
    std::vector<simulated_table> tables_;
    seeded_random random_;
    std::uint64_t natives_ = 0;
    double bytes_ = 0;
};

}  // namespace foreshadow::testing

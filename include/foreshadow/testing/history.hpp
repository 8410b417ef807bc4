// SPDX-License-Identifier: BSL-1.0
//
// Everything that ever happened to a simulated database: its log, its rows now, how to undo each commit, and every
// layout. The true state at any position is the rows now with later commits undone; the log itself is never replayed
// for it, so that a test which replays the log compares two different ways of knowing.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/row/change.hpp"
#include "foreshadow/row/columns.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::testing {

using rows_by_key = std::map<key, std::string, std::less<>>;

/// A change as the log has it.
struct logged_change {
    change_kind kind = change_kind::put;
    write_hint hint = write_hint::unknown;
    std::uint32_t ordinal = 0;
    key where;
    std::string payload;

    friend bool operator==(const logged_change&, const logged_change&) = default;

    /// The keys that it touches.
    [[nodiscard]] key_range reach() const {
        const bool is_range = kind == change_kind::erase_range || kind == change_kind::replaced;
        return {where, is_range ? key{payload} : successor(where)};
    }
};

struct logged_commit {
    position at;
    wall_time time;
    std::vector<logged_change> changes;
    std::vector<layout_change> layouts;
    std::vector<std::pair<key, std::string>> untold;                 ///< rows that came with a `replaced`
    std::vector<std::pair<key, std::optional<std::string>>> before;  ///< what each write found, in order
};

class history {
  public:
    explicit history(position start = {}) : next_{start.value + 1} { layouts_.push_back({start, {}}); }

    [[nodiscard]] const std::vector<logged_commit>& commits() const noexcept { return commits_; }
    [[nodiscard]] const rows_by_key& rows() const noexcept { return rows_; }
    [[nodiscard]] const layout& current_layout() const noexcept { return layouts_.back(); }
    [[nodiscard]] position start() const noexcept { return layouts_.front().at; }
    /// The position of the last commit.
    [[nodiscard]] position end() const noexcept { return commits_.empty() ? start() : commits_.back().at; }
    /// A position that the next commit will be above: nothing is missing up to here.
    [[nodiscard]] position quiet_until() const noexcept { return {next_ - 1}; }

    // A commit in the making: whatever is done until `commit` belongs to it.

    void put(key_view k, std::string_view value, write_hint hint = write_hint::unknown) {
        log(change_kind::put, hint, k, value);
        set(k, std::string{value});
    }
    void erase(key_view k, write_hint hint = write_hint::unknown) {
        log(change_kind::erase, hint, k, {});
        set(k, std::nullopt);
    }
    /// Sets columns of a row that exists.
    void patch(key_view k, std::string_view columns) {
        const auto row = rows_.find(k);
        if (row == rows_.end()) throw error{errc::internal, "a simulated patch without its row"};
        std::string value;
        apply_patch(row->second, columns, value);
        log(change_kind::patch, write_hint::updated, k, columns);
        set(k, std::move(value));
    }
    void erase_range(const key_range& interval) {
        log(change_kind::erase_range, write_hint::unknown, interval.begin, interval.end);
        clear(interval);
    }
    /// Gives an interval another content, untold by the log.
    void replace(const key_range& interval, std::vector<std::pair<key, std::string>> content) {
        log(change_kind::replaced, write_hint::unknown, interval.begin, interval.end);
        clear(interval);
        for (const auto& [k, value] : content) set(k, value);
        making_.untold.insert(making_.untold.end(), content.begin(), content.end());
    }
    /// Ends and begins partitions; ids of those that begin are completed with the commit's position.
    void change_layout(std::vector<partition_id> retired, std::vector<partition> begun) {
        for (partition& p : begun) p.id.created = {next_};
        layout next = shape_ ? std::move(*shape_) : layouts_.back();
        std::erase_if(next.partitions, [&](const partition& p) {
            return std::find(retired.begin(), retired.end(), p.id) != retired.end();
        });
        next.partitions.insert(next.partitions.end(), begun.begin(), begun.end());
        std::sort(next.partitions.begin(), next.partitions.end(),
                  [](const partition& a, const partition& b) { return a.interval.begin < b.interval.begin; });
        next.at = {next_};
        shape_ = std::move(next);
        making_.layouts.push_back({{{next_}, ordinal_++}, {}, std::move(retired), std::move(begun)});
    }

    [[nodiscard]] bool is_empty_commit() const noexcept { return ordinal_ == 0; }

    /// Ends the commit; the one after it will be `jump` positions later.
    const logged_commit& commit(wall_time time, std::uint64_t jump = 1) {
        making_.at = {next_};
        making_.time = time;
        for (layout_change& change : making_.layouts) change.time = time;
        if (shape_) layouts_.push_back(std::move(*shape_));
        shape_.reset();
        commits_.push_back(std::exchange(making_, {}));
        next_ += jump;
        ordinal_ = 0;
        return commits_.back();
    }

    /// The true rows after the last commit at or below `at`. O(rows + changes since).
    [[nodiscard]] rows_by_key state_at(position at) const {
        rows_by_key state = rows_;
        for (auto next = commits_.rbegin(); next != commits_.rend() && next->at > at; ++next)
            for (auto write = next->before.rbegin(); write != next->before.rend(); ++write) {
                if (write->second) {
                    state.insert_or_assign(write->first, *write->second);
                } else {
                    state.erase(write->first);
                }
            }
        return state;
    }

    /// The layout in force after the last commit at or below `at`.
    [[nodiscard]] layout layout_at(position at) const {
        const auto above = std::upper_bound(layouts_.begin(), layouts_.end(), at,
                                            [](position value, const layout& l) { return value < l.at; });
        layout found = above == layouts_.begin() ? layouts_.front() : *std::prev(above);
        found.at = at;
        return found;
    }

    /// The index of the first commit above `after`. O(log n).
    [[nodiscard]] std::size_t first_above(position after) const {
        return static_cast<std::size_t>(std::upper_bound(commits_.begin(), commits_.end(), after,
                                                         [](position p, const logged_commit& c) { return p < c.at; }) -
                                        commits_.begin());
    }

  private:
    void log(change_kind kind, write_hint hint, key_view k, std::string_view payload) {
        making_.changes.push_back({kind, hint, ordinal_++, key{k}, std::string{payload}});
    }
    void set(key_view k, std::optional<std::string> value) {
        const auto row = rows_.find(k);
        if (row == rows_.end()) {
            making_.before.emplace_back(key{k}, std::nullopt);
            if (value) rows_.emplace(key{k}, std::move(*value));
        } else if (value) {
            making_.before.emplace_back(key{k}, std::exchange(row->second, std::move(*value)));
        } else {
            making_.before.emplace_back(key{k}, std::move(row->second));
            rows_.erase(row);
        }
    }
    void clear(const key_range& interval) {
        auto row = rows_.lower_bound(interval.begin);
        while (row != rows_.end() && interval.ends_after(row->first)) {
            making_.before.emplace_back(row->first, std::move(row->second));
            row = rows_.erase(row);
        }
    }

    std::uint64_t next_;
    std::uint32_t ordinal_ = 0;
    logged_commit making_;
    std::optional<layout> shape_;
    std::vector<logged_commit> commits_;
    std::vector<layout> layouts_;
    rows_by_key rows_;
};

}  // namespace foreshadow::testing

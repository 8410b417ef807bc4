// SPDX-License-Identifier: BSL-1.0
//
// How large every partition is, as far as a backup knows. A source tells sizes when its layout is read and when the
// layout changes; a scan counts what it reads; the log says what came and went since. Keys are divided into stretches,
// each with a count and with the version up to which it holds; what is written above that is added. So sizes follow
// whatever layout is laid over the stretches.
//
// They are estimates, and nothing that decides restorability reads them: a write that does not say whether its row was
// there already counts as a new row, an erasure takes an average row, and what was followed between a chunk's snapshot
// and its arrival is missed. The next chunk over these keys mends it.
#pragma once

#include "foreshadow/catalog/catalog.hpp"
#include "foreshadow/plane/box.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/source/log_batch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow {

/// Sizes of the live partitions, by what was told, read and written.
///
/// Complexity: O(log n) a change or chunk for n stretches, one for each partition and each chunk that was read.
class known_sizes {
  public:
    known_sizes() = default;
    known_sizes(const known_sizes&) = delete;
    known_sizes& operator=(const known_sizes&) = delete;

    /// Begins anew. A partition's size is what `kept` has of it, or what the layout tells, or what images count.
    void start(const layout& now, std::span<const partition_size> kept, std::span<const image> images) {
        stretches_.clear();
        stretches_.emplace(key{}, stretch{});  // where no partition is, there are no rows
        last_ = stretches_.end();
        unknown_ = 0;
        std::map<partition_id, const partition_size*> known;
        for (const partition_size& each : kept) known.emplace(each.id, &each);
        for (const partition& p : now.partitions) {
            const auto found = known.find(p.id);
            if (found != known.end())
                set(p.interval, counted(found->second->rows, found->second->bytes, {}));
            else
                set(p.interval, counted(p.rows, p.bytes, {}, is_told_of(p)));
        }
        for (const image& read : images) {
            const partition* owner = now.owner(read.interval.begin);
            const bool is_untold = owner != nullptr && known.count(owner->id) == 0 && !is_told_of(*owner);
            if (is_untold && owner->interval.covers(read.interval))
                scanned(read.interval, read.seen.high, read.rows, read.bytes);
        }
        told_ = now;
        has_news_ = false;
    }

    /// A chunk counted the rows of `interval`; they contain every commit up to `at`.
    void scanned(const key_range& interval, position at, std::uint64_t rows, std::uint64_t bytes) {
        if (interval.is_empty()) return;
        has_news_ = true;
        stretch read = counted(rows, bytes, {at, std::numeric_limits<std::uint32_t>::max()});
        const place first = at_or_before(interval.begin);
        const place last =
            interval.is_unbounded() ? std::prev(stretches_.end()) : std::prev(stretches_.lower_bound(interval.end));
        const place after = std::next(last);
        const bool goes_on = !interval.is_unbounded() && (after == stretches_.end() || interval.end < after->first);
        const bool began_before = first->first < interval.begin;
        // Of a stretch that reaches beyond the chunk, what the chunk does not explain lies beyond it.
        stretch inside;
        stretch across;
        for (place s = first; s != after; ++s)
            add(s->second, (s == first && began_before) || (s == last && goes_on) ? across : inside);
        const double sides = first == last && began_before && goes_on ? 2 : 1;
        const auto beyond = [&](stretch s) {
            s.rows *= left_of(across.rows, read.rows - inside.rows) / sides;
            s.bytes *= left_of(across.bytes, read.bytes - inside.bytes) / sides;
            return s;
        };
        const stretch before = beyond(first->second);
        const stretch behind = beyond(last->second);
        const place here = set(interval, read);
        if (began_before) std::prev(here)->second = before;
        if (goes_on) std::next(here)->second = behind;
    }

    /// Takes what the log says; writes into `came`, the changes of layout that stand in the batch, how large their
    /// partitions were and are.
    void take(const log_batch& batch, std::span<lineage_event> came) {
        auto next = came.begin();
        for (std::size_t i = 0; i < batch.changes.size(); ++i) {
            const change_view change = batch.changes[i];
            for (; next != came.end() && next->at < change.at; ++next) lay(*next);
            apply(change);
        }
        for (; next != came.end(); ++next) lay(*next);
    }

    /// Whether there is something to tell that the log does not: sizes that were counted, of every partition.
    [[nodiscard]] bool has_news() const noexcept { return has_news_ && unknown_ == 0; }

    /// `now` with the sizes of its partitions; 0 where one is not known. O(n) for n stretches.
    [[nodiscard]] const layout& tell(const layout& now) {
        if (told_.at != now.at || told_.partitions.size() != now.partitions.size()) told_ = now;
        for (partition& p : told_.partitions) fill(p);
        has_news_ = false;
        return told_;
    }

    /// The sizes that are known, to begin with the next time.
    [[nodiscard]] std::vector<partition_size> keep(const layout& now) const {
        std::vector<partition_size> kept;
        kept.reserve(now.partitions.size());
        for (const partition& p : now.partitions) {
            const stretch sum = of(p.interval);
            if (sum.is_known) kept.push_back({.id = p.id, .rows = whole(sum.rows), .bytes = whole(sum.bytes)});
        }
        return kept;
    }

  private:
    struct stretch {
        double rows = 0;
        double bytes = 0;
        version upto;  ///< what is written up to here is in it
        bool is_known = true;
    };
    using place = std::map<key, stretch, std::less<>>::iterator;

    [[nodiscard]] static stretch counted(std::uint64_t rows, std::uint64_t bytes, version upto, bool is_known = true) {
        return {static_cast<double>(rows), static_cast<double>(bytes), upto, is_known};
    }
    [[nodiscard]] static bool is_told_of(const partition& p) { return p.rows > 0 || p.bytes > 0; }
    [[nodiscard]] static std::uint64_t whole(double size) {
        return static_cast<std::uint64_t>(std::llround(std::clamp(size, 0.0, 0x1p62)));
    }
    /// The share of `size` that is left when so much of it is explained.
    [[nodiscard]] static double left_of(double size, double explained) {
        return size > 0 ? 1 - std::clamp(explained / size, 0.0, 1.0) : 0;
    }
    static void add(const stretch& one, stretch& sum) {
        sum.rows += one.rows;
        sum.bytes += one.bytes;
        sum.is_known = sum.is_known && one.is_known;
    }

    [[nodiscard]] place at_or_before(key_view where) { return std::prev(stretches_.upper_bound(where)); }

    /// The stretch that begins at `where`: the one that lies across it is halved.
    place cut(const key& where) {
        const place across = at_or_before(where);
        if (across->first == where) return across;
        across->second.rows /= 2;
        across->second.bytes /= 2;
        if (!across->second.is_known) ++unknown_;
        return stretches_.emplace_hint(std::next(across), where, across->second);
    }
    [[nodiscard]] std::pair<place, place> cut(const key_range& interval) {
        const place first = cut(interval.begin);
        return {first, interval.is_unbounded() ? stretches_.end() : cut(interval.end)};
    }

    /// Makes one stretch of an interval.
    place set(const key_range& interval, const stretch& now) {
        const auto [first, end] = cut(interval);
        for (place s = first; s != end; ++s) unknown_ -= s->second.is_known ? 0 : 1;
        stretches_.erase(std::next(first), end);
        last_ = stretches_.end();
        unknown_ += now.is_known ? 0 : 1;
        first->second = now;
        return first;
    }

    void apply(const change_view& change) {
        if (change.is_range()) return apply_to_range(change);
        if (last_ == stretches_.end() || !holds(last_, change.key)) last_ = at_or_before(change.key);
        stretch& in = last_->second;
        if (change.at <= in.upto || change.kind == change_kind::patch || change.hint == write_hint::updated) return;
        if (change.kind == change_kind::erase) {
            in.bytes -= in.rows > 1 ? in.bytes / in.rows : in.bytes;
            in.rows = std::max(in.rows - 1, 0.0);
        } else {
            in.rows += 1;
            in.bytes += static_cast<double>(change.key.size() + change.payload.size());
        }
    }
    [[nodiscard]] bool holds(place s, key_view where) const {
        const auto next = std::next(s);
        return s->first <= where && (next == stretches_.end() || where < next->first);
    }

    /// What was erased is known to be empty; of what was replaced nothing is known until it is read again.
    void apply_to_range(const change_view& change) {
        const key_range interval{key{change.key}, key{change.payload}};
        if (interval.is_empty()) return;
        const auto [first, end] = cut(interval);
        for (place s = first; s != end; ++s) {
            stretch& in = s->second;
            if (change.at <= in.upto) continue;
            unknown_ -= in.is_known ? 0 : 1;
            in.is_known = change.kind == change_kind::erase_range;
            unknown_ += in.is_known ? 0 : 1;
            if (in.is_known) in = stretch{.upto = change.at};
        }
    }

    /// A source that tells sizes at a change has read them after the whole commit, and tells them of all that began.
    void lay(lineage_event& event) {
        const version then{event.at.at, std::numeric_limits<std::uint32_t>::max()};
        const bool is_told =
            std::any_of(event.to.begin(), event.to.end(), [](const partition& p) { return is_told_of(p); });
        for (partition& p : event.from) fill(p);
        for (partition& p : event.to) {
            if (is_told)
                set(p.interval, counted(p.rows, p.bytes, then));
            else
                (void)cut(p.interval);
        }
        for (partition& p : event.to) fill(p);
    }

    [[nodiscard]] stretch of(const key_range& interval) const {
        stretch sum;
        for (auto s = std::prev(stretches_.upper_bound(interval.begin)); s != stretches_.end(); ++s) {
            if (!interval.ends_after(s->first)) break;
            const auto next = std::next(s);
            const bool is_inside =
                interval.begin <= s->first &&
                (interval.is_unbounded() || (next != stretches_.end() && next->first <= interval.end));
            stretch part = s->second;
            part.rows /= is_inside ? 1 : 2;
            part.bytes /= is_inside ? 1 : 2;
            add(part, sum);
        }
        return sum;
    }
    void fill(partition& p) const {
        const stretch sum = of(p.interval);
        p.rows = sum.is_known ? whole(sum.rows) : 0;
        p.bytes = sum.is_known ? whole(sum.bytes) : 0;
    }

    std::map<key, stretch, std::less<>> stretches_{{key{}, stretch{}}};  ///< by begin; each ends where the next begins
    place last_ = stretches_.end();                                      ///< where the last change was
    std::size_t unknown_ = 0;                                            ///< stretches whose size is not known
    layout told_;
    bool has_news_ = false;
};

}  // namespace foreshadow

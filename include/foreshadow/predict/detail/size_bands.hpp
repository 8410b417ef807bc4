// SPDX-License-Identifier: BSL-1.0
//
// How large each partition is and how fast it grows, from what is written: estimates of the first layout, plus
// inserts, minus erases. A sample of keys tells the middle. No step allocates for a change, but for the few that
// come behind a layout change in the same batch.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/predict/detail/key_line.hpp"
#include "foreshadow/source/log_batch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace foreshadow {

enum class size_measure : std::uint8_t { rows, bytes };

namespace detail {

/// A size that something happened at: decayed mean and spread (standard deviation).
struct learnt_size {
    double mean = 0;
    double spread = 0;
    double weight = 0;  ///< how often it was seen

    void add(double size) {
        weight += 1;
        const double share = std::max(1.0 / weight, 0.1);
        const double off = size - mean;
        mean += share * off;
        const double variance = (1 - share) * (spread * spread + share * off * off);
        spread = std::sqrt(std::max(variance, 0.0));
    }
    /// With few seen, a tenth of the mean is believed; it fades as they come.
    [[nodiscard]] double expected_spread() const {
        const double believed = 0.1 * mean;
        return std::sqrt((spread * spread * weight + believed * believed) / (weight + 1));
    }
    [[nodiscard]] bool is_sound() const {
        return std::isfinite(mean) && std::isfinite(spread) && std::isfinite(weight) && mean >= 0 && spread >= 0 &&
               weight >= 0;
    }
};

struct size_band {
    static constexpr std::size_t most_samples = 64;

    partition_id id;
    key_range interval;
    double size = 0;
    double unseen = 0;  ///< of `size`, what was there before anything was seen
    double flow = 0;    ///< decayed change of size per second, not yet corrected for youth
    wall_time since;    ///< of which growth is known
    wall_time last;     ///< to which `flow` is decayed
    double row_bytes = 64;
    std::uint64_t seen = 0;
    std::uint64_t inserted = 0;
    std::uint64_t at_end = 0;  ///< inserts above every key seen before
    key highest;
    std::vector<key> samples;  ///< a reservoir of the keys written

    /// The key that half of the rows are believed to lie below; empty when nothing is known.
    [[nodiscard]] key middle() const {
        if (samples.empty()) return {};
        std::vector<key> sorted = samples;
        std::sort(sorted.begin(), sorted.end());
        const double known = std::max(size - unseen, 1.0);
        const bool grows_at_end = inserted > 8 && at_end * 2 > inserted;
        if (grows_at_end && unseen > known) {
            // The middle is among rows whose keys were never seen: they lie below the first that was.
            key guess = point_between(interval.begin, sorted.front(), (unseen + known) / 2 / unseen);
            if (interval.contains(guess) && guess > interval.begin) return guess;
        }
        double rank = 0.5;
        if (grows_at_end) rank = std::clamp(((unseen + known) / 2 - unseen) / known, 0.0, 1.0);
        const auto at = static_cast<std::size_t>(rank * static_cast<double>(sorted.size()));
        key& chosen = sorted[std::min(at, sorted.size() - 1)];
        return chosen > interval.begin && interval.contains(chosen) ? std::move(chosen) : key{};
    }
};

class size_bands {
  public:
    size_bands(size_measure measure, double half_life) : measure_{measure}, half_life_{half_life} {}

    void start(const layout& now) {
        bands_.clear();
        late_.clear();
        for (const partition& p : now.partitions) bands_.push_back(fresh(p));
    }

    void observe(const log_batch& batch, const layout& now) {
        settle();
        if (batch.layouts.empty() && !matches(now)) align(now);
        const bool moves = !batch.layouts.empty();
        for (const commit& c : batch.commits) {
            for (std::size_t i = c.first; i < c.first + c.count; ++i) {
                const change_view change = batch.changes[i];
                if (moves && batch.layouts.front().at < change.at) {
                    late_.push_back({effect_of(change), c.time, key{change.key},
                                     key{change.is_range() ? change.payload : key_view{}}});
                } else {
                    apply(effect_of(change), c.time, change.key, change.is_range() ? change.payload : key_view{});
                }
            }
        }
    }

    /// Applies what came behind a layout change of the last batch, now that the change is known.
    void settle() {
        for (const late& l : late_) apply(l.what, l.time, l.begin, l.end);
        late_.clear();
    }

    void change(const lineage_event& event) {
        std::vector<size_band> ended;
        for (const partition& p : event.from) {
            const auto found = find(p.id);
            if (found == bands_.end()) continue;
            ended.push_back(std::move(*found));
            bands_.erase(found);
        }
        for (const partition& p : event.to) {
            size_band born = fresh(p);
            for (const size_band& parent : ended) inherit(born, parent, event);
            const auto place = std::lower_bound(bands_.begin(), bands_.end(), p.interval.begin,
                                                [](const size_band& b, const key& k) { return b.interval.begin < k; });
            bands_.insert(place, std::move(born));
        }
    }

    [[nodiscard]] const std::vector<size_band>& all() const noexcept { return bands_; }
    [[nodiscard]] double size_of(partition_id id) const {
        for (const size_band& b : bands_)
            if (b.id == id) return b.size;
        return 0;
    }
    /// Size per second, as of `now`.
    [[nodiscard]] double growth(const size_band& band, wall_time now) const {
        const double age = seconds_between(band.since, now);
        if (band.last == wall_time{} || age <= 0) return 0;
        const double decayed = band.flow * std::exp2(-std::max(seconds_between(band.last, now), 0.0) / half_life_);
        // A young mean knows only a part of its half-life; below a second nothing is known.
        return decayed / (1.0 - std::exp2(-std::max(age, 1.0) / half_life_));
    }

  private:
    enum class kind : std::uint8_t { none, insert, touch, erase, erase_range };
    struct effect {
        kind what = kind::none;
        double bytes = 0;
    };
    struct late {
        effect what;
        wall_time time;
        key begin;
        key end;
    };

    [[nodiscard]] static effect effect_of(const change_view& change) {
        const auto bytes = static_cast<double>(change.key.size() + change.payload.size());
        switch (change.kind) {
            case change_kind::put:
                return {change.hint == write_hint::updated ? kind::touch : kind::insert, bytes};
            case change_kind::patch:
                return {kind::touch, bytes};
            case change_kind::erase:
                return {kind::erase, bytes};
            case change_kind::erase_range:
                return {kind::erase_range, 0};
            case change_kind::replaced:
                return {kind::none, 0};
        }
        return {};
    }

    void apply(const effect& e, wall_time time, key_view begin, key_view end) {
        auto band = std::upper_bound(bands_.begin(), bands_.end(), begin,
                                     [](key_view k, const size_band& b) { return k < b.interval.begin; });
        if (e.what == kind::erase_range) {
            if (band != bands_.begin()) --band;
            const key_range gone{key{begin}, key{end}};
            for (; band != bands_.end() && (end.empty() || band->interval.begin < end); ++band)
                if (gone.covers(band->interval)) grow(*band, -band->size, time);
            return;
        }
        if (band == bands_.begin() || e.what == kind::none) return;
        --band;
        if (!band->interval.contains(begin)) return;
        if (e.what == kind::insert) {
            band->row_bytes += 0.05 * (e.bytes - band->row_bytes);
            grow(*band, measure_ == size_measure::rows ? 1.0 : e.bytes, time);
            ++band->inserted;
            if (band->highest < begin) {
                band->highest.assign(begin);
                ++band->at_end;
            }
        } else if (e.what == kind::erase) {
            grow(*band, measure_ == size_measure::rows ? -1.0 : -band->row_bytes, time);
            return;
        }
        sample(*band, begin);
    }

    void grow(size_band& band, double by, wall_time time) const {
        if (band.since == wall_time{}) band.since = band.last = time;
        if (time > band.last) {
            band.flow *= std::exp2(-seconds_between(band.last, time) / half_life_);
            band.last = time;
        }
        band.flow += std::log(2.0) / half_life_ * by;
        band.size = std::max(band.size + by, 0.0);
        band.unseen = std::min(band.unseen, band.size);
    }

    void sample(size_band& band, key_view k) {
        const std::size_t kept = band.samples.size();
        ++band.seen;
        if (kept + 1 == band.seen && kept < size_band::most_samples) {
            band.samples.emplace_back(k);
            return;
        }
        // xorshift: a sample needs no better, and a forecast must be the same in every run.
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        // As likely as any key before it: a child's sample is smaller than it may be, and must not favour new keys.
        const std::uint64_t slot = random_ % band.seen;
        if (slot >= kept) return;
        if (kept < size_band::most_samples)
            band.samples.emplace_back(k);
        else
            band.samples[slot].assign(k);
    }

    [[nodiscard]] size_band fresh(const partition& p) const {
        size_band band;
        band.id = p.id;
        band.interval = p.interval;
        const auto rows = static_cast<double>(p.rows);
        const auto bytes = static_cast<double>(p.bytes);
        if (rows > 0 && bytes > 0) band.row_bytes = bytes / rows;
        band.size = measure_ == size_measure::rows ? (rows > 0 ? rows : bytes / band.row_bytes)
                                                   : (bytes > 0 ? bytes : rows * band.row_bytes);
        band.unseen = band.size;
        return band;
    }

    /// A child gets of its parent what the sample says lies in it; all of the growth goes where the inserts go.
    void inherit(size_band& born, const size_band& parent, const lineage_event& event) const {
        const bool whole = born.interval.covers(parent.interval);
        double share = whole ? 1.0 : 0.0;
        if (!whole) {
            const double equal = 1.0 / static_cast<double>(std::max<std::size_t>(event.to.size(), 1));
            const auto inside = std::count_if(parent.samples.begin(), parent.samples.end(),
                                              [&](const key& k) { return born.interval.contains(k); });
            // Most engines cut at the middle: worth sixteen keys of the sample, which is small.
            const double seen =
                (static_cast<double>(inside) + 16 * equal) / (static_cast<double>(parent.samples.size()) + 16);
            const double known = parent.size - parent.unseen;
            share = parent.size > 0 ? (seen * known + equal * parent.unseen) / parent.size : equal;
        }
        // The source may have told better than we can guess.
        if (born.unseen == 0 || event.from.size() > 1) {
            born.size += share * parent.size;
            born.unseen += share * parent.unseen;
        }
        const bool grows_at_end = parent.inserted > 8 && parent.at_end * 2 > parent.inserted;
        const bool is_last = !end_before(born.interval.end, parent.interval.end);
        born.flow += parent.flow * (whole ? 1.0 : grows_at_end ? (is_last ? 1.0 : 0.0) : share);
        born.since = born.since == wall_time{} ? parent.since : std::min(born.since, parent.since);
        born.last = std::max(born.last, parent.last);
        born.row_bytes = parent.row_bytes;
        for (const key& k : parent.samples)
            if (born.interval.contains(k) && born.samples.size() < size_band::most_samples) born.samples.push_back(k);
        born.seen += std::max<std::uint64_t>(born.samples.size(),
                                             static_cast<std::uint64_t>(share * static_cast<double>(parent.seen)));
        if (born.interval.contains(parent.highest)) {
            born.highest = std::max(born.highest, parent.highest);
            born.inserted = parent.inserted;
            born.at_end = parent.at_end;
        }
    }

    [[nodiscard]] bool matches(const layout& now) const {
        return now.partitions.size() == bands_.size() &&
               std::equal(bands_.begin(), bands_.end(), now.partitions.begin(),
                          [](const size_band& b, const partition& p) { return b.id == p.id; });
    }
    void align(const layout& now) {
        std::map<partition_id, size_band> known;
        for (size_band& b : bands_) known.emplace(b.id, std::move(b));
        bands_.clear();
        for (const partition& p : now.partitions) {
            const auto found = known.find(p.id);
            bands_.push_back(found == known.end() ? fresh(p) : std::move(found->second));
        }
    }
    [[nodiscard]] std::vector<size_band>::iterator find(partition_id id) {
        return std::find_if(bands_.begin(), bands_.end(), [&](const size_band& b) { return b.id == id; });
    }

    size_measure measure_;
    double half_life_;
    std::vector<size_band> bands_;  ///< by begin of interval
    std::vector<late> late_;
    std::uint64_t random_ = 0x9e3779b97f4a7c15ULL;
};

}  // namespace detail
}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// The bands that are alive: how large they are, from what is written and from what the source tells; what a change of
// layout makes of them; where they will be cut. An engine that keeps old versions grows by updates, too, and one that
// does not shrinks by erasures: how much, is learnt wherever the source tells sizes. No step allocates for a change,
// but for the few that come behind a layout change in the same batch.
#pragma once

#include "foreshadow/plane/lineage.hpp"
#include "foreshadow/predict/detail/accounting.hpp"
#include "foreshadow/predict/detail/band_columns.hpp"
#include "foreshadow/predict/detail/growth.hpp"
#include "foreshadow/predict/detail/key_sample.hpp"
#include "foreshadow/predict/detail/old_versions.hpp"
#include "foreshadow/source/log_batch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace foreshadow::detail {

class bands {
  public:
    using slot = band_index::slot;
    static constexpr slot none = band_index::none;
    static constexpr std::size_t most_samples = 4096;
    static constexpr std::size_t most_pairs = 4'000'000;  ///< of parents and children of one change

    void start(const layout& now) {
        accounting kept = learnt;
        lifetimes lived = std::move(lives);
        const measure led = leading;
        *this = bands{};
        learnt = kept;
        lives = std::move(lived);
        leading = led;
        add(now.partitions, none);
    }

    void observe(const log_batch& batch, const layout& now) {
        settle();
        if (batch.layouts.empty() && now.partitions.size() != index_.size()) align(now);
        const wall_time heard = batch.commits.empty() ? batch.now : batch.commits.back().time;
        if (heard != wall_time{}) heard_until = std::max(heard_until, seconds(heard));
        const bool moves = !batch.layouts.empty();
        for (const commit& c : batch.commits) {
            const double when = seconds(c.time);
            for (std::size_t i = c.first; i < c.first + c.count && i < batch.changes.size(); ++i) {
                const change_view change = batch.changes[i];
                if (moves && batch.layouts.front().at < change.at) {
                    late_.push_back({change.kind, change.hint, when, key{change.key}, key{change.payload}});
                } else if (change.kind == change_kind::erase_range) {
                    apply_gathered();
                    erase_range(change.key, change.payload);
                } else if (change.kind != change_kind::replaced) {
                    gather(change.kind, change.hint, when, change.key, change.payload.size());
                }
            }
        }
        apply_gathered();
    }

    /// Applies what came behind a layout change of the last batch, now that the change is known.
    void settle() {
        for (const late& l : late_) {
            if (l.kind == change_kind::erase_range) {
                apply_gathered();
                erase_range(l.where, l.payload);
            } else if (l.kind != change_kind::replaced) {
                gather(l.kind, l.hint, l.when, l.where, l.payload.size());
            }
        }
        apply_gathered();
        late_.clear();
    }

    /// Takes what the source says about sizes, and learns from it what writes do to them. O(bands).
    void measured(const layout& told);

    /// The slots of a change's partitions that are known.
    [[nodiscard]] std::vector<slot> known(const std::vector<partition>& named) const {
        std::vector<slot> slots;
        for (const partition& p : named)
            if (const slot s = find(p); s != none) slots.push_back(s);
        return slots;
    }

    /// What a change makes of the bands: children get their share of their parents, in size and in growth.
    void change(const lineage_event& event);

    /// Rows, or bytes, with what came since the last tick.
    [[nodiscard]] double size(slot s, measure m) const noexcept {
        return std::max(0.0, static_cast<double>(m == by_rows ? columns.rows(s) : columns.bytes(s)) + grown(s, m));
    }
    [[nodiscard]] double grown(slot s, measure m) const noexcept {
        const inflow& in = columns.in[s];
        if (m == by_rows) return static_cast<double>(in.inserted - in.erased);
        const double rows = static_cast<double>(columns.rows(s));
        const double row = rows >= 1 ? static_cast<double>(columns.bytes(s)) / rows : 0;
        return static_cast<double>(in.bytes) + learnt.of_update() * static_cast<double>(in.updated_bytes) -
               learnt.of_erasure() * static_cast<double>(in.erased) * row;
    }

    /// Whether the source keeps its figures fresh: then 0 is a size, not a silence.
    [[nodiscard]] bool is_told() const noexcept { return is_told_; }
    /// Follows another measure: growth that was counted in the one before is converted, band by band.
    void lead(measure better) {
        if (better == leading) return;
        leading = better;
        index_.for_each([&](slot s) {
            const float rows = std::max(columns.rows(s), 1.0F);
            const float bytes = std::max(columns.bytes(s), 1.0F);
            const float ratio = better == by_rows ? rows / bytes : bytes / rows;
            for (std::size_t j = 0; j < half_lives.size(); ++j) columns.net(s, j) *= ratio;
            columns.variance(s) *= ratio * ratio;
            columns.jump(s) *= ratio;
        });
    }
    /// The tick ended: takes up what came to a band in it. Returns what the leading measure gained.
    double fold(slot s);
    /// Seconds since the first time that was seen.
    [[nodiscard]] double seconds(wall_time t) {
        if (!has_origin_) origin_ = t;
        has_origin_ = true;
        return seconds_between(origin_, t);
    }
    [[nodiscard]] bool is_alive(slot s) const noexcept { return s < columns.capacity() && alive_[s] != 0; }
    [[nodiscard]] std::size_t count() const noexcept { return index_.size(); }
    [[nodiscard]] const band_index& index() const noexcept { return index_; }
    [[nodiscard]] std::size_t families() const noexcept { return family_bands_.size(); }
    [[nodiscard]] std::uint32_t bands_in(std::uint32_t family) const noexcept { return family_bands_[family]; }
    [[nodiscard]] const key_sample* sample_of(slot s) const {
        const std::uint16_t at = columns.in[s].sample;
        return at == inflow::no_sample ? nullptr : &samples_[at];
    }
    /// Sees to it that keys of this band are sampled from now on, where there is room.
    void sample(slot s, double unseen) {
        if (columns.in[s].sample != inflow::no_sample) return;
        if (!free_samples_.empty()) {
            columns.in[s].sample = free_samples_.back();
            free_samples_.pop_back();
            samples_[columns.in[s].sample] = key_sample{unseen};
        } else if (samples_.size() < most_samples) {
            columns.in[s].sample = static_cast<std::uint16_t>(samples_.size());
            samples_.emplace_back(unseen);
        }
    }
    /// The tick ended: takes note of the old versions that were seen to vanish in it. Before anything is folded.
    void note_vanished();
    /// What vanishes of a band without a write.
    [[nodiscard]] old_versions::outlook vanishing(slot s, double seconds) const {
        return versions.ahead(columns.old[s], ticks.last, seconds, lives);
    }
    /// Families of which nothing is left since they were last taken: their numbers are given again.
    [[nodiscard]] std::vector<std::uint32_t> take_ended_families() { return std::exchange(ended_families_, {}); }
    /// Those written to since they were last taken.
    [[nodiscard]] std::vector<slot> take_touched() { return std::exchange(touched_, {}); }

    band_columns columns;
    tick_times ticks;
    double heard_until = -1e300;  ///< what the log told by then is known; seconds since the origin
    accounting learnt;
    lifetimes lives;
    old_versions versions;
    measure leading = by_bytes;

  private:
    struct late {
        change_kind kind;
        write_hint hint;
        double when;
        key where;
        key payload;
    };

    struct plain_change {
        change_kind kind;
        write_hint hint;
        float when;
        float bytes;
    };
    struct loss {
        slot of;
        partition_id id;
        double bytes;
    };

    [[nodiscard]] slot find(const partition& p) const {
        const slot s = index_.find_begin(p.interval.begin);
        return s != none && columns.id[s] == p.id ? s : none;
    }

    void touch(slot s) {
        if (columns.in[s].is_touched) return;
        columns.in[s].is_touched = true;
        touched_.push_back(s);
    }

    /// Changes are applied some at a time, so that looking up one hides in looking up the others.
    void gather(change_kind kind, write_hint hint, double when, key_view where, std::size_t payload) {
        __builtin_prefetch(where.data());
        __builtin_prefetch(where.data() + where.size());  // nearly every third key lies across two lines
        gathered_keys_[gathered_] = where;
        gathered_changes_[gathered_] = {kind, hint, static_cast<float>(when),
                                        static_cast<float>(where.size() + payload)};
        if (++gathered_ == band_index::at_once) apply_gathered();
    }
    void apply_gathered() {
        const std::size_t count = std::exchange(gathered_, 0);
        std::array<slot, band_index::at_once> owners;
        index_.at_or_before({gathered_keys_.data(), count}, {owners.data(), count});
        for (std::size_t i = 0; i < count; ++i)
            if (owners[i] != none) __builtin_prefetch(&columns.in[owners[i]], 1);
        for (std::size_t i = 0; i < count; ++i) {
            const slot s = owners[i];
            if (s == none || (columns.in[s].may_have_gap && !index_.range_of(s).ends_after(gathered_keys_[i])))
                continue;
            apply(s, gathered_keys_[i], gathered_changes_[i]);
        }
    }

    void apply(slot s, key_view where, const plain_change& change) {
        touch(s);
        inflow& in = columns.in[s];
        const float bytes = change.bytes;
        in.last_write = change.when;
        if (change.kind == change_kind::erase) {
            in.erased += 1;
        } else if (change.kind == change_kind::patch || change.hint == write_hint::updated) {
            in.updated += 1;
            in.updated_bytes += bytes;
        } else {
            in.inserted += 1;
            in.bytes += bytes;
            if (in.sample != inflow::no_sample) {
                // xorshift: a sample needs no better, and a forecast must be the same in every run.
                random_ ^= random_ << 13;
                random_ ^= random_ >> 7;
                random_ ^= random_ << 17;
                // Of many in one tick an eighth will do, of very many an eighth of that.
                const int times = in.inserted < 16 ? 1 : in.inserted < 128 ? 8 : 64;
                const float weight = leading == by_rows ? 1.0F : bytes;
                if (random_ >> 58 < static_cast<unsigned>(64 / times))
                    samples_[in.sample].add(where, weight, times, random_);
            }
        }
    }

    /// What lies in the range as a whole is gone; of the others nobody knows what they lost.
    void erase_range(key_view begin, key_view end) {
        const key_range gone{key{begin}, key{end}};
        index_.for_each_from(begin, [&](slot s) {
            const key_range& range = index_.range_of(s);
            if (!gone.ends_after(range.begin)) return false;
            if (gone.covers(range)) {
                touch(s);
                columns.in[s].erased += static_cast<float>(size(s, by_rows));
                columns.in[s].bytes -= static_cast<float>(size(s, by_bytes));
            }
            return true;
        });
    }

    /// Takes over the size that is told. Returns the bytes that are missing, of what the stream makes of it.
    /// At a change, whatever is missing is taken for growth of the parents.
    double correct(slot s, double rows, double bytes, bool is_change = false);

    /// Learns what writes do, from a band that lived through a whole tick and is `bytes` large now.
    void learn_from(slot s, double bytes);

    /// Bytes of what was erased in this tick, as far as anyone can tell.
    [[nodiscard]] double erased_bytes(slot s) const noexcept {
        const double rows = static_cast<double>(columns.rows(s));
        return rows >= 1 ? static_cast<double>(columns.in[s].erased * columns.bytes(s)) / rows : 0;
    }

    slot take_slot() {
        if (!free_.empty()) {
            const slot s = free_.back();
            free_.pop_back();
            return s;
        }
        const auto s = static_cast<slot>(used_++);
        columns.grow(used_);
        alive_.resize(columns.capacity());
        return s;
    }

    [[nodiscard]] std::uint32_t new_family() {
        for (; free_family_ < family_bands_.size(); ++free_family_)
            if (family_bands_[free_family_] == 0) return free_family_;
        family_bands_.push_back(0);
        return free_family_;
    }

    void leave(std::uint32_t family) {
        if (--family_bands_[family] != 0) return;
        free_family_ = std::min(free_family_, family);
        ended_families_.push_back(family);
    }

    /// Adds new bands, to a family, or to new ones: those that touch are one. Returns their slots.
    std::vector<slot> add(const std::vector<partition>& born, std::uint32_t family);
    void remove(slot s);
    void align(const layout& now);
    static void inherit(band_columns::record& child, const band_columns::record& parent, float size, float growth);
    [[nodiscard]] band_columns::record at_last_tick(slot s) const;

    band_index index_;
    std::vector<slot> free_;
    std::size_t used_ = 0;
    std::vector<std::uint8_t> alive_;
    std::vector<std::uint32_t> family_bands_;  ///< how many are alive
    std::uint32_t free_family_ = 0;
    std::vector<std::uint32_t> ended_families_;
    std::vector<key_sample> samples_;
    std::vector<std::uint16_t> free_samples_;
    std::vector<slot> touched_;
    std::vector<late> late_;
    std::vector<loss> vanished_;                               ///< as the source told in this tick
    std::array<key_view, band_index::at_once> gathered_keys_;  ///< of a batch that is being observed
    std::array<plain_change, band_index::at_once> gathered_changes_;
    std::size_t gathered_ = 0;
    wall_time origin_;
    bool has_origin_ = false;
    bool is_told_ = false;
    std::uint64_t random_ = 0x9e3779b97f4a7c15ULL;
};

}  // namespace foreshadow::detail

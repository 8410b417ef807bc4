// SPDX-License-Identifier: BSL-1.0
//
// What was overwritten or deleted still counts in engines that keep old versions, and vanishes when its time is over:
// partitions shrink, and merge, without a single write. When that is follows from when it was written and how long old
// versions live. Nobody tells either, but a size that fell by more than was erased tells that some went, and of the
// oldest that add up to so much the youngest tells how old they become.
//
// A list for each band that has any, by time; neighbouring entries become one where they are close together beside the
// time that the list spans, so a list stays below a hundred entries. All lists share one pool, which is bounded: where
// it is full, what is written is not noted, and a size is a little too large.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// How long old versions live: a distribution over their age, in a 32nd of an octave, that fades with new ones.
class lifetimes {
  public:
    static constexpr int per_octave = 32;
    static constexpr int lowest = -10;  ///< octaves: a millisecond
    static constexpr int octaves = 48;  ///< to four thousand years
    static constexpr std::size_t bins = std::size_t{per_octave} * octaves;
    static constexpr double memory = 2000;
    static constexpr double enough = 8;  ///< below, nothing is known

    lifetimes() : ended_(bins), left_(bins + 1) {}

    void add(double age) noexcept {
        ended_[bin_of(age)] += static_cast<float>(weight_);
        weight_ *= memory / (memory - 1);
        seen_ += 1;
    }
    /// Before anything is asked.
    void refresh() {
        double sum = 0;
        for (std::size_t i = bins; i-- > 0;) {
            ended_[i] = static_cast<float>(static_cast<double>(ended_[i]) / weight_);
            sum += static_cast<double>(ended_[i]);
            left_[i] = sum;
        }
        weight_ = 1;
    }

    [[nodiscard]] bool is_known() const noexcept { return seen_ >= enough; }
    /// The share that lives longer.
    [[nodiscard]] double longer(double age) const noexcept { return left_[bin_of(age) + 1] / (left_[0] + 1e-9); }
    /// How surely one of this age, which has lived so long, goes now.
    [[nodiscard]] double hazard(double age) const noexcept {
        const std::size_t bin = bin_of(age);
        return (left_[bin] - left_[bin + 1] + 0.01) / (left_[bin] + 1);
    }
    /// The chance that one of this age is gone `ahead` from now.
    [[nodiscard]] double gone_within(double age, double ahead) const noexcept {
        if (!is_known()) return 0;
        const double now = left_[bin_of(age) + 1];
        const double then = left_[bin_of(age + ahead) + 1];
        return now > 0.5 ? 1 - then / now : 1;
    }

    template <class Archive>
    void visit(Archive& archive) {
        refresh();
        archive.sparse(ended_);
        archive.number(seen_);
        refresh();
    }

  private:
    [[nodiscard]] static std::size_t bin_of(double age) noexcept {
        if (!(age > 0)) return 0;
        return static_cast<std::size_t>(
            std::clamp((std::log2(age) - lowest) * per_octave, 0.0, static_cast<double>(bins - 1)));
    }

    std::vector<float> ended_;
    std::vector<double> left_;  ///< that ended in a bin or above
    double weight_ = 1;
    double seen_ = 0;
};

class old_versions {
  public:
    using list = std::uint32_t;  ///< of a band: the place of its newest entry, which leads to the oldest
    static constexpr list none = 0xffff'ffff;
    static constexpr std::size_t most = std::size_t{1} << 18;
    static constexpr double resolution = 48;

    struct entry {
        double at = 0;
        float bytes = 0;
        list next = none;  ///< newer; of the newest, the oldest
    };

    /// `bytes` became old at `at`, not before anything that is in the list.
    void add(list& of, double at, double bytes) {
        if (!(bytes > 0)) return;
        if (of != none) {
            entry& newest = pool_[of];
            const double span = newest.at - pool_[newest.next].at;
            if (at <= newest.at || (at - newest.at) * resolution < span) {
                newest.bytes += static_cast<float>(bytes);
                return;
            }
        }
        const list made = take();
        if (made == none) return;
        pool_[made] = {at, static_cast<float>(bytes), made};
        if (of != none) pool_[made].next = std::exchange(pool_[of].next, made);
        of = made;
    }

    /// A band lost `bytes` at `now`: drops the oldest that it may have been, and learns from how old they became.
    void gone(list& of, double now, double bytes, lifetimes& lived) {
        if (of == none || !(bytes > 0)) return;
        double sum = 0;
        double best = 0;
        std::size_t count = 0;
        std::size_t passed = 0;
        for_each(of, [&](const entry& e) {
            sum += static_cast<double>(e.bytes);
            ++passed;
            const double off = std::log((bytes + 1) / (sum + 1)) / width;
            if (std::abs(off) > 4) return;  // it cannot have been that
            const double likely = lived.hazard(now - e.at) * std::exp(-0.5 * off * off);
            if (likely > best) {
                best = likely;
                count = passed;
            }
        });
        for (; count > 0; --count) lived.add(now - drop_oldest(of).at);
    }

    /// Forgets what is older than old versions become: it went unnoticed.
    void forget_overdue(list& of, double now, const lifetimes& lived) {
        while (of != none && lived.is_known() && lived.longer(now - pool_[pool_[of].next].at) < 0.01) drop_oldest(of);
    }

    struct outlook {
        double held = 0;  ///< bytes of old versions
        double due = 0;   ///< of these, what is expected to vanish
    };
    [[nodiscard]] outlook ahead(list of, double now, double seconds, const lifetimes& lived) const {
        outlook seen;
        for_each(of, [&](const entry& e) {
            const auto bytes = static_cast<double>(e.bytes);
            seen.held += bytes;
            seen.due += bytes * lived.gone_within(now - e.at, seconds);
        });
        return seen;
    }

    /// Empties a list; by time.
    [[nodiscard]] std::vector<entry> take_all(list& of) {
        std::vector<entry> all;
        while (of != none) all.push_back(drop_oldest(of));
        return all;
    }

    void clear(list& of) {
        while (of != none) drop_oldest(of);
    }

    [[nodiscard]] std::size_t size() const noexcept { return pool_.size() - unused_; }

  private:
    static constexpr double width = 0.5;  ///< of the logarithm of what was kept, which is not known exactly

    template <class F>
    void for_each(list of, F&& visit) const {
        if (of == none) return;
        for (list at = pool_[of].next;; at = pool_[at].next) {
            visit(pool_[at]);
            if (at == of) return;
        }
    }

    [[nodiscard]] list take() {
        if (free_ != none) {
            --unused_;
            return std::exchange(free_, pool_[free_].next);
        }
        if (pool_.size() >= most) return none;
        pool_.emplace_back();
        return static_cast<list>(pool_.size() - 1);
    }

    entry drop_oldest(list& of) {
        const list oldest = pool_[of].next;
        const entry dropped = pool_[oldest];
        if (oldest == of)
            of = none;
        else
            pool_[of].next = dropped.next;
        pool_[oldest].next = std::exchange(free_, oldest);
        ++unused_;
        return dropped;
    }

    std::vector<entry> pool_;
    list free_ = none;
    std::size_t unused_ = 0;
};

}  // namespace foreshadow::detail

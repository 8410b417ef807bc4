// SPDX-License-Identifier: BSL-1.0
//
// A partition of an engine that is replayed: its keys, and its size as multi-version engines count it. What was
// overwritten or deleted counts until it is collected.
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/testing/published_rules.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct replayed_band {
    /// Ordered by time, as it is collected.
    struct old_version {
        double since = 0;
        foreshadow::key key;
        std::int64_t bytes = 0;

        friend bool operator<(const old_version& a, const old_version& b) {
            return std::tie(a.since, a.key, a.bytes) < std::tie(b.since, b.key, b.bytes);
        }
    };

    std::uint64_t id = 0;
    std::string table;
    key low;
    std::map<key, std::int64_t, std::less<>> live;
    std::deque<old_version> old;
    std::int64_t live_bytes = 0;
    std::int64_t old_bytes = 0;
    double last_split = -1e18;
    double last_write = 0;
    double writes = 0;  ///< a tick, decayed with a half-life of one
    double writes_at = 0;
    std::size_t hot_for = 0;
    double jitter = 0;

    [[nodiscard]] std::int64_t size(engine_measure measure) const {
        return measure == engine_measure::keys ? static_cast<std::int64_t>(live.size()) : live_bytes + old_bytes;
    }
    [[nodiscard]] bool is_empty() const { return live.empty() && old.empty(); }
    [[nodiscard]] double write_rate(double now, double tick) const {
        return writes * std::pow(2.0, -(now - writes_at) / tick);
    }

    /// Puts a row of so many bytes, or deletes it where there are none (-1).
    void write(const key& k, std::int64_t bytes, double now, const rule_options& o) {
        const auto found = live.find(k);
        if (found != live.end()) {
            live_bytes -= found->second;
            if (o.versions_kept_ticks > 0) {
                old.push_back({now, k, found->second});
                old_bytes += found->second;
            }
            if (bytes < 0) live.erase(found);
        }
        if (bytes >= 0) {
            live[k] = bytes;
            live_bytes += bytes;
        }
        last_write = now;
        constexpr double half_life_of_one = 0.6931;
        writes = write_rate(now, o.tick_seconds) + half_life_of_one;
        writes_at = now;
    }

    /// Forgets what was overwritten before `then`; tells how many bytes that were.
    std::int64_t collect(double then) {
        std::int64_t gone = 0;
        for (; !old.empty() && old.front().since < then; old.pop_front()) gone += old.front().bytes;
        old_bytes -= gone;
        return gone;
    }

    /// Where to cut it into `pieces` of one size; fewer where rows are too few or too long.
    [[nodiscard]] std::vector<key> cuts(std::size_t pieces, engine_measure measure) const {
        std::vector<std::pair<key_view, std::int64_t>> weights;
        for (const auto& [k, bytes] : live) weights.emplace_back(k, measure == engine_measure::keys ? 1 : bytes);
        if (measure == engine_measure::bytes) {
            for (const old_version& o : old) weights.emplace_back(o.key, o.bytes);
            std::sort(weights.begin(), weights.end());
        }
        double total = 0;
        for (const auto& [k, weight] : weights) total += static_cast<double>(weight);
        std::vector<key> made;
        double below = 0;
        std::size_t next = 1;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const bool begins_key = i > 0 && weights[i].first != weights[i - 1].first;
            if (begins_key && next < pieces &&
                below >= total * static_cast<double>(next) / static_cast<double>(pieces)) {
                if (weights[i].first > low) made.emplace_back(weights[i].first);
                ++next;
            }
            below += static_cast<double>(weights[i].second);
        }
        return made;
    }

    /// Gives everything at and above `from` to `right`, which begins there.
    void give_away(const key& from, replayed_band& right) {
        for (auto k = live.lower_bound(from); k != live.end();) {
            right.live_bytes += k->second;
            live_bytes -= k->second;
            const auto moved = k++;
            right.live.insert(right.live.end(), live.extract(moved));
        }
        std::deque<old_version> kept;
        for (old_version& o : std::exchange(old, {})) {
            if (o.key < from) {
                kept.push_back(std::move(o));
                continue;
            }
            right.old_bytes += o.bytes;
            old_bytes -= o.bytes;
            right.old.push_back(std::move(o));
        }
        old = std::move(kept);
    }

    /// Takes everything of its right neighbour.
    void take(replayed_band& right) {
        live.merge(right.live);
        live_bytes += right.live_bytes;
        old_bytes += right.old_bytes;
        old.insert(old.end(), std::make_move_iterator(right.old.begin()), std::make_move_iterator(right.old.end()));
        std::sort(old.begin(), old.end());
        last_split = std::max(last_split, right.last_split);
        last_write = std::max(last_write, right.last_write);
    }
};

/// Draws a partition's jitter from the Mersenne Twister of Matsumoto and Nishimura, seeded by an array of one word and
/// taken at 53 bits, as most scripting languages seed and draw: a replay elsewhere can have the same thresholds.
class jitter_source {
  public:
    explicit jitter_source(std::uint32_t seed) {
        state_[0] = 19650218U;
        for (std::uint32_t i = 1; i < size; ++i) state_[i] = 1812433253U * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
        std::uint32_t i = 1;
        for (std::uint32_t k = 0; k < size; ++k, i = next(i)) state_[i] = (state_[i] ^ mixed(i, 1664525U)) + seed;
        for (std::uint32_t k = 1; k < size; ++k, i = next(i)) state_[i] = (state_[i] ^ mixed(i, 1566083941U)) - i;
        state_[0] = 0x80000000U;
    }

    /// A number of `[-.125, .125)`.
    double operator()() {
        const auto high = static_cast<double>(word() >> 5);
        const auto low = static_cast<double>(word() >> 6);
        return -.125 + .25 * ((high * 0x1p26 + low) * 0x1p-53);
    }

  private:
    static constexpr std::uint32_t size = 624;

    [[nodiscard]] std::uint32_t mixed(std::uint32_t i, std::uint32_t factor) const {
        return (state_[i - 1] ^ (state_[i - 1] >> 30)) * factor;
    }
    [[nodiscard]] std::uint32_t next(std::uint32_t i) {
        if (i + 1 < size) return i + 1;
        state_[0] = state_[size - 1];
        return 1;
    }
    [[nodiscard]] std::uint32_t word() {
        if (at_ == size) {
            for (std::uint32_t i = 0; i < size; ++i) {
                const std::uint32_t y = (state_[i] & 0x80000000U) | (state_[(i + 1) % size] & 0x7fffffffU);
                state_[i] = state_[(i + 397) % size] ^ (y >> 1) ^ (y % 2 != 0 ? 0x9908b0dfU : 0U);
            }
            at_ = 0;
        }
        std::uint32_t y = state_[at_++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680U;
        y ^= (y << 15) & 0xefc60000U;
        return y ^ (y >> 18);
    }

    std::array<std::uint32_t, size> state_{};
    std::uint32_t at_ = size;
};

}  // namespace foreshadow::testing

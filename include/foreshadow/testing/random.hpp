// SPDX-License-Identifier: BSL-1.0
//
// Randomness that is the same everywhere: the distributions of the standard library differ between
// implementations, and a seed that fails must fail on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace foreshadow::testing {

/// A seeded engine (splitmix64: Steele, Lea, Flood, OOPSLA 2014) with portable distributions. Cheap to copy.
class seeded_random {
  public:
    using result_type = std::uint64_t;

    explicit constexpr seeded_random(std::uint64_t seed) : state_{seed} {}

    [[nodiscard]] static constexpr std::uint64_t min() { return 0; }
    [[nodiscard]] static constexpr std::uint64_t max() { return std::numeric_limits<std::uint64_t>::max(); }

    constexpr std::uint64_t operator()() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }

    /// A number of `[0, n)`; 0 where n is 0. The bias is below n / 2^64.
    constexpr std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : (*this)() % n; }

    /// A number of `[least, most]`.
    constexpr std::uint64_t between(std::uint64_t least, std::uint64_t most) { return least + below(most - least + 1); }

    /// A number of `[0, 1)`.
    constexpr double unit() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

    constexpr bool chance(double probability) { return unit() < probability; }

    /// A gap of a Poisson process, by quantiles of its own so that no libm decides the last bit of a time.
    constexpr double gap(double mean) {
        constexpr std::array<double, 8> octiles{0.065, 0.21, 0.375, 0.575, 0.825, 1.16, 1.68, 3.11};
        const double q = octiles[static_cast<std::size_t>(below(octiles.size()))];
        return mean * q * (0.75 + 0.5 * unit());
    }

    template <class Range>
    constexpr auto& pick(Range& range) {
        return range[static_cast<std::size_t>(below(range.size()))];
    }

    /// Another engine, independent of what this one gives later.
    [[nodiscard]] constexpr seeded_random fork() { return seeded_random{(*this)() ^ 0xd1b54a32d192ed03ULL}; }

  private:
    std::uint64_t state_;
};

}  // namespace foreshadow::testing

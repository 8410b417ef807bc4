// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace shop {

/// A small generator of numbers and of text that compresses about as text does.
class words {
  public:
    explicit words(std::uint64_t seed) : state_{seed * 2 + 1} {}

    /// In [0, below).
    std::int64_t number(std::int64_t below) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return static_cast<std::int64_t>((state_ >> 11) % static_cast<std::uint64_t>(below));
    }
    std::string text(std::size_t least) {
        static constexpr std::array some{"wool",  "scarf", "please", "deliver", "after",  "noon", "blue",   "lamp",
                                         "gift",  "wrap",  "heavy",  "oak",     "table",  "call", "first",  "ground",
                                         "floor", "door",  "twelve", "green",   "ticket", "left", "copper", "kettle"};
        std::string made;
        while (made.size() < least) {
            made += some[static_cast<std::size_t>(number(some.size()))];
            made += ' ';
            if (number(3) == 0) made += std::to_string(number(100'000)) + ' ';
        }
        return made;
    }

  private:
    std::uint64_t state_;
};

}  // namespace shop

// SPDX-License-Identifier: BSL-1.0
//
// What can be wrong with a catalog although its bytes are what was written: a box, a layout change, a birth or a
// replacement dropped, doubled, out of its place, shortened, or shifted by one key or position.
#pragma once

#include "foreshadow/catalog/catalog.hpp"
#include "foreshadow/catalog/fingerprint.hpp"
#include "foreshadow/testing/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace support {

namespace fs = foreshadow;

/// Does one thing to a catalog that changes what it says, and nothing else.
class catalog_mutator {
  public:
    /// The key beside another one: the `by`th after it.
    using neighbour = std::function<fs::key(const fs::key& of, int by, bool is_end)>;

    /// Where it `remakes`, what is wrong with a box was so from the first: its fingerprint says the same.
    catalog_mutator(std::uint64_t seed, neighbour beside, bool remakes)
        : dice_{seed * 7 + 3}, beside_{std::move(beside)}, remakes_{remakes} {}

    /// Says what it did; nothing where there was nothing to do it to.
    std::string mutate(fs::catalog& knows) {
        std::string done = mutate_one(knows);
        if (!remakes_) return done;
        is_told_once_ = is_told_once_ || done.starts_with("image") || done.starts_with("run");
        for (fs::image& i : knows.known.images) i = fs::fingerprinted(std::move(i));
        for (fs::run& r : knows.known.runs) r = fs::fingerprinted(std::move(r));
        return done.empty() ? done : done + " from the first";
    }

    /// Whether it did something that nothing else in the catalog tells of.
    [[nodiscard]] bool is_told_once() const noexcept { return is_told_once_; }

  private:
    std::string mutate_one(fs::catalog& knows) {
        fs::boxes& known = knows.known;
        switch (dice_.below(6)) {
            case 0:
                return of("image", known.images, [&](fs::image& i) { return bend(i); });
            case 1:
                return of("segment", known.segments, [&](fs::segment& s) { return bend_positions(s); });
            case 2:
                return of("run", known.runs,
                          [&](fs::run& r) { return dice_.chance(.5) ? bend_positions(r) : bend_keys(r.interval); });
            case 3:
                return of("birth", known.births, [&](fs::birth& b) {
                    return dice_.chance(.5) ? bend_keys(b.interval) : shift(b.at.at, "position");
                });
            case 4:
                return of("replacement", known.replacements, [&](fs::replacement& r) {
                    return dice_.chance(.5) ? bend_keys(r.interval) : shift(r.at.at, "position");
                });
            default:
                return dice_.chance(.15) ? "first layout: " + shift(knows.first.at, "position")
                                         : of("layout change", knows.changes, [&](fs::layout_change& c) {
                                               return dice_.chance(.5) ? shift(c.at.at, "position") : bend(c);
                                           });
        }
    }

    template <class Box, class Bend>
    std::string of(const std::string& what, std::vector<Box>& all, Bend&& bend_one) {
        if (all.empty()) return {};
        const auto here = static_cast<std::size_t>(dice_.below(all.size()));
        const auto place = all.begin() + static_cast<std::ptrdiff_t>(here);
        const std::string name = what + " " + std::to_string(here);
        switch (dice_.below(6)) {
            case 0:
                all.erase(place);
                return name + " dropped";
            case 1: {
                Box twice = *place;
                all.insert(all.begin() + static_cast<std::ptrdiff_t>(dice_.below(all.size() + 1)), std::move(twice));
                return name + " doubled";
            }
            case 2: {
                const auto other = static_cast<std::size_t>(dice_.below(all.size()));
                std::swap(all[here], all[other]);
                return name + " and " + std::to_string(other) + " swapped";
            }
            default:
                return name + " " + bend_one(all[here]);
        }
    }

    std::string shift(fs::position& p, const char* what) {
        const bool up = p.value == 0 || dice_.chance(.5);
        p.value = up ? p.value + 1 : p.value - 1;
        return std::string{what} + (up ? " one later" : " one earlier");
    }
    template <class Box>
    std::string bend_positions(Box& box) {
        switch (dice_.below(4)) {
            case 0:
                return shift(box.after, "begins");
            case 1:
                return shift(box.upto, "ends");
            case 2:
                ++box.after.value;
                ++box.upto.value;
                return "shifted";
            default:
                std::swap(box.after, box.upto);
                return "turned round";
        }
    }
    std::string bend_keys(fs::key_range& interval) {
        const auto move = [&](fs::key& k, int by) { k = beside_(k, by, &k == &interval.end); };
        const int by = dice_.chance(.5) ? 1 : -1;
        switch (dice_.below(3)) {
            case 0:
                move(interval.begin, by);
                return "begins at another key";
            case 1:
                move(interval.end, by);
                return "ends at another key";
            default:
                move(interval.begin, by);
                move(interval.end, by);
                return "shifted by a key";
        }
    }
    std::string bend(fs::image& i) {
        switch (dice_.below(5)) {
            case 0:
                return bend_keys(i.interval);
            case 1:
                return shift(i.seen.low, "low");
            case 2:
                return shift(i.seen.high, "high");
            case 3:
                if (!i.seen.also.empty()) {
                    i.seen.also.erase(i.seen.also.begin() +
                                      static_cast<std::ptrdiff_t>(dice_.below(i.seen.also.size())));
                    return "also without one";
                }
                i.seen.also.push_back({i.seen.high.value + 2});
                return "also with one more";
            default:
                i.seen = fs::horizon::exactly({i.seen.low.value + (dice_.chance(.5) ? 1U : 0U)});
                return "another horizon";
        }
    }
    std::string bend(fs::layout_change& c) {
        if (!c.retired.empty() && dice_.chance(.4)) {
            c.retired.pop_back();
            return "ends one less";
        }
        if (c.begun.empty()) return "as it was";
        fs::partition& p = c.begun[static_cast<std::size_t>(dice_.below(c.begun.size()))];
        switch (dice_.below(3)) {
            case 0:
                p.born_empty = !p.born_empty;
                return "begins otherwise filled";
            case 1:
                c.begun.pop_back();
                return "begins one less";
            default:
                return bend_keys(p.interval);
        }
    }

    fs::testing::seeded_random dice_;
    neighbour beside_;
    bool remakes_;
    bool is_told_once_ = false;
};

}  // namespace support

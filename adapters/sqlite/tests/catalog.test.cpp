// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/sqlite/layout/catalog.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

namespace foreshadow::sqlite::tests {
namespace {

/// Tables with gaps between their numbers, some of them in several ranges with gaps between these.
catalog random_catalog(std::mt19937_64& random) {
    catalog made;
    std::int64_t number = 0;
    for (std::uint64_t tables = random() % 12; tables > 0; --tables) {
        number += 1 + static_cast<std::int64_t>(random() % 200);
        const key prefix = detail::table_prefix(number);
        const key_range whole = prefixed(prefix);
        key from = whole.begin;
        for (char cut = 'b'; cut < 'j' && random() % 3 != 0; cut = static_cast<char>(cut + 2)) {
            const key end = prefix + cut;
            segment s;
            s.books.prefix = number;
            s.books.interval = {from, end};
            made.segments.push_back(s);
            from = random() % 2 == 0 ? end : prefix + static_cast<char>(cut + 1);
        }
        segment last;
        last.books.prefix = number;
        last.books.interval = {from, whole.end};
        made.segments.push_back(last);
    }
    return made;
}

}  // namespace

TEST_CASE("a catalog finds what a look at every segment finds", "[sqlite]") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random{seed};
        const catalog all = random_catalog(random);
        bool agrees = true;
        for (std::int64_t number = 0; number < 300; ++number) {
            const auto first = std::find_if(all.segments.begin(), all.segments.end(),
                                            [&](const segment& s) { return s.books.prefix == number; });
            const segment* found = all.with_prefix(number);
            agrees = agrees && (first == all.segments.end() ? found == nullptr : found == &*first);
            for (const char* tail : {"", "a", "b", "c", "cc", "d", "i", "z"}) {
                const key k = detail::table_prefix(number) + tail;
                const auto above = std::find_if(all.segments.begin(), all.segments.end(),
                                                [&](const segment& s) { return s.books.interval.ends_after(k); });
                const segment* next = all.at_or_after(k);
                agrees = agrees && (above == all.segments.end() ? next == nullptr : next == &*above);
            }
        }
        CHECK(agrees);
    }
}

}  // namespace foreshadow::sqlite::tests

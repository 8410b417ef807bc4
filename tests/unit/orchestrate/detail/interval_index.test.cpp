// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/orchestrate/detail/interval_index.hpp"

#include "foreshadow/plane/box.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace foreshadow;
using erasure_index = detail::interval_index<range_erasure>;

namespace {

template <class T>
std::vector<std::uint64_t> found_in(const detail::interval_index<T>& index, const key_range& range) {
    std::vector<std::uint64_t> found;
    index.overlapping(range, [&](const T& e) { found.push_back(e.at.at.value); });
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

TEST_CASE("erasures are found by what they touch") {
    const erasure_index index{
        {{{{1}, 0}, {"a", "c"}}, {{{2}, 0}, {"b", ""}}, {{{3}, 0}, {"", "b"}}, {{{4}, 0}, {"x", "x"}}}};
    CHECK(found_in(index, {"b", "c"}) == std::vector<std::uint64_t>{1, 2});
    CHECK(found_in(index, {"", "a"}) == std::vector<std::uint64_t>{3});
    CHECK(found_in(index, {"c", ""}) == std::vector<std::uint64_t>{2});
    CHECK(found_in(index, {"c", "c"}).empty());
    CHECK(found_in(erasure_index{}, key_range::all()).empty());
    CHECK(found_in(erasure_index{{}}, key_range::all()).empty());
}

TEMPLATE_TEST_CASE("the index finds what looking at everything finds", "", range_erasure, replacement) {
    const auto seed = GENERATE(range(1u, 200u));
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto some_range = [&] {
        const char begin = static_cast<char>('a' + random() % 20);
        return key_range{random() % 9 == 0 ? key{} : key(1, begin),
                         random() % 9 == 0 ? key{} : key(1, static_cast<char>(begin + random() % 7))};
    };
    std::vector<TestType> all;
    for (std::uint64_t n = random() % 30; n > 0; --n) {
        TestType& next = all.emplace_back();
        next.at = {{n}, 0};
        next.interval = some_range();
    }
    const detail::interval_index<TestType> index{all};
    for (int asked = 0; asked < 20; ++asked) {
        const key_range range = some_range();
        std::vector<std::uint64_t> expected;
        for (const TestType& e : all)
            if (e.interval.overlaps(range)) expected.push_back(e.at.at.value);
        std::sort(expected.begin(), expected.end());
        CHECK(found_in(index, range) == expected);
    }
}

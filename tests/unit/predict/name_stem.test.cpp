// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/predict/detail/name_stem.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace foreshadow;

TEST_CASE("names of one calendar have a stem in common, and no other name has it") {
    CHECK(detail::stem_of("public.events_p20261123") == "public.events_p#");
    CHECK(detail::stem_of("public.events_p20261124") == "public.events_p#");
    CHECK(detail::stem_of("events_2026_11_23") == "events_#_#_#");
    CHECK(detail::stem_of("p2026w48") == "p#w#");
    CHECK(detail::stem_of("7") == "#");
    CHECK(detail::stem_of("public.orders_p20261123") != detail::stem_of("public.events_p20261123"));
    CHECK(detail::stem_of("public.events_default").empty());
    CHECK(detail::stem_of("").empty());
    CHECK(detail::stem_of("caf\xc3\xa9_\n1") == "caf??_?#");
    CHECK(detail::stem_of(std::string(1000, 'x') + "1").empty());
    CHECK(detail::stem_of("1" + std::string(1000, 'x')).size() == detail::longest_name);
}

TEST_CASE("every name is called as itself and as its stem, and names of other stems are not") {
    const auto seed = GENERATE(range(1u, 60u));
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto some_name = [&] {
        constexpr std::string_view letters = "ab_.#09\xff";
        std::string name(1 + random() % (random() % 8 == 0 ? 300 : 8), ' ');
        for (char& c : name) c = letters[random() % letters.size()];
        return name;
    };
    for (int i = 0; i < 200; ++i) {
        const std::string one = some_name();
        const std::string other = some_name();
        CAPTURE(one, other);
        const std::string stem = detail::stem_of(one);
        if (stem.empty()) continue;
        CHECK(detail::is_called(one, stem));
        if (one.size() < detail::longest_name && one.find('\xff') == std::string::npos)
            CHECK(detail::is_called(one, one));
        if (one.find('#') == std::string::npos && other.find('#') == std::string::npos)
            CHECK(detail::is_called(other, stem) == (detail::stem_of(other) == stem));
    }
    CHECK(detail::is_called("ev_p20261123", "ev_p2026#"));
    CHECK_FALSE(detail::is_called("ev_p20271123", "ev_p2026#"));
    CHECK_FALSE(detail::is_called("ev_p", "ev_p#"));
    CHECK_FALSE(detail::is_called("ev_p1", "ev_p"));
}

TEST_CASE("numbers in names are in the order of numbers, however they are written") {
    const std::vector<std::string> ascending{"p9",         "p10",        "p0011",      "p2026_9_30",
                                             "p2026_10_1", "p2026_10_2", "p2026_10_10"};
    for (std::size_t i = 1; i < ascending.size(); ++i)
        CHECK(detail::numbers_in(ascending[i - 1]) < detail::numbers_in(ascending[i]));
    CHECK(detail::numbers_in("p007") == detail::numbers_in("q7"));
    CHECK(detail::numbers_in("p000") == detail::numbers_in("p0"));
    CHECK(detail::numbers_in(std::string(100'000, '9')).size() <= 2 * detail::longest_name);
}

// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/compose/explain.hpp"
#include "foreshadow/testing/archetypes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace {

using namespace foreshadow;
namespace archetype = foreshadow::testing::archetype;

struct nothing_at_all {};

[[nodiscard]] auto lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

struct store_that_cannot_list : archetype::object_store {
    int list = 0;
};
struct store_that_cannot_list_or_remove : store_that_cannot_list {
    void remove(std::string) {}
};

}  // namespace

TEST_CASE("a type that fills a role lacks nothing") {
    CHECK(explain<roles::source, archetype::source>().empty());
    CHECK(explain<roles::store, archetype::object_store>().empty());
    CHECK(explain<roles::predictor, archetype::predictor>().empty());
    CHECK(explain<roles::scan_order, archetype::scan_order>().empty());
    CHECK(explain<roles::pace, archetype::pace>().empty());
    CHECK(explain<roles::conflict_policy, archetype::conflict_policy>().empty());
    CHECK(explain<roles::observer, archetype::observer>().empty());
    CHECK(explain<roles::clock, archetype::clock>().empty());
}

TEST_CASE("a type that has nothing lacks everything, a line each") {
    CHECK(lines_of(explain<roles::source, nothing_at_all>()) == 10);
    CHECK(lines_of(explain<roles::store, nothing_at_all>()) == 4);
    CHECK(lines_of(explain<roles::predictor, nothing_at_all>()) == 7);
    CHECK(lines_of(explain<roles::scan_order, nothing_at_all>()) == 1);
    CHECK(lines_of(explain<roles::pace, nothing_at_all>()) == 1);
    CHECK(lines_of(explain<roles::conflict_policy, nothing_at_all>()) == 1);
    CHECK(lines_of(explain<roles::observer, nothing_at_all>()) == 1);
    CHECK(lines_of(explain<roles::clock, nothing_at_all>()) == 3);
}

TEST_CASE("each gap is told with what to write, and nothing else is") {
    CHECK(explain<roles::store, store_that_cannot_list>() ==
          "- lacks task<std::vector<object_info>> list(std::string prefix)\n");
    CHECK(explain<roles::store, store_that_cannot_list_or_remove>() ==
          "- lacks task<std::vector<object_info>> list(std::string prefix)\n"
          "- lacks task<> remove(std::string name)\n");
}

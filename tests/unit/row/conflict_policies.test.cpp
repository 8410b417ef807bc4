// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/row/conflict_policies.hpp"

#include <catch2/catch.hpp>

using namespace foreshadow;

TEST_CASE("fail throws with everything that is known of the conflict") {
    try {
        fail{}.settle({conflict_kind::patch_without_row, "k\n", {{7}, 2}, "orders", "image 3"});
        FAIL("was settled");
    } catch (const error& e) {
        CHECK(e.code() == errc::conflict);
        CHECK(e.fact("key") == "k\\x0a");
        CHECK(e.fact("version") == "7.2");
        CHECK(e.fact("partition") == "orders");
        CHECK(e.fact("boxes") == "image 3");
        CHECK_THAT(e.message(), Catch::Contains("does not exist"));
    }
}

TEST_CASE("newest and report keeps every case") {
    newest_and_report policy;
    policy.settle({conflict_kind::same_version, "a", {}, "p", "b"});
    policy.settle({conflict_kind::claimed_twice, "c", {}, "p", "b"});
    REQUIRE(policy.conflicts().size() == 2);
    CHECK(policy.conflicts()[1].where == "c");
}

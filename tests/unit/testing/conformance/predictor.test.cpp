// SPDX-License-Identifier: BSL-1.0
//
// The predictors of the tree keep the contract, and those with a flaw are found.
#include "foreshadow/testing/conformance/predictor.hpp"

#include "foreshadow/error.hpp"
#include "foreshadow/predict/scripted.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"

#include "expect_contract.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace foreshadow;

namespace {

using support::expect_broken;
using support::expect_kept;

struct loads_anything : silent {
    void load(std::string_view) const {}
};
struct replaces_the_forecast : silent {
    void forecast(wall_time, double, std::vector<prediction>& out) const { out.assign(1, {}); }
};
struct knows_every_partition : silent {
    void learn(const lineage_event& event) const {
        if (event.from.empty()) throw std::out_of_range{"from whom?"};
    }
};
struct forgets_what_it_saved : silent {
    int seen = 0;
    void observe(const log_batch&, const layout&) { ++seen; }
    [[nodiscard]] std::string save() const { return "forgetful " + std::to_string(seen); }
    void load(std::string_view state) const {
        if (!state.starts_with("forgetful ")) throw error{errc::corrupt, "not of this predictor"};
    }
};

}  // namespace

TEST_CASE("every predictor keeps the contract") {
    expect_kept(testing::check_predictor([] { return silent{}; }));
    expect_kept(testing::check_predictor([] { return size_extrapolation{}; }));
    expect_kept(testing::check_predictor([] { return size_extrapolation{{.split_at = 1000}}; }));
    expect_kept(testing::check_predictor([] {
        scripted::line line;
        line.from = {120};
        return scripted{{line, line}};
    }));
}

TEST_CASE("each flaw of a predictor is found under the rule that it breaks") {
    using rules = testing::predictor_rules;
    expect_broken(testing::check_predictor([] { return loads_anything{}; }), rules::refuses);
    expect_broken(testing::check_predictor([] { return replaces_the_forecast{}; }), rules::appends);
    expect_broken(testing::check_predictor([] { return knows_every_partition{}; }), rules::survives);
    expect_broken(testing::check_predictor([] { return forgets_what_it_saved{}; }), rules::saves);
}

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/row/conflict_policy.hpp"
#include "foreshadow/testing/conformance/attempt.hpp"
#include "foreshadow/testing/conformance/report.hpp"

#include <string>
#include <type_traits>

namespace foreshadow::testing {

struct conflict_policy_rules {
    static constexpr rule settles{"settles", "settle returns, or throws an error of the code conflict"};
};

/// Checks the policy that `make()` returns with conflicts of every kind, about keys of any bytes, again and again.
///
/// Example: `const auto report = check_conflict_policy([] { return my_policy{}; });`
template <class Make>
[[nodiscard]] report check_conflict_policy(Make&& make) {
    report out{"conflict policy"};
    auto&& policy = make();
    static_assert(conflict_policy<std::remove_cvref_t<decltype(policy)>>);
    for (int round = 0; round < 20; ++round)
        for (const conflict_kind kind :
             {conflict_kind::same_version, conflict_kind::patch_without_row, conflict_kind::claimed_twice})
            for (const key& where : {key{}, key{"plain"}, key{"\xff\x00\n", 3}, key(10'000, 'k')})
                for (const char* name : {"", "orders", "line\nbreak \xc3"}) {
                    const conflict c{kind, where, {position::last(), 7}, name, name};
                    const attempt<> made = attempt_call([&] { policy.settle(c); });
                    out.check(conflict_policy_rules::settles, made.returned() || made.failed_with(errc::conflict), [&] {
                        return "kind " + std::to_string(static_cast<int>(kind)) + ", a key of " +
                               std::to_string(where.size()) + " bytes: " + made.text();
                    });
                }
    return out;
}

}  // namespace foreshadow::testing

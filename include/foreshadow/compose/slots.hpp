// SPDX-License-Identifier: BSL-1.0
//
// The verbs of a composition. Each is constrained by its role's concept, so a wrong policy is reported at the user's
// own line; each wraps its policy in a slot that says which role it fills. The order of slots does not matter.
#pragma once

#include "foreshadow/observe/observer.hpp"
#include "foreshadow/orchestrate/back_up_options.hpp"
#include "foreshadow/predict/hazard_predictor.hpp"
#include "foreshadow/predict/predictor.hpp"
#include "foreshadow/row/conflict_policy.hpp"
#include "foreshadow/run/clock.hpp"
#include "foreshadow/schedule/pace.hpp"
#include "foreshadow/schedule/scan_order.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/store/cipher.hpp"
#include "foreshadow/store/codec.hpp"
#include "foreshadow/store/object_store.hpp"
#include "foreshadow/store/zstd.hpp"

#include <concepts>
#include <type_traits>
#include <utility>

namespace foreshadow {

/// Names of the roles, for slots, verdicts and `explain`.
namespace roles {
struct source {};
struct store {};
struct predictor {};
struct scan_order {};
struct pace {};
struct conflict_policy {};
struct observer {};
struct clock {};
struct options {};
}  // namespace roles

/// A policy with the role that it fills.
template <class Role, class Policy>
struct slot {
    using role = Role;
    using policy_type = Policy;
    Policy policy;
};

template <class T>
inline constexpr bool is_slot = false;
template <class Role, class Policy>
inline constexpr bool is_slot<slot<Role, Policy>> = true;

/// Where a repository lives, how its blocks are compressed and sealed.
template <object_store Store, codec Codec, cipher Cipher>
struct kept_in {
    Store store;
    Codec packing;
    Cipher sealing;
};

/// What to back up.
template <source S>
[[nodiscard]] auto back_up(S database) {
    return slot<roles::source, S>{std::move(database)};
}

/// Where to keep it; zstd level 1 and no cipher where nothing else is said.
template <object_store S, codec C = zstd, cipher X = no_cipher>
[[nodiscard]] auto keep_in(S store, C packing = C{}, X sealing = X{}) {
    return slot<roles::store, kept_in<S, C, X>>{{std::move(store), std::move(packing), std::move(sealing)}};
}

/// What foretells layout changes; `hazard_predictor` where nothing is said.
template <predictor P>
[[nodiscard]] auto predict_with(P foretelling) {
    return slot<roles::predictor, P>{std::move(foretelling)};
}

/// Which piece is read next; `at_risk_first` where nothing is said.
template <scan_order O>
[[nodiscard]] auto scan_by(O order) {
    return slot<roles::scan_order, O>{std::move(order)};
}

/// How fast; `flat_out` where nothing is said.
template <pace P>
[[nodiscard]] auto pace_by(P speed) {
    return slot<roles::pace, P>{std::move(speed)};
}

/// What if boxes disagree; `fail` where nothing is said.
template <conflict_policy P>
[[nodiscard]] auto settle_by(P settling) {
    return slot<roles::conflict_policy, P>{std::move(settling)};
}

/// Who wants to know; nobody where nothing is said.
template <observer O>
[[nodiscard]] auto observe_with(O watching) {
    return slot<roles::observer, O>{std::move(watching)};
}

/// What time it is; `steady_clock` where nothing is said.
template <clock C>
[[nodiscard]] auto time_by(C ticking) {
    return slot<roles::clock, C>{std::move(ticking)};
}

/// The numbers of a backup: chunk size, budgets, intervals.
[[nodiscard]] inline auto with(back_up_options options) { return slot<roles::options, back_up_options>{options}; }

namespace detail {

template <class Role, class Default, class... Slots>
struct find_policy {
    using type = Default;
};
template <class Role, class Default, class First, class... Rest>
struct find_policy<Role, Default, First, Rest...> : find_policy<Role, Default, Rest...> {};
template <class Role, class Default, class First, class... Rest>
    requires std::same_as<Role, typename First::role>
struct find_policy<Role, Default, First, Rest...> {
    using type = typename First::policy_type;
};

}  // namespace detail

/// The policy given for a role, or its default.
template <class Role, class Default, class... Slots>
using policy_for = typename detail::find_policy<Role, Default, Slots...>::type;

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// What is wrong with a composition, as a type. A verdict is `consistent`, or names the rule that is broken; its
// `verify` holds the one line that a user reads. Tests compare verdicts; users see the line at their own call. The
// first broken rule wins, in the order of `composition_verdict`.
#pragma once

#include "foreshadow/compose/slots.hpp"
#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/flat_out.hpp"

#include <concepts>
#include <type_traits>

namespace foreshadow {

struct consistent {
    static constexpr void verify() {}
};

namespace detail {
template <class>
inline constexpr bool never = false;
}

/// The same role is filled by two policies.
template <class Role>
struct role_given_twice {
    template <class Dependent = Role>
    static constexpr void verify() {
        static_assert(detail::never<Dependent>,
                      "a role is given twice: remove one of the two verbs named in role_given_twice<...> "
                      "[docs/reference/compose.md#role-given-twice]");
    }
};

/// Nothing says what to back up.
struct source_is_missing {
    template <class Dependent = void>
    static constexpr void verify() {
        static_assert(detail::never<Dependent>,
                      "there is no source: add back_up(your_source) to the composition "
                      "[docs/reference/compose.md#source-is-missing]");
    }
};

/// Nothing says where to keep it.
struct store_is_missing {
    template <class Dependent = void>
    static constexpr void verify() {
        static_assert(detail::never<Dependent>,
                      "there is no object store: add keep_in(directory_store{\"...\"}) to the composition "
                      "[docs/reference/compose.md#store-is-missing]");
    }
};

/// An argument of `compose` is no verb's result.
template <class Argument>
struct argument_is_no_slot {
    template <class Dependent = Argument>
    static constexpr void verify() {
        static_assert(
            detail::never<Dependent>,
            "an argument of compose is no slot: wrap the policy in its verb, such as back_up(...) or keep_in(...) "
            "[docs/reference/compose.md#argument-is-no-slot]");
    }
};

/// The predictor learns from layout changes in the log, and the source's log does not tell any.
struct predictor_needs_layout_in_log {
    template <class Dependent = void>
    static constexpr void verify() {
        static_assert(detail::never<Dependent>,
                      "the predictor learns from layout changes in the log, which this source does not tell: "
                      "use predict_with(silent{}) [docs/reference/compose.md#predictor-needs-layout-in-log]");
    }
};

/// An adapter's veto: specialise it in the adapter's `constraints.hpp` with a `type` that has `verify()`. Asked for
/// every policy that is given, and for every default that is not replaced.
template <class Source, class Policy>
struct compatibility {
    using type = consistent;
};

namespace detail {

template <class... Verdicts>
struct first_broken {
    using type = consistent;
};
template <class First, class... Rest>
struct first_broken<First, Rest...> {
    using type = std::conditional_t<std::same_as<First, consistent>, typename first_broken<Rest...>::type, First>;
};

template <class Role, class... Slots>
inline constexpr int times_given = (0 + ... + int{std::same_as<typename Slots::role, Role>});

template <class Role, class... Slots>
using once = std::conditional_t<(times_given<Role, Slots...> > 1), role_given_twice<Role>, consistent>;

template <class Role, class Missing, class... Slots>
using present = std::conditional_t<(times_given<Role, Slots...> > 0), consistent, Missing>;

template <class Predictor>
concept wants_layout_in_log = requires { requires Predictor::needs_layout_in_log; };

template <class Source, class Predictor>
using learns = std::conditional_t<wants_layout_in_log<Predictor> && !Source::traits.tells_layout,
                                  predictor_needs_layout_in_log, consistent>;

template <bool AllSlots, class... Slots>
struct judge_slots {
    using type =
        typename first_broken<std::conditional_t<is_slot<Slots>, consistent, argument_is_no_slot<Slots>>...>::type;
};

template <class Source, class... Slots>
using vetoes = typename first_broken<
    typename compatibility<Source, typename Slots::policy_type>::type...,
    typename compatibility<Source, policy_for<roles::predictor, hazard_predictor, Slots...>>::type,
    typename compatibility<Source, policy_for<roles::scan_order, at_risk_first, Slots...>>::type,
    typename compatibility<Source, policy_for<roles::pace, flat_out, Slots...>>::type>::type;

template <bool HasSource, class... Slots>
struct judge_fit {
    using type = consistent;
};
template <class... Slots>
struct judge_fit<true, Slots...> {
    using source = policy_for<roles::source, void, Slots...>;
    using type = typename first_broken<learns<source, policy_for<roles::predictor, hazard_predictor, Slots...>>,
                                       vetoes<source, Slots...>>::type;
};

template <class... Slots>
struct judge_slots<true, Slots...> {
    using type = typename first_broken<
        once<roles::source, Slots...>, once<roles::store, Slots...>, once<roles::predictor, Slots...>,
        once<roles::scan_order, Slots...>, once<roles::pace, Slots...>, once<roles::conflict_policy, Slots...>,
        once<roles::observer, Slots...>, once<roles::clock, Slots...>, once<roles::options, Slots...>,
        present<roles::source, source_is_missing, Slots...>, present<roles::store, store_is_missing, Slots...>,
        typename judge_fit<(times_given<roles::source, Slots...> == 1), Slots...>::type>::type;
};

}  // namespace detail

/// `consistent`, or the first rule that a composition of these slots breaks.
template <class... Slots>
using composition_verdict = typename detail::judge_slots<(is_slot<Slots> && ...), Slots...>::type;

}  // namespace foreshadow

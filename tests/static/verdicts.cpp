// SPDX-License-Identifier: BSL-1.0
//
// What a composition is judged to be, as a type. That the judgement is told in words is tested in tests/diagnostics.
#include "foreshadow/compose/verdict.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/testing/archetypes.hpp"

#include <concepts>
#include <type_traits>

namespace {

using namespace foreshadow;
namespace archetype = foreshadow::testing::archetype;

// Of what a verb returns, only the type is judged: nothing in here runs.
using from = decltype(back_up(archetype::source{}));
using to = decltype(keep_in(archetype::object_store{}));
using foretelling = decltype(predict_with(archetype::predictor{}));
using ordered = decltype(scan_by(archetype::scan_order{}));
using paced = decltype(pace_by(archetype::pace{}));
using settled = decltype(settle_by(archetype::conflict_policy{}));
using observed = decltype(observe_with(archetype::observer{}));
using timed = decltype(time_by(archetype::clock{}));
using numbered = decltype(with(back_up_options{}));

template <class Verdict, class... Slots>
concept judged = std::same_as<composition_verdict<Slots...>, Verdict>;

// The least, everything, and in any order.
static_assert(judged<consistent, from, to>);
static_assert(judged<consistent, to, from>);
static_assert(judged<consistent, from, to, foretelling, ordered, paced, settled, observed, timed, numbered>);
static_assert(judged<consistent, numbered, timed, observed, settled, paced, ordered, foretelling, to, from>);
static_assert(judged<consistent, from, decltype(keep_in(archetype::object_store{}, archetype::codec{}))>);
static_assert(
    judged<consistent, from, decltype(keep_in(archetype::object_store{}, archetype::codec{}, archetype::cipher{}))>);

// Missing.
static_assert(judged<source_is_missing>);
static_assert(judged<source_is_missing, to>);
static_assert(judged<source_is_missing, to, paced, timed>);
static_assert(judged<store_is_missing, from>);
static_assert(judged<store_is_missing, from, foretelling>);

// Given twice: each role, whatever stands between the two.
static_assert(judged<role_given_twice<roles::source>, from, from, to>);
static_assert(judged<role_given_twice<roles::store>, from, to, to>);
static_assert(judged<role_given_twice<roles::predictor>, foretelling, from, to, decltype(predict_with(silent{}))>);
static_assert(judged<role_given_twice<roles::scan_order>, from, to, ordered, ordered>);
static_assert(judged<role_given_twice<roles::pace>, from, to, paced, timed, paced>);
static_assert(judged<role_given_twice<roles::conflict_policy>, from, to, settled, settled>);
static_assert(judged<role_given_twice<roles::observer>, from, to, observed, observed>);
static_assert(judged<role_given_twice<roles::clock>, from, to, timed, timed>);
static_assert(judged<role_given_twice<roles::options>, from, to, numbered, numbered>);

// No slot: a policy without its verb.
static_assert(judged<argument_is_no_slot<archetype::object_store>, from, archetype::object_store>);
static_assert(judged<argument_is_no_slot<int>, int>);

// The first broken rule is told: what is no slot, then twice, then missing.
static_assert(judged<argument_is_no_slot<int>, from, from, int>);
static_assert(judged<role_given_twice<roles::pace>, paced, paced>);
static_assert(judged<role_given_twice<roles::source>, from, from>);

// A predictor that learns from what the log does not tell.
struct source_of_polled_layouts : archetype::source {
    static constexpr source_traits traits{.tells_layout = false};
};
struct predictor_of_told_layouts : archetype::predictor {
    static constexpr bool needs_layout_in_log = true;
};
struct predictor_of_any_layouts : archetype::predictor {
    static constexpr bool needs_layout_in_log = false;
};
using polled = decltype(back_up(source_of_polled_layouts{}));
using learning = decltype(predict_with(predictor_of_told_layouts{}));
static_assert(judged<predictor_needs_layout_in_log, polled, to, learning>);
static_assert(judged<predictor_needs_layout_in_log, learning, to, polled>);
static_assert(judged<consistent, from, to, learning>);
static_assert(judged<consistent, polled, to, decltype(predict_with(predictor_of_any_layouts{}))>);
static_assert(judged<consistent, polled, to, foretelling>);
static_assert(judged<consistent, polled, to>);

// An adapter's veto.
struct particular_source : archetype::source {};
struct pace_that_it_bears_not : archetype::pace {};
struct hurried_source : archetype::source {};
struct this_source_needs_another_pace {
    static constexpr void verify() {}
};

}  // namespace

template <>
struct foreshadow::compatibility<particular_source, pace_that_it_bears_not> {
    using type = this_source_needs_another_pace;
};
template <>
struct foreshadow::compatibility<hurried_source, foreshadow::flat_out> {
    using type = this_source_needs_another_pace;
};

namespace {

using particular = decltype(back_up(particular_source{}));
using unbearable = decltype(pace_by(pace_that_it_bears_not{}));
static_assert(judged<this_source_needs_another_pace, particular, to, unbearable>);
static_assert(judged<this_source_needs_another_pace, unbearable, to, timed, particular>);
static_assert(judged<consistent, from, to, unbearable>);
static_assert(judged<consistent, particular, to, paced>);
static_assert(judged<role_given_twice<roles::pace>, particular, to, unbearable, unbearable>);

// A default may be vetoed as well.
using hurried = decltype(back_up(hurried_source{}));
static_assert(judged<this_source_needs_another_pace, hurried, to>);
static_assert(judged<this_source_needs_another_pace, hurried, to, decltype(pace_by(flat_out{}))>);
static_assert(judged<consistent, hurried, to, paced>);

// What was not given is its default.
static_assert(std::same_as<policy_for<roles::pace, int, from, paced>, archetype::pace>);
static_assert(std::same_as<policy_for<roles::pace, int, from, to>, int>);
static_assert(std::same_as<policy_for<roles::pace, int>, int>);
static_assert(is_slot<from> && !is_slot<archetype::source> && !is_slot<int>);

}  // namespace

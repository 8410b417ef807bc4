// SPDX-License-Identifier: BSL-1.0
//
// What a struct is to JSON: its members, in the order in which it was described with Boost.Describe.
#pragma once

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <optional>
#include <type_traits>
#include <vector>

namespace foreshadow::detail {

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
concept described = boost::describe::has_describe_members<T>::value;

/// Calls `each(name, pointer to member)` for the members of a described struct, in the order of its description.
template <described T, class F>
void for_each_member(F each) {
    using members = boost::describe::describe_members<T, boost::describe::mod_public>;
    boost::mp11::mp_for_each<members>([&](auto member) { each(member.name, member.pointer); });
}

}  // namespace foreshadow::detail

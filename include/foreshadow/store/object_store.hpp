// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/task.hpp"

#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow {

/// A stretch of an object: `length` bytes from `offset`, fewer where the object ends before.
struct byte_range {
    std::uint64_t offset = 0;
    std::uint64_t length = std::numeric_limits<std::uint64_t>::max();
};

struct object_info {
    std::string name;
    std::uint64_t bytes = 0;
};

/// Where named immutable bytes live. Names are `/`-separated words of `[A-Za-z0-9._-]`.
///
/// - `put(name, bytes)`: creates, or throws `already_exists` and changes nothing; durable and whole on return.
///   An error other than `already_exists` leaves it open whether the object is there.
/// - `get(name, range)`: throws `not_found`.
/// - `list(prefix)`: every object whose name begins with `prefix`, in order of names; sees each completed `put`.
/// - `remove(name)`: no error when it is gone already.
/// - optional, `settle(name) -> task<>`: what is seen under that name is durable on return, whoever put it; no error
///   where nothing is. For stores in which an object is seen before its `put` has returned: a folder after a rename.
template <class S>
concept object_store = requires(S& s, std::string name, std::string_view bytes, byte_range range) {
    { s.put(name, bytes) } -> std::same_as<task<>>;
    { s.get(name, range) } -> std::same_as<task<std::string>>;
    { s.list(name) } -> std::same_as<task<std::vector<object_info>>>;
    { s.remove(name) } -> std::same_as<task<>>;
};

}  // namespace foreshadow

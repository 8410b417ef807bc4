// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace foreshadow {

/// How blocks are sealed. `associated` (a block's id, an object's name) is bound to the bytes without being in them.
///
/// - `seal(in, associated, out)`: appends the sealed form of `in` to `out`.
/// - `open(in, associated, out)`: appends what was sealed, or throws `corrupt`.
template <class C>
concept cipher = requires(const C& c, std::string_view in, std::string_view associated, std::string& out) {
    { C::id } -> std::convertible_to<std::uint8_t>;
    { c.seal(in, associated, out) } -> std::same_as<void>;
    { c.open(in, associated, out) } -> std::same_as<void>;
};

/// The cipher that seals nothing.
struct no_cipher {
    static constexpr std::uint8_t id = 0;
    void seal(std::string_view in, std::string_view, std::string& out) const { out.append(in); }
    void open(std::string_view in, std::string_view, std::string& out) const { out.append(in); }
};

static_assert(cipher<no_cipher>);

}  // namespace foreshadow

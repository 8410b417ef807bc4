// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace foreshadow {

/// How blocks are compressed. Stateless towards its caller: may be called from several threads at once.
///
/// - `id`: one byte in the format; names the decoder, not the level.
/// - `compress(in, out)`: appends the compressed form of `in` to `out`.
/// - `decompress(in, size, out)`: appends exactly `size` bytes to `out`, or throws `corrupt`.
template <class C>
concept codec = requires(const C& c, std::string_view in, std::size_t size, std::string& out) {
    { C::id } -> std::convertible_to<std::uint8_t>;
    { c.compress(in, out) } -> std::same_as<void>;
    { c.decompress(in, size, out) } -> std::same_as<void>;
};

}  // namespace foreshadow

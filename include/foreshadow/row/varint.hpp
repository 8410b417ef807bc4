// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace foreshadow {

/// Appends `value` in LEB128: seven bits a byte, the lowest first, the top bit set on all but the last.
inline void append_varint(std::uint64_t value, std::string& out) {
    while (value >= 0x80) {
        out.push_back(static_cast<char>(static_cast<unsigned char>(value | 0x80)));
        value >>= 7;
    }
    out.push_back(static_cast<char>(value));
}

/// Takes a number off the front of `in`.
///
/// Errors: `corrupt` where it is cut off, does not fit into 64 bits, or is longer than it need be: each number has one
/// form, so equal values have equal bytes.
[[nodiscard]] inline std::uint64_t read_varint(std::string_view& in) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
        const auto byte = static_cast<unsigned char>(in[i]);
        if (i == 9 && byte > 1) throw error{errc::corrupt, "a number does not fit into 64 bits"};
        value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            if (byte == 0 && i != 0) throw error{errc::corrupt, "a number is longer than it need be"};
            in.remove_prefix(i + 1);
            return value;
        }
    }
    throw error{errc::corrupt, "a number is cut off"};
}

/// Appends `bytes` behind their length.
inline void append_sized(std::string_view bytes, std::string& out) {
    append_varint(bytes.size(), out);
    out.append(bytes);
}

/// Takes bytes written by `append_sized` off the front of `in`; they stay where they are.
///
/// Errors: `corrupt` where they are cut off.
[[nodiscard]] inline std::string_view read_sized(std::string_view& in) {
    const std::uint64_t size = read_varint(in);
    if (size > in.size()) throw error{errc::corrupt, "bytes are cut off"};
    const std::string_view bytes = in.substr(0, static_cast<std::size_t>(size));
    in.remove_prefix(bytes.size());
    return bytes;
}

}  // namespace foreshadow

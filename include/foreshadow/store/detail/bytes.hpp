// SPDX-License-Identifier: BSL-1.0
//
// Reading and writing the format's numbers. Everything fixed is little-endian; everything read is checked against
// the bytes that are there, so that malformed input ends in `corrupt` and never outside the buffer.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/row/varint.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace foreshadow::detail {

inline void append_u32(std::string& out, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

inline void append_u64(std::string& out, std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

/// Maps signed numbers to small unsigned ones: 0, -1, 1, -2, …
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

/// Takes values from the front of a view; throws `corrupt` where there is too little.
class byte_reader {
  public:
    explicit byte_reader(std::string_view bytes) noexcept : rest_{bytes} {}

    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

    std::string_view take(std::uint64_t count) {
        if (count > rest_.size()) throw error{errc::corrupt, "bytes end too early"};
        const auto taken = rest_.substr(0, static_cast<std::size_t>(count));
        rest_.remove_prefix(taken.size());
        return taken;
    }
    std::uint8_t u8() { return static_cast<std::uint8_t>(take(1)[0]); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(fixed(4)); }
    std::uint64_t u64() { return fixed(8); }
    std::uint64_t varint() { return read_varint(rest_); }
    std::string_view text() { return read_sized(rest_); }

    /// A number of things of which each takes at least `least` bytes: bounds what a hostile count can allocate.
    std::size_t count(std::size_t least = 1) {
        const auto n = varint();
        if (n > rest_.size() / least) throw error{errc::corrupt, "a count is larger than its bytes"};
        return static_cast<std::size_t>(n);
    }
    void expect_end() const {
        if (!rest_.empty()) throw error{errc::corrupt, "bytes are left over"};
    }

  private:
    std::uint64_t fixed(std::size_t size) {
        const auto bytes = take(size);
        std::uint64_t value = 0;
        for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
        return value;
    }
    std::string_view rest_;
};

}  // namespace foreshadow::detail

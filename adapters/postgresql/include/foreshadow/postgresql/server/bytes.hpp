// SPDX-License-Identifier: BSL-1.0
//
// Numbers in PostgreSQL's protocol and in its binary COPY: big-endian, without padding.
#pragma once

#include "foreshadow/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace foreshadow::postgresql::detail {

/// Takes numbers and texts off the front of a message. Errors: `corrupt` where it ends too early.
class message_reader {
  public:
    explicit message_reader(std::string_view bytes) : left_{bytes} {}

    template <class T>
    [[nodiscard]] T number() {
        std::uint64_t value = 0;
        for (const char c : bytes(sizeof(T))) value = value << 8 | static_cast<unsigned char>(c);
        return static_cast<T>(value);
    }
    /// A text up to its zero byte.
    [[nodiscard]] std::string_view text() {
        const std::size_t end = left_.find('\0');
        if (end == std::string_view::npos) cut_off();
        const std::string_view value = left_.substr(0, end);
        left_.remove_prefix(end + 1);
        return value;
    }
    [[nodiscard]] std::string_view bytes(std::size_t count) {
        if (count > left_.size()) cut_off();
        const std::string_view value = left_.substr(0, count);
        left_.remove_prefix(count);
        return value;
    }
    [[nodiscard]] bool is_empty() const noexcept { return left_.empty(); }

  private:
    [[noreturn]] static void cut_off() { throw error{errc::corrupt, "a message of the server is cut off"}; }
    std::string_view left_;
};

template <class T>
void append_number(T value, std::string& out) {
    std::array<char, sizeof(T)> bytes;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        bytes[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * (sizeof(T) - 1 - i)) & 0xff);
    out.append(bytes.data(), bytes.size());
}

}  // namespace foreshadow::postgresql::detail

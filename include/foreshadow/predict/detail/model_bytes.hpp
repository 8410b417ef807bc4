// SPDX-License-Identifier: BSL-1.0
//
// A learnt model as bytes: a magic and version, numbers as they are in memory (IEEE, little-endian), long arrays of
// which most is 0 or repeats as runs, a checksum. One `visit` of each part names what is kept; writing and reading are
// two archives that it is given, so that they cannot differ. Whatever was cut short, changed or made by others is
// refused as a whole, before anything is believed.
#pragma once

#include "foreshadow/error.hpp"

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow::detail {

static_assert(std::endian::native == std::endian::little,
              "model bytes are little-endian, as every supported machine is");

[[nodiscard]] inline std::uint64_t checksum(std::string_view bytes) noexcept {
    std::uint64_t sum = 0xcbf29ce484222325ULL;  // FNV-1a
    for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return sum;
}

class model_writer {
  public:
    explicit model_writer(std::string_view magic) : bytes_{magic} {}

    template <class T>
        requires std::integral<T> || std::floating_point<T>
    void number(const T& value) {
        char raw[sizeof value];
        std::memcpy(raw, &value, sizeof value);
        bytes_.append(raw, sizeof value);
    }
    void text(const std::string& value) {
        number(static_cast<std::uint32_t>(value.size()));
        bytes_ += value;
    }
    /// Returns `n`: how many of something follow.
    std::size_t count(std::size_t n) {
        number(static_cast<std::uint32_t>(n));
        return n;
    }
    template <class Array>
    void dense(const Array& values) {
        for (const auto value : values) number(value);
    }
    /// Runs of equal numbers.
    template <class Array>
    void sparse(const Array& values) {
        for (std::size_t i = 0, end = 0; i < values.size(); i = end) {
            for (end = i + 1; end < values.size() && values[end] == values[i];) ++end;
            number(static_cast<std::uint32_t>(end - i));
            number(values[i]);
        }
    }
    [[nodiscard]] std::string finish() && {
        number(checksum(bytes_));
        return std::move(bytes_);
    }

  private:
    std::string bytes_;
};

class model_reader {
  public:
    /// Errors: `corrupt` when the bytes do not begin with `magic`, or not all of them are there as they were written.
    model_reader(std::string_view magic, std::string_view bytes) {
        std::uint64_t sum = 0;
        if (bytes.size() < magic.size() + sizeof sum || bytes.substr(0, magic.size()) != magic) refuse();
        std::memcpy(&sum, bytes.data() + bytes.size() - sizeof sum, sizeof sum);
        bytes.remove_suffix(sizeof sum);
        if (checksum(bytes) != sum) refuse();
        left_ = bytes.substr(magic.size());
    }

    template <class T>
        requires std::integral<T> || std::floating_point<T>
    void number(T& value) {
        if (left_.size() < sizeof value) refuse();
        left_.copy(reinterpret_cast<char*>(&value), sizeof value);
        left_.remove_prefix(sizeof value);
        if constexpr (std::floating_point<T>)
            if (!std::isfinite(value)) refuse();
    }
    void text(std::string& value) {
        std::uint32_t size = 0;
        number(size);
        if (left_.size() < size) refuse();
        value = left_.substr(0, size);
        left_.remove_prefix(size);
    }
    std::size_t count(std::size_t) {
        std::uint32_t n = 0;
        number(n);
        if (n > left_.size()) refuse();  // each takes a byte at least
        return n;
    }
    template <class Array>
    void dense(Array& values) {
        for (auto& value : values) number(value);
    }
    template <class Array>
    void sparse(Array& values) {
        for (std::size_t i = 0; i < values.size();) {
            std::uint32_t run = 0;
            auto value = values[0];
            number(run);
            number(value);
            if (run == 0 || run > values.size() - i) refuse();
            for (const std::size_t end = i + run; i < end; ++i) values[i] = value;
        }
    }
    /// Errors: `corrupt` when more follows.
    void finish() const {
        if (!left_.empty()) refuse();
    }
    [[noreturn]] static void refuse() {
        throw error{errc::corrupt, "the saved model is not of the hazard predictor", "the backup can go on without it"};
    }

  private:
    std::string_view left_;
};

}  // namespace foreshadow::detail

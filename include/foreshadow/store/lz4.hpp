// SPDX-License-Identifier: BSL-1.0
//
// LZ4's block format: half as small as zstd, three times as fast to read. For stores that are faster than the CPU.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/store/codec.hpp"

#include <lz4.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace foreshadow {

class lz4 {
  public:
    static constexpr std::uint8_t id = 2;

    /// Errors: invalid_argument above 2 113 929 216 bytes, which LZ4 cannot take at once.
    void compress(std::string_view in, std::string& out) const {
        if (in.size() > LZ4_MAX_INPUT_SIZE)
            throw error{errc::invalid_argument, "a row of " + std::to_string(in.size()) + " bytes is too long for lz4",
                        "use zstd for this repository"};
        const std::size_t begin = out.size();
        const int bound = LZ4_compressBound(static_cast<int>(in.size()));
        out.resize(begin + static_cast<std::size_t>(bound));
        const int size = LZ4_compress_default(in.data(), out.data() + begin, static_cast<int>(in.size()), bound);
        if (size <= 0) throw error{errc::internal, "lz4 could not compress a block"};
        out.resize(begin + static_cast<std::size_t>(size));
    }

    void decompress(std::string_view in, std::size_t size, std::string& out) const {
        // A byte of LZ4 stands for 255 at most: what claims more is not believed, and not allocated.
        if (in.size() > LZ4_MAX_INPUT_SIZE || size > LZ4_MAX_INPUT_SIZE || size / 255 > in.size())
            throw error{errc::corrupt, "an lz4 block does not have the size that was stated"};
        const std::size_t begin = out.size();
        out.resize(begin + size);
        const int written =
            LZ4_decompress_safe(in.data(), out.data() + begin, static_cast<int>(in.size()), static_cast<int>(size));
        if (written < 0 || static_cast<std::size_t>(written) != size) {
            out.resize(begin);
            throw error{errc::corrupt, "an lz4 block cannot be decompressed"};
        }
    }
};

static_assert(codec<lz4>);

}  // namespace foreshadow

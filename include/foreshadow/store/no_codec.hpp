// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/store/codec.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace foreshadow {

/// The codec that compresses nothing; also what any repository stores where compression does not pay.
struct no_codec {
    static constexpr std::uint8_t id = 0;
    void compress(std::string_view in, std::string& out) const { out.append(in); }
    void decompress(std::string_view in, std::size_t size, std::string& out) const {
        if (in.size() != size) throw error{errc::corrupt, "an uncompressed block has another size than was stated"};
        out.append(in);
    }
};

static_assert(codec<no_codec>);

}  // namespace foreshadow

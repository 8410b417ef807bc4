// SPDX-License-Identifier: BSL-1.0
//
// Every codec that can be read, whatever a repository is written with: the id byte in the format picks one. A codec of
// one's own is read by its repository as well, since the repository asks its own codec first.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/store/codec.hpp"
#include "foreshadow/store/lz4.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "foreshadow/store/zstd.hpp"

#include <boost/hana/fold_left.hpp>
#include <boost/hana/tuple.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace foreshadow {

/// The codecs of the library, any of which may have written a block.
[[nodiscard]] inline auto known_codecs() { return boost::hana::make_tuple(no_codec{}, zstd{}, lz4{}); }

/// Appends the `size` bytes that `in` was compressed from by the codec `id`.
///
/// Errors: unsupported_format for an id that nothing here knows; corrupt.
template <codec... Own>
void decompress(std::uint8_t id, std::string_view in, std::size_t size, std::string& out, const Own&... own) {
    const auto attempt = [&](bool done, const auto& candidate) {
        if (!done && candidate.id == id) {
            candidate.decompress(in, size, out);
            return true;
        }
        return done;
    };
    bool done = false;
    ((done = attempt(done, own)), ...);
    done = boost::hana::fold_left(known_codecs(), done, attempt);
    if (!done)
        throw error{errc::unsupported_format,
                    "bytes are compressed by codec " + std::to_string(id) + ", which is not known",
                    "use a program that has this codec"};
}

}  // namespace foreshadow

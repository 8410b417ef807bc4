// SPDX-License-Identifier: BSL-1.0
//
// Compress, then seal; and back. Every stretch of bytes in the format that is neither fixed nor a number is such a
// section: blocks, indexes, payloads, heads and frames of journal segments. Where compressing does not pay, the raw
// bytes are stored under codec 0, so a section is never longer than its rows by more than the cipher's tag.
#pragma once

#include "foreshadow/store/cipher.hpp"
#include "foreshadow/store/codec.hpp"
#include "foreshadow/store/decoders.hpp"
#include "foreshadow/store/detail/bytes.hpp"
#include "foreshadow/store/digest.hpp"
#include "foreshadow/store/repository_keys.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace foreshadow::detail {

struct section {
    std::uint8_t codec = 0;
    std::uint64_t raw = 0;  ///< size before compression
    std::string bytes;      ///< as stored
};

/// What a repository reads and writes with; shared with the workers, and never changed.
template <codec Codec, cipher Cipher>
struct sealing {
    Codec codec;
    Cipher cipher;
    repository_keys keys;

    [[nodiscard]] section close(std::string_view raw, std::string_view associated) const {
        section made{.codec = Codec::id, .raw = raw.size(), .bytes = {}};
        std::string pressed;
        codec.compress(raw, pressed);
        if (pressed.size() >= raw.size()) {
            made.codec = 0;
            pressed.assign(raw);
        }
        if constexpr (Cipher::id == 0) {
            made.bytes = std::move(pressed);
        } else {
            cipher.seal(pressed, associated, made.bytes);
        }
        return made;
    }

    /// Errors: corrupt; unsupported_format.
    [[nodiscard]] std::string open(std::uint8_t codec_id, std::uint64_t raw, std::string_view stored,
                                   std::string_view associated) const {
        std::string pressed;
        if constexpr (Cipher::id != 0) {
            cipher.open(stored, associated, pressed);
            stored = pressed;
        }
        std::string opened;
        decompress(codec_id, stored, static_cast<std::size_t>(raw), opened, codec);
        return opened;
    }
};

/// An HMAC over a name and what follows, in which the name cannot run into the rest.
template <class... Parts>
[[nodiscard]] digest bound_to(const digest& under, std::string_view name, const Parts&... parts) {
    std::string length;
    append_u64(length, name.size());
    return hmac_sha256(under, {length, name, parts...});
}

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
//
// What every object wears that is neither a pack nor a journal segment: 48 bytes in front of a payload. The HMAC covers
// the object's name, the header and the stored payload, so a flipped bit, a truncation, or an object that stands in
// another's place is noticed before anything of it is used.
//
//    0  4  "FSHO"            8  8  size of the payload before compression
//    4  1  kind             16 32  HMAC over name, bytes 0 to 15, stored payload
//    5  1  version, 1       48     payload, compressed, then sealed with the name as associated data
//    6  1  codec
//    7  1  cipher
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/store/detail/bytes.hpp"
#include "foreshadow/store/detail/section.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace foreshadow {

/// What an enveloped object is; one byte of the format.
enum class object_kind : std::uint8_t {
    index = 1,
    catalog = 2,
    checkpoint = 3,
    point = 4,
    lease = 5,
    model = 6,
    shadow = 7,
    trash = 8,
    other = 255
};

namespace detail {

inline constexpr std::string_view envelope_magic = "FSHO";
inline constexpr std::uint8_t envelope_version = 1;
inline constexpr std::size_t envelope_header = 48;

/// Says which object is wrong, and how.
[[noreturn]] inline void throw_damaged(const std::string& name, const std::string& how) {
    throw error{errc::corrupt, "object " + name + " is damaged: " + how, "restore it from a copy of the repository"}
        .with("object", name);
}

/// Checks what every header has after its magic: a version and a cipher that are known.
inline void check_format(const std::string& name, unsigned version, unsigned known, unsigned sealed_by, unsigned own) {
    if (version > known)
        throw error{errc::unsupported_format,
                    "object " + name + " has format " + std::to_string(version) + ", which is not known",
                    "use a newer foreshadow"}
            .with("object", name);
    if (version == 0) throw_damaged(name, "it has no format version");
    if (sealed_by != own)
        throw error{errc::unsupported_format, "object " + name + " is sealed by cipher " + std::to_string(sealed_by) +
                                                  ", and the repository was opened with cipher " + std::to_string(own)}
            .with("object", name);
}

}  // namespace detail

/// Wraps a payload as the object `name`.
template <class Codec, class Cipher>
[[nodiscard]] std::string close_envelope(const detail::sealing<Codec, Cipher>& with, const std::string& name,
                                         object_kind kind, std::string_view payload) {
    const auto closed = with.close(payload, name);
    std::string object{detail::envelope_magic};
    object += static_cast<char>(kind);
    object += static_cast<char>(detail::envelope_version);
    object += static_cast<char>(closed.codec);
    object += static_cast<char>(Cipher::id);
    detail::append_u64(object, closed.raw);
    object += detail::bound_to(with.keys.object, name, std::string_view{object}, std::string_view{closed.bytes}).view();
    return object += closed.bytes;
}

/// The payload of the object `name`.
///
/// Errors: corrupt; unsupported_format. Both name the object.
template <class Codec, class Cipher>
[[nodiscard]] std::string open_envelope(const detail::sealing<Codec, Cipher>& with, const std::string& name,
                                        object_kind kind, std::string_view object) {
    if (object.size() < detail::envelope_header) detail::throw_damaged(name, "it is too short");
    if (!object.starts_with(detail::envelope_magic)) detail::throw_damaged(name, "it does not begin as an object does");
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(object[i]); };
    detail::check_format(name, byte(5), detail::envelope_version, byte(7), Cipher::id);
    const auto stored = object.substr(detail::envelope_header);
    if (detail::bound_to(with.keys.object, name, object.substr(0, 16), stored).view() != object.substr(16, 32))
        detail::throw_damaged(name, "its checksum does not match");
    if (byte(4) != static_cast<std::uint8_t>(kind)) detail::throw_damaged(name, "it is of another kind");
    detail::byte_reader raw{object.substr(8, 8)};
    try {
        return with.open(byte(6), raw.u64(), stored, name);
    } catch (const error& e) {
        throw error{e.code(), "object " + name + ": " + e.message(), e.hint()}.with("object", name);
    }
}

}  // namespace foreshadow

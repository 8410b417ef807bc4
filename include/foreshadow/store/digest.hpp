// SPDX-License-Identifier: BSL-1.0
//
// Digests of the repository. Names of blocks and seals of objects are HMAC-SHA-256 under the repository's keys, so
// that neither can be made without them; boundaries of blocks come from XXH3, seeded, because they are hashed per row.
#pragma once

#include "foreshadow/error.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <xxhash.h>

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace foreshadow {

/// 32 bytes: a SHA-256, an HMAC, or a key for one.
struct digest {
    std::array<unsigned char, 32> bytes{};

    friend auto operator<=>(const digest&, const digest&) = default;
    [[nodiscard]] std::string_view view() const noexcept {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    [[nodiscard]] static digest from(std::string_view raw) {
        if (raw.size() != 32) throw error{errc::corrupt, "a digest is not 32 bytes long"};
        digest d;
        std::memcpy(d.bytes.data(), raw.data(), raw.size());
        return d;
    }
};

/// Names a block: HMAC-SHA-256 of its encoded rows.
using block_id = digest;

[[nodiscard]] inline std::string to_hex(std::string_view raw) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(raw.size() * 2);
    for (const char c : raw) {
        text += digits[static_cast<unsigned char>(c) >> 4];
        text += digits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}
[[nodiscard]] inline std::string to_hex(const digest& d) { return to_hex(d.view()); }

/// The bytes that lower-case hex digits spell, or nothing.
[[nodiscard]] inline std::optional<std::string> from_hex(std::string_view text) {
    const auto nibble = [](char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    if (text.size() % 2 != 0) return std::nullopt;
    std::string raw;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = nibble(text[i]);
        const int low = nibble(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        raw.push_back(static_cast<char>(high << 4 | low));
    }
    return raw;
}

namespace detail {

/// SHA-256 on a context that each thread keeps: for the short texts that most digests are of, looking the algorithm up
/// and allocating would cost several times what hashing does.
class sha256_stream {
  public:
    sha256_stream() : is_good_{EVP_DigestInit_ex2(context(), algorithm(), nullptr) == 1} {}

    sha256_stream& operator<<(std::string_view bytes) {
        is_good_ = is_good_ && EVP_DigestUpdate(context(), bytes.data(), bytes.size()) == 1;
        return *this;
    }
    /// The next stream of this thread begins after this.
    [[nodiscard]] digest result() {
        digest made;
        if (!is_good_ || EVP_DigestFinal_ex(context(), made.bytes.data(), nullptr) != 1)
            throw error{errc::internal, "OpenSSL could not compute SHA-256"};
        return made;
    }

  private:
    [[nodiscard]] static EVP_MD* algorithm() {
        static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> fetched{EVP_MD_fetch(nullptr, "SHA256", nullptr),
                                                                             &EVP_MD_free};
        return fetched.get();
    }
    [[nodiscard]] static EVP_MD_CTX* context() {
        thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> kept{EVP_MD_CTX_new(),
                                                                                        &EVP_MD_CTX_free};
        return kept.get();
    }

    bool is_good_;
};

/// A context for HMAC-SHA-256 that each thread keeps, for the same reason; null where OpenSSL has none.
[[nodiscard]] inline EVP_MAC_CTX* hmac_context() {
    using context = std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)>;
    static const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                                       &EVP_MAC_free};
    thread_local const context kept = [] {
        context made{EVP_MAC_CTX_new(mac.get()), &EVP_MAC_CTX_free};
        char name[] = "SHA256";
        const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                         OSSL_PARAM_construct_end()};
        if (made && EVP_MAC_CTX_set_params(made.get(), parameters) != 1) made.reset();
        return made;
    }();
    return kept.get();
}

}  // namespace detail

[[nodiscard]] inline digest sha256(std::string_view bytes) {
    detail::sha256_stream stream;
    stream << bytes;
    return stream.result();
}

/// HMAC-SHA-256 over the parts, one after the other.
///
/// The parts are not told apart: where two of them vary in length, put their lengths in.
[[nodiscard]] inline digest hmac_sha256(const digest& under, std::initializer_list<std::string_view> parts) {
    EVP_MAC_CTX* const context = detail::hmac_context();
    bool good = context != nullptr && EVP_MAC_init(context, under.bytes.data(), under.bytes.size(), nullptr) == 1;
    for (const std::string_view part : parts)
        good = good && EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(part.data()), part.size()) == 1;
    digest result;
    std::size_t written = 0;
    good = good && EVP_MAC_final(context, result.bytes.data(), &written, result.bytes.size()) == 1;
    if (!good || written != result.bytes.size()) throw error{errc::internal, "OpenSSL could not compute HMAC-SHA-256"};
    return result;
}

/// Tells damage, not malice: any change of the bytes, also one that their decoder would not notice.
[[nodiscard]] inline std::uint64_t checksum_of(std::string_view bytes) noexcept {
    return XXH3_64bits(bytes.data(), bytes.size());
}

/// The seeded hash that decides where blocks begin.
[[nodiscard]] inline std::uint64_t boundary_hash(std::string_view row_key, std::uint64_t seed) noexcept {
    return XXH3_64bits_withSeed(row_key.data(), row_key.size(), seed);
}

}  // namespace foreshadow

/// A digest's bytes are uniform already, so its first eight serve.
template <>
struct std::hash<foreshadow::digest> {
    std::size_t operator()(const foreshadow::digest& d) const noexcept {
        std::size_t value = 0;
        std::memcpy(&value, d.bytes.data(), sizeof value);
        return value;
    }
};

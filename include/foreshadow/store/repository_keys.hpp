// SPDX-License-Identifier: BSL-1.0
//
// `foreshadow.json`: what makes a folder a repository. It is the only object that is not sealed, and the first that is
// read, so it says which format follows and holds the keys. The slot "none" holds them in the clear: it keeps damage
// from passing for data, not readers from reading.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/json.hpp"
#include "foreshadow/store/detail/bytes.hpp"
#include "foreshadow/store/digest.hpp"

#include <openssl/rand.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace foreshadow {

/// Fills a buffer with random bytes; tests and the simulation inject a seeded one.
using random_source = std::function<void(std::span<unsigned char>)>;

inline void system_random(std::span<unsigned char> out) {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1)
        throw error{errc::internal, "OpenSSL has no random bytes"};
}

struct repository_keys {
    digest id;                   ///< names blocks
    digest object;               ///< binds objects to their names; derived from `id`
    std::uint64_t cut_seed = 0;  ///< decides where blocks begin

    [[nodiscard]] static repository_keys from(const digest& id, std::uint64_t cut_seed) {
        return {id, hmac_sha256(id, {"foreshadow object"}), cut_seed};
    }
};

struct repository_config {
    static constexpr const char* object_name = "foreshadow.json";
    static constexpr std::uint64_t current_version = 1;

    std::string id;  ///< 32 hex digits
    repository_keys keys;

    [[nodiscard]] static repository_config make(const random_source& random) {
        std::string bytes(16 + 32 + 8, '\0');
        random({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
        const std::string_view all = bytes;
        detail::byte_reader seed{all.substr(48)};
        return {to_hex(all.substr(0, 16)), repository_keys::from(digest::from(all.substr(16, 32)), seed.u64())};
    }

    /// The object's text. The seal is an HMAC of the same text without it.
    [[nodiscard]] std::string text() const {
        return document(to_hex(hmac_sha256(keys.object, {document({}).dump()}))).dump(2) + "\n";
    }

    /// Errors: unsupported_format for a newer format; corrupt, also for what is no repository.
    [[nodiscard]] static repository_config parse(std::string_view text) {
        const auto damaged = [] {
            return error{errc::corrupt, std::string{object_name} + " is damaged",
                         "restore it from a copy of the repository"};
        };
        const auto stranger = [] {
            return error{errc::corrupt, std::string{object_name} + " is damaged, or was not written by foreshadow",
                         "check the path; else restore it from a copy of the repository"};
        };
        const json read_as = parse_json(text);
        if (read_as.is_discarded()) throw damaged();
        if (!read_as.is_object() || read_as.value("format", json{}) != "foreshadow repository") throw stranger();
        const json version = read_as.value("version", json{});
        if (!version.is_number_unsigned()) throw damaged();
        if (version.get<std::uint64_t>() > current_version)
            throw error{errc::unsupported_format,
                        "the repository has format " + std::to_string(version.get<std::uint64_t>()) +
                            ", and this program knows up to " + std::to_string(current_version),
                        "use a newer foreshadow"};
        try {
            const auto& slot = read_as.at("key_slots").at(0);
            if (slot.at("kind") != "none")
                throw error{errc::unsupported_format, "the repository's key is in a slot of a kind that is not known",
                            "use a newer foreshadow"};
            const auto id_key = from_hex(slot.at("id_key").get<std::string>());
            const auto seed = from_hex(slot.at("cut_seed").get<std::string>());
            if (!id_key || !seed || seed->size() != 8) throw damaged();
            detail::byte_reader seed_bytes{*seed};
            const repository_config read{read_as.at("id").get<std::string>(),
                                         repository_keys::from(digest::from(*id_key), seed_bytes.u64())};
            // Compared as values: white space does not matter, everything else does.
            if (read_as != parse_json(read.text())) throw damaged();
            return read;
        } catch (const json::exception&) {
            throw damaged();
        }
    }

  private:
    /// The members in order of their names; without a seal there is no such member.
    [[nodiscard]] json document(const std::string& seal) const {
        std::string seed;
        detail::append_u64(seed, keys.cut_seed);
        json slot = json::object();
        slot["cut_seed"] = to_hex(seed);
        slot["id_key"] = to_hex(keys.id);
        slot["kind"] = "none";
        json members = json::object();
        members["format"] = "foreshadow repository";
        members["id"] = id;
        members["key_slots"] = json::array({std::move(slot)});
        if (!seal.empty()) members["seal"] = seal;
        members["version"] = current_version;
        return members;
    }
};

}  // namespace foreshadow

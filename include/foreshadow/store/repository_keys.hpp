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

#include <boost/describe/class.hpp>

#include <openssl/rand.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

namespace detail {

/// What says how to read the rest.
struct config_head {
    std::string format;
    std::uint64_t version = 0;
};
BOOST_DESCRIBE_STRUCT(config_head, (), (format, version))

struct config_key_slot {
    std::string cut_seed;
    std::string id_key;
    std::string kind;
    friend bool operator==(const config_key_slot&, const config_key_slot&) = default;
};
BOOST_DESCRIBE_STRUCT(config_key_slot, (), (cut_seed, id_key, kind))

/// What is sealed: the members in the order of their names.
struct config_text {
    std::string format;
    std::string id;
    std::vector<config_key_slot> key_slots;
    std::uint64_t version = 0;
    friend bool operator==(const config_text&, const config_text&) = default;
};
BOOST_DESCRIBE_STRUCT(config_text, (), (format, id, key_slots, version))

struct config_seal {
    std::string seal;
};
BOOST_DESCRIBE_STRUCT(config_seal, (), (seal))

}  // namespace detail

struct repository_config {
    static constexpr const char* object_name = "foreshadow.json";
    static constexpr const char* format = "foreshadow repository";
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

    /// The object's text, laid out for people. The seal is an HMAC of the same members on one line without it.
    [[nodiscard]] std::string text() const {
        const detail::config_text all = contents();
        const auto member = [](const char* name, const std::string& value) {
            return std::string{"\""} + name + "\": \"" + value + "\"";
        };
        const std::string slot = "    {\n      " + member("cut_seed", all.key_slots[0].cut_seed) + ",\n      " +
                                 member("id_key", all.key_slots[0].id_key) + ",\n      " +
                                 member("kind", all.key_slots[0].kind) + "\n    }\n";
        return "{\n  " + member("format", all.format) + ",\n  " + member("id", all.id) + ",\n  \"key_slots\": [\n" +
               slot + "  ],\n  " + member("seal", seal_of(all)) + ",\n  \"version\": " + std::to_string(all.version) +
               "\n}\n";
    }

    /// Errors: unsupported_format for a newer format; corrupt, also for what is no repository.
    [[nodiscard]] static repository_config parse(std::string_view text) {
        const auto head = read<detail::config_head>(text);
        if (head.format != format)
            throw error{errc::corrupt, std::string{object_name} + " is damaged, or was not written by foreshadow",
                        "check the path; else restore it from a copy of the repository"};
        if (head.version > current_version)
            throw error{errc::unsupported_format,
                        "the repository has format " + std::to_string(head.version) +
                            ", and this program knows up to " + std::to_string(current_version),
                        "use a newer foreshadow"};
        const auto all = read<detail::config_text>(text);
        if (all.key_slots.size() != 1) throw damaged();
        const detail::config_key_slot& slot = all.key_slots[0];
        if (slot.kind != "none")
            throw error{errc::unsupported_format, "the repository's key is in a slot of a kind that is not known",
                        "use a newer foreshadow"};
        const auto id_key = from_hex(slot.id_key);
        const auto seed = from_hex(slot.cut_seed);
        if (!id_key || !seed || seed->size() != 8) throw damaged();
        detail::byte_reader seed_bytes{*seed};
        const repository_config config{all.id, repository_keys::from(digest::from(*id_key), seed_bytes.u64())};
        // Compared as values: white space does not matter, everything else does.
        if (all != config.contents() || read<detail::config_seal>(text).seal != config.seal_of(all)) throw damaged();
        return config;
    }

  private:
    [[nodiscard]] detail::config_text contents() const {
        std::string seed;
        detail::append_u64(seed, keys.cut_seed);
        return {.format = format,
                .id = id,
                .key_slots = {{.cut_seed = to_hex(seed), .id_key = to_hex(keys.id), .kind = "none"}},
                .version = current_version};
    }

    [[nodiscard]] std::string seal_of(const detail::config_text& all) const {
        return to_hex(hmac_sha256(keys.object, {document_of(all)}));
    }

    [[nodiscard]] static error damaged() {
        return {errc::corrupt, std::string{object_name} + " is damaged", "restore it from a copy of the repository"};
    }

    template <class T>
    [[nodiscard]] static T read(std::string_view text) {
        try {
            return parse_document<T>(text, object_name);
        } catch (const error&) {
            throw damaged();
        }
    }
};

}  // namespace foreshadow

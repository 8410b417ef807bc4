// SPDX-License-Identifier: BSL-1.0
//
// A pack: many blocks in one object, so that a store is asked for few large things. It ends in an index of its blocks
// and a trailer of fixed size, so that any pack can be read with nothing but itself.
//
//    blocks   one after the other, each compressed, then sealed with its id as associated data
//    index    per block: id (32), varint stored size, varint raw size, u8 codec, u64 XXH3
//             of the block as stored; all compressed, then sealed with the name
//    trailer  64 bytes:
//       0  8  offset of the index           20  1  format version, 1
//       8  4  stored size of the index      21  1  codec of the index
//      12  4  raw size of the index         22  1  cipher
//      16  4  number of blocks              23  1  zero
//      24 32  HMAC over name, bytes 0 to 23 of the trailer, stored index
//      56  8  "FSHPACK\n"
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/store/detail/bytes.hpp"
#include "foreshadow/store/detail/section.hpp"
#include "foreshadow/store/envelope.hpp"
#include "foreshadow/store/object_store.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

using pack_id = std::array<unsigned char, 16>;

[[nodiscard]] inline std::string pack_name(const pack_id& id) {
    const auto hex = to_hex(std::string_view{reinterpret_cast<const char*>(id.data()), id.size()});
    return "packs/" + hex.substr(0, 2) + "/" + hex;
}

/// A block's place in its pack.
struct pack_entry {
    block_id id;
    std::uint32_t offset = 0;
    std::uint32_t stored = 0;
    std::uint32_t raw = 0;
    std::uint8_t codec = 0;
    std::uint64_t checksum = 0;  ///< of the stored bytes: a codec has bits that its decoder never looks at

    friend bool operator==(const pack_entry&, const pack_entry&) = default;
};

namespace detail {

inline constexpr std::string_view pack_magic = "FSHPACK\n";
inline constexpr std::uint8_t pack_version = 1;
inline constexpr std::size_t pack_trailer = 64;
inline constexpr std::size_t smallest_entry = 32 + 1 + 1 + 1 + 8;

inline void append_entries(std::string& out, const std::vector<pack_entry>& entries) {
    for (const auto& entry : entries) {
        out += entry.id.view();
        append_varint(entry.stored, out);
        append_varint(entry.raw, out);
        out += static_cast<char>(entry.codec);
        append_u64(out, entry.checksum);
    }
}

/// Offsets are not stored: blocks stand one after the other, from 0.
[[nodiscard]] inline std::vector<pack_entry> read_entries(byte_reader& reader, std::size_t count) {
    std::vector<pack_entry> entries(count);
    std::uint64_t offset = 0;
    for (auto& entry : entries) {
        entry.id = digest::from(reader.take(32));
        const auto stored = reader.varint();
        const auto raw = reader.varint();
        if (stored > 0xffff'ffffU || raw > 0xffff'ffffU || offset > 0xffff'ffffU)
            throw error{errc::corrupt, "a block of an index is larger than any block"};
        entry.offset = static_cast<std::uint32_t>(offset);
        entry.stored = static_cast<std::uint32_t>(stored);
        entry.raw = static_cast<std::uint32_t>(raw);
        entry.codec = reader.u8();
        entry.checksum = reader.u64();
        offset += stored;
    }
    return entries;
}

}  // namespace detail

/// Collects blocks until there are enough for a pack.
class pack_builder {
  public:
    void add(const block_id& id, const detail::section& block) {
        entries_.push_back({id, static_cast<std::uint32_t>(bytes_.size()),
                            static_cast<std::uint32_t>(block.bytes.size()), static_cast<std::uint32_t>(block.raw),
                            block.codec, checksum_of(block.bytes)});
        bytes_ += block.bytes;
    }
    [[nodiscard]] const std::vector<pack_entry>& entries() const noexcept { return entries_; }
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

    /// The whole object; the builder is empty afterwards.
    template <class Codec, class Cipher>
    [[nodiscard]] std::string finish(const detail::sealing<Codec, Cipher>& with, const std::string& name) {
        std::string listed;
        detail::append_entries(listed, entries_);
        const auto index = with.close(listed, name);
        std::string trailer;
        detail::append_u64(trailer, bytes_.size());
        detail::append_u32(trailer, static_cast<std::uint32_t>(index.bytes.size()));
        detail::append_u32(trailer, static_cast<std::uint32_t>(index.raw));
        detail::append_u32(trailer, static_cast<std::uint32_t>(entries_.size()));
        for (const auto byte : {detail::pack_version, index.codec, Cipher::id, std::uint8_t{0}})
            trailer += static_cast<char>(byte);
        trailer +=
            detail::bound_to(with.keys.object, name, std::string_view{trailer}, std::string_view{index.bytes}).view();
        trailer += detail::pack_magic;
        std::string object = std::exchange(bytes_, {});
        object += index.bytes;
        object += trailer;
        entries_.clear();
        return object;
    }

  private:
    std::string bytes_;
    std::vector<pack_entry> entries_;
};

/// The index of a pack of `size` bytes, from its own end. Two gets.
///
/// Errors: corrupt, unsupported_format and not_found, naming the pack.
template <object_store Store, class Codec, class Cipher>
task<std::vector<pack_entry>> read_pack_index(Store& store, const detail::sealing<Codec, Cipher>& with,
                                              std::string name, std::uint64_t size) {
    if (size < detail::pack_trailer) detail::throw_damaged(name, "it is too short for a pack");
    const byte_range end{size - detail::pack_trailer, detail::pack_trailer};
    const std::string trailer = co_await store.get(name, end);
    if (trailer.size() != detail::pack_trailer || !trailer.ends_with(detail::pack_magic))
        detail::throw_damaged(name, "it does not end as a pack does");
    detail::byte_reader reader{trailer};
    const auto offset = reader.u64();
    const auto stored = reader.u32();
    const auto raw = reader.u32();
    const auto count = reader.u32();
    const auto version = reader.u8();
    const auto codec_id = reader.u8();
    detail::check_format(name, version, detail::pack_version, reader.u8(), Cipher::id);
    if (offset > size || size - offset != std::uint64_t{stored} + detail::pack_trailer)
        detail::throw_damaged(name, "its index does not lie where its trailer says");
    const byte_range middle{offset, stored};
    const std::string index = co_await store.get(name, middle);
    const std::string_view head = std::string_view{trailer}.substr(0, 24);
    if (detail::bound_to(with.keys.object, name, head, std::string_view{index}).view() !=
        std::string_view{trailer}.substr(24, 32))
        detail::throw_damaged(name, "the checksum of its index does not match");
    const std::string listed = with.open(codec_id, raw, index, name);
    detail::byte_reader entries{listed};
    if (std::uint64_t{count} * detail::smallest_entry > listed.size())
        detail::throw_damaged(name, "its index is too short");
    auto found = detail::read_entries(entries, count);
    entries.expect_end();
    co_return found;
}

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Which block is in which pack, in memory. A block costs 64 bytes for its entry and 6 to 11 for its slot in the table,
// about 72 in all: 0.6 GiB for a TiB of distinct rows in blocks of 128 KiB. A pack costs about 60 bytes more.
//
// On disk it is the objects `indexes/<id>`, each for the packs that one flush made durable; the payload of such an
// object, in its envelope, is:
//
//    varint  number of packs; for each:
//       16      the pack's id
//       varint  size of the whole pack
//       varint  number of blocks; for each: blocks as in their packs
//
// They are a copy of what stands in the packs' own indexes, and are rebuilt from there when they are lost.
#pragma once

#include "foreshadow/store/digest.hpp"
#include "foreshadow/store/pack.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

/// The blocks of one pack, as an index object lists them.
struct indexed_pack {
    pack_id id{};
    std::uint64_t bytes = 0;
    std::vector<pack_entry> blocks;

    friend bool operator==(const indexed_pack&, const indexed_pack&) = default;
};

[[nodiscard]] inline std::string encode_index(const std::vector<indexed_pack>& packs) {
    std::string payload;
    append_varint(packs.size(), payload);
    for (const auto& pack : packs) {
        payload.append(reinterpret_cast<const char*>(pack.id.data()), pack.id.size());
        append_varint(pack.bytes, payload);
        append_varint(pack.blocks.size(), payload);
        detail::append_entries(payload, pack.blocks);
    }
    return payload;
}

[[nodiscard]] inline std::vector<indexed_pack> decode_index(std::string_view payload) {
    detail::byte_reader reader{payload};
    std::vector<indexed_pack> packs(reader.count(18));
    for (auto& pack : packs) {
        const auto id = reader.take(pack.id.size());
        std::memcpy(pack.id.data(), id.data(), id.size());
        pack.bytes = reader.varint();
        const auto blocks = reader.count(detail::smallest_entry);
        pack.blocks = detail::read_entries(reader, blocks);
    }
    reader.expect_end();
    return packs;
}

/// Where a block is.
struct block_place {
    block_id id;
    std::uint32_t pack = 0;  ///< a number that means something to the repository only
    std::uint32_t offset = 0;
    std::uint32_t stored = 0;
    std::uint32_t raw = 0;
    std::uint8_t codec = 0;
    std::uint64_t checksum = 0;
};

class block_index {
  public:
    [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }

    /// The place of a block, or null; valid until the block is inserted again. O(1).
    [[nodiscard]] const block_place* find(const block_id& id) const noexcept {
        if (slots_.empty()) return nullptr;
        for (std::size_t at = home(id);; at = next(at)) {
            if (slots_[at] == 0) return nullptr;
            if (places_[slots_[at] - 1].id == id) return &places_[slots_[at] - 1];
        }
    }

    /// Adds a block, or moves it to its new place.
    void insert(const block_place& place) {
        if (places_.size() + 1 > slots_.size() * 7 / 10) grow();
        const std::size_t at = probe(place.id);
        if (slots_[at] != 0) {
            places_[slots_[at] - 1] = place;
            return;
        }
        places_.push_back(place);
        slots_[at] = static_cast<std::uint32_t>(places_.size());
    }

  private:
    [[nodiscard]] std::size_t home(const block_id& id) const noexcept {
        return std::hash<digest>{}(id) & (slots_.size() - 1);
    }
    [[nodiscard]] std::size_t next(std::size_t at) const noexcept { return (at + 1) & (slots_.size() - 1); }
    [[nodiscard]] std::size_t probe(const block_id& id) const noexcept {
        std::size_t at = home(id);
        while (slots_[at] != 0 && places_[slots_[at] - 1].id != id) at = next(at);
        return at;
    }
    void grow() {
        slots_.assign(slots_.empty() ? std::size_t{64} : slots_.size() * 2, 0);
        for (std::size_t i = 0; i < places_.size(); ++i)
            slots_[probe(places_[i].id)] = static_cast<std::uint32_t>(i + 1);
    }

    std::deque<block_place> places_;    // grows without copying, so nothing is held twice
    std::vector<std::uint32_t> slots_;  // 1 + the place's number, or 0; a power of two of them
};

}  // namespace foreshadow

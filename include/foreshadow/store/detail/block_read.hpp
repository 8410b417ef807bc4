// SPDX-License-Identifier: BSL-1.0
//
// How blocks come back: neighbours of one pack in one fetch, each checked by its checksum and by its id.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/run/workers.hpp"
#include "foreshadow/store/block_index.hpp"
#include "foreshadow/store/detail/block_store.hpp"
#include "foreshadow/store/pack.hpp"
#include "foreshadow/task.hpp"

#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// See `repository::read_blocks`.
template <class Core>
task<blocks_read> read_blocks(std::shared_ptr<Core> core, std::vector<block_id> ids) {
    static constexpr std::uint64_t most = std::uint64_t{4} << 20;
    blocks_read result;
    std::size_t first = 0;
    // Reads of neighbouring ranges share the block at their border: it is kept from one to the next.
    if (const std::string* border = ids.empty() ? nullptr : core->cache.find(ids.front())) {
        result.blocks.push_back(*border);
        first = 1;
    }
    while (first < ids.size()) {
        const std::size_t count = core->together(std::span{ids}.subspan(first), most);
        std::vector<block_place> places;
        for (std::size_t i = first; i < first + count; ++i) places.push_back(core->find(ids[i]));
        const byte_range span{places.front().offset,
                              std::uint64_t{places.back().offset} + places.back().stored - places.front().offset};
        const auto& pack = core->packs[places.front().pack];
        const auto name = pack_name(pack.id);
        auto bytes = std::make_shared<std::string>();
        if (core->open_pack == places.front().pack) {
            *bytes =
                core->open.bytes().substr(static_cast<std::size_t>(span.offset), static_cast<std::size_t>(span.length));
        } else if (pack.memory) {
            *bytes = pack.memory->substr(static_cast<std::size_t>(span.offset), static_cast<std::size_t>(span.length));
        } else {
            *bytes = co_await core->store.get(name, span);
            result.stored += bytes->size();
            core->statistics.bytes_read += bytes->size();
            ++core->statistics.fetches;
        }
        auto open = [seal = core->seal, bytes, places, name, begin = span.offset] {
            std::vector<std::string> opened;
            for (const auto& place : places) {
                const auto wrong = [&](const std::string& how) {
                    return error{
                        errc::corrupt,
                        "object " + name + " is damaged at offset " + std::to_string(place.offset) + ": block " +
                            to_hex(place.id) + " " + how,
                        "restore it from a copy of the repository; without one, move it away, and back up again: what "
                        "the source still has is then stored anew"}
                        .with("object", name);
                };
                const auto at = static_cast<std::size_t>(place.offset - begin);
                if (at > bytes->size() || place.stored > bytes->size() - at) throw wrong("is cut short");
                const std::string_view stored = std::string_view{*bytes}.substr(at, place.stored);
                if (checksum_of(stored) != place.checksum) throw wrong("does not match its checksum");
                try {
                    opened.push_back(seal->open(place.codec, place.raw, stored, place.id.view()));
                } catch (const error& e) {
                    if (e.code() == errc::corrupt) throw wrong("cannot be opened: " + e.message());
                    throw;
                }
                if (hmac_sha256(seal->keys.id, {opened.back()}) != place.id) throw wrong("does not match its id");
            }
            return opened;
        };
        auto opened = co_await offload(*core->pool, std::move(open));
        std::move(opened.begin(), opened.end(), std::back_inserter(result.blocks));
        first += count;
    }
    if (!ids.empty()) core->cache.insert(ids.back(), result.blocks.back());
    co_return result;
}

/// See `repository::read_node`.
template <class Core>
task<blocks_read> read_node(std::shared_ptr<Core> core, block_id id) {
    blocks_read result;
    if (const auto* cached = core->cache.find(id)) {
        result.blocks.push_back(*cached);
        co_return result;
    }
    std::vector<block_id> one(1, id);
    result = co_await read_blocks(core, std::move(one));
    co_return result;
}

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
//
// The state behind a repository, and what happens to a block. It is shared with the background puts of packs, which
// may outlive the coroutine that started them, so the functions here are free and hold it by `shared_ptr`.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/run/workers.hpp"
#include "foreshadow/store/block_index.hpp"
#include "foreshadow/store/detail/block_cache.hpp"
#include "foreshadow/store/detail/section.hpp"
#include "foreshadow/store/detail/wakeup.hpp"
#include "foreshadow/store/object_store.hpp"
#include "foreshadow/store/pack.hpp"
#include "foreshadow/store/repository_options.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// What the repository knows of a pack, by its number.
struct known_pack {
    pack_id id{};
    std::uint64_t bytes = 0;
    std::string wrong;                          ///< why it cannot be read; empty when it can
    std::shared_ptr<const std::string> memory;  ///< while it is being put
};

template <object_store Store, class Codec, class Cipher>
struct block_store {
    using sealing_type = sealing<Codec, Cipher>;

    block_store(Store in, sealing_type with, const repository_options& options)
        : store{std::move(in)},
          seal{std::make_shared<const sealing_type>(std::move(with))},
          random{options.random},
          pack_bytes{options.pack_bytes},
          cache{options.cache_bytes},
          own_pool{options.workers == nullptr ? std::make_shared<workers>(std::size_t{0}) : nullptr},
          pool{options.workers == nullptr ? own_pool.get() : options.workers} {}

    Store store;
    std::shared_ptr<const sealing_type> seal;
    random_source random;
    std::size_t pack_bytes;
    block_cache cache;
    std::shared_ptr<workers> own_pool;
    workers* pool;

    block_index index;
    std::vector<known_pack> packs;
    std::vector<error> damage;
    repository_statistics statistics;

    std::optional<std::uint32_t> open_pack;  // its number, once it has a block
    pack_builder open;
    std::set<std::uint32_t> under_put;    // packs that are being put
    std::vector<indexed_pack> unindexed;  // durable, and in no index object yet
    std::vector<std::string> unsettled;   // names of those that were found here: their puts may never have returned
    bool writing_index = false;
    std::unordered_set<block_id> under_write;  // blocks that some coroutine is compressing
    std::exception_ptr failure;                // of a put in the background
    wakeup changed;

    static constexpr std::size_t puts_at_once = 2;

    void expect_sound() const {
        if (failure) std::rethrow_exception(failure);
    }

    [[nodiscard]] pack_id new_id() const {
        pack_id id{};
        random(id);
        return id;
    }

    /// A block's place. Errors: not_found, or corrupt when its pack is known to be damaged.
    [[nodiscard]] const block_place& find(const block_id& id) const {
        const auto* place = index.find(id);
        if (place == nullptr) {
            error missing{errc::not_found, "block " + to_hex(id) + " is in no pack of the repository",
                          "verify the repository; a backup of the same source stores it again"};
            throw std::move(missing).with("object", damage.empty() ? "of its pack" : damage.front().fact("object"));
        }
        const auto& pack = packs[place->pack];
        if (!pack.wrong.empty())
            throw error{errc::corrupt, "block " + to_hex(id) + " cannot be read: " + pack.wrong}.with(
                "object", pack_name(pack.id));
        return *place;
    }

    [[nodiscard]] bool has(const block_id& id) const {
        const auto* place = index.find(id);
        return place != nullptr && packs[place->pack].wrong.empty();
    }

    [[nodiscard]] std::size_t together(std::span<const block_id> ids, std::uint64_t most) const {
        const auto* before = ids.empty() ? nullptr : index.find(ids.front());
        if (before == nullptr) return std::min<std::size_t>(1, ids.size());
        const auto first = *before;
        std::size_t count = 1;
        for (std::uint64_t end = std::uint64_t{first.offset} + first.stored; count < ids.size(); ++count) {
            const auto* next = index.find(ids[count]);
            if (next == nullptr || next->pack != first.pack || next->offset < end) break;
            // A gap is read along when that is cheaper than asking again.
            if (next->offset - end > (std::uint64_t{64} << 10)) break;
            end = std::uint64_t{next->offset} + next->stored;
            if (end - first.offset > most) break;
        }
        return count;
    }
};

/// Puts one pack in the background and tells what came of it.
template <class Core>
task<> put_pack(std::shared_ptr<Core> core, std::uint32_t number, std::vector<pack_entry> blocks) {
    const auto bytes = core->packs[number].memory;
    const auto id = core->packs[number].id;
    const auto name = pack_name(id);
    try {
        co_await core->store.put(name, *bytes);
        core->statistics.bytes_stored += bytes->size();
        core->unindexed.push_back({id, bytes->size(), std::move(blocks)});
        core->packs[number].memory = nullptr;
    } catch (...) {
        if (!core->failure) core->failure = std::current_exception();
    }
    core->under_put.erase(number);
    core->changed.notify();
}

/// Ends the open pack and begins to put it, once there is room for one more put.
template <class Core>
task<> close_pack(std::shared_ptr<Core> core) {
    const auto executor = co_await boost::asio::this_coro::executor;
    core->expect_sound();
    if (!core->open_pack) co_return;
    const auto number = *core->open_pack;
    while (core->under_put.size() >= Core::puts_at_once) {
        co_await core->changed.wait();
        core->expect_sound();
        if (core->open_pack != number) co_return;  // another coroutine closed it meanwhile
    }
    auto blocks = core->open.entries();
    auto bytes = std::make_shared<const std::string>(core->open.finish(*core->seal, pack_name(core->packs[number].id)));
    core->packs[number].bytes = bytes->size();
    core->packs[number].memory = std::move(bytes);
    core->open_pack.reset();
    core->under_put.insert(number);
    boost::asio::co_spawn(executor, put_pack(core, number, std::move(blocks)), boost::asio::detached);
}

/// Stores what `make` returns. Hashing and compressing run on the workers; everything else on the strand, between two
/// suspensions, so that no two writers are ever in the middle of the same change.
template <class Core, class Make>
task<block_ref> write_block(std::shared_ptr<Core> core, Make make) {
    struct hashed {
        std::string bytes;
        block_id id;
    };
    core->expect_sound();
    const auto seal = core->seal;
    auto hash = [seal, made = std::move(make)]() mutable {
        hashed result{made(), {}};
        result.id = hmac_sha256(seal->keys.id, {result.bytes});
        return result;
    };
    hashed block = co_await offload(*core->pool, std::move(hash));
    const std::uint64_t raw = block.bytes.size();
    while (true) {
        core->expect_sound();
        if (core->has(block.id)) {
            ++core->statistics.blocks_shared;
            co_return block_ref{block.id, raw, 0};
        }
        if (!core->under_write.contains(block.id)) break;
        co_await core->changed.wait();
    }
    struct registration {
        Core& core;
        const block_id& id;
        ~registration() {
            core.under_write.erase(id);
            core.changed.notify();
        }
    };
    core->under_write.insert(block.id);
    const registration registered{*core, block.id};

    auto press = [seal, bytes = std::move(block.bytes), id = block.id] { return seal->close(bytes, id.view()); };
    const section stored = co_await offload(*core->pool, std::move(press));
    core->expect_sound();
    while (core->open_pack && core->open.bytes().size() + stored.bytes.size() > core->pack_bytes)
        co_await close_pack(core);
    core->expect_sound();
    if (!core->open_pack) {
        core->open_pack = static_cast<std::uint32_t>(core->packs.size());
        core->packs.push_back({core->new_id(), 0, {}, nullptr});
    }
    core->open.add(block.id, stored);
    const auto& entry = core->open.entries().back();
    core->index.insert(
        {entry.id, *core->open_pack, entry.offset, entry.stored, entry.raw, entry.codec, entry.checksum});
    ++core->statistics.blocks_written;
    co_return block_ref{block.id, raw, stored.bytes.size()};
}

/// See `object_store`.
template <object_store Store>
task<> settle(Store& store, std::string name) {
    if constexpr (requires {
                      { store.settle(name) } -> std::same_as<task<>>;
                  })
        co_await store.settle(std::move(name));
    co_return;
}

/// See `repository::flush`. The index follows the packs that it tells of.
template <class Core>
task<> flush(std::shared_ptr<Core> core) {
    co_await close_pack(core);
    const auto upto = static_cast<std::uint32_t>(core->packs.size());
    core->expect_sound();
    while ((!core->under_put.empty() && *core->under_put.begin() < upto) || core->writing_index) {
        co_await core->changed.wait();
        core->expect_sound();
    }
    if (core->unindexed.empty()) co_return;
    struct writing {
        Core& core;
        std::vector<indexed_pack> packs;
        ~writing() {
            core.writing_index = false;
            core.unindexed.insert(core.unindexed.end(), packs.begin(), packs.end());  // those of a put that failed
            core.changed.notify();
        }
    };
    core->writing_index = true;
    writing now{*core, std::exchange(core->unindexed, {})};
    while (!core->unsettled.empty()) {
        co_await settle(core->store, core->unsettled.back());
        core->unsettled.pop_back();
    }
    const auto id = core->new_id();
    const auto name = "indexes/" + to_hex(std::string_view{reinterpret_cast<const char*>(id.data()), id.size()});
    const auto object = close_envelope(*core->seal, name, object_kind::index, encode_index(now.packs));
    co_await core->store.put(name, object);
    core->statistics.bytes_stored += object.size();
    now.packs.clear();
}

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

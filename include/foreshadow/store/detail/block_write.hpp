// SPDX-License-Identifier: BSL-1.0
//
// How a block gets into a repository: hashed, found to be new, compressed, added to the open pack, and put with it in
// the background. The index follows the packs that it tells of, so it never names what is not durable.
#pragma once

#include "foreshadow/run/workers.hpp"
#include "foreshadow/store/block_index.hpp"
#include "foreshadow/store/detail/block_store.hpp"
#include "foreshadow/store/detail/section.hpp"
#include "foreshadow/store/envelope.hpp"
#include "foreshadow/store/object_store.hpp"
#include "foreshadow/store/pack.hpp"
#include "foreshadow/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::detail {

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

}  // namespace foreshadow::detail

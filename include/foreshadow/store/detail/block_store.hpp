// SPDX-License-Identifier: BSL-1.0
//
// The state behind a repository: what is known of packs and blocks, and what is on its way. It is shared with the
// background puts of packs, which may outlive the coroutine that started them, so what is done to it is done by free
// functions that hold it by `shared_ptr`: block_write.hpp and block_read.hpp.
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

}  // namespace foreshadow::detail

// SPDX-License-Identifier: BSL-1.0
//
// The repository: blocks by their ids, and named objects, over any object store.
//
// Writing a block hashes it on the workers, looks whether it is there already, compresses it on the workers, and puts
// it into the open pack. A full pack is put in the background, a few at a time; what has not been stored yet is served
// from memory. A put of a pack that fails ends the repository: every later call throws the same error, so that nothing
// can be published on top of what was lost. Puts of packs are not cancelled when their writer is.
//
// All calls come from one strand; any number of coroutines may be in any of them at once.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/run/workers.hpp"
#include "foreshadow/store/detail/block_read.hpp"
#include "foreshadow/store/detail/block_store.hpp"
#include "foreshadow/store/detail/block_write.hpp"
#include "foreshadow/store/detail/open_repository.hpp"
#include "foreshadow/store/envelope.hpp"
#include "foreshadow/store/zstd.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

template <object_store Store, codec Codec = zstd, cipher Cipher = no_cipher>
class repository {
  public:
    using store_type = Store;

    /// Opens the repository in `store`, or makes one where there is nothing.
    ///
    /// Complexity: reads every index object, and lists the packs; packs that no index tells of are asked themselves.
    /// Errors: not_found (nothing there, and `create` is false); invalid_argument (something else is there);
    /// unsupported_format; corrupt. Damaged indexes and packs are no error here: see `damage`.
    static task<std::unique_ptr<repository>> open(Store store, Codec with = Codec{}, Cipher sealed_by = Cipher{},
                                                  repository_options options = {}) {
        const auto config = co_await detail::open_config(store, options);
        auto opened = std::unique_ptr<repository>{new repository{
            config.id, std::make_shared<core>(std::move(store),
                                              sealing{std::move(with), std::move(sealed_by), config.keys}, options)}};
        co_await detail::load_indexes(*opened->core_);
        co_return opened;
    }

    /// The repository's own id: 32 hex digits, given when it was made.
    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    [[nodiscard]] Store& store() noexcept { return core_->store; }
    [[nodiscard]] const repository_keys& keys() const noexcept { return core_->seal->keys; }
    [[nodiscard]] const repository_statistics& statistics() const noexcept { return core_->statistics; }
    /// Where blocking and computing work runs.
    [[nodiscard]] workers& pool() noexcept { return *core_->pool; }
    /// What was found damaged on opening; each names its object.
    [[nodiscard]] const std::vector<error>& damage() const noexcept { return core_->damage; }

    /// Creates an object; returns how many bytes it took.
    ///
    /// Guarantees: durable on return, whole or not there. Errors: already_exists; the store's.
    task<std::uint64_t> put(std::string name, object_kind kind, std::string payload) {
        const auto state = core_;
        state->expect_sound();
        const std::string object = close_envelope(*state->seal, name, kind, payload);
        co_await state->store.put(name, object);
        state->statistics.bytes_stored += object.size();
        co_return object.size();
    }

    /// An object's payload. Errors: not_found; corrupt; unsupported_format.
    task<std::string> get(std::string name, object_kind kind) {
        const auto state = core_;
        const byte_range whole;
        const std::string object = co_await state->store.get(name, whole);
        state->statistics.bytes_read += object.size();
        co_return open_envelope(*state->seal, name, kind, object);
    }

    task<std::vector<object_info>> list(std::string prefix) { return core_->store.list(std::move(prefix)); }
    /// Makes durable what is seen under a name, in stores where that is another thing than having been put.
    task<> settle(std::string name) { return detail::settle(core_->store, std::move(name)); }
    task<> remove(std::string name) { return core_->store.remove(std::move(name)); }

    /// Stores an encoded block unless an equal one is there; durable after `flush`.
    task<block_ref> write_block(std::string encoded) {
        auto make = [bytes = std::move(encoded)]() mutable { return std::move(bytes); };
        return detail::write_block(core_, std::move(make));
    }
    /// The same for a block that is yet to be encoded: `make` returns it, and is called on the workers.
    template <class Make>
    task<block_ref> write_block_from(Make make) {
        return detail::write_block(core_, std::move(make));
    }

    /// An encoded block.
    ///
    /// Errors: not_found; corrupt, which names pack, offset and block.
    task<std::string> read_block(block_id id) {
        auto read = co_await detail::read_node(core_, id);
        co_return std::move(read.blocks.front());
    }
    /// The same, with what it cost: nothing when it was read lately and is in memory still.
    task<blocks_read> read_node(block_id id) { return detail::read_node(core_, id); }

    /// Encoded blocks in the order of their ids; what lies together in a pack is fetched together.
    task<blocks_read> read_blocks(std::vector<block_id> ids) { return detail::read_blocks(core_, std::move(ids)); }

    /// How many of the first blocks of `ids` one fetch of at most `most` stored bytes gives; at least one.
    [[nodiscard]] std::size_t together(std::span<const block_id> ids, std::uint64_t most) const {
        return core_->together(ids, most);
    }

    /// Throws what is wrong with a block as far as that can be known without reading it: not_found, corrupt.
    void expect_block(const block_id& id) const { (void)core_->find(id); }

    /// Reads what each pack says of itself, which nothing else reads while the indexes are whole. What is damaged names
    /// its object.
    task<std::vector<error>> check_packs() {
        std::vector<error> found;
        const auto state = core_;
        for (std::size_t i = 0; i < state->packs.size(); ++i) {
            if (!state->packs[i].wrong.empty()) continue;
            const std::string name = pack_name(state->packs[i].id);
            try {
                const auto entries = co_await read_pack_index(state->store, *state->seal, name, state->packs[i].bytes);
            } catch (const error& e) {
                if (e.code() != errc::corrupt && e.code() != errc::not_found && e.code() != errc::unsupported_format)
                    throw;
                found.push_back(e);
            }
        }
        co_return found;
    }

    /// Makes durable every block whose write has returned, and the index of the packs they are in.
    task<> flush() { return detail::flush(core_); }

    /// A section of an object with a format of its own (journal segments), compressed and sealed.
    [[nodiscard]] std::shared_ptr<const detail::sealing<Codec, Cipher>> seal() const noexcept { return core_->seal; }
    void count_stored(std::uint64_t bytes) noexcept { core_->statistics.bytes_stored += bytes; }
    void count_read(std::uint64_t bytes) noexcept { core_->statistics.bytes_read += bytes; }

  private:
    using core = detail::block_store<Store, Codec, Cipher>;
    using sealing = detail::sealing<Codec, Cipher>;

    repository(std::string id, std::shared_ptr<core> state) : id_{std::move(id)}, core_{std::move(state)} {}

    std::string id_;
    std::shared_ptr<core> core_;
};

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Opening: the configuration, or a new one; then what is where. An index object that is lost or damaged costs time, not
// data: packs that no index tells of are asked themselves. A pack that is lost, damaged or of another size than its
// index says is remembered as such, so that its blocks are written again when they come by, and named when they are
// read.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/store/block_index.hpp"
#include "foreshadow/store/envelope.hpp"
#include "foreshadow/store/object_store.hpp"
#include "foreshadow/store/repository_keys.hpp"
#include "foreshadow/store/repository_options.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// What a person knows a store by.
template <class Store>
[[nodiscard]] std::string name_of_store(const Store& store) {
    if constexpr (requires {
                      { store.where() } -> std::convertible_to<std::string>;
                  }) {
        return store.where();
    } else {
        return "the object store";
    }
}

/// An object, or nothing where there is none.
template <object_store Store>
task<std::optional<std::string>> get_if_there(Store& store, std::string name) {
    try {
        const byte_range whole;
        co_return co_await store.get(name, whole);
    } catch (const error& e) {
        if (e.code() != errc::not_found) throw;
    }
    co_return std::nullopt;
}

/// Creates an object; false when the name is taken.
template <object_store Store>
task<bool> put_if_new(Store& store, std::string name, std::string_view bytes) {
    try {
        co_await store.put(name, bytes);
        co_return true;
    } catch (const error& e) {
        if (e.code() != errc::already_exists) throw;
    }
    co_return false;
}

template <object_store Store>
task<repository_config> open_config(Store& store, const repository_options& options) {
    auto text = co_await get_if_there(store, repository_config::object_name);
    if (!text) {
        const auto where = name_of_store(store);
        const std::string anything;
        const auto others = co_await store.list(anything);
        const auto is_ours = [](const object_info& o) {
            return o.name.starts_with("packs/") || o.name.starts_with("sources/");
        };
        if (std::any_of(others.begin(), others.end(), is_ours))
            throw error{errc::corrupt, where + " has lost its " + repository_config::object_name,
                        "restore that file from a copy of the repository: without it nothing can be read"}
                .with("object", repository_config::object_name);
        if (!others.empty())
            throw error{errc::invalid_argument, where + " holds other files and no repository",
                        "name an empty folder or a repository"}
                .with("object", others.front().name);
        if (!options.create) throw error{errc::not_found, "there is no repository in " + where, "check the path"};
        const auto made = repository_config::make(options.random);
        const auto written = made.text();
        const bool created = co_await put_if_new(store, repository_config::object_name, written);
        if (created) co_return made;
        text = co_await get_if_there(store, repository_config::object_name);  // somebody else was faster
        if (!text) throw error{errc::unavailable, "the repository in " + where + " comes and goes", {}, retry::maybe};
    }
    co_return repository_config::parse(*text);
}

template <class Core>
void add_pack(Core& core, const indexed_pack& pack, std::string wrong) {
    const auto number = static_cast<std::uint32_t>(core.packs.size());
    core.packs.push_back({pack.id, pack.bytes, std::move(wrong), nullptr});
    for (const auto& block : pack.blocks) {
        const auto* known = core.index.find(block.id);
        if (known != nullptr && core.packs[known->pack].wrong.empty()) continue;  // as good where it is
        core.index.insert({block.id, number, block.offset, block.stored, block.raw, block.codec, block.checksum});
    }
}

template <class Core>
task<std::vector<indexed_pack>> read_index(Core& core, std::string name) {
    std::vector<indexed_pack> packs;
    try {
        const byte_range whole;
        const std::string object = co_await core.store.get(name, whole);
        packs = decode_index(open_envelope(*core.seal, name, object_kind::index, object));
    } catch (const error& e) {
        if (e.code() == errc::unsupported_format) throw;
        // Gone meanwhile, or damaged: its packs are asked themselves.
        if (e.code() != errc::corrupt && e.code() != errc::not_found) throw;
        core.damage.push_back(e);
    }
    co_return packs;
}

template <class Core>
task<> load_unindexed(Core& core, std::string name, std::uint64_t bytes) {
    indexed_pack pack{.id = {}, .bytes = bytes, .blocks = {}};
    const auto raw = from_hex(name.substr(name.rfind('/') + 1));
    if (!raw || raw->size() != pack.id.size()) {
        core.damage.push_back(
            error{errc::corrupt, "object " + name + " does not have the name of a pack"}.with("object", name));
        co_return;
    }
    std::copy(raw->begin(), raw->end(), pack.id.begin());
    try {
        pack.blocks = co_await read_pack_index(core.store, *core.seal, name, bytes);
        add_pack(core, pack, {});
        core.unindexed.push_back(std::move(pack));  // the next flush indexes it
        core.unsettled.push_back(name);
    } catch (const error& e) {
        if (e.code() != errc::corrupt && e.code() != errc::not_found) throw;
        core.damage.push_back(e);
    }
}

template <class Core>
task<> load_indexes(Core& core) {
    const std::string packs_below = "packs/";
    const std::string indexes_below = "indexes/";
    const auto listed = co_await core.store.list(packs_below);
    const auto indexes = co_await core.store.list(indexes_below);
    std::map<std::string, std::uint64_t> unindexed;
    for (const auto& object : listed) unindexed.emplace(object.name, object.bytes);
    const auto present = unindexed;
    for (const auto& object : indexes) {
        const auto packs = co_await read_index(core, object.name);
        for (const auto& pack : packs) {
            const auto name = pack_name(pack.id);
            const auto found = present.find(name);
            std::string wrong;
            if (found == present.end()) {
                wrong = "object " + name + " is missing";
            } else if (found->second != pack.bytes) {
                wrong = "object " + name + " has " + std::to_string(found->second) + " bytes instead of " +
                        std::to_string(pack.bytes);
            }
            if (found != present.end() && unindexed.erase(name) == 0) continue;  // told of by another index already
            if (!wrong.empty()) core.damage.push_back(error{errc::corrupt, wrong}.with("object", name));
            add_pack(core, pack, std::move(wrong));
        }
    }
    for (const auto& [name, bytes] : unindexed) co_await load_unindexed(core, name, bytes);
}

}  // namespace foreshadow::detail

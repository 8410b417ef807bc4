// SPDX-License-Identifier: BSL-1.0
//
// Objects in memory, for tests and for the simulation. Copies share one set of objects, so that a test keeps a handle
// on what a repository wrote, looks at it, and damages it.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/store/object_store.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

class memory_store {
  public:
    using objects_type = std::map<std::string, std::string>;

    task<> put(std::string name, std::string_view bytes) {
        const std::scoped_lock lock{shared_->mutex};
        if (!shared_->objects.emplace(name, bytes).second)
            throw error{errc::already_exists, "object " + name + " exists already"};
        co_return;
    }
    task<std::string> get(std::string name, byte_range range = {}) {
        const std::scoped_lock lock{shared_->mutex};
        const auto found = shared_->objects.find(name);
        if (found == shared_->objects.end())
            throw error{errc::not_found, "object " + name + " is not there"}.with("object", name);
        ++shared_->gets;
        if (range.offset >= found->second.size()) co_return std::string{};
        co_return found->second.substr(static_cast<std::size_t>(range.offset), static_cast<std::size_t>(range.length));
    }
    task<std::vector<object_info>> list(std::string prefix) {
        const std::scoped_lock lock{shared_->mutex};
        std::vector<object_info> found;
        for (auto at = shared_->objects.lower_bound(prefix); at != shared_->objects.end(); ++at) {
            if (!at->first.starts_with(prefix)) break;
            found.push_back({at->first, at->second.size()});
        }
        co_return found;
    }
    task<> remove(std::string name) {
        const std::scoped_lock lock{shared_->mutex};
        shared_->objects.erase(name);
        co_return;
    }

    [[nodiscard]] std::string where() const { return "memory"; }
    /// The objects themselves, for tests; not while another thread uses the store.
    [[nodiscard]] objects_type& objects() noexcept { return shared_->objects; }
    [[nodiscard]] std::uint64_t gets() const noexcept { return shared_->gets; }

  private:
    struct state {
        std::mutex mutex;
        objects_type objects;
        std::uint64_t gets = 0;
    };
    std::shared_ptr<state> shared_ = std::make_shared<state>();
};

static_assert(object_store<memory_store>);

}  // namespace foreshadow

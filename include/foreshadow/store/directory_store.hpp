// SPDX-License-Identifier: BSL-1.0
//
// Objects as files of a folder. An object is written beside its place under a name that `list` passes over, synced,
// and renamed without replacing: so it is there whole or not at all, and of two writers of one name one fails. The
// folder is synced too, and every folder newly made on the way, because a name is durable only with its folder.
// A process that is killed in a put leaves a hidden file behind and nothing else; `sweep` removes those.
// Blocking calls run on two threads of the store's own; `inline_io` runs them in the caller, for deterministic tests.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/run/workers.hpp"
#include "foreshadow/store/detail/files.hpp"
#include "foreshadow/store/object_store.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow {

struct directory_store_options {
    bool inline_io = false;  ///< run blocking calls in the caller's thread
};

class directory_store {
  public:
    explicit directory_store(std::filesystem::path root, directory_store_options options = {})
        : root_{std::make_shared<const std::filesystem::path>(std::move(root))},
          workers_{std::make_shared<workers>(options.inline_io ? std::size_t{0} : std::size_t{2})} {}

    /// Errors: already_exists; full (no space, a quota, a file size limit); unavailable; invalid_argument.
    task<> put(std::string name, std::string_view bytes) {
        const auto keep = workers_;
        auto work = [root = root_, durable = durable_, name, bytes] {
            detail::create_file(*root, *durable, name, bytes);
        };
        co_await offload(*keep, std::move(work));
    }
    task<std::string> get(std::string name, byte_range range = {}) {
        const auto keep = workers_;
        auto work = [root = root_, name, range] { return detail::read_file(*root, name, range); };
        co_return co_await offload(*keep, std::move(work));
    }
    task<std::vector<object_info>> list(std::string prefix) {
        const auto keep = workers_;
        auto work = [root = root_, prefix] { return detail::list_files(*root, prefix); };
        co_return co_await offload(*keep, std::move(work));
    }
    task<> remove(std::string name) {
        const auto keep = workers_;
        auto work = [root = root_, name] { detail::remove_file(*root, name); };
        co_await offload(*keep, std::move(work));
    }

    /// Makes durable what is seen under a name: whoever put it may have died before that.
    task<> settle(std::string name) {
        const auto keep = workers_;
        auto work = [root = root_, name] { detail::settle_file(*root, name); };
        co_await offload(*keep, std::move(work));
    }

    /// Removes what puts of killed processes left behind: hidden files older than `seconds`. Returns how many.
    task<std::size_t> sweep(double seconds) {
        const auto keep = workers_;
        auto work = [root = root_, seconds] { return detail::remove_leftovers(*root, seconds); };
        co_return co_await offload(*keep, std::move(work));
    }

    [[nodiscard]] std::string where() const { return root_->string(); }

  private:
    std::shared_ptr<const std::filesystem::path> root_;
    std::shared_ptr<detail::durable_folders> durable_ = std::make_shared<detail::durable_folders>();
    std::shared_ptr<workers> workers_;
};

static_assert(object_store<directory_store>);

}  // namespace foreshadow

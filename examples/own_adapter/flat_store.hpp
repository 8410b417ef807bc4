// SPDX-License-Identifier: BSL-1.0
//
// A flat folder as an object store: the slashes of a name become plus signs, which no name has.
#pragma once

#include "durable.hpp"

#include "foreshadow/store/object_store.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

class flat_store {
  public:
    explicit flat_store(std::string folder) : folder_{std::move(folder)} {
        std::filesystem::create_directories(folder_);
    }

    fs::task<> put(std::string name, std::string_view bytes) {
        // Written under a name that `list` passes over, of this process and call alone.
        static int calls = 0;
        const std::string half = folder_ + "/~" + std::to_string(::getpid()) + "-" + std::to_string(calls++);
        if (!(std::ofstream{half, std::ios::binary} << bytes << std::flush))
            throw fs::error{fs::errc::full, "cannot write " + half};
        if (!make_durable(half, path_of(name))) throw fs::error{fs::errc::already_exists, "object " + name + " exists"};
        co_return;
    }
    fs::task<std::string> get(std::string name, fs::byte_range range) {
        std::ifstream in{path_of(name), std::ios::binary};
        if (!in) throw fs::error{fs::errc::not_found, "object " + name + " is not there"};
        std::ostringstream all;
        all << in.rdbuf();
        co_return range.offset < all.view().size() ? all.str().substr(range.offset, range.length) : std::string{};
    }
    fs::task<std::vector<fs::object_info>> list(std::string prefix) {
        std::vector<fs::object_info> found;
        for (const auto& file : std::filesystem::directory_iterator{folder_}) {
            std::string name = file.path().filename().string();
            std::replace(name.begin(), name.end(), '+', '/');
            if (name[0] != '~' && name.starts_with(prefix)) found.push_back({name, file.file_size()});
        }
        std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
        co_return found;
    }
    fs::task<> remove(std::string name) {
        std::filesystem::remove(path_of(name));  // content where it is gone already
        sync_to_disk(folder_);
        co_return;
    }

  private:
    [[nodiscard]] std::string path_of(std::string name) const {
        std::replace(name.begin(), name.end(), '/', '+');
        return folder_ + "/" + name;
    }
    std::string folder_;
};
static_assert(fs::object_store<flat_store>);

// SPDX-License-Identifier: BSL-1.0
//
// A flat folder as an object store: the slashes of a name become plus signs, which no name has.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/store/object_store.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <fstream>

/// Waits until a file, or a folder's list of names, is on disk.
inline void sync_to_disk(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool done = file >= 0 && ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    if (!done) throw foreshadow::error{foreshadow::errc::unavailable, "cannot sync " + path};
}

/// Gives a finished file its name, durably; throws `already_exists` where the name is taken, and changes nothing then.
///
/// A link is made or refused in one step, whoever else tries: the one guarantee that everything else stands on.
inline void make_durable(const std::string& finished, const std::string& name) {
    sync_to_disk(finished);
    std::error_code failed;
    std::filesystem::create_hard_link(finished, name, failed);
    std::filesystem::remove(finished);
    if (failed == std::errc::file_exists) throw foreshadow::error{foreshadow::errc::already_exists, name + " exists"};
    if (failed) throw foreshadow::error{foreshadow::errc::unavailable, "cannot make " + name};
    sync_to_disk(std::filesystem::absolute(name).parent_path());
}

class flat_store {
  public:
    explicit flat_store(std::string folder) : folder_{std::move(folder)} {
        std::filesystem::create_directories(folder_);
    }

    foreshadow::task<> put(std::string name, std::string_view bytes) {
        // Written under a name that `list` passes over, of this process and call alone.
        static int calls = 0;
        const std::string half = folder_ + "/~" + std::to_string(::getpid()) + "-" + std::to_string(calls++);
        if (!(std::ofstream{half, std::ios::binary} << bytes << std::flush))
            throw foreshadow::error{foreshadow::errc::full, "cannot write " + half};
        make_durable(half, path_of(name));
        co_return;
    }
    foreshadow::task<std::string> get(std::string name, foreshadow::byte_range range) {
        std::ifstream in{path_of(name), std::ios::binary};
        if (!in) throw foreshadow::error{foreshadow::errc::not_found, "object " + name + " is not there"};
        const std::string all{std::istreambuf_iterator<char>{in}, {}};
        co_return all.substr(std::min(range.offset, all.size()), range.length);
    }
    foreshadow::task<std::vector<foreshadow::object_info>> list(std::string prefix) {
        std::vector<foreshadow::object_info> found;
        for (const auto& file : std::filesystem::directory_iterator{folder_}) {
            std::string name = file.path().filename().string();
            std::replace(name.begin(), name.end(), '+', '/');
            if (name[0] != '~' && name.starts_with(prefix)) found.push_back({name, file.file_size()});
        }
        std::ranges::sort(found, {}, &foreshadow::object_info::name);
        co_return found;
    }
    foreshadow::task<> remove(std::string name) {
        std::filesystem::remove(path_of(name));  // content where it is gone already
        sync_to_disk(folder_);                   // or a point could outlive what it needs
        co_return;
    }

  private:
    [[nodiscard]] std::string path_of(std::string name) const {
        std::replace(name.begin(), name.end(), '/', '+');
        return folder_ + "/" + name;
    }
    std::string folder_;
};
static_assert(foreshadow::object_store<flat_store>);

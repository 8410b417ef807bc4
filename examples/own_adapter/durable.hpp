// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <filesystem>
#include <string>

namespace fs = foreshadow;

/// Waits until a file, or a folder's list of names, is on disk.
inline void sync_to_disk(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool done = file >= 0 && ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    if (!done) throw fs::error{fs::errc::unavailable, "cannot sync " + path};
}

/// Gives a finished file its name, durably; false where the name is taken, and then nothing has changed.
///
/// `link` creates or fails, in one step, whoever else tries: the one guarantee that everything else stands on.
inline bool make_durable(const std::string& finished, const std::string& name) {
    sync_to_disk(finished);
    const bool made = ::link(finished.c_str(), name.c_str()) == 0;
    const int why = errno;
    std::filesystem::remove(finished);
    if (!made && why == EEXIST) return false;
    if (!made) throw fs::error{fs::errc::unavailable, "cannot make " + name};
    const std::filesystem::path folder = std::filesystem::path{name}.parent_path();
    sync_to_disk(folder.empty() ? "." : folder.string());
    return true;
}

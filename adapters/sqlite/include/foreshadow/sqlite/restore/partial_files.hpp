// SPDX-License-Identifier: BSL-1.0
//
// A restore writes `<target>.restoring-<process>` until it is whole. One that was killed leaves that file, as large as
// the database; the next restore to the same name removes it. A file counts as left only when its process is gone *and*
// nobody holds its lock: in another container a process may be alive and not to be seen.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <string>
#include <system_error>

namespace foreshadow::sqlite::detail {

[[nodiscard]] inline std::string partial_name(const std::string& target, ::pid_t process) {
    return target + ".restoring-" + std::to_string(process);
}

inline void remove_partial(const std::string& name) noexcept {
    std::error_code ignored;
    for (const char* tail : {"", "-journal", "-wal", "-shm"}) std::filesystem::remove(name + tail, ignored);
}

/// A lock of `flock` on a file, for as long as this lives; none where the file system knows no locks.
class partial_in_use {
  public:
    explicit partial_in_use(const std::string& name)
        : file_{::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)},
          is_ours_{file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) == 0} {}
    partial_in_use(const partial_in_use&) = delete;
    partial_in_use& operator=(const partial_in_use&) = delete;
    ~partial_in_use() {
        if (file_ >= 0) ::close(file_);
    }

    [[nodiscard]] bool is_ours() const noexcept { return is_ours_; }

  private:
    int file_;
    bool is_ours_;
};

/// Removes what restores to `target` left that were killed.
inline void sweep_partials(const std::string& target) {
    const std::filesystem::path folder = std::filesystem::absolute(target).parent_path();
    const std::string stem = std::filesystem::path{target}.filename().string() + ".restoring-";
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator{folder, ignored}) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(stem)) continue;
        const char* const end = name.data() + name.size();
        ::pid_t process = 0;
        const auto read = std::from_chars(name.data() + stem.size(), end, process);
        if (read.ec != std::errc{} || read.ptr != end || process <= 0) continue;
        const bool is_gone = ::kill(process, 0) != 0 && errno == ESRCH;
        if (!is_gone) continue;
        const partial_in_use lock{entry.path().string()};
        if (lock.is_ours()) remove_partial(entry.path().string());
    }
}

}  // namespace foreshadow::sqlite::detail

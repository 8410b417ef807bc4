// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace foreshadow::detail {

/// A file without a name, appended to and read from anywhere; gone when it is closed, however that comes about.
class spill_file {
  public:
    spill_file() = default;
    spill_file(const spill_file&) = delete;
    spill_file& operator=(const spill_file&) = delete;
    ~spill_file() {
        if (is_open()) ::close(descriptor_);
    }

    [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    void open(const std::filesystem::path& folder) {
#ifdef O_TMPFILE
        descriptor_ = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (is_open()) return;
#endif
        std::string name = (folder / "foreshadow-spill-XXXXXX").string();
        descriptor_ = ::mkstemp(name.data());
        if (!is_open()) throw failed("make a temporary file in " + folder.string());
        ::unlink(name.c_str());
    }

    void append(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t count = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) throw failed("write to a temporary file");
            size_ += static_cast<std::uint64_t>(count);
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }

    /// Reads `length` bytes from `offset` to `out`.
    void read(std::uint64_t offset, char* out, std::size_t length) const {
        for (std::size_t done = 0; done < length;) {
            const ssize_t count = ::pread(descriptor_, out + done, length - done, static_cast<off_t>(offset + done));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) throw failed("read a temporary file");
            if (count == 0) throw error{errc::corrupt, "a temporary file is shorter than what was written to it"};
            done += static_cast<std::size_t>(count);
        }
    }

    /// Lets the system have the space of a stretch again, where it can; what was there must not be read any more.
    void give_back(std::uint64_t offset, std::uint64_t length) const noexcept {
#ifdef FALLOC_FL_PUNCH_HOLE
        static_cast<void>(::fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                      static_cast<off_t>(offset), static_cast<off_t>(length)));
#else
        static_cast<void>(offset);
        static_cast<void>(length);
#endif
    }

  private:
    [[nodiscard]] static error failed(const std::string& what) {
        const int why = errno;
        const bool is_full = why == ENOSPC || why == EDQUOT;
        return {is_full ? errc::full : errc::unavailable,
                "cannot " + what + ": " + std::generic_category().message(why),
                is_full ? "free some space, or name another folder for temporary files" : ""};
    }

    int descriptor_ = -1;
    std::uint64_t size_ = 0;
};

}  // namespace foreshadow::detail

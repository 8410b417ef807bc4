// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdlib.h>  // mkdtemp is POSIX's

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

namespace foreshadow::testing {

/// A folder of the test's own, under $TMPDIR; gone with everything in it at the end.
class temporary_folder {
  public:
    temporary_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "foreshadow-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
            throw std::system_error{errno, std::generic_category(), "cannot make a folder like " + pattern};
        path_ = pattern;
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

}  // namespace foreshadow::testing

// SPDX-License-Identifier: BSL-1.0
//
// The server's programs with an extension of the tests' own, which leaves those that are installed as they are: a
// server finds what belongs to it by the place that its program is in.
#pragma once

#include "server.hpp"
#include "temporary_folder.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace foreshadow::postgresql::tests {

class installation {
  public:
    /// `script`: what CREATE EXTENSION runs.
    installation(const std::string& extension, const std::string& script) {
        namespace fs = std::filesystem;
        // .../lib/postgresql/15/bin, and .../share/postgresql/15
        const fs::path bin = fs::canonical(program("postgres")).parent_path();
        const fs::path top = bin.parent_path().parent_path().parent_path().parent_path();
        const fs::path version = bin.parent_path().filename();
        const fs::path shared = fs::path{"share"} / "postgresql" / version;
        if (!fs::exists(top / shared / "extension"))
            throw std::runtime_error{"no extensions in " + (top / shared).string() + ", where Debian has them"};
        const fs::path own = root() / "lib" / "postgresql" / version;
        fs::create_directories(own / "bin");
        fs::copy_file(bin / "postgres", own / "bin" / "postgres");
        fs::create_directory_symlink(bin.parent_path() / "lib", own / "lib");
        link_all(top / shared, root() / shared, "extension");
        link_all(top / shared / "extension", root() / shared / "extension");
        const std::string name = (root() / shared / "extension" / extension).string();
        std::ofstream{name + ".control"} << "default_version = '1'\nrelocatable = false\nschema = public\n";
        std::ofstream{name + "--1.sql"} << script << "\n";
        fs::permissions(folder_.path(), fs::perms{0755});  // the server's user goes through it
        programs_ = (own / "bin").string();
    }

    /// The folder with the server's program.
    [[nodiscard]] const std::string& programs() const noexcept { return programs_; }

  private:
    [[nodiscard]] std::filesystem::path root() const { return folder_ / "usr"; }

    static void link_all(const std::filesystem::path& from, const std::filesystem::path& to,
                         const std::string& without = {}) {
        std::filesystem::create_directories(to);
        for (const auto& each : std::filesystem::directory_iterator{from})
            if (each.path().filename() != without)
                std::filesystem::create_symlink(each.path(), to / each.path().filename());
    }

    testing::temporary_folder folder_;
    std::string programs_;
};

}  // namespace foreshadow::postgresql::tests

// SPDX-License-Identifier: BSL-1.0
//
// The blocking calls behind `directory_store`, each of which either did all of its work or throws what to say.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/store/object_store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace foreshadow::detail {

[[noreturn]] inline void throw_errno(int number, const std::string& doing, const std::string& path) {
    const std::string text = "cannot " + doing + " " + path + ": " + std::generic_category().message(number);
    switch (number) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
            throw error{errc::full, text, "free some space there and run the same command again", retry::later};
        case ENOENT:
            throw error{errc::not_found, text, "check the path"};
        case ENOTDIR:
            throw error{errc::invalid_argument, text, "a folder is needed there"};
        case EACCES:
        case EPERM:
            throw error{errc::unavailable, text, "give this user the right to it"};
        case EROFS:
            throw error{errc::unavailable, text, "mount the file system writable"};
        default:
            throw error{errc::unavailable, text, {}, retry::maybe};
    }
}

/// An open file, closed at the end of its scope.
class file {
  public:
    explicit file(int descriptor) noexcept : descriptor_{descriptor} {}
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] int get() const noexcept { return descriptor_; }
    [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }

  private:
    int descriptor_;
};

/// Names become paths below the root: words of `[A-Za-z0-9._-]`, none of which begins with a dot.
inline void check_name(std::string_view name) {
    bool begins_word = true;
    for (const char c : name) {
        const bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        const bool good = c == '/' || c == '.' ? !begins_word : letter;
        if (!good) throw error{errc::invalid_argument, "object name " + std::string{name} + " cannot be a file name"};
        begins_word = c == '/';
    }
    if (begins_word) throw error{errc::invalid_argument, "object name '" + std::string{name} + "' ends in nothing"};
}

inline void sync_folder(const std::filesystem::path& folder) {
    const file opened{::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!opened.is_open()) throw_errno(errno, "open folder", folder.string());
    if (::fsync(opened.get()) != 0) throw_errno(errno, "sync folder", folder.string());
}

/// Makes a folder and its parents, each durable.
inline void make_folders(const std::filesystem::path& folder) {
    if (folder.empty()) return;
    struct stat found{};
    if (::stat(folder.c_str(), &found) == 0) {
        if (!S_ISDIR(found.st_mode)) throw_errno(ENOTDIR, "use as a folder", folder.string());
        return;
    }
    if (errno != ENOENT) throw_errno(errno, "reach", folder.string());
    const auto parent = folder.parent_path();
    make_folders(parent);
    if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) throw_errno(errno, "make folder", folder.string());
    sync_folder(parent);
}

/// What a name lies in, as a path from the root: empty where that is the root.
[[nodiscard]] inline std::string folder_of(const std::string& name) {
    const auto slash = name.rfind('/');
    return slash == std::string::npos ? std::string{} : name.substr(0, slash);
}

/// Folders whose way from the root is durable, since this process synced it.
class durable_folders {
  public:
    /// Syncs the way from the root to `folder`, once: whoever made a folder on it may not have done so yet, or may have
    /// died before.
    void reach(const std::filesystem::path& root, std::string folder) {
        std::vector<std::string> reached;
        for (; !folder.empty() && !is_known(folder); folder = folder_of(folder)) {
            sync_folder((root / folder).parent_path());
            reached.push_back(folder);
        }
        const std::scoped_lock lock{mutex_};
        for (std::string& each : reached) known_.insert(std::move(each));
    }

  private:
    [[nodiscard]] bool is_known(const std::string& folder) {
        const std::scoped_lock lock{mutex_};
        return known_.count(folder) != 0;
    }

    std::mutex mutex_;
    std::set<std::string> known_;
};

/// Makes durable the name of a file, and of every folder on the way to it. No error where there is no such folder.
inline void settle_file(const std::filesystem::path& root, const std::string& name) {
    check_name(name);
    std::string folder = name;
    do {
        folder = folder_of(folder);
        const auto path = (root / folder / ".").parent_path();
        struct stat found{};
        if (::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) sync_folder(path);
    } while (!folder.empty());
}

inline void write_all(int descriptor, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), std::min(bytes.size(), std::size_t{8} << 20));
        if (written < 0) {
            if (errno == EINTR) continue;
            throw_errno(errno, "write", path);
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// Gives `from` the name `to` unless that is taken: false then. Some file systems know only one of the two ways.
[[nodiscard]] inline bool rename_new(const std::string& from, const std::string& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
    if (errno == EEXIST) return false;
    if (errno != EINVAL && errno != ENOSYS) throw_errno(errno, "name", to);
    if (::link(from.c_str(), to.c_str()) != 0) {
        if (errno == EEXIST) return false;
        throw_errno(errno, "name", to);
    }
    ::unlink(from.c_str());
    return true;
}

inline void create_file(const std::filesystem::path& root, durable_folders& durable, const std::string& name,
                        std::string_view bytes) {
    static std::atomic<unsigned> counter{0};
    check_name(name);
    const auto path = root / name;
    const auto folder = path.parent_path();
    make_folders(folder);
    durable.reach(root, folder_of(name));
    const std::string hidden =
        (folder / (".put-" + std::to_string(::getpid()) + "-" + std::to_string(counter++))).string();
    struct unlink_guard {
        const std::string& path;
        bool armed = true;
        ~unlink_guard() {
            if (armed) ::unlink(path.c_str());
        }
    };
    const file opened{::open(hidden.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    if (!opened.is_open()) throw_errno(errno, "create", hidden);
    unlink_guard guard{hidden};
    write_all(opened.get(), bytes, path.string());
    if (::fsync(opened.get()) != 0) throw_errno(errno, "sync", path.string());
    if (!rename_new(hidden, path.string())) throw error{errc::already_exists, "object " + name + " exists already"};
    guard.armed = false;
    sync_folder(folder);
}

/// Whether `why`, from a path below `root`, says that no object has that name: nothing is there, or the name goes
/// through another object as if that were a folder. A root that is no folder is an error of its own.
[[nodiscard]] inline bool says_absent(int why, const std::filesystem::path& root) {
    struct stat found{};
    return why == ENOENT || (why == ENOTDIR && ::stat(root.c_str(), &found) == 0 && S_ISDIR(found.st_mode));
}

[[nodiscard]] inline std::string read_file(const std::filesystem::path& root, const std::string& name,
                                           byte_range range) {
    check_name(name);
    const auto path = (root / name).string();
    const file opened{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    const auto absent = [&] { return error{errc::not_found, "object " + name + " is not there"}.with("object", name); };
    if (!opened.is_open()) {
        const int why = errno;
        if (says_absent(why, root)) throw absent();
        throw_errno(why, "open", path);
    }
    struct stat found{};
    if (::fstat(opened.get(), &found) != 0) throw_errno(errno, "read", path);
    if (S_ISDIR(found.st_mode)) throw absent();  // other objects' names begin like this one
    const auto size = static_cast<std::uint64_t>(found.st_size);
    if (range.offset >= size) return {};
    std::string bytes(static_cast<std::size_t>(std::min(range.length, size - range.offset)), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto got =
            ::pread(opened.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(range.offset + done));
        if (got < 0) {
            if (errno == EINTR) continue;
            throw_errno(errno, "read", path);
        }
        if (got == 0) break;  // shortened while it was read: what is missing shows in its checks
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

/// Calls `visit(path relative to root, is hidden)` for each file below `folder`. What vanishes meanwhile is passed
/// over.
template <class Visit>
void visit_files(const std::filesystem::path& root, const std::string& folder, Visit&& visit) {
    const auto path = folder.empty() ? root : root / folder;
    const std::unique_ptr<DIR, int (*)(DIR*)> opened{::opendir(path.c_str()), &::closedir};
    if (!opened) {
        const int why = errno;
        if (says_absent(why, root)) return;
        throw_errno(why, "list", path.string());
    }
    while (const dirent* entry = ::readdir(opened.get())) {
        const std::string word = entry->d_name;
        if (word == "." || word == "..") continue;
        const std::string name = folder.empty() ? word : folder + "/" + word;
        struct stat found{};
        if (::stat((root / name).c_str(), &found) != 0) {
            if (errno == ENOENT) continue;
            throw_errno(errno, "look at", (root / name).string());
        }
        if (S_ISDIR(found.st_mode) && word[0] != '.') {
            visit_files(root, name, visit);
        } else if (S_ISREG(found.st_mode)) {
            visit(name, word[0] == '.', found);
        }
    }
}

[[nodiscard]] inline std::vector<object_info> list_files(const std::filesystem::path& root, const std::string& prefix) {
    std::vector<object_info> names;
    const auto slash = prefix.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : prefix.substr(0, slash);
    visit_files(root, folder, [&](const std::string& name, bool hidden, const struct stat& found) {
        if (!hidden && name.starts_with(prefix)) names.push_back({name, static_cast<std::uint64_t>(found.st_size)});
    });
    std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return names;
}

inline void remove_file(const std::filesystem::path& root, const std::string& name) {
    check_name(name);
    const auto path = root / name;
    if (::unlink(path.c_str()) != 0) {
        const int why = errno;
        if (why == EISDIR || says_absent(why, root)) return;
        throw_errno(why, "remove", path.string());
    }
    // Removals keep their order through a power cut, or a point could outlive its packs.
    sync_folder(path.parent_path());
}

[[nodiscard]] inline std::size_t remove_leftovers(const std::filesystem::path& root, double seconds) {
    std::size_t removed = 0;
    const auto now = ::time(nullptr);
    visit_files(root, "", [&](const std::string& name, bool hidden, const struct stat& found) {
        const auto word = name.substr(name.rfind('/') + 1);
        if (!hidden || !word.starts_with(".put-") || static_cast<double>(now - found.st_mtime) < seconds) return;
        if (::unlink((root / name).c_str()) == 0) ++removed;
    });
    return removed;
}

}  // namespace foreshadow::detail

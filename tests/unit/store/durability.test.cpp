// SPDX-License-Identifier: BSL-1.0
//
// What of a folder survives a power cut: bytes of files that were synced, and names in folders that were synced since.
// The system calls of the store are watched, by functions that stand before the C library's, and kept in a model of a
// disk; so the test sees what no reader of a running system can.
#include "foreshadow/store/directory_store.hpp"

#include "run.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace {

using namespace foreshadow;

/// What would be there after a power cut.
struct disk {
    std::string root;
    std::map<std::string, std::string> synced;              ///< bytes of files by the name they had when synced
    std::map<std::string, std::set<std::string>> durable;   ///< names by folder
    std::map<std::string, std::set<std::string>> since;     ///< names that came since the folder was synced
    std::map<std::string, std::set<std::string>> vanished;  ///< and those that went
    std::size_t operations = 0;

    static std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
    [[nodiscard]] bool is_ours(const std::string& path) const { return !root.empty() && path.starts_with(root); }

    void came(const std::string& path) {
        since[folder_of(path)].insert(path);
        vanished[folder_of(path)].erase(path);
        ++operations;
    }
    void went(const std::string& path) {
        vanished[folder_of(path)].insert(path);
        since[folder_of(path)].erase(path);
        ++operations;
    }
    void sync(const std::string& path, std::optional<std::string> bytes) {
        ++operations;
        if (bytes) {
            synced[path] = *std::move(bytes);
            return;
        }
        durable[path].merge(since[path]);
        for (const std::string& gone : vanished[path]) durable[path].erase(gone);
        since.erase(path);
        vanished.erase(path);
    }
    /// Whether a name is found again after a power cut now, from the root downwards.
    [[nodiscard]] bool finds(const std::string& path) const {
        if (path == root) return true;
        const auto folder = durable.find(folder_of(path));
        return folder != durable.end() && folder->second.count(path) != 0 && finds(folder_of(path));
    }
};

disk& watched() {
    static disk one;
    return one;
}

std::string path_of(int descriptor) {
    char path[4096];
    const auto length = ::readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), path, sizeof path);
    return length > 0 ? std::string{path, static_cast<std::size_t>(length)} : std::string{};
}

}  // namespace

extern "C" {

int fsync(int descriptor) {
    const int done = static_cast<int>(::syscall(SYS_fsync, descriptor));
    const std::string path = path_of(descriptor);
    if (done != 0 || !watched().is_ours(path)) return done;
    if (std::filesystem::is_directory(path)) {
        watched().sync(path, std::nullopt);
    } else {
        std::ifstream file{path, std::ios::binary};
        watched().sync(path, std::string{std::istreambuf_iterator<char>{file}, {}});
    }
    return done;
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
    const int done = static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
    if (done != 0 || !watched().is_ours(to)) return done;
    disk& d = watched();
    if (const auto bytes = d.synced.extract(from); !bytes.empty()) d.synced[to] = bytes.mapped();
    d.went(from);
    d.came(to);
    return done;
}

int mkdir(const char* path, mode_t mode) noexcept {
    const int done = static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
    if (done == 0 && watched().is_ours(path)) watched().came(path);
    return done;
}

int unlink(const char* path) noexcept {
    const int done = static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
    if (done == 0 && watched().is_ours(path)) watched().went(path);
    return done;
}
}

TEST_CASE("what a put of a folder returned from survives a power cut, with every folder on the way") {
    const testing::temporary_folder folder;
    disk& d = watched() = {};
    d.root = folder.path().string();
    directory_store store{folder.path(), {.inline_io = true}};
    const std::string names[] = {"foreshadow.json", "packs/0a", "packs/0b", "sources/s/points/1",
                                 "sources/s/journal/2"};
    for (const std::string& name : names) {
        testing::run(store.put(name, "bytes of " + name));
        const std::string path = d.root + "/" + name;
        CAPTURE(name);
        REQUIRE(d.synced.count(path) == 1);
        CHECK(d.synced.at(path) == "bytes of " + name);
        CHECK(d.finds(path));
    }
    CHECK(d.operations >= 4 * std::size(names));  // else nothing was watched
    for (const std::string& name : names) CHECK(d.finds(d.root + "/" + name));
    d = {};
}

TEST_CASE("what a folder removed stays away after a power cut") {
    const testing::temporary_folder folder;
    disk& d = watched() = {};
    d.root = folder.path().string();
    directory_store store{folder.path(), {.inline_io = true}};
    testing::run(store.put("sources/s/running/1", "a checkpoint"));
    REQUIRE(d.finds(d.root + "/sources/s/running/1"));
    testing::run(store.remove("sources/s/running/1"));
    CHECK_FALSE(d.finds(d.root + "/sources/s/running/1"));
    d = {};
}

TEST_CASE("a name is given to bytes that are durable already") {
    const testing::temporary_folder folder;
    disk& d = watched() = {};
    d.root = folder.path().string();
    directory_store store{folder.path(), {.inline_io = true}};
    testing::run(store.put("a", "1"));
    // Of two puts of one name the first stays, and the second leaves nothing behind.
    CHECK_THROWS_AS(testing::run(store.put("a", "2")), error);
    CHECK(d.synced.at(d.root + "/a") == "1");
    CHECK(std::distance(std::filesystem::directory_iterator{folder.path()}, {}) == 1);
    d = {};
}

TEST_CASE("a folder that somebody else made, and died before it was durable, is so once something is in it") {
    const testing::temporary_folder folder;
    disk& d = watched() = {};
    d.root = folder.path().string();
    REQUIRE(::mkdir((d.root + "/packs").c_str(), 0777) == 0);
    REQUIRE(::mkdir((d.root + "/packs/0a").c_str(), 0777) == 0);
    directory_store store{folder.path(), {.inline_io = true}};
    testing::run(store.put("packs/0a/1", "bytes"));
    CHECK(d.finds(d.root + "/packs/0a/1"));
    d = {};
}

TEST_CASE("a name that somebody else gave, and died before it was durable, is so once it is settled") {
    const testing::temporary_folder folder;
    disk& d = watched() = {};
    d.root = folder.path().string();
    const std::string path = d.root + "/packs/0a/1";
    REQUIRE(::mkdir((d.root + "/packs").c_str(), 0777) == 0);
    REQUIRE(::mkdir((d.root + "/packs/0a").c_str(), 0777) == 0);
    std::ofstream{d.root + "/packs/0a/.put-1"} << "bytes";
    REQUIRE(::renameat2(AT_FDCWD, (d.root + "/packs/0a/.put-1").c_str(), AT_FDCWD, path.c_str(), 0) == 0);
    directory_store store{folder.path(), {.inline_io = true}};
    CHECK(testing::run(store.get("packs/0a/1")) == "bytes");
    REQUIRE_FALSE(d.finds(path));
    testing::run(store.settle("packs/0a/1"));
    CHECK(d.finds(path));
    CHECK_NOTHROW(testing::run(store.settle("packs/0b/1")));
    CHECK_NOTHROW(testing::run(store.settle("a")));
    d = {};
}

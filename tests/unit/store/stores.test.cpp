// SPDX-License-Identifier: BSL-1.0
//
// Both stores keep the contract, by its kit; and what a folder adds to it.
#include "failure.hpp"
#include "foreshadow/store/directory_store.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/testing/conformance/object_store.hpp"
#include "run.hpp"
#include "temporary_folder.hpp"

#include <sys/resource.h>
#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace fs = foreshadow;
using fs::testing::failure;
using fs::testing::run;
using fs::testing::temporary_folder;

namespace {

template <class Store>
std::vector<std::string> names(Store& store, const std::string& prefix) {
    std::vector<std::string> all;
    for (const auto& object : run(store.list(prefix))) all.push_back(object.name);
    return all;
}

}  // namespace

TEST_CASE("memory keeps the contract of an object store") {
    const auto report = fs::testing::check_object_store([] { return fs::memory_store{}; });
    INFO(report.text());
    CHECK(report.is_kept());
}

TEST_CASE("a folder keeps the contract of an object store, on threads and inline") {
    for (const bool inline_io : {false, true}) {
        const temporary_folder folder;
        const auto report = fs::testing::check_object_store(
            [&] { return fs::directory_store{folder / "objects", {.inline_io = inline_io}}; }, {.many = 60});
        INFO(report.text());
        CHECK(report.is_kept());
    }
}

TEST_CASE("a folder's list passes over what a killed put left behind, and sweep removes it") {
    const temporary_folder folder;
    fs::directory_store store{folder.path()};
    run(store.put("packs/ab/one", "1"));
    std::ofstream{folder / "packs/ab/.put-1-1"} << "half";
    CHECK(names(store, "") == std::vector<std::string>{"packs/ab/one"});
    CHECK(run(store.sweep(3600)) == 0);
    CHECK(run(store.sweep(0)) == 1);
    CHECK_FALSE(std::filesystem::exists(folder / "packs/ab/.put-1-1"));
    CHECK(run(store.get("packs/ab/one", {})) == "1");
}

TEST_CASE("names that could leave the folder are refused") {
    const temporary_folder folder;
    fs::directory_store store{folder.path()};
    for (const char* name :
         {"", "/etc/passwd", "../up", "a/../b", "a//b", "a/", ".hidden", "a/.hidden", "a b", "\xc3\xa4"}) {
        INFO(name);
        CHECK(failure([&] { run(store.put(name, "x")); }).value().code() == fs::errc::invalid_argument);
    }
}

TEST_CASE("a file where a folder should be is told in one line") {
    const temporary_folder folder;
    std::ofstream{folder / "file"} << "x";
    fs::directory_store store{folder / "file"};
    const auto e = failure([&] { run(store.put("a", "x")); });
    REQUIRE(e);
    CHECK(e->code() == fs::errc::invalid_argument);
    CHECK(e->line().find((folder / "file").string()) != std::string::npos);
}

TEST_CASE("a full disk is told as such, and leaves nothing behind") {
    const temporary_folder folder;
    fs::directory_store store{folder.path(), {.inline_io = true}};
    run(store.put("small", std::string(100, 'x')));
    // The kernel refuses to write past this limit as it does on a disk without space.
    struct limit {
        rlimit before{};
        void (*handler)(int) = std::signal(SIGXFSZ, SIG_IGN);
        limit() {
            ::getrlimit(RLIMIT_FSIZE, &before);
            rlimit tight = before;
            tight.rlim_cur = 4096;
            ::setrlimit(RLIMIT_FSIZE, &tight);
        }
        ~limit() {
            ::setrlimit(RLIMIT_FSIZE, &before);
            std::signal(SIGXFSZ, handler);
        }
    };
    std::optional<fs::error> e;
    {
        const limit tight;
        e = failure([&] { run(store.put("large", std::string(100'000, 'x'))); });
    }
    REQUIRE(e);
    CHECK(e->code() == fs::errc::full);
    CHECK_FALSE(e->hint().empty());
    CHECK(names(store, "") == std::vector<std::string>{"small"});
    CHECK(run(store.sweep(0)) == 0);
    run(store.put("large", std::string(100'000, 'x')));
}

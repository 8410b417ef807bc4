// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/store/content_defined_blocks.hpp"

#include "run.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace fs = foreshadow;
using fs::testing::run;
using memory_repository = fs::repository<fs::memory_store>;
using storage = fs::content_defined_blocks<memory_repository>;

namespace {

using rows = std::vector<std::pair<std::string, std::string>>;

std::string key_of(std::size_t i) {
    char text[16];
    std::snprintf(text, sizeof text, "k%08zu", i);
    return text;
}

rows some_rows(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    rows made;
    for (std::size_t i = 0; i < count; ++i) {
        std::string value(20 + random() % 100, '\0');
        for (auto& c : value) c = static_cast<char>(random());
        made.emplace_back(key_of(i), value);
    }
    return made;
}

struct stored_blocks {
    fs::memory_store store;
    fs::workers pool{0};
    std::unique_ptr<memory_repository> repo;
    std::unique_ptr<storage> blocks;
    fs::content_defined_options options;

    explicit stored_blocks(std::size_t threads = 0) : pool{threads} {
        options.rows = {1 << 10, 4 << 10, 16 << 10};
        options.nodes = {256, 1 << 10, 4 << 10};
        open();
    }
    void open() {
        fs::repository_options how;
        how.pack_bytes = 256 << 10;
        how.workers = &pool;
        // The same keys every time, so that figures are too.
        how.random = [n = 0](std::span<unsigned char> out) mutable {
            for (auto& byte : out) byte = static_cast<unsigned char>(n++ * 37 + 11);
            n += 3;
        };
        const bool again = repo != nullptr;
        if (again) how.random = fs::system_random;
        repo = run(memory_repository::open(store, fs::zstd{}, fs::no_cipher{}, how));
        blocks = std::make_unique<storage>(*repo, options);
    }
    fs::stored_rows write(const rows& all, std::size_t batch = 1000) {
        return run(write_task(blocks->write(), all, batch));
    }
    rows read(const std::string& where, fs::key_range range = fs::key_range::all()) {
        return run(read_task(blocks->read(where, std::move(range))));
    }

    template <class Writer>
    static fs::task<fs::stored_rows> write_task(Writer writer, const rows& all, std::size_t batch) {
        fs::row_batch some;
        for (const auto& [key, value] : all) {
            some.append(key, value);
            if (some.size() < batch) continue;
            co_await writer.append(some);
            some.clear();
        }
        co_await writer.append(some);
        co_return co_await writer.finish();
    }
    template <class Cursor>
    static fs::task<rows> read_task(Cursor cursor) {
        rows all;
        fs::row_batch some;
        while (co_await cursor.next(some))
            for (std::size_t i = 0; i < some.size(); ++i) all.emplace_back(some[i].key, some[i].value);
        co_return all;
    }
};

rows slice(const rows& all, std::size_t from, std::size_t to) {
    return {all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to)};
}

}  // namespace

TEST_CASE("what is written is read, whatever the batches and the threads") {
    const auto all = some_rows(20'000, 1);
    std::string where;
    for (const std::size_t threads : {0U, 2U}) {
        stored_blocks w{threads};
        const auto written = w.write(all, threads == 0 ? 1000 : 17);
        CHECK(written.rows == all.size());
        if (where.empty()) where = written.where;
        CHECK(written.where == where);  // the tree depends on the rows alone
        CHECK(fs::tree_root::parse(where).depth >= 3);
        run(w.blocks->flush());
        CHECK(w.read(where) == all);
        w.open();
        CHECK(w.read(where) == all);
        run(w.blocks->check(where, fs::key_range::all(), true));
        run(w.blocks->check(where, {key_of(100), key_of(200)}, false));
    }
}

TEST_CASE("an empty image is legal, and so is one row of any size") {
    stored_blocks w;
    const auto nothing = w.write({});
    CHECK(nothing.where == "empty");
    CHECK(w.read("empty").empty());
    run(w.blocks->check("empty", fs::key_range::all(), true));
    const rows one{{"", ""}};
    CHECK(w.read(w.write(one).where) == one);
    const rows large{{"a", "1"}, {"b", std::string(3 << 20, 'x')}, {"c", std::string(3 << 20, 'y')}, {"d", "2"}};
    CHECK(w.read(w.write(large).where) == large);
}

TEST_CASE("equal keys are kept, in order, across any boundary") {
    stored_blocks w;
    rows all;
    for (std::size_t i = 0; i < 4000; ++i)
        all.emplace_back(i < 3000 ? "same" : "tail", std::to_string(i) + std::string(20, '.'));
    all.insert(all.begin(), {"aaa", "first"});
    const auto where = w.write(all).where;
    CHECK(w.read(where) == all);
    CHECK(w.read(where, {"same", "samf"}) == slice(all, 1, 3001));
    CHECK(w.read(where, {"tail", ""}) == slice(all, 3001, 4001));
}

TEST_CASE("rows out of order are refused") {
    stored_blocks w;
    try {
        w.write({{"b", ""}, {"a", ""}});
        FAIL("written");
    } catch (const fs::error& e) {
        CHECK(e.code() == fs::errc::invalid_argument);
        CHECK(e.fact("key") == "a");
    }
}

TEST_CASE("any range gives exactly its rows, and fetches little more") {
    stored_blocks w;
    const auto all = some_rows(20'000, 2);
    const auto where = w.write(all).where;
    run(w.blocks->flush());
    w.open();
    std::mt19937_64 random{3};
    for (int i = 0; i < 200; ++i) {
        const auto from = random() % 20'000;
        const auto to = std::min<std::size_t>(20'000, from + random() % 400);
        INFO(from << " to " << to);
        const fs::key_range range{key_of(from), i % 10 == 0 ? "" : key_of(to)};
        CHECK(w.read(where, range) == slice(all, from, i % 10 == 0 ? 20'000 : to));
    }
    CHECK(w.read(where, {"a", "b"}).empty());
    CHECK(w.read(where, {"z", ""}).empty());
    w.open();
    (void)w.read(where, {key_of(5000), key_of(5010)});
    CHECK(w.repo->statistics().bytes_read < 200'000);
    const auto before = w.store.gets();
    (void)w.read(where);
    // Blocks lie in the order of their writing, so a sequential read fetches stretches, not blocks.
    CHECK(w.store.gets() - before < w.repo->statistics().blocks_written + 350);
}

TEST_CASE("an update rewrites one block and the path to it, of whatever size the new value is") {
    const auto all = some_rows(20'000, 4);
    std::size_t rewritten = 0;
    for (const std::size_t at : {0U, 7U, 9'999U, 13'000U, 19'999U}) {
        stored_blocks w;
        const auto depth = fs::tree_root::parse(w.write(all).where).depth;
        const auto before = w.repo->statistics().blocks_written;
        auto changed = all;
        changed[at].second.assign(changed[at].second.size(), '!');
        const auto where = w.write(changed).where;
        CHECK(w.repo->statistics().blocks_written - before == depth + 1);
        CHECK(w.read(where) == changed);
        changed[at].second += std::string(300, '?');
        const auto same_size = w.repo->statistics().blocks_written;
        w.write(changed);
        rewritten += w.repo->statistics().blocks_written - same_size - depth - 1;
    }
    CHECK(rewritten <= 4);  // another size may move a boundary at the limits; it stays near
}

TEST_CASE("a partition that splits shares all blocks but those at its new edges, and so does one that merges") {
    const auto all = some_rows(20'000, 5);
    stored_blocks w;
    w.write(all);
    const auto whole = w.repo->statistics().blocks_written;
    REQUIRE(whole > 300);
    for (const std::size_t at : {777U, 5'000U, 12'345U}) {
        const auto before = w.repo->statistics().blocks_written;
        w.write(slice(all, 0, at));
        w.write(slice(all, at, all.size()));
        const auto depth = fs::tree_root::parse(w.write(all).where).depth;
        INFO("split at " << at << " wrote " << w.repo->statistics().blocks_written - before);
        CHECK(w.repo->statistics().blocks_written - before <= 4 * (depth + 2));
    }
}

TEST_CASE("damage of any block is found by a check, and named") {
    stored_blocks w;
    const auto all = some_rows(3000, 6);
    const auto where = w.write(all).where;
    run(w.blocks->flush());
    const auto pack = run(w.store.list("packs/")).front().name;
    std::mt19937_64 random{7};
    const auto whole = w.store.objects()[pack];
    const auto blocks_end = whole.size() * 9 / 10;  // behind are its index and trailer, which nobody reads here
    for (int i = 0; i < 50; ++i) {
        w.store.objects()[pack] = whole;
        w.store.objects()[pack][random() % blocks_end] ^= static_cast<char>(1U << random() % 8);
        w.open();
        try {
            run(w.blocks->check(where, fs::key_range::all(), true));
            FAIL("not found");
        } catch (const fs::error& e) {
            CHECK(e.code() == fs::errc::corrupt);
            CHECK(e.fact("object") == pack);
        }
        try {
            (void)w.read(where);
            FAIL("read");
        } catch (const fs::error& e) {
            CHECK(e.code() == fs::errc::corrupt);
        }
    }
}

TEST_CASE("a reference that is none is told as such") {
    stored_blocks w;
    for (const char* where : {"", "empt", "00-0-1-1", "empty "}) {
        INFO(where);
        CHECK_THROWS_AS(w.blocks->read(where, fs::key_range::all()), fs::error);
    }
}

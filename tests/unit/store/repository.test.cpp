// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/store/repository.hpp"

#include "failure.hpp"
#include "foreshadow/store/directory_store.hpp"
#include "foreshadow/store/lz4.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "run.hpp"
#include "temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace fs = foreshadow;
using fs::testing::failure;
using fs::testing::run;
using memory_repository = fs::repository<fs::memory_store>;

namespace {

fs::repository_options small_packs(fs::workers* pool = nullptr) {
    fs::repository_options options;
    options.pack_bytes = 64 << 10;
    options.cache_bytes = 0;
    options.workers = pool;
    return options;
}

std::unique_ptr<memory_repository> open(fs::memory_store store, fs::repository_options options = small_packs()) {
    return run(memory_repository::open(store, fs::zstd{}, fs::no_cipher{}, std::move(options)));
}

std::string noise(std::uint64_t seed, std::size_t size) {
    std::mt19937_64 random{seed};
    std::string bytes(size, '\0');
    for (auto& c : bytes) c = static_cast<char>(random());
    return bytes;
}

/// A store whose puts fail from the n-th on.
struct failing_store {
    fs::memory_store inner;
    std::shared_ptr<int> puts_left = std::make_shared<int>(1'000'000);

    fs::task<> put(std::string name, std::string_view bytes) {
        if (--*puts_left < 0) throw fs::error{fs::errc::full, "no space left for " + name};
        co_await inner.put(name, bytes);
    }
    fs::task<std::string> get(std::string name, fs::byte_range range) { return inner.get(std::move(name), range); }
    fs::task<std::vector<fs::object_info>> list(std::string prefix) { return inner.list(std::move(prefix)); }
    fs::task<> remove(std::string name) { return inner.remove(std::move(name)); }
};

}  // namespace

TEST_CASE("blocks come back from the open pack, from packs under way, and from a repository opened later") {
    fs::memory_store store;
    std::vector<fs::block_id> ids;
    {
        const auto written = open(store);
        for (std::uint64_t i = 0; i < 40; ++i) {
            ids.push_back(run(written->write_block(noise(i, 10'000))).id);
            CHECK(run(written->read_block(ids.back())) == noise(i, 10'000));
        }
        CHECK(run(written->read_block(ids.front())) == noise(0, 10'000));
        run(written->flush());
        CHECK(run(store.list("packs/")).size() == 7);
        CHECK(run(store.list("indexes/")).size() == 1);
    }
    const auto opened = open(store);
    for (std::uint64_t i = 0; i < 40; ++i) CHECK(run(opened->read_block(ids[i])) == noise(i, 10'000));
    const auto together = run(opened->read_blocks(ids));
    CHECK(together.blocks.size() == 40);
    CHECK(opened->statistics().fetches == 40 + 7);
}

TEST_CASE("an equal block is stored once, also when it is written twice at the same time") {
    fs::memory_store store;
    fs::workers pool{2};
    const auto repo = open(store, small_packs(&pool));
    boost::asio::io_context context;
    std::vector<fs::block_ref> refs;
    int failed = 0;
    for (int i = 0; i < 30; ++i)
        boost::asio::co_spawn(context, repo->write_block(noise(static_cast<std::uint64_t>(i % 3), 30'000)),
                              [&](const std::exception_ptr& e, fs::block_ref ref) {
                                  failed += e ? 1 : 0;
                                  refs.push_back(ref);
                              });
    context.run();
    CHECK(failed == 0);
    CHECK(repo->statistics().blocks_written == 3);
    CHECK(repo->statistics().blocks_shared == 27);
    CHECK(std::count_if(refs.begin(), refs.end(), [](const auto& ref) { return ref.stored > 0; }) == 3);
    run(repo->flush());
    for (const auto& ref : refs) CHECK(run(repo->read_block(ref.id)).size() == 30'000);
}

TEST_CASE("lost and damaged indexes are rebuilt from the packs") {
    fs::memory_store store;
    fs::block_id id;
    {
        const auto repo = open(store);
        id = run(repo->write_block(noise(1, 50'000))).id;
        run(repo->flush());
    }
    const auto index = run(store.list("indexes/")).front().name;
    SECTION("lost") { run(store.remove(index)); }
    SECTION("damaged") { store.objects()[index][60] ^= 1; }
    const auto repo = open(store);
    CHECK(run(repo->read_block(id)) == noise(1, 50'000));
    CHECK(run(repo->write_block(noise(1, 50'000))).stored == 0);
    run(repo->flush());
    CHECK(run(store.list("indexes/")).size() >= 1);
    CHECK(run(store.list("packs/")).size() == 1);
}

TEST_CASE("a block of a damaged pack is named with its pack, and written again when it comes by") {
    fs::memory_store store;
    std::vector<fs::block_id> ids;
    {
        const auto repo = open(store);
        for (std::uint64_t i = 0; i < 3; ++i) ids.push_back(run(repo->write_block(noise(i, 10'000))).id);
        run(repo->flush());
    }
    const auto pack = run(store.list("packs/")).front().name;
    SECTION("a flipped bit costs its block, and no other") {
        store.objects()[pack][15'000] ^= 4;
        const auto repo = open(store);
        CHECK(run(repo->read_block(ids[0])) == noise(0, 10'000));
        CHECK(run(repo->read_block(ids[2])) == noise(2, 10'000));
        const auto e = failure([&] { run(repo->read_block(ids[1])); });
        REQUIRE(e);
        CHECK(e->code() == fs::errc::corrupt);
        CHECK(e->fact("object") == pack);
        CHECK(e->message().find("offset 10000") != std::string::npos);
        CHECK(e->message().find(fs::to_hex(ids[1])) != std::string::npos);
    }
    SECTION("a missing or shortened pack") {
        if (GENERATE(true, false)) {
            run(store.remove(pack));
        } else {
            store.objects()[pack].resize(25'000);
        }
        const auto repo = open(store);
        REQUIRE(repo->damage().size() == 1);
        CHECK(repo->damage().front().message().find(pack) != std::string::npos);
        const auto e = failure([&] { run(repo->read_block(ids[1])); });
        REQUIRE(e);
        CHECK(e->code() == fs::errc::corrupt);
        CHECK(e->fact("object") == pack);
        CHECK(run(repo->write_block(noise(1, 10'000))).stored > 0);
        CHECK(run(repo->read_block(ids[1])) == noise(1, 10'000));
    }
}

TEST_CASE("a put that fails ends the repository with the same error, whoever asks") {
    failing_store store;
    const auto repo = run(fs::repository<failing_store>::open(store, fs::zstd{}, fs::no_cipher{}, small_packs()));
    *store.puts_left = 1;
    std::optional<fs::error> first;
    for (std::uint64_t i = 0; i < 60 && !first; ++i) first = failure([&] { run(repo->write_block(noise(i, 10'000))); });
    REQUIRE(first);
    CHECK(first->code() == fs::errc::full);
    *store.puts_left = 1000;
    CHECK(failure([&] { run(repo->flush()); }).value().message() == first->message());
    CHECK(failure([&] { run(repo->write_block("more")); }).value().message() == first->message());
    CHECK(failure([&] { run(repo->put("sources/s/points/1", fs::object_kind::point, "x")); }).value().message() ==
          first->message());
}

TEST_CASE("named objects come back under their name and kind only") {
    fs::memory_store store;
    const auto repo = open(store);
    const auto stored = run(repo->put("sources/s/points/1", fs::object_kind::point, "one"));
    CHECK(stored == store.objects().at("sources/s/points/1").size());
    run(repo->put("sources/s/points/2", fs::object_kind::point, "two"));
    CHECK(run(repo->get("sources/s/points/1", fs::object_kind::point)) == "one");
    CHECK(failure([&] { run(repo->get("sources/s/points/1", fs::object_kind::model)); }).value().code() ==
          fs::errc::corrupt);
    CHECK(failure([&] { run(repo->put("sources/s/points/1", fs::object_kind::point, "x")); }).value().code() ==
          fs::errc::already_exists);
    std::swap(store.objects()["sources/s/points/1"], store.objects()["sources/s/points/2"]);
    const auto e = failure([&] { run(repo->get("sources/s/points/1", fs::object_kind::point)); });
    REQUIRE(e);
    CHECK(e->code() == fs::errc::corrupt);
    CHECK(e->fact("object") == "sources/s/points/1");
}

TEST_CASE("only an empty store or a repository is opened") {
    fs::memory_store store;
    fs::repository_options look_only = small_packs();
    look_only.create = false;
    CHECK(failure([&] { open(store, look_only); }).value().code() == fs::errc::not_found);
    CHECK(store.objects().empty());

    store.objects()["holiday.jpg"] = "x";
    CHECK(failure([&] { open(store); }).value().code() == fs::errc::invalid_argument);
    CHECK(failure([&] { open(store, look_only); }).value().code() == fs::errc::invalid_argument);
    store.objects().clear();

    const auto id = open(store)->id();
    CHECK(open(store, look_only)->id() == id);
    auto& text = store.objects()["foreshadow.json"];
    text.replace(text.find("\"version\": 1"), 12, "\"version\": 2");
    const auto e = failure([&] { open(store); });
    REQUIRE(e);
    CHECK(e->code() == fs::errc::unsupported_format);
    CHECK(e->line() == "the repository has format 2, and this program knows up to 1; hint: use a newer foreshadow");
}

TEST_CASE("a repository reads what another codec wrote") {
    const fs::testing::temporary_folder folder;
    fs::directory_store store{folder.path()};
    const std::string rows(50'000, 'r');
    fs::block_id id;
    {
        const auto repo = run(fs::repository<fs::directory_store, fs::lz4>::open(store));
        id = run(repo->write_block(rows)).id;
        run(repo->flush());
    }
    const auto repo = run(fs::repository<fs::directory_store>::open(store));
    CHECK(run(repo->read_block(id)) == rows);
    CHECK(run(repo->write_block(rows)).stored == 0);
}

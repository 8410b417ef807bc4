// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/row/sorted_log.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace foreshadow;

namespace {

using entry = std::tuple<std::string, version, change_kind, std::string>;

std::vector<entry> entries_of(sorted_log::cursor cursor) {
    std::vector<entry> all;
    change_batch batch;
    while (cursor.next(batch))
        for (std::size_t i = 0; i < batch.size(); ++i)
            all.emplace_back(batch[i].key, batch[i].at, batch[i].kind, batch[i].payload);
    return all;
}

change_view view_of(const entry& e) { return {std::get<2>(e), {}, std::get<1>(e), std::get<0>(e), std::get<3>(e)}; }

std::vector<entry> some_entries(std::uint64_t seed, std::size_t count) {
    std::mt19937_64 engine{seed};
    std::vector<entry> all;
    for (std::size_t i = 0; i < count; ++i) {
        std::string k = "key" + std::to_string(engine() % (count / 4 + 1));
        std::string payload(engine() % 40, static_cast<char>('a' + engine() % 26));
        all.emplace_back(std::move(k), version{{engine() % 1000}, static_cast<std::uint32_t>(engine() % 3)},
                         engine() % 4 == 0 ? change_kind::patch : change_kind::put, std::move(payload));
        if (engine() % 10 == 0) all.push_back(all.back());
    }
    return all;
}

/// Each entry once, in the order of key and version.
std::vector<entry> expected(std::vector<entry> all, const key_range& interval) {
    std::erase_if(all, [&](const entry& e) { return !interval.contains(std::get<0>(e)); });
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

bool is_ordered(const std::vector<entry>& all) {
    return std::is_sorted(all.begin(), all.end(), [](const entry& a, const entry& b) {
        return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
    });
}

}  // namespace

TEST_CASE("changes come out sorted, each once, whether they fit into memory or not") {
    for (const std::size_t memory : {std::size_t{16} << 20, std::size_t{64} << 10, std::size_t{8} << 10}) {
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            CAPTURE(memory, seed);
            const std::vector<entry> all = some_entries(seed, 8'000);
            sorted_log log{memory};
            for (const entry& e : all) log.add(view_of(e));
            log.seal();
            for (const key_range& interval : {key_range::all(), key_range{"key17", "key3"}, key_range{"key999", ""},
                                              key_range{"", "key1"}, key_range{"a", "b"}, key_range{"z", ""}}) {
                CAPTURE(printable(interval));
                std::vector<entry> found = entries_of(log.read(interval));
                CHECK(is_ordered(found));
                std::sort(found.begin(), found.end());
                CHECK(found == expected(all, interval));
            }
        }
    }
}

TEST_CASE("several cursors read at once, and outlive their log") {
    const std::vector<entry> all = some_entries(7, 5'000);
    std::optional<sorted_log> log{std::in_place, std::size_t{32} << 10};
    for (const entry& e : all) log->add(view_of(e));
    log->seal();
    sorted_log::cursor low = log->read({"", "key5"});
    sorted_log::cursor high = log->read({"key5", ""});
    sorted_log::cursor moved = std::move(high);
    log.reset();
    std::vector<entry> found = entries_of(std::move(low));
    const std::vector<entry> rest = entries_of(std::move(moved));
    found.insert(found.end(), rest.begin(), rest.end());
    std::sort(found.begin(), found.end());
    CHECK(found == expected(all, key_range::all()));
}

TEST_CASE("a batch never ends between changes of one key and version") {
    sorted_log log{std::size_t{8} << 20};
    const std::string large(200'000, 'x');
    for (const char* end : {"1", "2", "3"}) log.add({change_kind::put, {}, {{5}, 0}, "k", large + end});
    log.add({change_kind::put, {}, {{6}, 0}, "k", "after"});
    log.seal();
    sorted_log::cursor cursor = log.read(key_range::all());
    change_batch batch;
    REQUIRE(cursor.next(batch));
    CHECK(batch.size() == 3);
    REQUIRE(cursor.next(batch));
    CHECK(batch.size() == 1);
    CHECK_FALSE(cursor.next(batch));
    CHECK(batch.empty());
}

TEST_CASE("erasures of intervals are apart, replacements are passed over") {
    sorted_log log{4096};
    log.add({change_kind::erase_range, {}, {{5}, 1}, "a", ""});
    log.add({change_kind::replaced, {}, {{5}, 2}, "a", "b"});
    log.add({change_kind::erase, {}, {{5}, 3}, "a", ""});
    log.seal();
    CHECK(log.erasures() == std::vector<range_erasure>{{{{5}, 1}, {"a", ""}}});
    CHECK(entries_of(log.read(key_range::all())).size() == 1);
    CHECK(log.bytes() == 1);
}

TEST_CASE("an empty log can be read") {
    sorted_log log{4096};
    log.seal();
    CHECK(entries_of(log.read(key_range::all())).empty());
}

TEST_CASE("nothing is left in the folder, and a folder that is not there is an error") {
    const std::filesystem::path folder = std::filesystem::temp_directory_path() / "foreshadow-sorted-log-test";
    std::filesystem::create_directories(folder);
    {
        sorted_log log{4096, folder};
        for (const entry& e : some_entries(3, 1'000)) log.add(view_of(e));
        log.seal();
        CHECK(std::filesystem::is_empty(folder));
        CHECK_FALSE(entries_of(log.read(key_range::all())).empty());
    }
    std::filesystem::remove_all(folder);
    sorted_log log{4096, folder};
    const std::vector<entry> all = some_entries(3, 1'000);
    CHECK_THROWS_AS(
        [&] {
            for (const entry& e : all) log.add(view_of(e));
        }(),
        error);
}

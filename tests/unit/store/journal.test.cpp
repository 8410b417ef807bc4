// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/store/journal.hpp"

#include "foreshadow/source/log_batch.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/store/repository.hpp"
#include "run.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace fs = foreshadow;
using fs::testing::run;
using memory_repository = fs::repository<fs::memory_store>;

namespace {

fs::layout two_bands(std::uint64_t at) {
    fs::layout shape{.at = {at}, .partitions = {}};
    shape.partitions.push_back({.id = {1, {1}}, .name = "low", .interval = {"a", "m"}});
    shape.partitions.push_back({.id = {2, {1}}, .name = "high", .interval = {"m", "z"}});
    return shape;
}

struct log_maker {
    std::mt19937_64 random{1};
    std::uint64_t head = 10;
    std::map<std::string, std::vector<std::uint64_t>> truth;  // key: positions

    fs::log_batch next(std::size_t commits, bool with_ranges = false) {
        fs::log_batch batch;
        batch.after = {head};
        for (std::size_t i = 0; i < commits; ++i) {
            head += 1 + random() % 3;
            batch.commits.push_back({{head}, {static_cast<std::int64_t>(1'000'000 * head)}, batch.changes.size(), 5});
            for (std::uint32_t ordinal = 0; ordinal < 5; ++ordinal) {
                std::string key(1, static_cast<char>('a' + random() % 26));
                key += std::to_string(random() % 50);
                truth[key].push_back(head);
                const auto kind = ordinal == 4 ? fs::change_kind::erase : fs::change_kind::put;
                std::string value(ordinal == 4 ? 0 : 40, 'v');
                for (auto& c : value) c = static_cast<char>(random());
                batch.changes.append({kind, fs::write_hint::updated, {{head}, ordinal}, key, value});
            }
        }
        if (with_ranges)
            batch.changes.append({fs::change_kind::erase_range, fs::write_hint::unknown, {{head}, 9}, "b", "c"});
        batch.upto = {head};
        return batch;
    }
};

struct journaled {
    fs::memory_store store;
    std::unique_ptr<memory_repository> repo = run(memory_repository::open(store));
    fs::journal_reader<memory_repository> reader{*repo};
    fs::journal_writer<memory_repository> writer{*repo, "db", {10}, {.frame_least = 2000, .frame_most = 8000}};
    log_maker log;

    std::map<std::string, std::vector<std::uint64_t>> read(const fs::segment& which,
                                                           std::vector<fs::key_range> interest, std::uint64_t after,
                                                           std::uint64_t upto, std::size_t* ranges = nullptr) {
        std::map<std::string, std::vector<std::uint64_t>> found;
        const fs::journal_reader<memory_repository>::sink take = [&](const fs::change_view& change) {
            if (change.is_range()) {
                if (ranges) ++*ranges;
                return;
            }
            found[std::string{change.key}].push_back(change.at.at.value);
        };
        run(reader.read(which, fs::key_set{std::move(interest)}, {after}, {upto}, take));
        return found;
    }
};

}  // namespace

TEST_CASE("a segment gives back its commits, its layouts and its changes in log order within a key") {
    journaled w;
    for (int i = 0; i < 20; ++i) {
        auto batch = w.log.next(20);
        if (i == 7) {
            fs::layout_change split{.at = {batch.upto, 2},
                                    .time = {-5},
                                    .retired = {{1, {1}}},
                                    .begun = {},
                                    .descents = {{{1, {1}}, {2, {9}}}}};
            split.begun = two_bands(0).partitions;
            split.begun[0].holds = fs::content::definitions;
            split.begun[1].born_empty = true;
            batch.layouts.push_back(split);
        }
        w.writer.add(batch, two_bands(1));
    }
    CHECK(w.writer.bytes() > 100'000);
    const auto sealed = run(w.writer.seal({w.log.head}));
    REQUIRE(sealed);
    CHECK(sealed->after == fs::position{10});
    CHECK(sealed->upto == fs::position{w.log.head});
    CHECK(sealed->changes == 2000);
    CHECK(sealed->bytes == w.store.objects().at(sealed->where).size());
    CHECK(sealed->where.starts_with("sources/db/journal/00000000000000000010-"));
    CHECK(w.writer.bytes() == 0);

    const auto directory = run(w.reader.open(*sealed));
    CHECK(directory.commits.size() == 400);
    CHECK(directory.commits.back().at == sealed->upto);
    CHECK(directory.commits.back().time.microseconds == static_cast<std::int64_t>(1'000'000 * w.log.head));
    REQUIRE(directory.layouts.size() == 1);
    CHECK(directory.layouts[0].begun[1].born_empty);
    CHECK(directory.layouts[0].begun[0].holds == fs::content::definitions);
    CHECK(directory.layouts[0].time.microseconds == -5);
    CHECK(directory.frames.size() > 10);

    CHECK(w.read(*sealed, {fs::key_range::all()}, 0, ~0ULL) == w.log.truth);
    run(w.reader.check(*sealed));
}

TEST_CASE("a reader of one interval and some positions gets these, and fetches less") {
    journaled w;
    for (int i = 0; i < 20; ++i) w.writer.add(w.log.next(20, i == 3), two_bands(1));
    const auto sealed = run(w.writer.seal({w.log.head})).value();
    const auto upto = (10 + w.log.head) / 2;
    std::map<std::string, std::vector<std::uint64_t>> wanted;
    for (const auto& [key, positions] : w.log.truth)
        for (const auto at : positions)
            if (key >= "b" && key < "d" && at > 50 && at <= upto) wanted[key].push_back(at);
    const auto before = w.repo->statistics().bytes_read;
    std::size_t ranges = 0;
    CHECK(w.read(sealed, {{"b", "c"}, {"c", "d"}}, 50, upto, &ranges) == wanted);
    CHECK(ranges == 1);
    CHECK(w.repo->statistics().bytes_read - before < sealed.bytes * 2 / 3);
    ranges = 0;
    CHECK(w.read(sealed, {{"0", "1"}}, 0, ~0ULL, &ranges).empty());
    CHECK(ranges == 0);
}

TEST_CASE("nothing happened is said by a segment, and segments leave no gap") {
    journaled w;
    fs::log_batch heartbeat;
    heartbeat.after = {10};
    heartbeat.upto = {20};
    w.writer.add(heartbeat, two_bands(1));
    const auto empty = run(w.writer.seal({15}));
    REQUIRE(empty);
    CHECK(empty->changes == 0);
    CHECK(empty->upto == fs::position{15});
    CHECK_FALSE(run(w.writer.seal({15})));
    const auto next = run(w.writer.seal({20}));
    REQUIRE(next);
    CHECK(next->after == fs::position{15});
    CHECK(w.read(*empty, {fs::key_range::all()}, 0, ~0ULL).empty());
    run(w.reader.check(*empty));
    CHECK_THROWS_AS(run(w.writer.seal({21})), fs::error);
    CHECK_THROWS_AS(w.writer.add(heartbeat, two_bands(1)), fs::error);
}

TEST_CASE("a seal in the middle keeps what is above it for the next one") {
    journaled w;
    w.writer.add(w.log.next(50), two_bands(1));
    const auto first = run(w.writer.seal({40})).value();
    const auto second = run(w.writer.seal({w.log.head})).value();
    auto all = w.read(first, {fs::key_range::all()}, 0, ~0ULL);
    for (const auto& [key, positions] : w.read(second, {fs::key_range::all()}, 0, ~0ULL))
        all[key].insert(all[key].end(), positions.begin(), positions.end());
    CHECK(all == w.log.truth);
    CHECK(first.changes + second.changes == 250);
}

TEST_CASE("a name that a crashed backup took is not written again") {
    journaled w;
    w.writer.add(w.log.next(5), two_bands(1));
    const auto name = "sources/db/journal/00000000000000000010-" + std::string(18, '0') + std::to_string(w.log.head);
    run(w.store.put(name, "left behind"));
    const auto sealed = run(w.writer.seal({w.log.head})).value();
    CHECK(sealed.where == name + "-1");
    CHECK(w.store.objects().at(name) == "left behind");
    CHECK(w.read(sealed, {fs::key_range::all()}, 0, ~0ULL) == w.log.truth);
}

TEST_CASE("damage anywhere in a segment is found and named") {
    journaled w;
    for (int i = 0; i < 3; ++i) w.writer.add(w.log.next(20), two_bands(1));
    const auto sealed = run(w.writer.seal({w.log.head})).value();
    const auto whole = w.store.objects().at(sealed.where);
    for (std::size_t i = 0; i <= whole.size(); ++i) {
        auto& object = w.store.objects()[sealed.where];
        object = whole;
        if (i < whole.size()) {
            object[i] ^= 1;
        } else {
            object.resize(whole.size() - 1);
        }
        try {
            run(w.reader.check(sealed));
            FAIL("byte " << i << " does not matter");
        } catch (const fs::error& e) {
            CHECK((e.code() == fs::errc::corrupt || e.code() == fs::errc::unsupported_format));
            CHECK(e.fact("object") == sealed.where);
        }
    }
}

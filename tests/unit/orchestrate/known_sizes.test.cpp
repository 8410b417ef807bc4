// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/orchestrate/known_sizes.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace foreshadow;

namespace {

partition part(std::uint64_t id, key begin, key end, std::uint64_t rows = 0, std::uint64_t bytes = 0) {
    return {.id = {id, {1}},
            .name = std::to_string(id),
            .interval = {std::move(begin), std::move(end)},
            .rows = rows,
            .bytes = bytes};
}

layout layout_of(std::vector<partition> partitions, std::uint64_t at = 1) { return {{at}, std::move(partitions)}; }

/// Rows of each partition, in key order.
std::vector<std::uint64_t> rows_in(known_sizes& sizes, const layout& now) {
    std::vector<std::uint64_t> rows;
    for (const partition& p : sizes.tell(now).partitions) rows.push_back(p.rows);
    return rows;
}

struct written {
    log_batch batch;

    written& add(std::uint64_t at, change_kind kind, const key& k, const std::string& payload,
                 write_hint hint = write_hint::unknown) {
        batch.changes.append({kind, hint, {{at}, ordinal++}, k, payload});
        batch.upto = {at};
        return *this;
    }
    written& put(std::uint64_t at, const key& k) { return add(at, change_kind::put, k, "value", write_hint::inserted); }
    std::uint32_t ordinal = 0;
};

void take(known_sizes& sizes, const written& l) { sizes.take(l.batch, {}); }

using counts = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("sizes begin as they were told, and are news only where a scan counted") {
    const layout now = layout_of({part(1, "a", "m", 100, 1000), part(2, "m", "", 50, 700)});
    known_sizes sizes;
    sizes.start(now, {}, {});
    CHECK(rows_in(sizes, now) == counts{100, 50});
    CHECK_FALSE(sizes.has_news());
    sizes.scanned({"a", "c"}, {5}, 10, 90);
    CHECK(sizes.has_news());
    // Ten of a hundred were counted: ninety are believed to be in the rest.
    CHECK(rows_in(sizes, now) == counts{100, 50});
    CHECK_FALSE(sizes.has_news());
}

TEST_CASE("what a scan counts takes the place of what was told") {
    const layout now = layout_of({part(1, "a", "m", 100, 1000), part(2, "m", "", 50, 700)});
    known_sizes sizes;
    sizes.start(now, {}, {});
    sizes.scanned({"a", "c"}, {5}, 70, 90);
    sizes.scanned({"c", "m"}, {5}, 60, 80);
    CHECK(rows_in(sizes, now) == counts{130, 50});
    sizes.scanned({"m", ""}, {5}, 3, 20);
    const layout& told = sizes.tell(now);
    CHECK(told.partitions[0].bytes == 170);
    CHECK(told.partitions[1].rows == 3);
    CHECK(told.partitions[1].bytes == 20);
    CHECK(told.partitions[1].name == "2");
}

TEST_CASE("a chunk over the border of two partitions leaves each what it does not explain") {
    const layout now = layout_of({part(1, "a", "m", 100, 1000), part(2, "m", "z", 50, 700)});
    known_sizes sizes;
    sizes.start(now, {}, {});
    sizes.scanned({"k", "n"}, {5}, 30, 300);
    // Thirty of 150 lie in it, as many in each half as in the other; the rest is where it was.
    CHECK(rows_in(sizes, now) == counts{95, 55});
    sizes.scanned({"k", "n"}, {6}, 0, 0);
    CHECK(rows_in(sizes, now) == counts{80, 40});
}

TEST_CASE("nothing is told while the size of one partition is unknown, but for a chunk that is empty") {
    const layout now = layout_of({part(1, "a", "m", 100, 1000), part(2, "m", "")});
    known_sizes sizes;
    sizes.start(now, {}, {});
    sizes.scanned({"a", "m"}, {5}, 80, 800);
    CHECK_FALSE(sizes.has_news());
    sizes.scanned({"m", "q"}, {5}, 7, 70);
    CHECK_FALSE(sizes.has_news());
    CHECK(sizes.keep(now) == std::vector<partition_size>{{{1, {1}}, 80, 800}});
    sizes.scanned({"q", ""}, {5}, 0, 0);
    CHECK(sizes.has_news());
    CHECK(rows_in(sizes, now) == counts{80, 7});
}

TEST_CASE("writes are added where they fall, but not those that a chunk contained") {
    const layout now = layout_of({part(1, "a", "m", 10, 100), part(2, "m", "", 20, 200)});
    known_sizes sizes;
    sizes.start(now, {}, {});
    sizes.scanned({"a", "m"}, {7}, 10, 100);
    written writes;
    writes.put(7, "b").put(8, "c").put(9, "n");
    writes.add(9, change_kind::put, "d", "value", write_hint::updated).add(9, change_kind::patch, "e", "");
    writes.add(10, change_kind::erase, "p", "").add(10, change_kind::erase, "q", "");
    take(sizes, writes);
    CHECK(rows_in(sizes, now) == counts{11, 19});
    CHECK(sizes.tell(now).partitions[0].bytes == 106);  // one byte of key, five of the value
    CHECK(sizes.tell(now).partitions[1].bytes == 206 - 2 * 206 / 21 - 1);
}

TEST_CASE("more erasures than rows leave nothing, and not less") {
    const layout now = layout_of({part(1, "a", "", 1, 10)});
    known_sizes sizes;
    sizes.start(now, {}, {});
    written writes;
    for (std::uint64_t i = 2; i < 6; ++i) writes.add(i, change_kind::erase, "b", "");
    take(sizes, writes);
    CHECK(rows_in(sizes, now) == counts{0});
    CHECK(sizes.tell(now).partitions[0].bytes == 0);
}

TEST_CASE("an erased range is empty, and a replaced one unknown until it is read") {
    const layout now = layout_of({part(1, "a", "m", 10, 100), part(2, "m", "", 20, 200)});
    known_sizes sizes;
    sizes.start(now, {}, {});
    take(sizes, written{}.add(5, change_kind::erase_range, "m", ""));
    CHECK(rows_in(sizes, now) == counts{10, 0});
    take(sizes, written{}.add(6, change_kind::replaced, "a", "m"));
    sizes.scanned({"m", ""}, {7}, 1, 10);
    CHECK_FALSE(sizes.has_news());
    sizes.scanned({"a", "m"}, {7}, 33, 300);
    CHECK(sizes.has_news());
    CHECK(rows_in(sizes, now) == counts{33, 1});
    // What a chunk saw already is not taken away by the log.
    take(sizes, written{}.add(7, change_kind::erase_range, "a", "m"));
    CHECK(rows_in(sizes, now) == counts{33, 1});
}

TEST_CASE("a split is told with what the source says, or with what is known") {
    const layout before = layout_of({part(1, "a", "", 10, 100)});
    for (const bool is_told : {true, false}) {
        CAPTURE(is_told);
        known_sizes sizes;
        sizes.start(before, {}, {});
        sizes.scanned({"a", "k"}, {2}, 30, 300);
        sizes.scanned({"k", ""}, {2}, 10, 100);
        lineage_event split{.at = {{5}, 2},
                            .time = {},
                            .kind = lineage_kind::split,
                            .from = {part(1, "a", "", 10, 100)},
                            .to = {part(2, "a", "k"), part(3, "k", "")},
                            .boundaries = {"k"}};
        if (is_told) split.to[0].rows = 43;  // and nothing in the other
        written writes;
        writes.put(4, "b").put(5, "l").put(6, "c");
        std::vector<lineage_event> came{split};
        sizes.take(writes.batch, came);
        CHECK(came[0].from[0].rows == 42);
        CHECK(came[0].to[0].rows == (is_told ? 43 : 31));
        CHECK(came[0].to[1].rows == (is_told ? 0 : 11));
        const layout after = layout_of({came[0].to[0], came[0].to[1]}, 5);
        CHECK(rows_in(sizes, after) == (is_told ? counts{44, 0} : counts{32, 11}));
    }
}

TEST_CASE("a partition that begins where none was has what is written to it") {
    const layout before = layout_of({part(1, "a", "c", 10, 100)});
    known_sizes sizes;
    sizes.start(before, {}, {});
    std::vector<lineage_event> came{{.at = {{5}, 0},
                                     .time = {},
                                     .kind = lineage_kind::create,
                                     .from = {},
                                     .to = {part(2, "c", "f")},
                                     .boundaries = {}}};
    written writes;
    writes.ordinal = 1;
    writes.put(5, "d").put(6, "e").put(6, "x");
    sizes.take(writes.batch, came);
    CHECK(came[0].to[0].rows == 0);
    CHECK(rows_in(sizes, layout_of({part(1, "a", "c"), part(2, "c", "f")}, 5)) == counts{10, 2});
}

TEST_CASE("what was kept is where the next backup begins, and images stand in where nothing was told") {
    const layout now = layout_of({part(1, "a", "m", 10, 100), part(2, "m", "x"), part(3, "x", "")});
    known_sizes first;
    first.start(now, {}, {});
    first.scanned({"a", "m"}, {5}, 70, 800);
    const std::vector<partition_size> kept = first.keep(now);
    CHECK(kept == std::vector<partition_size>{{{1, {1}}, 70, 800}});

    const std::vector<image> images{
        {.interval = {"a", "m"}, .seen = horizon::exactly({3}), .where = "empty", .rows = 1, .bytes = 10},
        {.interval = {"m", "p"}, .seen = horizon::exactly({3}), .where = "empty", .rows = 4, .bytes = 40},
        {.interval = {"p", "x"}, .seen = horizon::exactly({4}), .where = "empty", .rows = 5, .bytes = 50}};
    known_sizes next;
    next.start(now, kept, images);
    CHECK(rows_in(next, now) == counts{70, 9, 0});
    CHECK_FALSE(next.has_news());
    CHECK(next.keep(now).size() == 2);
    next.scanned({"x", ""}, {6}, 0, 0);
    CHECK(next.has_news());
    CHECK(next.keep(now).size() == 3);
}

TEST_CASE("sizes are plain counts of what is there when everything is told and nothing is guessed") {
    // Partitions of ten keys each; every write says what it does, every chunk is whole.
    std::vector<partition> partitions;
    for (std::uint64_t i = 0; i < 10; ++i)
        partitions.push_back(part(i, key(1, static_cast<char>('a' + i)), key(1, static_cast<char>('b' + i)), 1, 10));
    const layout now = layout_of(std::move(partitions));
    known_sizes sizes;
    sizes.start(now, {}, {});
    counts truth(10, 0);
    std::uint64_t at = 2;
    for (std::uint64_t i = 0; i < 10; ++i) {
        const key begin(1, static_cast<char>('a' + i));
        sizes.scanned({begin, key(1, static_cast<char>('b' + i))}, {at}, i * 7, i * 70);
        truth[i] = i * 7;
        written writes;
        for (std::uint64_t n = 0; n < 40; ++n) {
            const std::uint64_t to = (n * 7 + i) % 10;
            if (to > i) continue;  // not read yet
            const key k = key(1, static_cast<char>('a' + to)) + std::to_string(n);
            if (n % 3 == 0 && truth[to] > 0) {
                writes.add(++at, change_kind::erase, k, "");
                --truth[to];
            } else {
                writes.put(++at, k);
                ++truth[to];
            }
        }
        take(sizes, writes);
    }
    CHECK(rows_in(sizes, now) == truth);
}

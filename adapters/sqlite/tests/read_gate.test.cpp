// SPDX-License-Identifier: BSL-1.0
#include "foreshadow/sqlite/database/read_gate.hpp"

#include "support.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>

namespace foreshadow::sqlite::tests {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// How large the WAL becomes while somebody writes a lot and a source reads all the time.
std::uintmax_t wal_after_reading(milliseconds longest_overlap) {
    const folder here;
    connection db = open_database(here / "a.db");
    db.execute("PRAGMA wal_autocheckpoint = 0; CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 1)");
    source s{here / "a.db", {.longest_overlap = longest_overlap, .checkpoint_above_bytes = 0}};
    testing::run(s.hold(std::nullopt));
    for (int i = 0; i < 40; ++i) {
        db.execute("UPDATE t SET v = randomblob(100000)");
        row_batch rows;
        testing::run(s.read(key_range::all(), {}, rows));
    }
    return std::filesystem::file_size(here / "a.db-wal");
}

}  // namespace

TEST_CASE("a pause waits for those who read, and nobody begins to read in it", "[sqlite]") {
    detail::read_gate gate{milliseconds{-1}};
    CHECK(gate.wants_pause());
    std::unique_ptr<detail::read_gate::pass> reading{new detail::read_gate::pass(gate.enter())};
    std::atomic<bool> paused = false;
    std::promise<void> enough;
    std::thread pauser{[&] {
        const auto pause = gate.hold_back();
        paused = true;
        enough.get_future().wait();
        paused = false;
    }};
    while (gate.wants_pause()) std::this_thread::yield();  // until it is being asked for
    CHECK_FALSE(paused);
    reading.reset();
    while (!paused) std::this_thread::yield();
    bool was_paused = true;
    std::thread reader{[&] {
        const auto pass = gate.enter();
        was_paused = paused;
    }};
    enough.set_value();
    reader.join();
    pauser.join();
    CHECK_FALSE(was_paused);
    CHECK(gate.wants_pause());
}

TEST_CASE("a pause is asked for only where readers were at work for long", "[sqlite]") {
    detail::read_gate gate{hours{1}};
    const auto pass = gate.enter();
    CHECK_FALSE(gate.wants_pause());
}

TEST_CASE("the WAL restarts although a source reads without end", "[sqlite]") {
    CHECK(wal_after_reading(milliseconds{-1}) < 1'000'000);
    CHECK(wal_after_reading(hours{1}) > 4'000'000);
}

}  // namespace foreshadow::sqlite::tests

// SPDX-License-Identifier: BSL-1.0
//
// The disk that forgets keeps the contract of an object store, whatever its habits; and it forgets exactly what was not
// synced.
#include "foreshadow/testing/simulated_disk.hpp"

#include "foreshadow/testing/conformance/object_store.hpp"
#include "foreshadow/testing/virtual_time.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;
using names = ft::simulated_disk::objects_type;

/// A disk, and the time in which it works.
struct world {
    explicit world(ft::disk_habits habits) : disk{ft::trouble{{}, time.clock()}, habits} {}

    void put(const std::string& name, const std::string& bytes) { time.run(disk.put(name, bytes)); }
    void cut_power() { disk.cut_power(ft::seeded_random{1}, 1); }

    ft::simulation time;
    ft::simulated_disk disk;
};

}  // namespace

TEST_CASE("a simulated disk keeps the contract of an object store, at once and in steps, whatever it syncs") {
    for (const bool in_steps : {false, true})
        for (const bool syncs_files : {false, true})
            for (const bool syncs_folders : {false, true}) {
                CAPTURE(in_steps, syncs_files, syncs_folders);
                world all{{.in_steps = in_steps, .syncs_files = syncs_files, .syncs_folders = syncs_folders}};
                const ft::report report =
                    ft::check_object_store([&] { return all.disk; }, {.largest = 200'001}, all.time);
                INFO(report.text());
                CHECK(report.is_kept());
                CHECK(all.disk.objects().empty());
            }
}

TEST_CASE("what a simulated disk returned for survives a power cut") {
    for (const bool in_steps : {false, true}) {
        CAPTURE(in_steps);
        world all{{.in_steps = in_steps}};
        all.put("packs/a", "one");
        all.put("packs/b", "two");
        all.time.run(all.disk.remove("packs/a"));
        CHECK(all.disk.is_settled());
        all.cut_power();
        CHECK(all.disk.objects() == names{{"packs/b", "two"}});
    }
}

TEST_CASE("a power cut undoes names that were not synced, and a removal as well as a put") {
    world all{{.in_steps = true}};
    all.put("packs/a", "one");
    all.disk.work_by({.in_steps = true, .syncs_folders = false});
    all.put("packs/b", "two");
    all.time.run(all.disk.remove("packs/a"));
    all.put("points/c", "three");
    CHECK(all.disk.objects() == names{{"packs/b", "two"}, {"points/c", "three"}});
    all.time.run(all.disk.settle("points/c"));
    CHECK_FALSE(all.disk.is_settled());
    all.cut_power();
    CHECK(all.disk.objects() == names{{"packs/a", "one"}, {"points/c", "three"}});
    CHECK(all.disk.is_settled());
}

TEST_CASE("a power cut shortens bytes that were not synced, although they have their name") {
    world all{{.in_steps = true, .syncs_files = false}};
    const std::string bytes(10'000, 'x');
    all.put("packs/a", bytes);
    CHECK_FALSE(all.disk.is_settled());
    all.cut_power();
    REQUIRE(all.disk.objects().contains("packs/a"));
    CHECK(all.disk.objects().at("packs/a").size() < bytes.size());
}

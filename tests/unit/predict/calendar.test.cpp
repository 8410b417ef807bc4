// SPDX-License-Identifier: BSL-1.0
//
// Series of names: what goes on with them, and which of their partitions goes next.
#include "foreshadow/predict/detail/calendar.hpp"
#include "foreshadow/predict/detail/drop_queues.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace foreshadow;

namespace {

wall_time hours(double n) { return after_seconds({1'700'000'000'000'000}, n * 3600); }

/// A table of this number, as PostgreSQL has them: nothing touches.
partition table_called(std::string name, std::uint64_t oid, std::uint64_t created = 1) {
    return {.id = {oid, {created}},
            .name = std::move(name),
            .interval = {"t" + std::to_string(100'000 + 10 * oid), "t" + std::to_string(100'001 + 10 * oid)}};
}
lineage_event creation_of(partition made, wall_time when) {
    return {{{1}, 0}, when, lineage_kind::create, {}, {std::move(made)}, {}};
}
lineage_event drop_of(partition gone, wall_time when) {
    return {{{1}, 0}, when, lineage_kind::drop, {std::move(gone)}, {}, {}};
}

}  // namespace

TEST_CASE("a series of names goes on wherever its partitions lie, and one of neighbours stays what it is") {
    detail::calendar dates;
    for (std::uint64_t n = 0; n < 6; ++n)
        for (const char* table : {"a.ev_p", "a.po_p"})
            dates.learn(creation_of(table_called(table + std::to_string(20261100 + n), 7 * n + (table[2] == 'p')),
                                    hours(24.0 * static_cast<double>(n))));
    REQUIRE(dates.named_creations.all().size() == 2);
    for (const detail::rhythm& each : dates.named_creations.all()) CHECK(each.gaps == 5);
    CHECK(dates.named_creations.find("a.ev_p#") != nullptr);
    CHECK(dates.named_creations.find("a.po_p#") != nullptr);
    for (const detail::rhythm& each : dates.creations.all()) CHECK(each.gaps == 0);

    detail::calendar by_place;
    for (int n = 0; n < 6; ++n)
        by_place.learn(creation_of({.id = {static_cast<std::uint64_t>(n), {1}},
                                    .name = "p" + std::to_string(n),
                                    .interval = {"d" + std::to_string(n), "d" + std::to_string(n + 1)}},
                                   hours(n)));
    REQUIRE(by_place.creations.all().size() == 1);
    CHECK(by_place.creations.all().front().gaps == 5);
    REQUIRE(by_place.named_creations.all().size() == 1);
    CHECK(by_place.named_creations.all().front().gaps == 0);  // the first touched nothing yet
}

TEST_CASE("what a script makes in commits of its own is one event, also before it is known how long a gap is") {
    detail::rhythms one_commit;
    detail::rhythms a_commit_each;
    for (int day = 0; day < 5; ++day)
        for (int n = 0; n < 4; ++n) {
            const std::string name = "p" + std::to_string(4 * day + n);
            one_commit.add_by_name(name, hours(24 * day));
            a_commit_each.add_by_name(name, after_seconds(hours(24 * day), 0.3 * n));
        }
    for (const detail::rhythms* all : {&one_commit, &a_commit_each}) {
        REQUIRE(all->all().size() == 1);
        const detail::rhythm& daily = all->all().front();
        CHECK(daily.gaps == 4);
        CHECK(daily.gap(0) == Approx(86'400).epsilon(0.001));
        CHECK(daily.chance(hours(24 * 4.9), 6 * 3600.0) > 0.7);
        CHECK(daily.chance(hours(24 * 4.3), 6 * 3600.0) < 0.05);
    }
}

TEST_CASE("series of names are bounded, and those that go on are kept") {
    detail::rhythms all;
    for (std::size_t i = 0; i < 3 * detail::rhythms::most / 2; ++i) {
        std::string name = "x";
        for (std::size_t n = i + 1; n > 0; n /= 26) name.push_back(static_cast<char>('a' + n % 26));
        all.add_by_name(name + "1", hours(static_cast<double>(i)));
        if (i % 100 == 0) all.add_by_name("kept" + std::to_string(i), hours(static_cast<double>(i)));
    }
    CHECK(all.all().size() == detail::rhythms::most);
    const detail::rhythm* kept = all.find("kept#");
    REQUIRE(kept != nullptr);
    CHECK(kept->gaps > 8);
}

TEST_CASE("the oldest of a series goes next: by creation, and by number among those of one commit") {
    detail::calendar dates;
    for (int n = 0; n < 4; ++n) dates.learn(drop_of(table_called("ev_p" + std::to_string(n), 500), hours(n)));
    // A script made them in an order of its own, today's first; what comes then is created later.
    layout now{{9}, {}};
    std::uint64_t oid = 600;
    for (const int day : {20, 19, 21, 18, 22, 9}) {
        now.partitions.push_back(table_called("ev_p" + std::to_string(day), ++oid));
        now.partitions.push_back(table_called("other_p" + std::to_string(day - 9), ++oid));
    }
    now.partitions.push_back(table_called("ev_p1", ++oid, 7));  // of the next year
    detail::drop_queues queues;
    queues.start(dates.named_drops, now);
    CHECK(queues.next("other_p#") == nullptr);
    for (const int day : {9, 18, 19, 20, 21, 22, 1}) {
        const auto next = std::find_if(now.partitions.begin(), now.partitions.end(),
                                       [&](const partition& p) { return p.name == "ev_p" + std::to_string(day); });
        REQUIRE(queues.next("ev_p#") != nullptr);
        CHECK(*queues.next("ev_p#") == next->id);
        queues.change(drop_of(*next, hours(9)), dates.named_drops);
    }
    CHECK(queues.next("ev_p#") == nullptr);
    // What is created is of it again, and once, however it was heard of.
    const partition born = table_called("ev_p5", ++oid, 8);
    now.partitions = {born};
    queues.start(dates.named_drops, now);
    queues.change(creation_of(born, hours(10)), dates.named_drops);
    REQUIRE(queues.next("ev_p#") != nullptr);
    CHECK(*queues.next("ev_p#") == born.id);
    queues.change(drop_of(born, hours(11)), dates.named_drops);
    CHECK(queues.next("ev_p#") == nullptr);
    const partition unseen = table_called("ev_p6", ++oid, 9);
    queues.change(creation_of(unseen, hours(12)), dates.named_drops);
    REQUIRE(queues.next("ev_p#") != nullptr);
    CHECK(*queues.next("ev_p#") == unseen.id);
}

TEST_CASE("a queue that was cut is looked for again when it is over, and never names a younger one before") {
    const auto seed = GENERATE(range(1u, 20u));
    CAPTURE(seed);
    std::mt19937 random{seed};
    detail::calendar dates;
    for (int n = 0; n < 3; ++n) dates.learn(drop_of(table_called("ev_p" + std::to_string(n), 500), hours(n)));
    std::vector<partition> alive;  // the oldest first
    std::uint64_t made = 0;
    const auto create = [&] {
        ++made;
        alive.push_back(table_called("ev_p" + std::to_string(made), made, made / 3));
        return alive.back();
    };
    while (alive.size() < 5 * detail::drop_queues::most) create();
    detail::drop_queues queues;
    queues.look_again();
    queues.look_if_due(dates.named_drops, {{9}, alive});
    const bool by_hand = seed % 2 == 0;
    bool is_in_order = true;
    std::size_t kept = 0;  // are older than what went last
    int looked_for = 0;
    for (int i = 0; i < 600 && kept < alive.size(); ++i) {
        if (!is_in_order || random() % 3 == 0) queues.look_if_due(dates.named_drops, {{9}, alive});
        if (const partition_id* next = queues.next("ev_p#")) {
            REQUIRE(*next == alive[kept].id);
            ++looked_for;
        }
        if (random() % 3 == 0) queues.change(creation_of(create(), hours(i)), dates.named_drops);
        // Somebody may drop another one by hand; then the calendar goes on with the oldest.
        const std::size_t which = !by_hand ? kept : random() % 5 == 0 ? random() % alive.size() : 0;
        queues.change(drop_of(alive[which], hours(i)), dates.named_drops);
        alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(which));
        is_in_order = is_in_order && which >= kept;
        kept = is_in_order ? which : 0;
    }
    CHECK(looked_for > 300);
}

TEST_CASE("a series that becomes known has its queue with the next look at the layout, and none costs one before") {
    detail::calendar dates;
    detail::drop_queues queues;
    const layout now{{9}, {table_called("ev_p9", 9)}};
    for (int n = 0; n < 3; ++n) {
        queues.look_if_due(dates.named_drops, now);
        CHECK(queues.next("ev_p#") == nullptr);
        const lineage_event event = drop_of(table_called("ev_p" + std::to_string(n), 5), hours(n));
        dates.learn(event);
        queues.change(event, dates.named_drops);
    }
    queues.look_if_due(dates.named_drops, now);
    REQUIRE(queues.next("ev_p#") != nullptr);
    CHECK(*queues.next("ev_p#") == partition_id{9, {1}});
}

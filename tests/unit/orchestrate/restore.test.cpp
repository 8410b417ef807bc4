// SPDX-License-Identifier: BSL-1.0
#include "simulated_world.hpp"

#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/row/conflict_policies.hpp"
#include "foreshadow/store/journal_reader.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace {

namespace fs = support::fs;
namespace ft = support::ft;
using support::simulated_world;

constexpr std::uint64_t seed = 4;  // nothing changes untold, and snapshots are prefixes: every commit is restorable

/// Two backups, and life before, between and after: between the two every position is restorable.
struct two_points {
    two_points() : world{support::lively(seed)} {
        world.live(500);
        first = world.back_up(fs::silent{}, support::small_numbers(seed));
        world.time().run(world.time().clock().sleep(0.5));
        second = world.back_up(fs::size_extrapolation{}, support::small_numbers(seed));
        REQUIRE(first.at < second.at);
    }
    [[nodiscard]] const std::vector<ft::logged_commit>& log() { return world.database().past().commits(); }
    [[nodiscard]] const ft::history& past() { return world.database().past(); }
    /// The last commit at or below.
    [[nodiscard]] const ft::logged_commit& commit_at(fs::position at) { return log()[past().first_above(at) - 1]; }
    [[nodiscard]] fs::error refusal(fs::restore_options options) {
        try {
            static_cast<void>(world.restore(second, std::move(options)));
        } catch (const fs::error& e) {
            return e;
        }
        FAIL("it was restored");
        return {fs::errc::internal, "it was restored"};
    }

    simulated_world world;
    fs::restore_point first;
    fs::restore_point second;
};

[[nodiscard]] fs::restore_options at(fs::position where) {
    fs::restore_options options;
    options.at = where;
    return options;
}
[[nodiscard]] fs::restore_options at(fs::wall_time when) {
    fs::restore_options options;
    options.at_time = when;
    return options;
}

[[nodiscard]] ft::rows_by_key rows_of(const ft::rows_by_key& all, const fs::key_range& interval) {
    ft::rows_by_key some;
    for (const auto& [k, value] : all)
        if (interval.contains(k)) some.emplace(k, value);
    return some;
}

}  // namespace

TEST_CASE("a position between two commits is restored as the earlier one, and the report says so") {
    two_points made;
    std::size_t between = 0;
    for (std::size_t i = made.past().first_above(made.first.at); i + 1 < made.log().size(); ++i) {
        const ft::logged_commit& commit = made.log()[i];
        if (made.log()[i + 1].at > made.second.at) break;
        if (made.log()[i + 1].at.value - commit.at.value < 2) continue;
        const fs::position asked{made.log()[i + 1].at.value - 1};
        CAPTURE(asked.value, commit.at.value);
        const auto [into, report] = made.world.restore(made.second, at(asked));
        CHECK(report.at.value == commit.at.value);
        CHECK(report.time == commit.time);
        CHECK(into.rows() == made.past().state_at(asked));
        if (++between == 8) break;
    }
    CHECK(between > 0);
}

TEST_CASE("a time is restored as the last commit not after it, and the report says which") {
    two_points made;
    const std::size_t begin = made.past().first_above(made.first.at);
    const std::size_t end = made.past().first_above(made.second.at);
    REQUIRE(end - begin > 20);
    for (std::size_t i = begin; i + 1 < end; i += (end - begin) / 8) {
        const fs::wall_time asked{(made.log()[i].time.microseconds + made.log()[i + 1].time.microseconds) / 2};
        // Clocks may go back, and positions never do: it is the last by position.
        std::size_t last = 0;
        for (std::size_t c = 0; c < end; ++c)
            if (made.log()[c].time <= asked) last = c;
        const ft::logged_commit& expected = made.log()[last];
        CAPTURE(asked.microseconds, expected.at.value);
        const auto [into, report] = made.world.restore(made.second, at(asked));
        CHECK(report.at.value == expected.at.value);
        CHECK(report.time == expected.time);
        CHECK(into.rows() == made.past().state_at(expected.at));
    }
}

TEST_CASE("a position or time after the point is the point's own") {
    two_points made;
    for (const fs::restore_options& later :
         {at(made.second.at), at(fs::position{made.second.at.value + 1'000}), at(fs::position::last()),
          at(fs::wall_time{made.second.time.microseconds + 1}), at(made.second.time)}) {
        const auto [into, report] = made.world.restore(made.second, later);
        CHECK(report.at.value == made.second.at.value);
        CHECK(into.rows() == made.past().state_at(made.second.at));
    }
}

TEST_CASE("what lies before the restorable range is not restorable, and nothing is half made") {
    two_points made;
    for (const fs::restore_options& early :
         {at(fs::position{0}), at(made.log().front().at), at(fs::position{made.second.knows.held.value - 1}),
          at(made.log().front().time), at(fs::wall_time{0})}) {
        const fs::error e = made.refusal(early);
        CHECK(e.code() == fs::errc::not_restorable);
        CHECK(!e.hint().empty());
    }
    ft::simulated_target into;
    fs::fail conflicts;
    CHECK_THROWS(made.world.restore_into(into, conflicts, made.second, at(fs::position{0})));
    CHECK(into.is_abandoned());
    CHECK(!into.is_finished());
}

TEST_CASE("the layout of a restored position is the one in force at it") {
    two_points made;
    std::size_t changes = 0;
    for (std::size_t i = made.past().first_above(made.first.at); i < made.log().size(); ++i) {
        if (made.log()[i].at > made.second.at) break;
        if (made.log()[i].layouts.empty()) continue;
        for (const fs::position t : {fs::position{made.log()[i].at.value - 1}, made.log()[i].at}) {
            if (t < made.first.at) continue;
            const auto [into, report] = made.world.restore(made.second, at(t));
            const fs::layout truth = made.past().layout_at(t);
            REQUIRE(into.shape().partitions.size() == truth.partitions.size());
            for (std::size_t p = 0; p < truth.partitions.size(); ++p) {
                CHECK(into.shape().partitions[p].id == truth.partitions[p].id);
                CHECK(into.shape().partitions[p].interval == truth.partitions[p].interval);
                CHECK(into.shape().partitions[p].name == truth.partitions[p].name);
            }
        }
        if (++changes == 4) break;
    }
    CHECK(changes > 0);
}

TEST_CASE("one partition is restored alone, with the definitions and nothing else") {
    two_points made;
    const ft::rows_by_key truth = made.past().state_at(made.second.at);
    const fs::layout shape = made.past().layout_at(made.second.at);
    ft::rows_by_key definitions;
    for (const fs::partition& p : shape.partitions)
        if (p.holds == fs::content::definitions) definitions.merge(rows_of(truth, p.interval));
    REQUIRE(!definitions.empty());
    for (const fs::partition& p : shape.partitions) {
        if (p.holds == fs::content::definitions) continue;
        CAPTURE(p.name);
        fs::restore_options options;
        options.partitions = {p.name};
        const auto [into, report] = made.world.restore(made.second, options);
        ft::rows_by_key expected = definitions;
        for (const fs::partition& named : shape.partitions)
            if (named.name == p.name) expected.merge(rows_of(truth, named.interval));
        CHECK(into.rows() == expected);
        CHECK(report.rows == expected.size());
        for (const fs::partition& there : into.shape().partitions)
            CHECK((there.holds == fs::content::definitions || there.name == p.name));
    }
}

TEST_CASE("one partition reads its own part of images and journal, and no more than a tenth beside it") {
    simulated_world world{support::lively(seed)};
    fs::back_up_options options = support::small_numbers(seed);
    options.journal_bytes = 1 << 20;  // segments as they are: a frame for each partition
    options.checkpoint_seconds = 1e6;
    world.live(2'000);
    world.time().run(world.time().clock().sleep(1));
    const fs::restore_point base = world.back_up(fs::silent{}, options);
    world.time().run(world.time().clock().sleep(20));  // everything else happens now
    const fs::restore_point point = world.back_up(fs::silent{}, options);

    // What each needs at least: frames that hold a change of its keys after the image, by what the segments say.
    const fs::layout shape = world.database().past().layout_at(point.at);
    fs::journal_reader<support::simulated_repository> reader{world.repository()};
    std::size_t compared = 0;
    for (const fs::partition& p : shape.partitions) {
        if (p.holds == fs::content::definitions) continue;
        fs::restore_options one;
        one.partitions = {p.name};
        const auto [into, report] = world.restore(point, one);
        std::uint64_t share = 0;
        for (const fs::segment& s : point.knows.known.segments) {
            const fs::journal_directory directory = world.time().run(reader.open(s));
            share += directory.stored;
            for (const fs::journal_frame& frame : directory.frames) {
                std::vector<fs::key_range> own;
                for (const fs::partition& q : shape.partitions)
                    if (q.holds == fs::content::definitions || q.name == p.name) own.push_back(q.interval);
                const bool is_own = std::any_of(own.begin(), own.end(), [&](const fs::key_range& i) {
                    return i.overlaps({frame.first_key, fs::successor(frame.last_key)});
                });
                if (is_own || frame.ranges) share += frame.stored;
            }
        }
        CAPTURE(p.name, share);
        CHECK(static_cast<double>(report.journal_bytes_read) <= 1.1 * static_cast<double>(share));
        ++compared;
    }
    CHECK(compared > 1);

    world.open();  // blocks that were read lately cost nothing
    const auto [into, whole] = world.restore(point);
    CHECK(into.rows() == world.database().past().state_at(point.at));
    const auto last = std::prev(shape.partitions.end());
    fs::restore_options one;
    one.partitions = {last->name};
    world.open();
    const auto [alone, part] = world.restore(point, one);
    CHECK(part.image_bytes_read < whole.image_bytes_read);
    CHECK(part.journal_bytes_read < whole.journal_bytes_read);
    CHECK(base.at < point.at);
}

TEST_CASE("a partition that is not there is not found, by name") {
    two_points made;
    fs::restore_options options;
    options.partitions = {made.past().layout_at(made.second.at).partitions.back().name, "nowhere"};
    const fs::error e = made.refusal(options);
    CHECK(e.code() == fs::errc::not_found);
    CHECK(e.message().find("nowhere") != std::string::npos);
}

TEST_CASE("progress only grows, and ends at what the report says") {
    two_points made;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    std::uint64_t told = 0;
    made.world.listen([&](const fs::event& what) {
        const auto* progress = std::get_if<fs::restore_progress>(&what);
        if (progress == nullptr) return;
        ++told;
        CHECK(progress->rows >= rows);
        CHECK(progress->bytes >= bytes);
        rows = progress->rows;
        bytes = progress->bytes;
    });
    const auto [into, report] = made.world.restore(made.second);
    CHECK(told > 0);
    CHECK(rows == report.rows);
    CHECK(bytes == report.bytes);
    CHECK(report.rows == into.rows().size());
    std::uint64_t sum = 0;
    for (const fs::restored_partition& p : report.partitions) sum += p.rows;
    CHECK(sum == report.rows);
}

namespace {

/// A point whose images are said to hold nothing: patches in the journal then lack their rows.
[[nodiscard]] fs::restore_point without_rows(simulated_world& world, fs::restore_point point) {
    auto writer = world.storage().write();
    const fs::stored_rows nothing = world.time().run(writer.finish());
    for (fs::image& i : point.knows.known.images) i.where = nothing.where;
    return point;
}

}  // namespace

TEST_CASE("by default a conflict stops the restore, and says where it is") {
    two_points made;
    const fs::restore_point hollow = without_rows(made.world, made.second);
    ft::simulated_target into;
    fs::fail conflicts;
    try {
        made.world.restore_into(into, conflicts, hollow);
        FAIL("it was restored");
    } catch (const fs::error& e) {
        CHECK(e.code() == fs::errc::conflict);
        CHECK(!e.fact("key").empty());
        CHECK(!e.fact("partition").empty());
        CHECK(!e.fact("version").empty());
    }
    CHECK(into.is_abandoned());
    CHECK(into.rows().empty());
}

TEST_CASE("newest-and-report restores what can be, and keeps each case") {
    two_points made;
    const fs::restore_point hollow = without_rows(made.world, made.second);
    ft::simulated_target into;
    fs::newest_and_report conflicts;
    const fs::restore_report report = made.world.restore_into(into, conflicts, hollow);
    CHECK(into.is_finished());
    CHECK(report.conflicts > 0);
    CHECK(report.conflicts == conflicts.conflicts().size());
    for (const fs::conflict& c : conflicts.conflicts()) {
        CHECK(c.kind == fs::conflict_kind::patch_without_row);
        CHECK(!c.partition.empty());
        CHECK(c.at.at <= made.second.at);
    }
    // What was written whole since is right; nothing is there that should not be.
    const ft::rows_by_key truth = made.past().state_at(made.second.at);
    CHECK(!into.rows().empty());
    for (const auto& [k, value] : into.rows()) {
        const auto found = truth.find(k);
        REQUIRE(found != truth.end());
        CHECK(found->second == value);
    }
}

TEST_CASE("a position in a stretch that the journal lost is refused, and not answered with an earlier one") {
    two_points made;
    std::vector<fs::segment>& segments = made.second.knows.known.segments;
    const auto lost = std::find_if(segments.begin(), segments.end(), [&](const fs::segment& s) {
        return s.after > made.first.at && s.upto < made.second.at && s.changes > 0;
    });
    REQUIRE(lost != segments.end());
    const fs::segment gone = *lost;
    segments.erase(lost);
    CHECK(made.refusal(at(gone.upto)).code() == fs::errc::not_restorable);
    CHECK(made.refusal(at(made.commit_at(gone.upto).time)).code() == fs::errc::not_restorable);
    const auto [into, report] = made.world.restore(made.second, at(gone.after));
    CHECK(into.rows() == made.past().state_at(gone.after));
}

TEST_CASE("what was replaced untold is not restored from before, although the catalog forgot it") {
    std::size_t noticed = 0;
    for (const std::uint64_t untold : {1, 6, 11, 16}) {
        simulated_world world{support::lively(untold)};
        world.live(400);
        world.back_up(fs::silent{}, support::small_numbers(untold));
        world.time().run(world.time().clock().sleep(0.3));
        fs::restore_point point = world.back_up(fs::silent{}, support::small_numbers(untold));
        fs::boxes& known = point.knows.known;
        const std::vector<fs::replacement> replacements = std::exchange(known.replacements, {});
        for (const fs::replacement& r : replacements)
            std::erase_if(known.images, [&](const fs::image& i) {
                return i.interval.overlaps(r.interval) && i.seen.contains(r.at.at);
            });
        try {
            const auto [into, report] = world.restore(point);
            CHECK(into.rows() == world.database().past().state_at(point.at));
        } catch (const fs::error& e) {
            CHECK((e.code() == fs::errc::corrupt || e.code() == fs::errc::not_restorable));
            noticed += e.code() == fs::errc::corrupt;
        }
    }
    CHECK(noticed > 0);
}

TEST_CASE("partitions that are restored side by side are the same rows and the same report as one after another") {
    two_points made;
    const auto [alone, expected] = made.world.restore(made.second);
    CHECK(alone.most_open() == 1);
    std::uint64_t told = 0;
    std::uint64_t rows = 0;
    made.world.listen([&](const fs::event& what) {
        const auto* progress = std::get_if<fs::restore_progress>(&what);
        if (progress == nullptr) return;
        ++told;
        CHECK(progress->rows > rows);
        rows = progress->rows;
    });
    for (const std::size_t lanes : {2, 3, 100}) {
        CAPTURE(lanes);
        rows = told = 0;
        const auto [into, report] = made.world.restore(made.second, {}, lanes);
        CHECK(into.most_open() > 1);
        CHECK(into.most_open() <= lanes);
        CHECK(into.rows() == alone.rows());
        CHECK(into.is_finished());
        CHECK(told > 0);
        CHECK(rows == report.rows);
        CHECK(report.rows == expected.rows);
        CHECK(report.bytes == expected.bytes);
        CHECK(report.changes_applied == expected.changes_applied);
        REQUIRE(report.partitions.size() == expected.partitions.size());
        for (std::size_t i = 0; i < expected.partitions.size(); ++i) {
            CHECK(report.partitions[i].name == expected.partitions[i].name);
            CHECK(report.partitions[i].rows == expected.partitions[i].rows);
            CHECK(report.partitions[i].bytes == expected.partitions[i].bytes);
        }
    }
}

TEST_CASE("what fails in one of several partitions ends the others, and the target is abandoned once, after them") {
    two_points made;
    // The target itself refuses to be abandoned while a call is under way, and a second time.
    for (const fs::partition& p : made.past().layout_at(made.second.at).partitions) {
        if (p.holds == fs::content::definitions) continue;
        fs::restore_point damaged = made.second;
        std::size_t images = 0;
        for (fs::image& i : damaged.knows.known.images) {
            if (!i.interval.overlaps(p.interval) || i.rows == 0) continue;
            i.where = std::string(64, '0') + "-0-1-1";
            ++images;
        }
        if (images == 0) continue;
        CAPTURE(p.name);
        ft::simulated_target into{4};
        fs::fail conflicts;
        try {
            made.world.restore_into(into, conflicts, damaged);
            FAIL("it was restored");
        } catch (const fs::error& e) {
            CHECK(e.code() == fs::errc::not_found);
        }
        CHECK(into.is_abandoned());
        CHECK(!into.is_finished());
        CHECK(into.rows().empty());
    }
}

// SPDX-License-Identifier: BSL-1.0
#include "simulated_world.hpp"

#include "foreshadow/json.hpp"
#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/predict/silent.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = support::fs;
namespace ft = support::ft;
using support::simulated_world;

/// A repository with two points; each test damages it, and mends it again.
struct two_backups {
    two_backups() : world{support::lively(seed)} {
        fs::back_up_options options = support::small_numbers(seed);
        options.workers = 2;
        options.journal_bytes = 3'000;
        options.checkpoint_seconds = 0.2;
        world.live(140);
        points.push_back(world.back_up(fs::silent{}, options));
        world.time().run(world.time().clock().sleep(0.2));
        points.push_back(world.back_up(fs::silent{}, options));
        whole = world.objects();
    }

    fs::verify_report verify(bool data) {
        world.open();
        return world.verify(data);
    }
    [[nodiscard]] std::vector<std::string> names_with(const std::string& part) const {
        std::vector<std::string> names;
        for (const auto& [name, bytes] : whole)
            if (name.find(part) != std::string::npos) names.push_back(name);
        return names;
    }
    /// Whether the point still restores exactly; wrong rows are never an answer.
    [[nodiscard]] bool restores(const fs::restore_point& point) {
        try {
            const auto [into, report] = world.restore(point);
            CHECK(into.rows() == world.database().past().state_at(point.at));
            return true;
        } catch (const fs::error& e) {
            INFO(e.line());
            CHECK((e.code() == fs::errc::corrupt || e.code() == fs::errc::not_found));
            CHECK(!e.fact("object").empty());
            return false;
        }
    }
    [[nodiscard]] static bool is_named(const fs::finding& f, const fs::restore_point& point) {
        return std::any_of(f.affected.begin(), f.affected.end(), [&](const std::string& text) {
            return text.find("point " + point.id) != std::string::npos;
        });
    }

    static constexpr std::uint64_t seed = 9;
    simulated_world world;
    std::vector<fs::restore_point> points;
    ft::simulated_disk::objects_type whole;
};

/// Checks what verify says of one damaged object, and that it is all true.
void check_finding(two_backups& made, const std::string& object, const fs::verify_report& report) {
    bool found = false;
    for (const fs::finding& f : report.findings) {
        INFO(f.object << ": " << f.what);
        CHECK(f.object == object);
        CHECK(!f.what.empty());
        CHECK(!f.affected.empty());
        CHECK(std::set<std::string>(f.affected.begin(), f.affected.end()).size() == f.affected.size());
        found = found || f.object == object;
    }
    CHECK(found);
    for (const fs::restore_point& point : made.points) {
        CAPTURE(point.id);
        const bool is_named = std::any_of(report.findings.begin(), report.findings.end(),
                                          [&](const fs::finding& f) { return two_backups::is_named(f, point); });
        // A point that is not named restores exactly. One that is may do so, where its T needs not all that it knows.
        if (!is_named) CHECK(made.restores(point));
    }
}

using damage = std::function<void(ft::simulated_disk::objects_type&, const std::string&)>;

/// Applies each kind of damage to the object in turn.
void with_each_damage(two_backups& made, const std::string& object, const std::function<void(bool is_gone)>& check) {
    const std::size_t size = made.whole.at(object).size();
    for (const std::size_t place : {std::size_t{0}, std::size_t{9}, size / 3, size / 2, size - 40, size - 1}) {
        if (place >= size) continue;
        CAPTURE(object, size, place);
        made.world.objects() = made.whole;
        made.world.objects().at(object)[place] ^= 0x40;
        check(false);
    }
    for (const std::size_t left : {std::size_t{0}, std::size_t{20}, size / 2, size - 1}) {
        if (left >= size) continue;
        CAPTURE(object, size, left);
        made.world.objects() = made.whole;
        made.world.objects().at(object).resize(left);
        check(false);
    }
    CAPTURE(object);
    made.world.objects() = made.whole;
    made.world.objects().at(object) += "more";
    check(false);
    made.world.objects() = made.whole;
    made.world.objects().erase(object);
    check(true);
    made.world.objects() = made.whole;
}

}  // namespace

TEST_CASE("a whole repository is sound, and every box of every point was looked at") {
    two_backups made;
    for (const bool data : {false, true}) {
        const fs::verify_report report = made.verify(data);
        for (const fs::finding& f : report.findings) FAIL_CHECK(f.object << ": " << f.what);
        CHECK(report.is_sound());
        CHECK(report.points == 2);
        const fs::boxes& known = made.points.back().knows.known;
        CHECK(report.boxes >= known.segments.size());
        CHECK(report.boxes <= 2 * (known.images.size() + known.segments.size() + known.runs.size()));
    }
}

TEST_CASE(
    "whatever byte of the data is damaged, it is found and named, and points that are not named restore exactly") {
    two_backups made;
    const std::vector<std::string> packs = made.names_with("packs/");
    REQUIRE(!packs.empty());
    for (const std::string& object : packs)
        with_each_damage(made, object, [&](bool) { check_finding(made, object, made.verify(true)); });
}

TEST_CASE(
    "whatever byte of the journal is damaged, it is found and named, and points that are not named restore exactly") {
    two_backups made;
    const std::vector<std::string> segments = made.names_with("/journal/");
    REQUIRE(segments.size() > 2);
    for (const std::string& object : {segments.front(), segments[segments.size() / 2], segments.back()})
        with_each_damage(made, object, [&](bool) { check_finding(made, object, made.verify(true)); });
}

TEST_CASE("a segment that only the later point knows affects the later point alone") {
    two_backups made;
    const std::string object = made.points.back().knows.known.segments.back().where;
    made.world.objects().erase(object);
    const fs::verify_report report = made.verify(false);
    REQUIRE(report.findings.size() == 1);
    CHECK(report.findings.front().object == object);
    CHECK(!two_backups::is_named(report.findings.front(), made.points.front()));
    CHECK(two_backups::is_named(report.findings.front(), made.points.back()));
    CHECK(made.restores(made.points.front()));
    CHECK(!made.restores(made.points.back()));
}

TEST_CASE("a damaged point is named, and the other is sound") {
    two_backups made;
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string object = fs::point_object(made.points[i].knows.source.id, made.points[i].id);
        REQUIRE(made.whole.count(object) == 1);
        const fs::restore_point& other = made.points[1 - i];
        with_each_damage(made, object, [&](bool is_gone) {
            const fs::verify_report report = made.verify(true);
            CHECK(report.points == (is_gone ? 1 : 2));
            CHECK(report.is_sound() == is_gone);
            for (const fs::finding& f : report.findings) {
                CHECK(f.object == object);
                CHECK(two_backups::is_named(f, made.points[i]));
                CHECK(!two_backups::is_named(f, other));
            }
            CHECK(made.restores(other));
        });
    }
}

TEST_CASE("a damaged index is named, and costs no data") {
    two_backups made;
    for (const std::string& object : made.names_with("indexes/"))
        with_each_damage(made, object, [&](bool is_gone) {
            const fs::verify_report report = made.verify(true);
            CHECK(report.is_sound() == is_gone);
            for (const fs::finding& f : report.findings) CHECK(f.object == object);
            for (const fs::restore_point& point : made.points) CHECK(made.restores(point));
        });
}

TEST_CASE("without data, what is missing or cut short is found") {
    two_backups made;
    for (const std::string& object : made.names_with("packs/")) {
        CAPTURE(object);
        made.world.objects() = made.whole;
        made.world.objects().erase(object);
        check_finding(made, object, made.verify(false));
        made.world.objects() = made.whole;
        made.world.objects().at(object).pop_back();
        check_finding(made, object, made.verify(false));
    }
}

TEST_CASE("a point whose boxes do not prove it is found") {
    two_backups made;
    fs::restore_point wrong = made.points.back();
    REQUIRE(wrong.knows.known.segments.size() > 1);
    wrong.knows.known.segments.pop_back();
    wrong.id += "-wrong";
    const std::string object = fs::point_object(wrong.knows.source.id, wrong.id);
    made.world.time().run(made.world.repository().put(object, fs::object_kind::point, fs::document_of(wrong)));
    const fs::verify_report report = made.verify(false);
    REQUIRE(!report.is_sound());
    for (const fs::finding& f : report.findings) {
        CHECK(f.object == object);
        CHECK(f.what.find("the proof fails") != std::string::npos);
        CHECK(two_backups::is_named(f, wrong));
    }
}

TEST_CASE("a store that does not answer is an error, not a finding") {
    two_backups made;
    made.world.open();
    made.world.fate().die_after(8);
    CHECK_THROWS_AS(made.world.verify(true), support::ft::process_death);
    made.world.fate().be_born();
    CHECK(made.world.verify(true).is_sound());
}

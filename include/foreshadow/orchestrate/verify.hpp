// SPDX-License-Identifier: BSL-1.0
//
// Verify reads what a restore would: every point's document, its boxes, and its proof anew by the coverage rule; with
// `data`, every byte. It goes on after a finding, so that one damaged object names all that depends on it and nothing
// else.
#pragma once

#include "foreshadow/catalog/consistency.hpp"
#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/observe/event.hpp"
#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/orchestrate/verify_report.hpp"
#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/plane/layout_history.hpp"
#include "foreshadow/store/journal_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

namespace detail {

template <class Repository, class Storage, class Observer>
class verify {
  public:
    verify(Repository& repository, Storage& storage, Observer& observer, verify_options options)
        : repository_{repository}, storage_{storage}, observer_{observer}, options_{options} {}

    task<verify_report> perform() {
        const std::vector<point_name> points = co_await list_points(repository_);
        for (const point_name& name : points) {
            ++report_.points;
            co_await check_point(name);
            observer_.on(event{verify_progress{.done = report_.points, .of = points.size()}});
        }
        co_await check_repository();
        co_return std::move(report_);
    }

  private:
    /// What no point needs as long as the rest is whole; what one needs has been found by its boxes.
    task<> check_repository() {
        std::vector<error> found = repository_.damage();
        if (options_.data) {
            const std::vector<error> in_packs = co_await repository_.check_packs();
            found.insert(found.end(), in_packs.begin(), in_packs.end());
        }
        for (const error& e : found) {
            const std::string object = e.fact("object");
            const auto known = noted_.lower_bound({object, {}});
            if (known == noted_.end() || known->first.first != object)
                add(object, e.message(), {"no restore point as long as the other objects are whole"});
        }
    }

    task<> check_point(point_name name) {
        std::optional<restore_point> point;
        std::optional<error> wrong;
        try {
            point = co_await read_point_unchecked(repository_, name.object);
        } catch (const error& e) {
            wrong = e;
        }
        if (wrong) {
            note(*wrong, name.object, {"point " + name.id});
            co_return;
        }
        const layout shape = check_proof(*point, name);
        for (const image& box : point->knows.known.images) co_await check_rows(box.where, box.interval, name.id, shape);
        for (const run& box : point->knows.known.runs) co_await check_rows(box.where, box.interval, name.id, shape);
        for (const segment& box : point->knows.known.segments) {
            co_await check_segment(box, name.id);
            check_layouts(*point, box, name);
        }
    }

    /// "point 7, partition orders": what people know an interval of a point by, each partition alone.
    [[nodiscard]] static std::vector<std::string> affected(const std::string& point, const layout& shape,
                                                           const key_range& interval) {
        std::vector<std::string> all;
        for (const partition& p : shape.overlapping(interval))
            all.push_back("point " + point + ", partition " + p.name);
        if (all.empty()) all.push_back("point " + point);
        return all;
    }

    /// Proves the point anew; returns its layout, or none where its layouts contradict each other.
    layout check_proof(const restore_point& point, const point_name& name) {
        layout shape;
        try {
            shape = history_of(point.knows).at(point.at);
            const proof cover = prove(point.knows.known, shape, point.at);
            for (const gap& g : cover.gaps)
                add(name.object, "the proof fails: " + g.why, affected(name.id, shape, g.interval));
            if (cover.is_complete()) {
                expect_consistent(point.knows);
                expect_proof(point, cover);
            }
        } catch (const error& e) {
            note_contradiction(e, name);
        }
        return shape;
    }

    /// Whether the point's layouts are those that the segment, read before, tells of.
    void check_layouts(const restore_point& point, const segment& box, const point_name& name) {
        const auto head = told_.find(box.where);
        if (head == told_.end()) return;
        try {
            expect_layouts(point.knows, box.after, box.upto, head->second);
        } catch (const error& e) {
            note_contradiction(e, name);
        }
    }

    void note_contradiction(const error& e, const point_name& name) {
        note(error{errc::corrupt, e.message(), e.hint()}, name.object, {"point " + name.id});
    }

    /// `point` and `shape` outlive it: they are only asked where something is wrong.
    task<> check_rows(std::string where, key_range interval, const std::string& point, const layout& shape) {
        const std::string what = where + ' ' + printable(interval);
        const auto whom = [&] { return affected(point, shape, interval); };
        if (is_checked(what, whom)) co_return;
        ++report_.boxes;
        std::optional<error> wrong;
        try {
            co_await storage_.check(where, interval, options_.data);
        } catch (const error& e) {
            wrong = e;
        }
        remember(what, wrong, where, whom);
    }

    task<> check_segment(segment box, const std::string& point) {
        const auto whom = [&] {
            return std::vector{"point " + point + ", positions above " + std::to_string(box.after.value)};
        };
        if (is_checked(box.where, whom)) co_return;
        ++report_.boxes;
        std::optional<error> wrong;
        try {
            journal_reader<Repository> reader{repository_};
            journal_directory head;
            if (options_.data)
                head = co_await reader.check(box);
            else
                head = co_await reader.open(box);
            told_[box.where] = std::move(head.layouts);
        } catch (const error& e) {
            wrong = e;
        }
        remember(box.where, wrong, box.where, whom);
    }

    /// Whether the box was checked for another point; what was wrong with it affects this one, too.
    template <class Whom>
    bool is_checked(const std::string& what, const Whom& whom) {
        const auto seen = checked_.find(what);
        if (seen == checked_.end()) return false;
        if (seen->second) affects(*seen->second, whom());
        return true;
    }

    template <class Whom>
    void remember(const std::string& what, const std::optional<error>& wrong, const std::string& object,
                  const Whom& whom) {
        std::optional<std::size_t>& place = checked_[what];
        if (wrong) place = note(*wrong, object, whom());
    }

    std::size_t note(const error& e, const std::string& object, const std::vector<std::string>& affected) {
        // Environment, not damage: whoever asked must hear it as it is.
        if (e.code() != errc::corrupt && e.code() != errc::not_found && e.code() != errc::unsupported_format) throw e;
        const std::string named = e.fact("object").empty() ? object : e.fact("object");
        return add(named, e.message(), affected);
    }

    /// One finding for what is wrong with an object, whatever it affects. Returns its place in the report.
    std::size_t add(const std::string& object, const std::string& what, const std::vector<std::string>& affected) {
        const auto [noted, is_new] = noted_.try_emplace({object, what}, report_.findings.size());
        if (is_new) report_.findings.push_back({object, what, {}});
        affects(noted->second, affected);
        return noted->second;
    }

    /// Many boxes of a partition may need one object, and it is affected once.
    void affects(std::size_t finding, const std::vector<std::string>& whom) {
        for (const std::string& each : whom)
            if (affected_.emplace(finding, each).second) report_.findings[finding].affected.push_back(each);
    }

    Repository& repository_;
    Storage& storage_;
    Observer& observer_;
    verify_options options_;
    verify_report report_;
    std::map<std::string, std::optional<std::size_t>> checked_;
    std::map<std::string, std::vector<layout_change>> told_;            ///< layout changes by segment
    std::map<std::pair<std::string, std::string>, std::size_t> noted_;  ///< findings by object and what is wrong
    std::set<std::pair<std::size_t, std::string>> affected_;            ///< what each finding names already
};

}  // namespace detail

/// Checks every restore point of the repository: structure and proof, and with `data` every byte.
///
/// Errors: only those of the environment (a store that does not answer); damage is reported, not thrown.
template <class Repository, class Storage, class Observer>
task<verify_report> run_verify(Repository& repository, Storage& storage, Observer& observer, verify_options options) {
    detail::verify<Repository, Storage, Observer> work{repository, storage, observer, options};
    verify_report report = co_await work.perform();
    co_return report;
}

}  // namespace foreshadow

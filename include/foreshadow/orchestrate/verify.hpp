// SPDX-License-Identifier: BSL-1.0
//
// Verify reads what a restore would: every point's document, its boxes, and its proof anew by the coverage rule; with
// `data`, every byte. It goes on after a finding, so that one damaged object names all that depends on it and nothing
// else.
#pragma once

#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/observe/event.hpp"
#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/orchestrate/verify_report.hpp"
#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/plane/layout_history.hpp"
#include "foreshadow/store/journal_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
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
            const bool is_known = std::any_of(report_.findings.begin(), report_.findings.end(),
                                              [&](const finding& f) { return f.object == object; });
            if (!is_known)
                report_.findings.push_back(
                    {object, e.message(), {"no restore point as long as the other objects are whole"}});
        }
    }

    task<> check_point(point_name name) {
        std::optional<restore_point> point;
        std::optional<error> wrong;
        try {
            point = co_await read_point(repository_, name.object);
        } catch (const error& e) {
            wrong = e;
        }
        if (wrong) {
            note(*wrong, name.object, "point " + name.id);
            co_return;
        }
        check_proof(*point, name);
        const std::string affected = "point " + name.id;
        const layout shape = layout_of(*point);
        for (const image& box : point->knows.known.images)
            co_await check_rows(box.where, box.interval, affected + partitions_in(shape, box.interval));
        for (const run& box : point->knows.known.runs)
            co_await check_rows(box.where, box.interval, affected + partitions_in(shape, box.interval));
        for (const segment& box : point->knows.known.segments) co_await check_segment(box, affected);
    }

    /// The layout at T; none where the layouts contradict each other, which `check_proof` has told.
    [[nodiscard]] static layout layout_of(const restore_point& point) {
        try {
            return history_of(point.knows).at(point.at);
        } catch (const error&) {
            return {};
        }
    }

    /// ", partition orders": what people know an interval by.
    [[nodiscard]] static std::string partitions_in(const layout& shape, const key_range& interval) {
        std::string names;
        for (const partition& p : shape.partitions)
            if (!intersection(p.interval, interval).is_empty()) names += (names.empty() ? "" : " ") + p.name;
        return names.empty() ? "" : ", partition " + names;
    }

    void check_proof(const restore_point& point, const point_name& name) {
        try {
            const layout shape = history_of(point.knows).at(point.at);
            const proof cover = prove(point.knows.known, shape, point.at);
            for (const gap& g : cover.gaps)
                report_.findings.push_back({name.object,
                                            "the proof fails: " + g.why,
                                            {"point " + name.id + partitions_in(shape, g.interval)}});
        } catch (const error& e) {
            note(e, name.object, "point " + name.id);
        }
    }

    task<> check_rows(std::string where, key_range interval, std::string affected) {
        const std::string what = where + ' ' + printable(interval);
        if (is_checked(what, affected)) co_return;
        ++report_.boxes;
        std::optional<error> wrong;
        try {
            co_await storage_.check(where, interval, options_.data);
        } catch (const error& e) {
            wrong = e;
        }
        remember(what, wrong, where, affected);
    }

    task<> check_segment(segment box, std::string affected) {
        if (is_checked(box.where, affected)) co_return;
        ++report_.boxes;
        std::optional<error> wrong;
        try {
            journal_reader<Repository> reader{repository_};
            if (options_.data)
                co_await reader.check(box);
            else
                (void)co_await reader.open(box);
        } catch (const error& e) {
            wrong = e;
        }
        const std::string positions = ", positions above " + std::to_string(box.after.value);
        remember(box.where, wrong, box.where, affected + positions);
    }

    /// Whether the box was checked for another point; what was wrong with it affects this one, too.
    bool is_checked(const std::string& what, const std::string& affected) {
        const auto seen = checked_.find(what);
        if (seen == checked_.end()) return false;
        if (seen->second) report_.findings[*seen->second].affected.push_back(affected);
        return true;
    }

    void remember(const std::string& what, const std::optional<error>& wrong, const std::string& object,
                  const std::string& affected) {
        std::optional<std::size_t>& place = checked_[what];
        if (wrong) place = note(*wrong, object, affected);
    }

    std::size_t note(const error& e, const std::string& object, const std::string& affected) {
        // Environment, not damage: whoever asked must hear it as it is.
        if (e.code() != errc::corrupt && e.code() != errc::not_found && e.code() != errc::unsupported_format) throw e;
        const std::string named = e.fact("object").empty() ? object : e.fact("object");
        for (std::size_t i = 0; i < report_.findings.size(); ++i)
            if (report_.findings[i].object == named && report_.findings[i].what == e.message()) {
                report_.findings[i].affected.push_back(affected);
                return i;
            }
        report_.findings.push_back({named, e.message(), {affected}});
        return report_.findings.size() - 1;
    }

    Repository& repository_;
    Storage& storage_;
    Observer& observer_;
    verify_options options_;
    verify_report report_;
    std::map<std::string, std::optional<std::size_t>> checked_;
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

// SPDX-License-Identifier: BSL-1.0
//
// Finding restore points and checkpoints by their names. Names sort by timeline and position, so the latest point of a
// source is the last of its list.
#pragma once

#include "foreshadow/catalog/consistency.hpp"
#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/error.hpp"
#include "foreshadow/json/read.hpp"
#include "foreshadow/store/repository.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

/// A restore point by name, without its content.
struct point_name {
    std::string source;
    std::string id;  ///< sorts by timeline and position
    std::string object;
};

/// Says which object it is that contradicts itself.
template <class Check>
void naming_object(const std::string& object, Check&& check) {
    try {
        check();
    } catch (const error& e) {
        throw error{e.code(), "object " + object + ": " + e.message(), e.hint()}.with("object", object);
    }
}

/// Every restore point of the repository, by source, then position.
template <class Repository>
task<std::vector<point_name>> list_points(Repository& repository) {
    std::vector<point_name> points;
    const std::string sources = "sources/";
    const std::vector<object_info> objects = co_await repository.list(sources);
    for (const object_info& info : objects) {
        const std::size_t source_end = info.name.find('/', sources.size());
        const std::string folder = "/points/";
        if (source_end == std::string::npos || info.name.compare(source_end, folder.size(), folder) != 0) continue;
        points.push_back({.source = info.name.substr(sources.size(), source_end - sources.size()),
                          .id = info.name.substr(source_end + folder.size()),
                          .object = info.name});
    }
    co_return points;
}

/// A point as it was written, whatever it says.
template <class Repository>
task<restore_point> read_point_unchecked(Repository& repository, std::string object) {
    const std::string text = co_await repository.get(object, object_kind::point);
    co_return parse_document<restore_point>(text, object);
}

/// Errors: `corrupt` also where what was written contradicts itself.
template <class Repository>
task<restore_point> read_point(Repository& repository, std::string object) {
    restore_point point = co_await read_point_unchecked(repository, object);
    naming_object(object, [&] { expect_consistent(point); });
    co_return point;
}

/// The latest point. A database that was released and held again has a new identity and its old name: the newer one
/// counts. Errors: `invalid_argument` where the repository holds sources of several names.
template <class Repository>
task<restore_point> find_latest(Repository& repository, std::vector<point_name> points) {
    std::optional<restore_point> latest;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const bool is_last_of_source = i + 1 == points.size() || points[i + 1].source != points[i].source;
        if (!is_last_of_source) continue;
        restore_point last = co_await read_point(repository, points[i].object);
        if (latest && latest->knows.source.name != last.knows.source.name)
            throw error{errc::invalid_argument, "the repository holds several sources, so \"latest\" is ambiguous",
                        "name a point: `foreshadow points` lists them"};
        if (!latest || latest->time < last.time) latest = std::move(last);
    }
    co_return std::move(*latest);
}

/// The point called `id`, or the latest for "latest"; a unique end of `<source>/<id>` will do.
/// Errors: `not_found` when there is none or it is ambiguous; `invalid_argument` for "latest" of several sources.
template <class Repository>
task<restore_point> find_point(Repository& repository, std::string id) {
    const std::vector<point_name> points = co_await list_points(repository);
    if (points.empty())
        throw error{errc::not_found, "the repository has no restore point", "run `foreshadow backup` first"};
    if (id == "latest") {
        restore_point latest = co_await find_latest(repository, points);
        co_return latest;
    }
    const point_name* found = nullptr;
    bool is_ambiguous = false;
    for (const point_name& p : points) {
        const std::string full = p.source + "/" + p.id;
        if (!full.ends_with(id)) continue;
        is_ambiguous = found != nullptr && full != id;  // the whole of an id is never ambiguous
        found = &p;
        if (full == id) break;
    }
    if (is_ambiguous)
        throw error{errc::not_found, "more than one restore point ends in " + id,
                    "write more of it, with the source before it: `foreshadow points` shows it so where it must be"};
    if (found == nullptr)
        throw error{errc::not_found, "there is no restore point " + id, "`foreshadow points` lists what there is"};
    restore_point point = co_await read_point(repository, found->object);
    co_return point;
}

/// The newest point at or before a time, for when no later one knows a commit that is as old.
/// Errors: `not_restorable` when there is none.
template <class Repository>
task<restore_point> find_point_before(Repository& repository, wall_time time) {
    const std::vector<point_name> points = co_await list_points(repository);
    std::optional<restore_point> newest;
    for (const point_name& name : points) {
        restore_point point = co_await read_point(repository, name.object);
        if (point.time <= time && (!newest || newest->time < point.time)) newest = std::move(point);
    }
    if (!newest)
        throw error{errc::not_restorable, "no state is known at or before the time asked for",
                    "`foreshadow points` shows the times of the restore points"};
    co_return std::move(*newest);
}

/// What the latest interrupted backup of a source left, if anything: of the last checkpoint of each, the one that
/// followed the furthest. Names of backups tell no order, since they have the time of their start, and clocks go back.
/// Errors: `corrupt` where one is damaged: it is never passed over in silence.
template <class Repository>
task<std::optional<checkpoint>> latest_checkpoint(Repository& repository, std::string source) {
    const std::string folder = "sources/" + source + "/running/";
    const std::vector<object_info> objects = co_await repository.list(folder);
    const auto backup_of = [](const object_info& info) { return info.name.substr(0, info.name.rfind('/')); };
    std::optional<checkpoint> latest;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (i + 1 < objects.size() && backup_of(objects[i]) == backup_of(objects[i + 1])) continue;
        const std::string text = co_await repository.get(objects[i].name, object_kind::checkpoint);
        checkpoint last = parse_document<checkpoint>(text, objects[i].name);
        naming_object(objects[i].name, [&] { expect_consistent(last.knows); });
        const auto reach = [](const checkpoint& c) { return std::pair{c.knows.timeline, c.knows.followed}; };
        if (!latest || reach(*latest) <= reach(last)) latest = std::move(last);
    }
    co_return latest;
}

/// The latest point of one source, if there is one.
template <class Repository>
task<std::optional<restore_point>> latest_point(Repository& repository, std::string source) {
    const std::string folder = "sources/" + source + "/points/";
    const std::vector<object_info> objects = co_await repository.list(folder);
    if (objects.empty()) co_return std::nullopt;
    const std::string name = objects.back().name;
    restore_point point = co_await read_point(repository, name);
    co_return point;
}

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Finding restore points and checkpoints by their names. Names sort by position, so the latest point of a source
// is the last of its list.
#pragma once

#include "foreshadow/catalog/json.hpp"
#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/store/repository.hpp"

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace foreshadow {

/// A restore point by name, without its content.
struct point_name {
    std::string source;
    std::string id;  ///< sorts by position
    std::string object;
};

/// The id of the point at `at`: 20 digits, so that names sort as positions do.
[[nodiscard]] inline std::string point_id(position at) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%020llu", static_cast<unsigned long long>(at.value));
    return digits;
}

[[nodiscard]] inline std::string point_object(const std::string& source, const std::string& id) {
    return "sources/" + source + "/points/" + id;
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

template <class Repository>
task<restore_point> read_point(Repository& repository, std::string object) {
    const std::string text = co_await repository.get(object, object_kind::point);
    co_return parse_document<restore_point>(text, object);
}

/// The point called `id`, or the latest for "latest"; a unique suffix of an id will do.
/// Errors: `not_found` when there is none or it is ambiguous.
template <class Repository>
task<restore_point> find_point(Repository& repository, std::string id) {
    const std::vector<point_name> points = co_await list_points(repository);
    if (points.empty())
        throw error{errc::not_found, "the repository has no restore point", "run `foreshadow backup` first"};
    if (id == "latest") {
        if (points.front().source != points.back().source)
            throw error{errc::invalid_argument, "the repository holds several sources, so \"latest\" is ambiguous",
                        "name a point: `foreshadow points` lists them"};
        restore_point latest = co_await read_point(repository, points.back().object);
        co_return latest;
    }
    const point_name* found = nullptr;
    for (const point_name& p : points) {
        const std::string full = p.source + "/" + p.id;
        if (full.size() < id.size() || full.compare(full.size() - id.size(), id.size(), id) != 0) continue;
        if (found != nullptr) throw error{errc::not_found, "more than one restore point ends in " + id, "write more of its id"};
        found = &p;
    }
    if (found == nullptr)
        throw error{errc::not_found, "there is no restore point " + id, "`foreshadow points` lists what there is"};
    restore_point point = co_await read_point(repository, found->object);
    co_return point;
}

/// What the latest interrupted backup of a source left, if anything. A checkpoint that does not read is passed over
/// for the one before it only when it is missing altogether; damage is an error, never ignored.
template <class Repository>
task<std::optional<checkpoint>> latest_checkpoint(Repository& repository, std::string source) {
    const std::string folder = "sources/" + source + "/running/";
    const std::vector<object_info> objects = co_await repository.list(folder);
    if (objects.empty()) co_return std::nullopt;
    const std::string name = objects.back().name;
    const std::string text = co_await repository.get(name, object_kind::checkpoint);
    co_return parse_document<checkpoint>(text, name);
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

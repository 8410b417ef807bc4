// SPDX-License-Identifier: BSL-1.0
#include "which_point.hpp"

#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/plane/layout_history.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <utility>

namespace tool {

position_range restorable(const foreshadow::restore_point& point) {
    // What is provable changes only where an image begins to count and where something was replaced, so it is asked
    // there, backwards, until the first gap.
    std::set<foreshadow::position> asked{std::max(point.knows.held, point.knows.first.at)};
    for (const foreshadow::image& i : point.knows.known.images) asked.insert(i.seen.high);
    for (const foreshadow::replacement& r : point.knows.known.replacements) asked.insert(r.at.at);
    const foreshadow::layout_history history = history_of(point.knows);
    foreshadow::position from = point.at;
    for (auto at = asked.rbegin(); at != asked.rend(); ++at) {
        if (*at >= from || *at < history.first().at) continue;
        if (!foreshadow::prove(point.knows.known, history.at(*at), *at).is_complete()) break;
        from = *at;
    }
    return {from, point.at};
}

std::string log_of(const foreshadow::point_name& name) {
    return name.source + "/" + name.id.substr(0, name.id.find('-'));
}

std::string shown_id(const std::vector<foreshadow::point_name>& all, const foreshadow::point_name& name) {
    const auto uses =
        std::count_if(all.begin(), all.end(), [&](const foreshadow::point_name& p) { return p.id == name.id; });
    return uses == 1 ? name.id : name.source + "/" + name.id;
}

namespace {

using repository_type = open_repository::repository_type;

/// The points of one log, by position, and the last of them.
struct kept_log {
    std::vector<foreshadow::point_name> points;
    foreshadow::restore_point newest;
};

foreshadow::task<std::vector<kept_log>> logs_by_time(repository_type& objects,
                                                     std::vector<foreshadow::point_name> all) {
    std::vector<kept_log> logs;
    for (std::size_t i = 0; i < all.size();) {
        kept_log log;
        for (const std::string mine = log_of(all[i]); i < all.size() && log_of(all[i]) == mine; ++i)
            log.points.push_back(all[i]);
        log.newest = co_await foreshadow::read_point(objects, log.points.back().object);
        logs.push_back(std::move(log));
    }
    std::sort(logs.begin(), logs.end(),
              [](const kept_log& a, const kept_log& b) { return a.newest.time < b.newest.time; });
    co_return logs;
}

bool covers(const foreshadow::restore_point& point, foreshadow::position at) {
    const foreshadow::layout_history history = history_of(point.knows);
    return at <= point.at && at >= history.first().at &&
           foreshadow::prove(point.knows.known, history.at(at), at).is_complete();
}

/// Whether the point's id tells that it is below a position.
bool is_below(const foreshadow::point_name& name, foreshadow::position at) {
    const std::string least = foreshadow::point_id(1, at);
    return name.id.substr(name.id.find('-') + 1) < least.substr(least.find('-') + 1);
}

/// The newest point of a log that covers a position.
foreshadow::task<std::optional<std::pair<foreshadow::point_name, foreshadow::restore_point>>> point_that_covers(
    repository_type& objects, kept_log log, foreshadow::position at) {
    for (std::size_t i = log.points.size(); i-- > 0 && !is_below(log.points[i], at);) {
        foreshadow::restore_point point = std::move(log.newest);
        if (i + 1 < log.points.size()) point = co_await foreshadow::read_point(objects, log.points[i].object);
        if (covers(point, at)) co_return std::pair{log.points[i], std::move(point)};
    }
    co_return std::nullopt;
}

/// What all points of a log cover together, backwards.
foreshadow::task<std::vector<position_range>> ranges_of(repository_type& objects, kept_log log) {
    std::vector<position_range> ranges{restorable(log.newest)};
    for (std::size_t i = log.points.size() - 1; i-- > 0;) {
        const foreshadow::restore_point point = co_await foreshadow::read_point(objects, log.points[i].object);
        const position_range more = restorable(point);
        if (more.upto < ranges.back().from)
            ranges.push_back(more);
        else
            ranges.back().from = std::min(ranges.back().from, more.from);
    }
    co_return ranges;
}

std::string text_of(const std::vector<position_range>& ranges) {
    std::string text;
    const std::size_t most = 8;
    for (std::size_t i = 0; i < ranges.size() && i < most; ++i)
        text += (text.empty() ? "[" : ", [") + std::to_string(ranges[i].from.value) + ", " +
                std::to_string(ranges[i].upto.value) + "]";
    return ranges.size() > most ? text + " and others" : text;
}

/// `ranges` are the newest first; `newest` is what the position of the newest point is called.
foreshadow::error outside(foreshadow::position at, const std::vector<position_range>& ranges,
                          const std::string& newest) {
    foreshadow::position first = ranges.front().from;
    foreshadow::position last = ranges.front().upto;
    for (const position_range& r : ranges) {
        first = std::min(first, r.from);
        last = std::max(last, r.upto);
    }
    std::string where = " is in no range that can be restored";
    if (at < first) where = " is before the first that can be restored, " + std::to_string(first.value);
    if (at > last)
        where = " is after " + (last == ranges.front().upto ? newest : "the last that can be restored") + ", " +
                std::to_string(last.value);
    return foreshadow::error{foreshadow::errc::not_restorable, "position " + std::to_string(at.value) + where,
                             "restorable is " + text_of(ranges) + "; `foreshadow points` lists the restore points"};
}

foreshadow::error too_late(foreshadow::wall_time asked, foreshadow::wall_time newest, const std::string& point) {
    return foreshadow::error{
        foreshadow::errc::not_restorable, time_text(asked) + " is after " + point + ", of " + time_text(newest),
        "back up again, or ask for " + time_text(newest) + " or before; `foreshadow points` lists the restore points"};
}

/// Of all logs, the one point that covers the position.
foreshadow::task<foreshadow::restore_point> point_at(repository_type& objects, std::vector<kept_log> logs,
                                                     std::vector<foreshadow::point_name> all, foreshadow::position at) {
    std::optional<foreshadow::restore_point> found;
    std::string ids;
    std::size_t count = 0;
    for (const kept_log& log : logs) {
        auto one = co_await point_that_covers(objects, log, at);
        if (!one) continue;
        ids += (count++ == 0 ? "" : ", ") + shown_id(all, one->first);
        found = std::move(one->second);
    }
    if (count > 1)
        throw foreshadow::error{
            foreshadow::errc::invalid_argument,
            "position " + std::to_string(at.value) + " is in " + counted(count, "log") + " of the same database",
            "name the restore point with --point: " + ids + "; `foreshadow points` tells their times"};
    if (found) co_return std::move(*found);
    std::vector<position_range> ranges;
    for (auto log = logs.rbegin(); log != logs.rend(); ++log) {
        const std::vector<position_range> more = co_await ranges_of(objects, *log);
        ranges.insert(ranges.end(), more.begin(), more.end());
    }
    throw outside(at, ranges, "the newest restore point");
}

/// The newest log is asked first what it knows of the time; an older one knows what was before it.
foreshadow::task<std::vector<foreshadow::restore_point>> points_at(repository_type& objects, std::vector<kept_log> logs,
                                                                   foreshadow::wall_time time) {
    if (logs.back().newest.time < time) throw too_late(time, logs.back().newest.time, "the newest restore point");
    std::vector<foreshadow::restore_point> all;
    for (auto log = logs.rbegin(); log != logs.rend(); ++log) all.push_back(std::move(log->newest));
    try {
        foreshadow::restore_point before = co_await foreshadow::find_point_before(objects, time);
        all.push_back(std::move(before));
    } catch (const foreshadow::error& e) {
        if (e.code() != foreshadow::errc::not_restorable) throw;
    }
    co_return all;
}

foreshadow::task<std::vector<foreshadow::restore_point>> choose(repository_type& objects, std::string id,
                                                                foreshadow::restore_options asked) {
    std::vector<foreshadow::restore_point> chosen;
    foreshadow::restore_point point = co_await foreshadow::find_point(objects, id);
    const bool is_any = id == "latest";
    if (is_any && (asked.at || asked.at_time)) {
        const std::vector<foreshadow::point_name> all = co_await foreshadow::list_points(objects);
        std::vector<kept_log> logs = co_await logs_by_time(objects, all);
        if (!asked.at) {
            chosen = co_await points_at(objects, std::move(logs), *asked.at_time);
            co_return chosen;
        }
        point = co_await point_at(objects, std::move(logs), all, *asked.at);
    } else if (asked.at && !covers(point, *asked.at)) {
        throw outside(*asked.at, {restorable(point)}, "restore point " + id);
    } else if (asked.at_time && point.time < *asked.at_time) {
        throw too_late(*asked.at_time, point.time, "restore point " + id);
    }
    chosen.push_back(std::move(point));
    co_return chosen;
}

/// The newest point that can be read; nothing where none can. Of each log the damaged end is read, and one more.
foreshadow::task<std::string> newest_readable(repository_type& objects) {
    const std::vector<foreshadow::point_name> all = co_await foreshadow::list_points(objects);
    std::string newest;
    foreshadow::wall_time time;
    std::string known;  // the log whose newest is known
    for (auto name = all.rbegin(); name != all.rend(); ++name) {
        if (log_of(*name) == known) continue;
        try {
            const foreshadow::restore_point point = co_await foreshadow::read_point(objects, name->object);
            known = log_of(*name);
            if (!newest.empty() && point.time < time) continue;
            newest = shown_id(all, *name);
            time = point.time;
        } catch (const foreshadow::error& e) {
            if (e.fact("object").empty()) throw;
        }
    }
    co_return newest;
}

}  // namespace

foreshadow::task<std::vector<foreshadow::restore_point>> which_points(repository_type& objects, std::string point,
                                                                      foreshadow::restore_options asked) {
    std::optional<foreshadow::error> damage;
    try {
        std::vector<foreshadow::restore_point> chosen = co_await choose(objects, std::move(point), asked);
        co_return chosen;
    } catch (const foreshadow::error& e) {
        if (e.fact("object").find("/points/") == std::string::npos) throw;
        damage = e;
    }
    const std::string other = co_await newest_readable(objects);
    if (other.empty()) throw *damage;
    foreshadow::error told{damage->code(), damage->message(),
                           damage->hint() + "; the newest restore point that can be read is --point " + other};
    for (const auto& [name, value] : damage->facts()) static_cast<void>(std::move(told).with(name, value));
    throw told;
}

}  // namespace tool

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

namespace fs = foreshadow;

position_range restorable(const fs::restore_point& point) {
    // What is provable changes only where an image begins to count and where something was replaced, so it is asked
    // there, backwards, until the first gap.
    std::set<fs::position> asked{std::max(point.knows.held, point.knows.first.at)};
    for (const fs::image& i : point.knows.known.images) asked.insert(i.seen.high);
    for (const fs::replacement& r : point.knows.known.replacements) asked.insert(r.at.at);
    const fs::layout_history history = history_of(point.knows);
    fs::position from = point.at;
    for (auto at = asked.rbegin(); at != asked.rend(); ++at) {
        if (*at >= from || *at < history.first().at) continue;
        if (!fs::prove(point.knows.known, history.at(*at), *at).is_complete()) break;
        from = *at;
    }
    return {from, point.at};
}

std::string log_of(const fs::point_name& name) { return name.source + "/" + name.id.substr(0, name.id.find('-')); }

std::string shown_id(const std::vector<fs::point_name>& all, const fs::point_name& name) {
    const auto uses = std::count_if(all.begin(), all.end(), [&](const fs::point_name& p) { return p.id == name.id; });
    return uses == 1 ? name.id : name.source + "/" + name.id;
}

namespace {

using repository_type = open_repository::repository_type;

/// The points of one log, by position, and the last of them.
struct kept_log {
    std::vector<fs::point_name> points;
    fs::restore_point newest;
};

fs::task<std::vector<kept_log>> logs_by_time(repository_type& objects, std::vector<fs::point_name> all) {
    std::vector<kept_log> logs;
    for (std::size_t i = 0; i < all.size();) {
        kept_log log;
        for (const std::string mine = log_of(all[i]); i < all.size() && log_of(all[i]) == mine; ++i)
            log.points.push_back(all[i]);
        log.newest = co_await fs::read_point(objects, log.points.back().object);
        logs.push_back(std::move(log));
    }
    std::sort(logs.begin(), logs.end(),
              [](const kept_log& a, const kept_log& b) { return a.newest.time < b.newest.time; });
    co_return logs;
}

bool covers(const fs::restore_point& point, fs::position at) {
    const fs::layout_history history = history_of(point.knows);
    return at <= point.at && at >= history.first().at && fs::prove(point.knows.known, history.at(at), at).is_complete();
}

/// Whether the point's id tells that it is below a position.
bool is_below(const fs::point_name& name, fs::position at) {
    const std::string least = fs::point_id(1, at);
    return name.id.substr(name.id.find('-') + 1) < least.substr(least.find('-') + 1);
}

/// The newest point of a log that covers a position.
fs::task<std::optional<std::pair<fs::point_name, fs::restore_point>>> point_that_covers(repository_type& objects,
                                                                                        kept_log log, fs::position at) {
    for (std::size_t i = log.points.size(); i-- > 0 && !is_below(log.points[i], at);) {
        fs::restore_point point = std::move(log.newest);
        if (i + 1 < log.points.size()) point = co_await fs::read_point(objects, log.points[i].object);
        if (covers(point, at)) co_return std::pair{log.points[i], std::move(point)};
    }
    co_return std::nullopt;
}

/// What all points of a log cover together, backwards.
fs::task<std::vector<position_range>> ranges_of(repository_type& objects, kept_log log) {
    std::vector<position_range> ranges{restorable(log.newest)};
    for (std::size_t i = log.points.size() - 1; i-- > 0;) {
        const fs::restore_point point = co_await fs::read_point(objects, log.points[i].object);
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
fs::error outside(fs::position at, const std::vector<position_range>& ranges, const std::string& newest) {
    fs::position first = ranges.front().from;
    fs::position last = ranges.front().upto;
    for (const position_range& r : ranges) {
        first = std::min(first, r.from);
        last = std::max(last, r.upto);
    }
    std::string where = " is in no range that can be restored";
    if (at < first) where = " is before the first that can be restored, " + std::to_string(first.value);
    if (at > last)
        where = " is after " + (last == ranges.front().upto ? newest : "the last that can be restored") + ", " +
                std::to_string(last.value);
    return fs::error{fs::errc::not_restorable, "position " + std::to_string(at.value) + where,
                     "restorable is " + text_of(ranges) + "; `foreshadow points` lists the restore points"};
}

fs::error too_late(fs::wall_time asked, fs::wall_time newest, const std::string& point) {
    return fs::error{
        fs::errc::not_restorable, time_text(asked) + " is after " + point + ", of " + time_text(newest),
        "back up again, or ask for " + time_text(newest) + " or before; `foreshadow points` lists the restore points"};
}

/// Of all logs, the one point that covers the position.
fs::task<fs::restore_point> point_at(repository_type& objects, std::vector<kept_log> logs,
                                     std::vector<fs::point_name> all, fs::position at) {
    std::optional<fs::restore_point> found;
    std::string ids;
    std::size_t count = 0;
    for (const kept_log& log : logs) {
        auto one = co_await point_that_covers(objects, log, at);
        if (!one) continue;
        ids += (count++ == 0 ? "" : ", ") + shown_id(all, one->first);
        found = std::move(one->second);
    }
    if (count > 1)
        throw fs::error{
            fs::errc::invalid_argument,
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
fs::task<std::vector<fs::restore_point>> points_at(repository_type& objects, std::vector<kept_log> logs,
                                                   fs::wall_time time) {
    if (logs.back().newest.time < time) throw too_late(time, logs.back().newest.time, "the newest restore point");
    std::vector<fs::restore_point> all;
    for (auto log = logs.rbegin(); log != logs.rend(); ++log) all.push_back(std::move(log->newest));
    try {
        fs::restore_point before = co_await fs::find_point_before(objects, time);
        all.push_back(std::move(before));
    } catch (const fs::error& e) {
        if (e.code() != fs::errc::not_restorable) throw;
    }
    co_return all;
}

fs::task<std::vector<fs::restore_point>> choose(repository_type& objects, std::string id, fs::restore_options asked) {
    std::vector<fs::restore_point> chosen;
    fs::restore_point point = co_await fs::find_point(objects, id);
    const bool is_any = id == "latest";
    if (is_any && (asked.at || asked.at_time)) {
        const std::vector<fs::point_name> all = co_await fs::list_points(objects);
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
fs::task<std::string> newest_readable(repository_type& objects) {
    const std::vector<fs::point_name> all = co_await fs::list_points(objects);
    std::string newest;
    fs::wall_time time;
    std::string known;  // the log whose newest is known
    for (auto name = all.rbegin(); name != all.rend(); ++name) {
        if (log_of(*name) == known) continue;
        try {
            const fs::restore_point point = co_await fs::read_point(objects, name->object);
            known = log_of(*name);
            if (!newest.empty() && point.time < time) continue;
            newest = shown_id(all, *name);
            time = point.time;
        } catch (const fs::error& e) {
            if (e.fact("object").empty()) throw;
        }
    }
    co_return newest;
}

}  // namespace

fs::task<std::vector<fs::restore_point>> which_points(repository_type& objects, std::string point,
                                                      fs::restore_options asked) {
    std::optional<fs::error> damage;
    try {
        std::vector<fs::restore_point> chosen = co_await choose(objects, std::move(point), asked);
        co_return chosen;
    } catch (const fs::error& e) {
        if (e.fact("object").find("/points/") == std::string::npos) throw;
        damage = e;
    }
    const std::string other = co_await newest_readable(objects);
    if (other.empty()) throw *damage;
    fs::error told{damage->code(), damage->message(),
                   damage->hint() + "; the newest restore point that can be read is --point " + other};
    for (const auto& [name, value] : damage->facts()) static_cast<void>(std::move(told).with(name, value));
    throw told;
}

}  // namespace tool

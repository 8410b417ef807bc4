// SPDX-License-Identifier: BSL-1.0
//
// The verbs that only read a repository: points, show, verify.
#include "verbs.hpp"
#include "which_point.hpp"

#include "foreshadow/observe/progress_bar.hpp"
#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/orchestrate/verify.hpp"
#include "foreshadow/plane/layout_history.hpp"

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tool {

namespace {

/// What `points` lists: those that can be read, by time, and what is wrong with the others.
struct listed_points {
    struct one {
        std::string id;  ///< with the source's id before it where several sources have a point of that id
        std::string log;
        foreshadow::restore_point point;
    };
    std::vector<one> readable;
    std::vector<foreshadow::error> damaged;

    /// Whether a database has points of more than one log, so that a position alone does not tell a state.
    [[nodiscard]] bool is_several_logs() const {
        std::map<std::string, std::set<std::string>> logs;
        for (const one& each : readable) logs[each.point.knows.source.name].insert(each.log);
        return std::any_of(logs.begin(), logs.end(), [](const auto& of_one) { return of_one.second.size() > 1; });
    }
};

foreshadow::task<listed_points> read_points(open_repository& repository) {
    co_await repository.open();
    listed_points points;
    const std::vector<foreshadow::point_name> names = co_await foreshadow::list_points(*repository.objects);
    for (const foreshadow::point_name& name : names) {
        try {
            foreshadow::restore_point point = co_await foreshadow::read_point(*repository.objects, name.object);
            points.readable.push_back({shown_id(names, name), log_of(name), std::move(point)});
        } catch (const foreshadow::error& e) {
            points.damaged.push_back(e);
        }
    }
    // In a log by position, whatever its clock did.
    std::map<std::string, foreshadow::wall_time> reached;
    std::vector<std::pair<foreshadow::wall_time, std::size_t>> order;
    for (std::size_t i = 0; i < points.readable.size(); ++i) {
        foreshadow::wall_time& last = reached[points.readable[i].log];
        last = std::max(last, points.readable[i].point.time);
        order.emplace_back(last, i);
    }
    std::sort(order.begin(), order.end());
    std::vector<listed_points::one> sorted;
    for (const auto& [time, i] : order) sorted.push_back(std::move(points.readable[i]));
    points.readable = std::move(sorted);
    co_return points;
}

foreshadow::task<foreshadow::restore_point> read_one(open_repository& repository, std::string id) {
    co_await repository.open();
    foreshadow::restore_point point = co_await foreshadow::find_point(*repository.objects, id);
    co_return point;
}

json describe(const foreshadow::restore_point& point) {
    const foreshadow::layout_history history = history_of(point.knows);
    json layouts = json::array();
    layouts.push_back(to_json(history.first()));
    for (const foreshadow::layout_change& change : history.changes())
        layouts.push_back(to_json(history.at(change.at.at)));
    return {{"point", point.id},
            {"at", point.at.value},
            {"time", point.time.microseconds},
            {"time_text", time_text(point.time)},
            {"source", to_json(point.knows.source)},
            {"layout", to_json(history.at(point.at))},
            {"layouts", layouts},
            {"lineage", to_json(history.lineage())},
            {"predictions", to_json(point.knows.predictions)},
            {"boxes", to_json(point.knows.known)},
            {"proof", to_json(point.proof)},
            {"omissions", to_json(point.omissions)},
            {"figures", to_json(point.figures)}};
}

std::string names(const std::vector<foreshadow::partition>& partitions) {
    std::string text;
    for (const foreshadow::partition& p : partitions) text += (text.empty() ? "" : ", ") + p.name;
    return text.empty() ? "nothing" : text;
}

const char* reason_of(foreshadow::shadow_verdict verdict) {
    switch (verdict) {
        case foreshadow::shadow_verdict::not_asked:
            return "not considered";
        case foreshadow::shadow_verdict::opened:
            return "opened";
        case foreshadow::shadow_verdict::unlikely:
            return "refused, it is not likely enough";
        case foreshadow::shadow_verdict::no_keys:
            return "refused, there are no keys to keep changes of";
        case foreshadow::shadow_verdict::costs_more:
            return "refused, it costs more";
        case foreshadow::shadow_verdict::keys_taken:
            return "refused, another shadow has its keys";
        case foreshadow::shadow_verdict::no_memory:
            return "refused, memory is used up";
        case foreshadow::shadow_verdict::no_room:
            return "refused, there are as many as may be";
        case foreshadow::shadow_verdict::gave_way:
            return "opened, and gave way to one that is worth twice as much";
        case foreshadow::shadow_verdict::memory_full:
            return "opened, and ended when memory was full";
        case foreshadow::shadow_verdict::store_full:
            return "opened, and ended when no more might be stored";
    }
    return "unknown";
}

/// Whether keeping its changes apart was worth it, with the numbers that this was decided by.
void tell_shadow(const foreshadow::foretold& told) {
    const foreshadow::shadow_account& by = told.account;
    if (by.verdict == foreshadow::shadow_verdict::not_asked) return;
    std::cout << "    shadow: " << static_cast<int>(told.what.confidence * 100 + 0.5) << " % of (journal spared "
              << bytes_text(by.spared) << " + sorted in time " << bytes_text(by.ready) << ") = worth "
              << bytes_text(by.worth) << ", cost " << bytes_text(by.cost) << "; budget " << by.open << " of "
              << by.most_open << " open, " << bytes_text(static_cast<double>(by.held)) << " of "
              << bytes_text(static_cast<double>(by.most_held)) << " held: " << reason_of(by.verdict);
    if (by.verdict == foreshadow::shadow_verdict::opened) std::cout << "; " << name_of(told.shadow);
    if (told.shadow_bytes > 0) std::cout << ", stored " << bytes_text(static_cast<double>(told.shadow_bytes));
    std::cout << "\n";
}

void tell_predictions(const foreshadow::restore_point& point, const foreshadow::layout_history& history) {
    std::map<foreshadow::partition_id, std::string> called;
    for (const foreshadow::partition& p : history.first().partitions) called[p.id] = p.name;
    for (const foreshadow::layout_change& change : history.changes())
        for (const foreshadow::partition& p : change.begun) called[p.id] = p.name;
    std::cout << "predictions (" << count_text(point.knows.predictions.size()) << ")\n";
    for (const foreshadow::foretold& told : point.knows.predictions) {
        std::string who = told.what.name;
        for (const foreshadow::partition_id id : told.what.partitions) who += (who.empty() ? "" : ", ") + called[id];
        std::cout << "  " << time_text(told.what.issued_time) << "  " << name_of(told.what.kind) << " of " << who
                  << ", " << static_cast<int>(told.what.confidence * 100 + 0.5) << " % within "
                  << seconds_text(told.what.horizon_seconds) << ": " << name_of(told.became.kind);
        if (told.became.kind != foreshadow::outcome_kind::none && told.became.kind != foreshadow::outcome_kind::pending)
            std::cout << ", " << seconds_text(told.became.lead_seconds) << " ahead";
        for (const foreshadow::evidence& e : told.what.because)
            std::cout << "; " << e.name << ' ' << e.value << ' ' << e.unit;
        std::cout << "\n";
        tell_shadow(told);
    }
}

void tell_point(const foreshadow::restore_point& point) {
    const foreshadow::layout_history history = history_of(point.knows);
    const foreshadow::layout now = history.at(point.at);
    std::cout << "restore point " << point.id << " of " << point.knows.source.name << " (" << point.knows.source.kind
              << ") at " << time_text(point.time) << "\n"
              << "layout (" << counted(now.partitions.size(), "partition") << ")\n";
    for (const foreshadow::partition& p : now.partitions)
        std::cout << "  " << p.name << "  " << foreshadow::printable(p.interval) << "\n";
    for (const foreshadow::omission& o : point.omissions)
        std::cout << "  not backed up: " << foreshadow::printable(o.name) << ": " << foreshadow::printable(o.why)
                  << "\n";
    std::cout << "lineage (" << counted(history.lineage().size(), "change") << ")\n";
    for (const foreshadow::lineage_event& e : history.lineage())
        std::cout << "  " << e.at.at.value << "  " << name_of(e.kind) << "  " << names(e.from) << " -> " << names(e.to)
                  << "\n";
    tell_predictions(point, history);
    const foreshadow::boxes& known = point.knows.known;
    std::cout << "boxes: " << counted(known.images.size(), "image") << ", "
              << counted(known.segments.size(), "journal segment") << ", " << counted(known.runs.size(), "run") << ", "
              << counted(known.births.size(), "birth") << "\n"
              << "proof: " << counted(point.proof.size(), "piece") << ", complete" << std::endl;
}

foreshadow::task<foreshadow::verify_report> verify_all(open_repository& repository,
                                                       foreshadow::verify_options options) {
    co_await repository.open();
    foreshadow::progress_bar progress;
    foreshadow::verify_report report =
        co_await foreshadow::run_verify(*repository.objects, *repository.storage, progress, options);
    co_return report;
}

}  // namespace

int points(const settings& chosen) {
    open_repository repository{chosen.repository};
    const listed_points all = run(read_points(repository));
    json list = json::array();
    const bool is_several = all.is_several_logs();
    for (const auto& [id, log, point] : all.readable) {
        const position_range range = restorable(point);
        if (chosen.json) {
            list.push_back({{"id", id},
                            {"source", to_json(point.knows.source)},
                            {"log", log},
                            {"at", point.at.value},
                            {"time", point.time.microseconds},
                            {"time_text", time_text(point.time)},
                            {"restorable", {{"from", range.from.value}, {"upto", range.upto.value}}}});
        } else {
            std::cout << id << "  " << time_text(point.time) << "  " << point.knows.source.name << "  restorable ["
                      << range.from.value << ", " << range.upto.value << "]" << (is_several ? "  log " + log : "")
                      << "\n";
        }
    }
    json damaged = json::array();
    for (const foreshadow::error& e : all.damaged) {
        std::cerr << "foreshadow: " << e.line() << "\n";
        damaged.push_back({{"object", e.fact("object")}, {"what", to_json(e.message())}});
    }
    if (chosen.json)
        print({{"points", list}, {"damaged", damaged}});
    else if (all.readable.empty() && all.damaged.empty())
        std::cout << "no restore point yet\n";
    std::cout.flush();
    return all.damaged.empty() ? exit_status::done : exit_status::not_sound;
}

int show(const show_settings& chosen) {
    open_repository repository{chosen.repository};
    const foreshadow::restore_point point = run(read_one(repository, chosen.point));
    if (chosen.json)
        print(describe(point));
    else
        tell_point(point);
    return exit_status::done;
}

int verify(const verify_settings& chosen) {
    open_repository repository{chosen.repository};
    const foreshadow::verify_report report = run(verify_all(repository, {.data = chosen.data}));
    if (chosen.json) {
        json object = to_json(report);
        object["sound"] = report.is_sound();
        print(object);
    } else {
        for (const foreshadow::finding& f : report.findings) {
            std::cout << f.object << ": " << f.what << "\n";
            for (const std::string& a : f.affected) std::cout << "  affects " << a << "\n";
        }
        std::cout << (report.is_sound() ? "sound: " : "not sound: ") << counted(report.points, "restore point") << ", "
                  << counted(report.boxes, "box") << ", " << counted(report.findings.size(), "finding") << std::endl;
    }
    return report.is_sound() ? exit_status::done : exit_status::not_sound;
}

}  // namespace tool

// SPDX-License-Identifier: BSL-1.0
#include "databases.hpp"
#include "verbs.hpp"
#include "which_point.hpp"

#include "foreshadow/observe/progress_bar.hpp"
#include "foreshadow/orchestrate/restore.hpp"
#include "foreshadow/row/conflict_policies.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace tool {

namespace {

/// `--at`: all digits are a log position, anything else a time in UTC.
void choose_time(const std::string& text, foreshadow::restore_options& options) {
    if (!text.empty() && text.size() < 20 &&
        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        options.at = foreshadow::position{std::stoull(text)};
        return;
    }
    std::tm utc{};
    double seconds = 0;
    int used = 0;
    const int fields = std::sscanf(text.c_str(), "%4d-%2d-%2d%*1[T ]%2d:%2d:%lf%n", &utc.tm_year, &utc.tm_mon,
                                   &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &seconds, &used);
    const std::string rest = fields == 6 ? text.substr(static_cast<std::size_t>(used)) : "?";
    if (rest != "" && rest != "Z")
        throw wrong_usage{"\"" + text + "\" is neither a log position nor a time",
                          "write a number, or a time in UTC such as 2026-11-22T12:00:00Z"};
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    options.at_time =
        foreshadow::wall_time{static_cast<std::int64_t>(timegm(&utc)) * 1'000'000 + std::llround(seconds * 1e6)};
}

/// What was restored, and up to when its restore point knows what was committed.
struct restored {
    foreshadow::restore_report report;
    foreshadow::wall_time known_until;
};

foreshadow::task<restored> restore_point(open_repository& repository, const restore_settings& chosen,
                                         foreshadow::restore_options options, foreshadow::restore_point point) {
    any_target into = target_at(chosen.target);
    if (point.knows.source.kind != into.kind())
        throw wrong_usage{"restore point " + point.id + " is of a database of kind " + point.knows.source.kind +
                              ", and TARGET is of kind " + std::string{into.kind()},
                          "write " + std::string{url_of_kind(point.knows.source.kind)} + " as TARGET"};
    foreshadow::fail conflicts;
    foreshadow::progress_bar progress;
    restored done{.report = {}, .known_until = point.time};
    done.report = co_await foreshadow::run_restore(*repository.objects, *repository.storage, into, conflicts, progress,
                                                   std::move(point), std::move(options));
    co_return done;
}

foreshadow::task<restored> restore_chosen(open_repository& repository, const restore_settings& chosen,
                                          foreshadow::restore_options options) {
    co_await repository.open();
    std::vector<foreshadow::restore_point> points = co_await which_points(*repository.objects, chosen.point, options);
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
        try {
            co_return co_await restore_point(repository, chosen, options, std::move(points[i]));
        } catch (const foreshadow::error& e) {
            // This log knows no commit that is as old; the next may.
            if (e.code() != foreshadow::errc::not_restorable) throw;
        }
    }
    co_return co_await restore_point(repository, chosen, std::move(options), std::move(points.back()));
}

/// What was asked for and what there was, where these are not the same.
void tell_difference(const restored& done, const foreshadow::restore_options& asked) {
    if (asked.at && done.report.at != *asked.at)
        std::cout << "asked for position " << asked.at->value << ": the last state that is known up to it is of "
                  << done.report.at.value << "\n";
    if (!asked.at_time || done.report.time == *asked.at_time) return;
    std::cout << "asked for " << time_text(*asked.at_time) << ": the last state that is known up to then is of "
              << time_text(done.report.time);
    if (done.known_until < *asked.at_time) std::cout << "; what was committed between the two was not backed up";
    std::cout << "\n";
}

}  // namespace

int restore(const restore_settings& chosen) {
    foreshadow::restore_options options;
    options.partitions = chosen.partitions;
    if (chosen.at) choose_time(*chosen.at, options);
    static_cast<void>(target_at(chosen.target));  // a wrong target is told before anything is read
    open_repository repository{chosen.repository};
    const restored done = run(restore_chosen(repository, chosen, options));
    const foreshadow::restore_report& report = done.report;
    if (chosen.json) {
        json object = to_json(report);
        object["time_text"] = time_text(report.time);
        if (chosen.at) object["asked"] = to_json(*chosen.at);
        print(object);
        return exit_status::done;
    }
    std::cout << "restored " << without_password(chosen.target) << " as of position " << report.at.value << " ("
              << time_text(report.time) << "): " << counted(report.partitions.size(), "partition") << ", "
              << counted(report.rows, "row") << ", " << bytes_text(static_cast<double>(report.bytes)) << "\n";
    tell_difference(done, options);
    std::cout << "read from images " << bytes_text(static_cast<double>(report.image_bytes_read))
              << ", from shadows' runs " << bytes_text(static_cast<double>(report.run_bytes_read))
              << ", from the journal " << bytes_text(static_cast<double>(report.journal_bytes_read)) << std::endl;
    for (const foreshadow::omission& o : report.omissions)
        std::cout << "not in the backup: " << foreshadow::printable(o.name) << ": " << foreshadow::printable(o.why)
                  << std::endl;
    return exit_status::done;
}

}  // namespace tool

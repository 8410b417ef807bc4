// SPDX-License-Identifier: BSL-1.0
#include "databases.hpp"
#include "verbs.hpp"

#include "foreshadow/observe/progress_bar.hpp"
#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/orchestrate/restore.hpp"
#include "foreshadow/row/conflict_policies.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <iostream>

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

foreshadow::task<foreshadow::restore_report> restore_point(open_repository& repository, const restore_settings& chosen,
                                                           foreshadow::restore_options options,
                                                           foreshadow::restore_point point) {
    any_target into = target_at(chosen.target);
    foreshadow::fail conflicts;
    foreshadow::progress_bar progress;
    foreshadow::restore_report report = co_await foreshadow::run_restore(
        *repository.objects, *repository.storage, into, conflicts, progress, std::move(point), std::move(options));
    co_return report;
}

foreshadow::task<foreshadow::restore_report> restore_chosen(open_repository& repository, const restore_settings& chosen,
                                                            foreshadow::restore_options options) {
    co_await repository.open();
    foreshadow::restore_point point = co_await foreshadow::find_point(*repository.objects, chosen.point);
    const bool may_take_an_earlier_point = options.at_time && chosen.point == "latest";
    try {
        co_return co_await restore_point(repository, chosen, options, std::move(point));
    } catch (const foreshadow::error& e) {
        if (e.code() != foreshadow::errc::not_restorable || !may_take_an_earlier_point) throw;
    }
    // The latest point knows no commit that is as old: nothing was written between that time and an earlier point.
    foreshadow::restore_point before = co_await foreshadow::find_point_before(*repository.objects, *options.at_time);
    co_return co_await restore_point(repository, chosen, std::move(options), std::move(before));
}

}  // namespace

int restore(const restore_settings& chosen) {
    foreshadow::restore_options options;
    options.partitions = chosen.partitions;
    if (chosen.at) choose_time(*chosen.at, options);
    static_cast<void>(target_at(chosen.target));  // a wrong target is told before anything is read
    open_repository repository{chosen.repository};
    const foreshadow::restore_report report = run(restore_chosen(repository, chosen, options));
    if (chosen.json) {
        json object = to_json(report);
        object["time_text"] = time_text(report.time);
        print(object);
        return exit_status::done;
    }
    std::cout << "restored " << without_password(chosen.target) << " as of position " << report.at.value << " ("
              << time_text(report.time) << "): " << counted(report.partitions.size(), "partition") << ", "
              << counted(report.rows, "row") << ", " << bytes_text(static_cast<double>(report.bytes)) << "\n"
              << "read from images " << bytes_text(static_cast<double>(report.image_bytes_read))
              << ", from shadows' runs " << bytes_text(static_cast<double>(report.run_bytes_read))
              << ", from the journal " << bytes_text(static_cast<double>(report.journal_bytes_read)) << std::endl;
    for (const foreshadow::omission& o : report.omissions)
        std::cout << "not in the backup: " << foreshadow::printable(o.name) << ": " << foreshadow::printable(o.why)
                  << std::endl;
    return exit_status::done;
}

}  // namespace tool

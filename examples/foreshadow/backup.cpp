// SPDX-License-Identifier: BSL-1.0
#include "choices.hpp"
#include "verbs.hpp"

#include "foreshadow/compose.hpp"
#include "foreshadow/observe/progress_bar.hpp"
#include "foreshadow/sqlite/source.hpp"

#include <chrono>
#include <cmath>
#include <iostream>
#include <thread>

namespace tool {

using foreshadow::errc;
using foreshadow::error;

any_predictor predictor_called(const std::string& name) {
    if (name == "silent") return foreshadow::silent{};
    if (name == "size") return foreshadow::size_extrapolation{};
    throw error{errc::invalid_argument, "there is no predictor \"" + name + "\"", "write size or silent"};
}

any_pace pace_called(const std::string& name) {
    if (name == "flat-out") return foreshadow::flat_out{};
    if (name == "two-thresholds") return foreshadow::two_thresholds{};
    const std::string fixed = "fixed:";
    if (name.rfind(fixed, 0) == 0) {
        std::size_t used = 0;
        double rate = 0;
        try {
            rate = std::stod(name.substr(fixed.size()), &used);
        } catch (const std::exception&) {
            used = 0;
        }
        const std::string unit = used == 0 ? "?" : name.substr(fixed.size() + used);
        const double factor = unit.empty() ? 1 : unit == "K" ? 1e3 : unit == "M" ? 1e6 : unit == "G" ? 1e9 : 0;
        if (factor > 0 && rate > 0 && std::isfinite(rate)) return foreshadow::fixed_rate{rate * factor};
    }
    throw error{errc::invalid_argument, "there is no pace \"" + name + "\"",
                "write flat-out, two-thresholds or fixed:RATE, for example fixed:20M"};
}

namespace {

foreshadow::json summary(const foreshadow::restore_point& point) {
    foreshadow::json outcomes = foreshadow::json::object();
    for (const foreshadow::foretold& told : point.knows.predictions) {
        auto& count = outcomes[name_of(told.became.kind)];
        count = count.is_null() ? 1 : count.get<int>() + 1;
    }
    return {{"point", point.id},
            {"at", point.at.value},
            {"time", point.time.microseconds},
            {"time_text", time_text(point.time)},
            {"source", foreshadow::to_json(point.knows.source)},
            {"figures", foreshadow::to_json(point.figures)},
            {"predictions", {{"issued", point.knows.predictions.size()}, {"outcomes", outcomes}}}};
}

void tell(const foreshadow::restore_point& point) {
    const foreshadow::backup_figures& f = point.figures;
    const double seconds = std::max(1e-3, foreshadow::seconds_between(f.started, f.ended));
    std::cout << "restore point " << point.id << " of " << point.knows.source.name << " at " << time_text(point.time) << "\n"
              << "read " << count_text(f.rows_read) << " rows, " << bytes_text(static_cast<double>(f.bytes_read)) << " in "
              << seconds_text(seconds) << "; followed " << count_text(f.commits) << " commits with " << count_text(f.changes)
              << " changes and " << f.layout_changes << " layout changes\n"
              << "stored images " << bytes_text(static_cast<double>(f.image_bytes)) << ", journal "
              << bytes_text(static_cast<double>(f.journal_bytes)) << ", shadows " << bytes_text(static_cast<double>(f.run_bytes))
              << " (" << f.shadows_opened << " opened, " << f.shadows_adopted << " adopted, " << f.shadows_recut
              << " cut again, " << f.shadows_discarded << " discarded)" << std::endl;
}

/// Waits, in short steps, so that a signal ends it soon.
void wait_between_points(double seconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!stop_requested && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

}  // namespace

int backup(const backup_settings& chosen) {
    namespace fs = foreshadow;
    fs::back_up_options options;
    options.stop = &stop_requested;
    auto composed = fs::compose(fs::back_up(fs::sqlite::source{sqlite_path(chosen.source)}),
                                fs::keep_in(fs::directory_store{repository_path(chosen.repository)}),
                                fs::predict_with(predictor_called(chosen.predictor)), fs::pace_by(pace_called(chosen.pace)),
                                fs::observe_with(fs::progress_bar{std::cerr}), fs::with(options));
    for (;;) {
        const fs::restore_point point = run(composed.back_up());
        if (chosen.json)
            print(summary(point));
        else
            tell(point);
        if (!chosen.follow || stop_requested) return exit_status::done;
        wait_between_points(chosen.follow_seconds);
        if (stop_requested) return exit_status::done;
    }
}

}  // namespace tool

// SPDX-License-Identifier: BSL-1.0
#include "choices.hpp"
#include "databases.hpp"
#include "verbs.hpp"

#include "foreshadow/compose.hpp"
#include "foreshadow/observe/progress_bar.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tool {

any_predictor predictor_called(const std::string& name) {
    if (name == "silent") return foreshadow::silent{};
    if (name == "size") return foreshadow::size_extrapolation{};
    if (name == "hazard") return foreshadow::hazard_predictor{};
    if (name == "ensemble") return foreshadow::ensemble<foreshadow::hazard_predictor, foreshadow::size_extrapolation>{};
    throw wrong_usage{"there is no predictor \"" + name + "\"", "write hazard, ensemble, size or silent"};
}

namespace {

/// The rate in "fixed:20M", in bytes a second; nothing for any other text.
std::optional<double> rate_in(const std::string& pace) {
    const std::string fixed = "fixed:";
    if (pace.rfind(fixed, 0) != 0) return std::nullopt;
    const std::string text = pace.substr(fixed.size());
    std::size_t used = 0;
    double rate = 0;
    try {
        rate = std::stod(text, &used);
    } catch (const std::exception&) {
        return std::nullopt;
    }
    const std::string unit = text.substr(used);
    const double factor = unit.empty() ? 1 : unit == "K" ? 1e3 : unit == "M" ? 1e6 : unit == "G" ? 1e9 : 0;
    if (!(factor > 0 && rate > 0 && std::isfinite(rate))) return std::nullopt;
    return rate * factor;
}

}  // namespace

any_pace pace_called(const std::string& name) {
    if (name == "flat-out") return foreshadow::flat_out{};
    if (name == "two-thresholds") return foreshadow::two_thresholds{};
    if (name == "latency-guard") return foreshadow::latency_guard{};
    if (const auto rate = rate_in(name)) return foreshadow::fixed_rate{*rate};
    throw wrong_usage{"there is no pace \"" + name + "\"",
                      "write flat-out, two-thresholds, latency-guard or fixed:RATE, for example fixed:20M"};
}

namespace {

json summary(const foreshadow::restore_point& point) {
    json outcomes = json::object();
    for (const foreshadow::foretold& told : point.knows.predictions) {
        auto& count = outcomes[name_of(told.became.kind)];
        count = count.is_null() ? 1 : count.get<int>() + 1;
    }
    return {{"point", point.id},
            {"at", point.at.value},
            {"time", point.time.microseconds},
            {"time_text", time_text(point.time)},
            {"source", to_json(point.knows.source)},
            {"figures", to_json(point.figures)},
            {"omissions", to_json(point.omissions)},
            {"predictions", {{"issued", point.knows.predictions.size()}, {"outcomes", outcomes}}}};
}

void tell_result(const foreshadow::restore_point& point) {
    const foreshadow::backup_figures& f = point.figures;
    const double seconds = std::max(1e-3, foreshadow::seconds_between(f.started, f.ended));
    std::cout << "restore point " << point.id << " of " << point.knows.source.name << " at " << time_text(point.time)
              << "\n"
              << "read " << counted(f.rows_read, "row") << ", " << bytes_text(static_cast<double>(f.bytes_read))
              << " in " << seconds_text(seconds) << "; followed " << counted(f.commits, "commit") << " with "
              << counted(f.changes, "change") << " and " << counted(f.layout_changes, "layout change") << "\n"
              << "stored images " << bytes_text(static_cast<double>(f.image_bytes)) << ", journal "
              << bytes_text(static_cast<double>(f.journal_bytes)) << ", shadows "
              << bytes_text(static_cast<double>(f.run_bytes)) << " (" << f.shadows_opened << " opened, "
              << f.shadows_adopted << " adopted, " << f.shadows_recut << " cut again, " << f.shadows_discarded
              << " discarded)" << std::endl;
}

/// Waits, in short steps, so that a signal ends it soon.
void wait_between_points(double seconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!stop_requested && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

/// Everything that stands in the way is told, each with what mends it, before anything is begun.
foreshadow::task<bool> look_ahead(any_source& source, bool wants_json) {
    std::vector<std::pair<std::string, std::string>> found;
    try {
        found = co_await source.obstacles();
    } catch (const foreshadow::error& e) {
        if (e.again() != foreshadow::retry::later) throw;  // the backup waits for it
    }
    if (found.empty()) co_return true;
    using foreshadow::error, foreshadow::errc;
    if (found.size() == 1) throw error{errc::invalid_argument, found.front().first, found.front().second};
    error all{errc::invalid_argument, counted(found.size(), "thing") + " stand in the way of a backup",
              "mend them all"};
    for (const auto& [what, mend] : found) {
        if (wants_json)
            static_cast<void>(std::move(all).with(what, mend));
        else
            std::cerr << "in the way: " << what << "; mend: " << mend << "\n";
    }
    throw all;
}

int print_setup(const backup_settings& chosen) {
    any_source source = source_at(chosen.source);
    const std::string statements = run(source.setup());
    if (chosen.json)
        print({{"setup", to_json(statements)}});
    else
        std::cout << statements << std::flush;
    return exit_status::done;
}

}  // namespace

int backup(const backup_settings& chosen) {
    if (chosen.setup_sql) return print_setup(chosen);
    if (chosen.repository.empty()) throw wrong_usage{"REPOSITORY is required", "foreshadow backup --help"};
    if (chosen.finish_within_seconds > 0 && chosen.pace != "latency-guard")
        throw wrong_usage{"--finish-within is heeded by --pace latency-guard alone, not by " + chosen.pace,
                          "add --pace latency-guard, or leave --finish-within out"};
    const std::string repository = repository_path(chosen.repository);
    any_source source = source_at(chosen.source);
    foreshadow::back_up_options options;
    source.suit(options);
    options.stop = &stop_requested;
    options.checkpoint_seconds = chosen.checkpoint_seconds;
    options.patience_seconds = chosen.patience_seconds;
    options.finish_within_seconds = chosen.finish_within_seconds;
    // A tenth of a second a chunk, so that a slow pace is even, and little is read again after a crash.
    if (const auto rate = rate_in(chosen.pace))
        options.chunk.bytes = std::min(options.chunk.bytes, static_cast<std::size_t>(std::max(65536.0, *rate / 10)));
    run(look_ahead(source, chosen.json));
    auto composed = foreshadow::compose(
        foreshadow::back_up(std::move(source)), foreshadow::keep_in(foreshadow::directory_store{repository}),
        foreshadow::predict_with(predictor_called(chosen.predictor)), foreshadow::pace_by(pace_called(chosen.pace)),
        foreshadow::observe_with(foreshadow::progress_bar{}), foreshadow::with(options));
    for (;;) {
        const foreshadow::restore_point point = run(composed.back_up(), when_stopped::wait);
        if (chosen.json)
            print(summary(point), chosen.follow);
        else
            tell_result(point);
        if (!chosen.follow || stop_requested) return exit_status::done;
        wait_between_points(chosen.follow_seconds);
        if (stop_requested) return exit_status::done;
    }
}

}  // namespace tool

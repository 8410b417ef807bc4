// SPDX-License-Identifier: BSL-1.0
//
// foreshadow: back up a database while its partitions change, restore it as it was. A thin composition of the library;
// its contract (verbs, `--json`, exit status) is kept stable for scripts.
#include "verbs.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include <cmath>
#include <csignal>
#include <cstddef>
#include <exception>
#include <functional>
#include <iostream>
#include <new>
#include <string>
#include <system_error>

namespace {

void request_stop(int) { tool::stop_requested = true; }

void stop_on_signals() {
    struct sigaction action{};
    action.sa_handler = request_stop;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    // A write beyond a file-size limit then fails with an error that is reported, instead of ending the program.
    std::signal(SIGXFSZ, SIG_IGN);
}

/// A time in words of the tool's own: what CLI11 says of numbers out of range is no sentence, and NaN passes its
/// checks.
CLI::Validator seconds_from(double least, const std::string& what) {
    const auto complaint = [least, what](const std::string& text) {
        double seconds = 0;
        std::size_t used = 0;
        try {
            seconds = std::stod(text, &used);
        } catch (const std::exception&) {
            used = 0;
        }
        const bool is_sound = used == text.size() && std::isfinite(seconds) && seconds >= least;
        return is_sound ? std::string{} : "\"" + text + "\" is not " + what;
    };
    return CLI::Validator{complaint, ""};
}

bool names_verb(const CLI::App& app, const std::string& word) {
    const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
    return std::any_of(verbs.begin(), verbs.end(), [&](const CLI::App* verb) { return verb->get_name() == word; });
}

/// "backup, restore or points"
std::string verbs_of(const CLI::App& app) {
    const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
    std::string text;
    for (std::size_t i = 0; i < verbs.size(); ++i)
        text += (i == 0 ? "" : i + 1 == verbs.size() ? " or " : ", ") + verbs[i]->get_name();
    return text;
}

CLI::Option* add_repository(CLI::App* verb, tool::settings& to) {
    verb->add_flag("--json", to.json, "print one JSON object on standard output");
    return verb->add_option("REPOSITORY", to.repository, "the folder of the repository")->required();
}

void add_forecast(CLI::App* verb, tool::forecast_settings& to) {
    verb->add_option("SUBJECT", to.subject, "a log of writes (- reads standard input), a repository, or a source")
        ->required();
    verb->add_option("--predictor", to.predictor, "hazard, ensemble, linear or silent")->capture_default_str();
    verb->add_option("--rule", to.rule,
                     "whose layout changes a plain log gets: tikv, crdb, hbase, fdb, load, scylla or calendar");
    CLI::Option* const size = verb->add_option("--size", to.size, "bytes at which the rule splits a partition");
    CLI::Option* const keys = verb->add_option("--keys", to.keys, "keys at which the rule splits a partition");
    size->check(CLI::PositiveNumber)->excludes(keys);
    keys->check(CLI::PositiveNumber);
    verb->add_option("--row-cap", to.row_cap, "longer rows count as this many bytes")->check(CLI::NonNegativeNumber);
    verb->add_option("--writes-per-tick", to.writes_per_tick, "replay clock: a tick is so many writes")
        ->check(CLI::PositiveNumber);
    verb->add_option("--rate", to.hot_writes_per_tick, "writes a tick at which the rule load splits")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    verb->add_option("--tick", to.tick_seconds, "seconds of a tick; a day on a log, a minute on a source")
        ->check(CLI::Range(1e-3, 1e9));
    verb->add_option("--horizon", to.horizon_ticks, "ticks that a forecast looks ahead")
        ->capture_default_str()
        ->check(CLI::Range(1e-3, 1e6));
    verb->add_option("--watch", to.watch_seconds, "on a source: how many seconds it is watched")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    verb->add_option("--learnt", to.learnt, "on a source: the repository whose backups the predictor learnt from");
    verb->add_flag("--blind", to.blind, "the predictor is not told how large partitions are");
    verb->add_flag("--audit", to.audit, "replay with other futures: forecasts before them must be the same");
    verb->add_option("--plot", to.plot, "write a reliability plot, as SVG");
    verb->add_option("--rows", to.rows, "write every row: tick, partition, what was said, what came");
    verb->add_option("--events", to.events, "write the layout changes, as lines of a trace");
    verb->add_flag("--json", to.json, "print one JSON object on standard output");
}

}  // namespace

int main(int argc, char** argv) {
    stop_on_signals();
    CLI::App app{
        "Backs up databases while their partitions split, merge, appear and vanish; restores exactly the state at T."};
    app.name("foreshadow");
    app.set_version_flag("--version", "foreshadow " FORESHADOW_VERSION);
    app.require_subcommand(1);
    app.footer(
        "Exit status: 0 done, 1 failed, 2 wrong usage, 3 the repository is not sound.\n"
        "SOURCE and TARGET: sqlite:PATH or postgresql://USER@HOST/DATABASE. REPOSITORY: a folder.");
    std::function<int()> verb;
    bool json = false;

    tool::backup_settings backup;
    CLI::App* const backup_verb =
        app.add_subcommand("backup", "back up a database; the same command resumes what was interrupted");
    backup_verb->add_option("SOURCE", backup.source, "what to back up, such as sqlite:shop.db")->required();
    add_repository(backup_verb, backup)->required(false);
    backup_verb->add_flag("--setup-sql", backup.setup_sql,
                          "print what an administrator of SOURCE runs once, and do nothing else");
    CLI::Option* const follow = backup_verb->add_flag("--follow", backup.follow,
                                                      "go on: publish a restore point again and again, until stopped");
    backup_verb->add_option("--every", backup.follow_seconds, "with --follow: seconds between restore points")
        ->needs(follow)
        ->capture_default_str()
        ->check(seconds_from(0.001, "a number of seconds above 0"));
    backup_verb
        ->add_option("--checkpoint", backup.checkpoint_seconds, "seconds between checkpoints: what a crash costs")
        ->capture_default_str()
        ->check(seconds_from(0, "a number of seconds, 0 or more"));
    backup_verb
        ->add_option("--patience", backup.patience_seconds,
                     "seconds that a database locked by another program is waited for")
        ->capture_default_str()
        ->check(seconds_from(0, "a number of seconds, 0 or more"));
    backup_verb
        ->add_option("--pace", backup.pace,
                     "flat-out, two-thresholds, latency-guard or fixed:RATE (bytes a second; K, M, G)")
        ->capture_default_str();
    backup_verb
        ->add_option("--finish-within", backup.finish_within_seconds,
                     "with --pace latency-guard: seconds; it hurries where the backup would take longer")
        ->check(CLI::PositiveNumber);
    backup_verb->add_option("--predictor", backup.predictor, "hazard, ensemble, size or silent")->capture_default_str();
    backup_verb->callback([&] {
        verb = [&] {
            json = backup.json;
            return tool::backup(backup);
        };
    });

    tool::restore_settings restore;
    CLI::App* const restore_verb =
        app.add_subcommand("restore", "restore a database, or some of its partitions, as it was at T");
    add_repository(restore_verb, restore);
    restore_verb->add_option("TARGET", restore.target, "a database that does not exist yet, such as sqlite:restored.db")
        ->required();
    restore_verb->add_option("--point", restore.point, "a restore point's id, or latest")->capture_default_str();
    restore_verb->add_option("--at", restore.at, "an earlier time (2026-11-22T12:00:00Z) or log position");
    restore_verb->add_option("--partition", restore.partitions, "only this partition; may be given again");
    restore_verb->callback([&] {
        verb = [&] {
            json = restore.json;
            return tool::restore(restore);
        };
    });

    tool::settings points;
    CLI::App* const points_verb = app.add_subcommand("points", "list restore points and the restorable range");
    add_repository(points_verb, points);
    points_verb->callback([&] {
        verb = [&] {
            json = points.json;
            return tool::points(points);
        };
    });

    tool::show_settings show;
    CLI::App* const show_verb =
        app.add_subcommand("show", "layouts, lineage, predictions with outcomes, boxes and proof of a point");
    add_repository(show_verb, show);
    show_verb->add_option("POINT", show.point, "a restore point's id, or latest")->capture_default_str();
    show_verb->callback([&] {
        verb = [&] {
            json = show.json;
            return tool::show(show);
        };
    });

    tool::verify_settings verify;
    CLI::App* const verify_verb = app.add_subcommand("verify", "check structure and proof of every restore point");
    add_repository(verify_verb, verify);
    verify_verb->add_flag("--data", verify.data, "read every byte as well");
    verify_verb->callback([&] {
        verb = [&] {
            json = verify.json;
            return tool::verify(verify);
        };
    });

    tool::release_settings release;
    CLI::App* const release_verb = app.add_subcommand("release", "remove every trace that backups left in the source");
    release_verb->add_option("SOURCE", release.source, "the database, such as sqlite:shop.db")->required();
    release_verb->add_flag("--json", release.json, "print one JSON object on standard output");
    release_verb->callback([&] {
        verb = [&] {
            json = release.json;
            return tool::release(release);
        };
    });

    tool::forecast_settings forecast;
    CLI::App* const forecast_verb = app.add_subcommand(
        "forecast",
        "score a predictor on a recorded log, or a repository's predictions; or tell what is coming in a source");
    add_forecast(forecast_verb, forecast);
    forecast_verb->callback([&] {
        verb = [&] {
            json = forecast.json;
            return tool::forecast(forecast);
        };
    });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) return app.exit(e);
        const bool wants_json = std::find(argv, argv + argc, std::string_view{"--json"}) != argv + argc;
        if (const std::string word = argc > 1 ? argv[1] : "-"; !word.starts_with('-') && !names_verb(app, word))
            return tool::report(tool::wrong_usage{"there is no verb \"" + word + "\"", "write " + verbs_of(app)},
                                wants_json);
        return tool::report(tool::wrong_usage{e.what(), "foreshadow --help, or --help after a verb"}, wants_json);
    }
    using foreshadow::errc;
    using foreshadow::error;
    try {
        return verb();
    } catch (const tool::wrong_usage& e) {
        return tool::report(e, json);
    } catch (const error& e) {
        return tool::report(e, json);
    } catch (const std::bad_alloc&) {
        return tool::report(error{errc::full, "out of memory"}, json);
    } catch (const std::exception& e) {
        return tool::report(error{errc::internal, std::string{"unexpected: "} + e.what()}, json);
    }
}

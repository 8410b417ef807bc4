// SPDX-License-Identifier: BSL-1.0
//
// forecast: how well a predictor does on a recorded log of writes. The log is replayed to it tick by tick, as a source
// would deliver it, and what it said is held against what came.
#include "verbs.hpp"

#include "foreshadow/predict/ensemble.hpp"
#include "foreshadow/predict/forecast_score.hpp"
#include "foreshadow/predict/hazard_predictor.hpp"
#include "foreshadow/predict/prequential.hpp"
#include "foreshadow/predict/reliability_plot.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/predict/trace.hpp"
#include "foreshadow/testing/causality.hpp"
#include "foreshadow/testing/replay.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tool {

namespace ft = foreshadow::testing;

namespace {

/// What a forecast was asked on, and all that came of it.
struct scored_trace {
    ft::replay_figures replayed;
    std::vector<foreshadow::forecast_rows> rows;  ///< by scored kind
    std::vector<foreshadow::forecast_score> scores;
    std::optional<ft::causality_report> audit;
};

double seconds_of_tick(const forecast_settings& chosen) { return chosen.tick_seconds.value_or(86400); }

std::vector<foreshadow::trace_line> read(const std::string& path) {
    if (path == "-") return foreshadow::read_trace(std::cin);
    std::ifstream file{path, std::ios::binary};
    if (!file)
        throw foreshadow::error{foreshadow::errc::not_found, "there is no trace " + foreshadow::printable(path),
                                "give a file, or - to read standard input: xz -dc log.tsv.xz | foreshadow forecast -"};
    return foreshadow::read_trace(file);
}

ft::replay_options replay_of(const forecast_settings& chosen, const std::vector<foreshadow::trace_line>& trace) {
    ft::replay_options options{
        .rule = std::nullopt, .tick_seconds = seconds_of_tick(chosen), .writes_per_tick = chosen.writes_per_tick};
    if (chosen.rule.empty()) return options;
    const auto rule = ft::published_rule_called(chosen.rule);
    if (!rule)
        throw wrong_usage{"there is no rule \"" + chosen.rule + "\"",
                          "write tikv, crdb, hbase, fdb, load, scylla or calendar"};
    if (!chosen.size && !chosen.keys && *rule != ft::published_rule::calendar)
        throw wrong_usage{"the rule needs the size at which partitions split", "write --size BYTES or --keys N"};
    options.rule = ft::rule_options{.rule = *rule,
                                    .measure = chosen.size ? ft::engine_measure::bytes : ft::engine_measure::keys,
                                    .split_size = chosen.size.value_or(chosen.keys.value_or(1)),
                                    .row_cap = chosen.row_cap,
                                    .tick_seconds = seconds_of_tick(chosen),
                                    .hot_writes_per_tick = chosen.hot_writes_per_tick};
    if (*rule == ft::published_rule::fdb) options.rule->final_database_bytes = ft::final_size(trace, options);
    return options;
}

/// Calls `use(make)`, where `make()` makes the predictor of that name, allowed to speak of every partition.
template <class Use>
auto with_predictor(const forecast_settings& chosen, Use use) {
    if (chosen.predictor == "silent") return use([] { return foreshadow::silent{}; });
    if (chosen.predictor == "hazard") return use([] { return foreshadow::hazard_predictor{{.least_confidence = 0}}; });
    const auto linear = [&] {
        return foreshadow::size_extrapolation{
            {.measure = chosen.size ? foreshadow::size_measure::bytes : foreshadow::size_measure::rows,
             .half_life_seconds = 7 * seconds_of_tick(chosen),
             .least_confidence = 0}};
    };
    if (chosen.predictor == "linear" || chosen.predictor == "size") return use(linear);
    if (chosen.predictor == "ensemble")
        return use(
            [&] { return foreshadow::ensemble{foreshadow::hazard_predictor{{.least_confidence = 0}}, linear()}; });
    throw wrong_usage{"there is no predictor \"" + chosen.predictor + "\"", "write hazard, ensemble, linear or silent"};
}

scored_trace score(const forecast_settings& chosen, const std::vector<foreshadow::trace_line>& trace) {
    const ft::replay_options replayed = replay_of(chosen, trace);
    const foreshadow::scoring_options options{
        .tick_seconds = seconds_of_tick(chosen), .horizon_ticks = chosen.horizon_ticks, .sizes_told = !chosen.blind};
    return with_predictor(chosen, [&](auto make) {
        scored_trace scored;
        auto predictor = make();
        foreshadow::prequential<decltype(predictor)> asked{predictor, options};
        scored.replayed = ft::replay(trace, replayed, asked);
        for (const foreshadow::lineage_kind kind : foreshadow::scored_kinds) {
            scored.rows.push_back(asked.rows_of(kind));
            scored.scores.push_back(foreshadow::score_forecasts(scored.rows.back()));
        }
        if (chosen.audit)
            scored.audit = ft::audit_causality(
                trace, replayed, options, [&](const auto&) { return make(); }, std::array{.25, .5, .75});
        return scored;
    });
}

// --- what is told ---

json range(const foreshadow::interval& of) { return {of.low, of.high}; }

json alarms(const std::optional<foreshadow::alarm_score>& of) {
    if (!of)
        return {{"recall", 0},     {"threshold", nullptr}, {"precision", nullptr},
                {"alarm_rate", 0}, {"events_alarmed", 0},  {"median_lead", nullptr}};
    return {{"recall", of->point.recall},           {"threshold", of->point.threshold},
            {"precision", of->point.precision},     {"alarm_rate", of->point.alarm_rate},
            {"events_alarmed", of->events_alarmed}, {"median_lead", of->median_lead}};
}

json figures(const foreshadow::forecast_score& s) {
    const json half = alarms(s.at_half);
    const json quarter = alarms(s.at_quarter);
    return {{"average_precision", s.average_precision},
            {"brier", s.brier},
            {"brier_skill", s.brier_skill},
            {"ece", s.ece},
            {"ece_above_tenth", s.ece_above},
            {"rows_above_tenth", s.rows_above},
            {"recall_at_precision_50", half["recall"]},
            {"recall_at_precision_25", quarter["recall"]},
            {"events", s.events},
            {"events_alarmed", quarter["events_alarmed"]},
            {"median_lead", quarter["median_lead"]},
            {"alarm_rate", quarter["alarm_rate"]},
            {"at_precision_50", half},
            {"at_precision_25", quarter},
            {"intervals",
             {{"average_precision", range(s.within.average_precision)},
              {"brier", range(s.within.brier)},
              {"brier_skill", range(s.within.brier_skill)},
              {"ece", range(s.within.ece)}}},
            {"rows", s.rows},
            {"positives", s.positives},
            {"training_rows", s.training_rows},
            {"base_rate", s.base_rate}};
}

json object(const forecast_settings& chosen, const scored_trace& scored) {
    json made{{"trace", to_json(chosen.subject)},
              {"rule", chosen.rule.empty() ? json{} : json(chosen.rule)},
              {"predictor", chosen.predictor},
              {"horizon", chosen.horizon_ticks},
              {"tick_seconds", seconds_of_tick(chosen)},
              {"writes", scored.replayed.writes},
              {"writes_outside", scored.replayed.homeless},
              {"ticks", scored.replayed.ticks},
              {"rows", scored.rows[0].at.size()},
              {"layout_changes", scored.replayed.changes}};
    for (std::size_t i = 0; i < scored.scores.size(); ++i)
        made[name_of(foreshadow::scored_kinds[i])] = figures(scored.scores[i]);
    if (scored.audit)
        made["audit"] = {{"rows_compared", scored.audit->rows_compared}, {"causal", scored.audit->is_causal()}};
    return made;
}

std::string number(double value, const char* format) {
    if (std::isnan(value)) return "-";
    char text[32];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

std::string within(double value, const foreshadow::interval& of, const char* format) {
    if (std::isnan(value)) return "-";
    return number(value, format) + " [" + number(of.low, format) + ", " + number(of.high, format) + "]";
}

std::string alarmed(const std::optional<foreshadow::alarm_score>& of, std::size_t events) {
    if (!of) return "never";
    return number(of->point.recall, "%.3f") + " of the rows, " + std::to_string(of->events_alarmed) + " of " +
           std::to_string(events) + " changes, " + number(of->median_lead, "%.1f") + " ticks ahead; alarms " +
           number(100 * of->point.alarm_rate, "%.2f") + " %";
}

void tell(const forecast_settings& chosen, const scored_trace& scored) {
    std::cout << counted(scored.replayed.writes, "write") << ", " << counted(scored.replayed.ticks, "tick") << ", "
              << counted(scored.replayed.changes, "layout change")
              << (chosen.rule.empty() ? " as recorded" : " by the rule " + chosen.rule) << "; predictor "
              << chosen.predictor << ", " << number(chosen.horizon_ticks, "%g")
              << " ticks ahead; 95 % intervals from blocks of time\n";
    if (scored.replayed.homeless > 0)
        std::cout << counted(scored.replayed.homeless, "write") << " to keys of no partition passed over\n";
    for (std::size_t i = 0; i < scored.scores.size(); ++i) {
        const foreshadow::forecast_score& s = scored.scores[i];
        std::cout << name_of(foreshadow::scored_kinds[i]) << "\n";
        if (s.rows == 0) {
            std::cout << "  nothing to score: " << counted(scored.rows[i].events.size(), "change")
                      << ", and none with a horizon of ticks after it\n";
            continue;
        }
        std::cout << "  tested on           " << counted(s.rows, "row") << ", " << count_text(s.positives)
                  << " positive, " << counted(s.events, "change") << "; base rate before "
                  << number(100 * s.base_rate, "%.3f") << " %\n"
                  << "  average precision   " << within(s.average_precision, s.within.average_precision, "%.3f") << "\n"
                  << "  Brier score         " << within(s.brier, s.within.brier, "%.5f") << "\n"
                  << "  Brier skill         " << within(s.brier_skill, s.within.brier_skill, "%+.3f") << "\n"
                  << "  calibration error   " << within(s.ece, s.within.ece, "%.4f") << "; of those at .1 and above "
                  << number(s.ece_above, "%.3f") << " (" << counted(s.rows_above, "row") << ")\n"
                  << "  at precision .5     " << alarmed(s.at_half, s.events) << "\n"
                  << "  at precision .25    " << alarmed(s.at_quarter, s.events) << "\n";
    }
    if (scored.audit)
        std::cout << "audit: " << counted(scored.audit->rows_compared, "forecast")
                  << " made again with another future: "
                  << (scored.audit->is_causal()
                          ? "all the same"
                          : "not the same from " + time_text(*scored.audit->leaks_at) + " on; it knows what comes")
                  << "\n";
    std::cout.flush();
}

std::ofstream written(const std::string& path) {
    std::ofstream file{path, std::ios::binary};
    if (!file) throw foreshadow::error{foreshadow::errc::unavailable, "cannot write " + foreshadow::printable(path)};
    return file;
}

void plot(const forecast_settings& chosen, const scored_trace& scored) {
    std::vector<foreshadow::reliability_panel> panels;
    for (std::size_t i = 0; i < scored.scores.size(); ++i) {
        const foreshadow::forecast_score& s = scored.scores[i];
        panels.push_back({.title = name_of(foreshadow::scored_kinds[i]),
                          .subtitle = "AP " + number(s.average_precision, "%.3f") + ", skill " +
                                      number(s.brier_skill, "%+.3f") + ", ECE " + number(s.ece, "%.4f"),
                          .bins = s.bins});
    }
    written(chosen.plot) << foreshadow::reliability_plot(
        panels, chosen.predictor + " on " + foreshadow::printable(chosen.subject));
}

/// Writes down the layout changes of a replay, as lines of a trace.
class change_writer {
  public:
    explicit change_writer(const std::string& path) : file_{written(path)} {}

    void observe(const foreshadow::log_batch&, const foreshadow::layout&) {}
    void tick(foreshadow::wall_time, const foreshadow::layout&) {}
    void learn(const foreshadow::lineage_event& e) {
        file_ << e.time.microseconds / 1'000'000 << '\t' << name_of(e.kind) << '\t' << ids(e.from) << "->" << ids(e.to)
              << '\t';
        std::vector<foreshadow::key> boundaries = e.boundaries;
        if (e.kind == foreshadow::lineage_kind::create)
            boundaries = {e.to.front().interval.begin, e.to.front().interval.end};
        for (std::size_t i = 0; i < boundaries.size(); ++i) file_ << (i == 0 ? "" : ",") << escaped(boundaries[i]);
        file_ << '\n';
    }

  private:
    [[nodiscard]] static std::string ids(const std::vector<foreshadow::partition>& of) {
        std::string text;
        for (const foreshadow::partition& p : of) text += (text.empty() ? "" : ",") + std::to_string(p.id.native);
        return text;
    }
    [[nodiscard]] static std::string escaped(const foreshadow::key& boundary) {
        std::string text;
        for (const char c : foreshadow::printable(boundary)) text += c == ',' ? std::string{"\\x2c"} : std::string{c};
        return text;
    }

    std::ofstream file_;
};

/// Every row, so that it can be scored elsewhere: tick, partition, what was said, what came.
void write_rows(const forecast_settings& chosen, const scored_trace& scored) {
    std::ofstream file = written(chosen.rows);
    file << "kind\ttick\tpartition\tsaid\tcame\n";
    for (std::size_t k = 0; k < scored.rows.size(); ++k) {
        const foreshadow::forecast_rows& rows = scored.rows[k];
        for (std::size_t i = 0; i < rows.at.size(); ++i) {
            char line[120];
            std::snprintf(line, sizeof line, "%s\t%.6f\t%llu\t%.17g\t%d\n", name_of(foreshadow::scored_kinds[k]),
                          static_cast<double>(rows.at[i]) * 1e-6, static_cast<unsigned long long>(rows.subject[i]),
                          rows.said[i], static_cast<int>(rows.came[i]));
            file << line;
        }
    }
}

}  // namespace

int forecast(const forecast_settings& chosen) {
    if (!parse_url(chosen.subject).scheme.empty()) return forecast_source(chosen);
    if (chosen.subject != "-" && std::filesystem::is_directory(chosen.subject)) return forecast_record(chosen);
    const std::vector<foreshadow::trace_line> trace = read(chosen.subject);
    const scored_trace scored = score(chosen, trace);
    if (!chosen.events.empty()) {
        change_writer writer{chosen.events};
        ft::replay(trace, replay_of(chosen, trace), writer);
    }
    if (!chosen.plot.empty()) plot(chosen, scored);
    if (!chosen.rows.empty()) write_rows(chosen, scored);
    if (chosen.json)
        print(object(chosen, scored));
    else
        tell(chosen, scored);
    return scored.audit && !scored.audit->is_causal() ? exit_status::failed : exit_status::done;
}

}  // namespace tool

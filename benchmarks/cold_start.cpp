// SPDX-License-Identifier: BSL-1.0
//
// What predictors say of a source that they know nothing of: each is replayed a recorded write log from its first line
// on, and what it says of splits while the first 1, 5 and 20 % of the log come is held against what came. Nothing is
// set aside for learning. Skill is against a forecast that always says how often changes come in those same rows,
// which nobody could know beforehand.
//
//   benchmark_cold_start LOG...     a table in Markdown; a log is a plain TSV file, its name says how it is replayed
#include "foreshadow/predict/ensemble.hpp"
#include "foreshadow/predict/forecast_score.hpp"
#include "foreshadow/predict/hazard_predictor.hpp"
#include "foreshadow/predict/prequential.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/predict/trace.hpp"
#include "foreshadow/testing/replay.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;

/// As benchmarks/forecast_table.py replays it.
struct recorded {
    const char* name;
    ft::replay_options how;
    double horizon_ticks;
};
const std::array known{
    recorded{"scylladb",
             {ft::rule_options{ft::published_rule::crdb, ft::engine_measure::bytes, 262144, 4096}, 86400, 200},
             5},
    recorded{
        "scoop-extras", {ft::rule_options{ft::published_rule::crdb, ft::engine_measure::bytes, 65536}, 86400, 100}, 5},
    recorded{"foundationdb",
             {ft::rule_options{ft::published_rule::crdb, ft::engine_measure::bytes, 131072, 4096}, 86400, 100},
             5},
    recorded{"synth", {ft::rule_options{ft::published_rule::tikv, ft::engine_measure::keys, 2000}, 3600, 0}, 6}};

/// Hears a replay, and notes when how much of it had come.
template <class Predictor>
struct timed : fs::prequential<Predictor> {
    using fs::prequential<Predictor>::prequential;

    void observe(const fs::log_batch& batch, const fs::layout& now) {
        writes += batch.changes.size();
        fs::prequential<Predictor>::observe(batch, now);
    }
    void tick(fs::wall_time time, const fs::layout& now) {
        ticks.emplace_back(time.microseconds, writes);
        fs::prequential<Predictor>::tick(time, now);
    }

    std::size_t writes = 0;
    std::vector<std::pair<std::int64_t, std::size_t>> ticks;
};

struct beginning {
    std::vector<std::uint8_t> came;
    std::vector<double> said;
    std::set<std::uint64_t> changes;   ///< partitions that split within the horizon of a row
    std::set<std::uint64_t> foretold;  ///< with a chance of one in four or more
};

/// The rows of the ticks at which at most this share of the log had come.
beginning begin_of(const fs::forecast_rows& rows, const auto& heard, double share) {
    std::int64_t until = 0;
    for (const auto& [at, writes] : heard.ticks)
        if (static_cast<double>(writes) <= share * static_cast<double>(heard.writes)) until = at;
    beginning made;
    for (std::size_t i = 0; i < rows.at.size() && rows.at[i] <= until; ++i) {
        made.came.push_back(rows.came[i]);
        made.said.push_back(rows.said[i]);
        if (rows.came[i] == 0) continue;
        made.changes.insert(rows.subject[i]);
        if (rows.said[i] >= .25) made.foretold.insert(rows.subject[i]);
    }
    return made;
}

constexpr std::array shares{.01, .05, .2};

std::vector<beginning> begins_of(auto predictor, const recorded& log, const std::vector<fs::trace_line>& trace) {
    timed<decltype(predictor)> heard{
        predictor, fs::scoring_options{.tick_seconds = log.how.tick_seconds, .horizon_ticks = log.horizon_ticks}};
    ft::replay(trace, log.how, heard);
    const fs::forecast_rows rows = heard.rows_of(fs::lineage_kind::split);
    std::vector<beginning> all;
    for (const double share : shares) all.push_back(begin_of(rows, heard, share));
    return all;
}

void tell(const beginning& b) {
    const fs::scored_rows rows{b.came, b.said};
    double said = 0;
    for (const double p : b.said) said += p;
    const auto count = static_cast<double>(rows.size());
    std::printf(" %.1f %%", 100 * said / count);
    if (const auto came = static_cast<double>(fs::positives(rows)); came > 0)
        std::printf(", %.3f / %+.3f, %zu", fs::average_precision(rows), fs::brier_skill(rows, came / count),
                    b.foretold.size());
    std::printf(" |");
}

void measure(const std::filesystem::path& path) {
    const recorded* log = nullptr;
    for (const recorded& each : known)
        if (path.stem() == each.name) log = &each;
    std::ifstream file{path, std::ios::binary};
    if (log == nullptr || !file) throw fs::error{fs::errc::not_found, "no known log: " + path.string()};
    const std::vector<fs::trace_line> trace = fs::read_trace(file);
    const fs::hazard_predictor hazard{{.least_confidence = 0}};
    const fs::size_extrapolation size{{.measure = log->how.rule->measure == ft::engine_measure::bytes
                                                      ? fs::size_measure::bytes
                                                      : fs::size_measure::rows,
                                       .half_life_seconds = 7 * log->how.tick_seconds,
                                       .least_confidence = 0}};
    const std::array all{begins_of(hazard, *log, trace), begins_of(size, *log, trace),
                         begins_of(fs::ensemble{hazard, size}, *log, trace)};
    for (std::size_t i = 0; i < shares.size(); ++i) {
        const beginning& b = all[0][i];
        const auto positive = static_cast<double>(fs::positives({b.came, b.said}));
        std::printf("| %s, %.0f %% | %zu, %.1f %% | %zu |", log->name, 100 * shares[i], b.came.size(),
                    100 * positive / static_cast<double>(b.came.size()), b.changes.size());
        for (const auto& each : all) tell(each[i]);
        std::printf("\n");
    }
    std::fflush(stdout);
}

}  // namespace

int main(int count, char** given) try {
    std::printf(
        "| log, first | rows, of them positive | splits | `hazard_predictor` | `size_extrapolation` | "
        "`ensemble` of both |\n|---|---|---|---|---|---|\n");
    for (int i = 1; i < count; ++i) measure(given[i]);
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}

// SPDX-License-Identifier: BSL-1.0
//
// forecast on a repository: how well the predictions did that its backups recorded, by the outcomes that they were
// given. Only what was recorded can be held against anything, so this says how far a prediction can be trusted, not
// how many changes came unforetold of.
#include "verbs.hpp"

#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/predict/score.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace tool {

namespace {

/// The recorded predictions of one kind whose outcome is known.
struct kept_record {
    std::vector<std::uint8_t> came;  ///< within its horizon, at the foretold boundary or another
    std::vector<double> said;
    std::vector<double> leads;  ///< seconds, of those that came
    std::map<std::string, std::size_t> outcomes;
    std::size_t pending = 0;

    [[nodiscard]] foreshadow::scored_rows rows() const { return {came, said}; }
};
using record = std::map<std::string, kept_record>;

void take(record& to, const foreshadow::foretold& told) {
    kept_record& kind = to[name_of(told.what.kind)];
    if (told.became.kind == foreshadow::outcome_kind::pending) {
        ++kind.pending;
        return;
    }
    const bool came =
        told.became.kind == foreshadow::outcome_kind::exact || told.became.kind == foreshadow::outcome_kind::near;
    ++kind.outcomes[name_of(told.became.kind)];
    kind.came.push_back(came ? 1 : 0);
    kind.said.push_back(told.what.confidence);
    if (came) kind.leads.push_back(told.became.lead_seconds);
}

/// A point knows the predictions of those before it, so each is taken from the latest point that has it.
foreshadow::task<record> read_record(open_repository& repository) {
    co_await repository.open();
    std::vector<foreshadow::point_name> names = co_await foreshadow::list_points(*repository.objects);
    std::reverse(names.begin(), names.end());
    std::set<std::tuple<std::string, std::uint64_t, foreshadow::position>> seen;
    record all;
    for (const foreshadow::point_name& name : names) {
        const foreshadow::restore_point point = co_await foreshadow::read_point(*repository.objects, name.object);
        for (const foreshadow::foretold& told : point.knows.predictions)
            if (seen.emplace(name.source, told.what.id, told.what.issued_at).second) take(all, told);
    }
    co_return all;
}

double median(std::vector<double> values) {
    if (values.empty()) return std::nan("");
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double v : values) sum += v;
    return sum / static_cast<double>(values.size());
}

json figures(const kept_record& of) {
    json outcomes = json::object();
    for (const auto& [name, count] : of.outcomes) outcomes[name] = count;
    const bool any = !of.came.empty();
    return {{"predictions", of.came.size() + of.pending},
            {"pending", of.pending},
            {"outcomes", outcomes},
            {"came", foreshadow::positives(of.rows())},
            {"mean_confidence", any ? mean(of.said) : std::nan("")},
            {"brier", any ? foreshadow::brier(of.rows()) : std::nan("")},
            {"ece", any ? foreshadow::calibration_error(foreshadow::equal_width_bins(of.rows())) : std::nan("")},
            {"average_precision",
             foreshadow::positives(of.rows()) > 0 ? foreshadow::average_precision(of.rows()) : std::nan("")},
            {"median_lead_seconds", median(of.leads)}};
}

void tell(const std::string& kind, const kept_record& of) {
    std::cout << kind << ": " << counted(of.came.size() + of.pending, "prediction");
    if (of.pending > 0) std::cout << ", " << count_text(of.pending) << " pending";
    for (const auto& [name, count] : of.outcomes) std::cout << ", " << count_text(count) << ' ' << name;
    std::cout << "\n";
    if (of.came.empty()) return;
    const std::size_t came = foreshadow::positives(of.rows());
    char line[200];
    std::snprintf(line, sizeof line,
                  "  said %.0f %% on average, came %.0f %%; Brier score %.3f, calibration error %.3f\n",
                  100 * mean(of.said), 100 * static_cast<double>(came) / static_cast<double>(of.came.size()),
                  foreshadow::brier(of.rows()), foreshadow::calibration_error(foreshadow::equal_width_bins(of.rows())));
    std::cout << line;
    if (came > 0)
        std::cout << "  half of what came was foretold " << seconds_text(median(of.leads)) << " ahead or more\n";
}

}  // namespace

int forecast_record(const forecast_settings& chosen) {
    open_repository repository{chosen.subject};
    const record all = run(read_record(repository));
    if (chosen.json) {
        json object = json::object();
        for (const auto& [kind, kept] : all) object[kind] = figures(kept);
        print({{"repository", to_json(chosen.subject)}, {"predictions", object}});
        return exit_status::done;
    }
    for (const auto& [kind, kept] : all) tell(kind, kept);
    if (all.empty()) std::cout << "no prediction was recorded yet\n";
    std::cout.flush();
    return exit_status::done;
}

}  // namespace tool

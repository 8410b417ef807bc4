// SPDX-License-Identifier: BSL-1.0
//
// forecast on a source: what is coming now. The database is watched for a while, as a backup would follow it, and the
// predictor is asked once. What it learnt in earlier backups is taken from their repository.
#include "choices.hpp"
#include "databases.hpp"
#include "verbs.hpp"

#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/plane/layout_history.hpp"
#include "foreshadow/predict/sanitize.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tool {

namespace {

struct what_comes {
    foreshadow::source_identity source;
    foreshadow::layout now;
    std::size_t commits = 0;
    std::size_t changes = 0;
    std::optional<std::string> learnt;  ///< the point whose model was taken
    std::vector<foreshadow::prediction> expected;
};

/// The model of the latest point of that source; nothing where there is none.
foreshadow::task<std::optional<foreshadow::restore_point>> last_point(open_repository& repository, std::string source) {
    co_await repository.open();
    const std::vector<foreshadow::point_name> names = co_await foreshadow::list_points(*repository.objects);
    std::optional<foreshadow::restore_point> last;
    for (auto name = names.rbegin(); name != names.rend() && !last; ++name)
        if (name->source == source) last = co_await foreshadow::read_point(*repository.objects, name->object);
    co_return last;
}

/// Follows the log for a while, from now on.
foreshadow::task<bool> follow(any_source& source, any_predictor& predictor, double seconds, what_comes& result) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    foreshadow::position after = co_await source.hold(std::nullopt);
    const foreshadow::layout first = co_await source.layout();
    foreshadow::layout_history history{first};
    predictor.start(first);
    while (!stop_requested && std::chrono::steady_clock::now() < end) {
        foreshadow::log_batch batch;
        co_await source.follow(after, batch);
        after = batch.upto;
        const std::size_t known = history.lineage().size();
        for (const foreshadow::layout_change& change : batch.layouts) history.apply(change);
        predictor.observe(batch, history.current());
        for (std::size_t i = known; i < history.lineage().size(); ++i) predictor.learn(history.lineage()[i]);
        result.commits += batch.commits.size();
        result.changes += batch.changes.size();
    }
    result.now = history.current();
    co_return true;
}

/// What was not held before is not held afterwards, whatever happens.
foreshadow::task<bool> watch(any_source& source, any_predictor& predictor, double seconds, what_comes& result) {
    const std::vector<std::string> left = co_await source.left_behind();
    std::exception_ptr failure;
    try {
        co_await follow(source, predictor, seconds, result);
    } catch (...) {
        failure = std::current_exception();
    }
    co_await source.release_all_but(left);
    if (failure) std::rethrow_exception(failure);
    co_return true;
}

std::string names_of(const foreshadow::prediction& p, const foreshadow::layout& now) {
    std::string text = p.name;
    for (const foreshadow::partition_id id : p.partitions)
        if (const foreshadow::partition* known = now.find(id)) text += (text.empty() ? "" : ", ") + known->name;
    return text;
}

void tell(const what_comes& coming, double horizon) {
    std::cout << coming.source.name << ", " << counted(coming.now.partitions.size(), "partition") << ": watched "
              << counted(coming.commits, "commit") << " with " << counted(coming.changes, "change") << "; "
              << (coming.learnt ? "learnt up to point " + *coming.learnt : "nothing learnt before") << "\n";
    for (const foreshadow::prediction& p : coming.expected) {
        std::cout << "  " << name_of(p.kind) << " of " << names_of(p, coming.now) << ", "
                  << static_cast<int>(p.confidence * 100 + 0.5) << " % within " << seconds_text(horizon)
                  << ", most likely in " << seconds_text(p.when.p50);
        for (const foreshadow::key& b : p.boundaries) std::cout << "; at " << foreshadow::printable(b);
        for (const foreshadow::evidence& e : p.because) std::cout << "; " << e.name << ' ' << e.value << ' ' << e.unit;
        std::cout << "\n";
    }
    if (coming.expected.empty())
        std::cout << "  no change of layout is expected within " << seconds_text(horizon) << "\n";
    std::cout.flush();
}

}  // namespace

int forecast_source(const forecast_settings& chosen) {
    any_source source = source_at(chosen.subject);
    any_predictor predictor = predictor_called(chosen.predictor == "linear" ? "size" : chosen.predictor);
    what_comes coming;
    coming.source = run(source.identity());
    if (!chosen.learnt.empty()) {
        open_repository repository{chosen.learnt};
        if (const auto point = run(last_point(repository, coming.source.id))) {
            predictor.load(point->knows.model);
            coming.learnt = point->id;
        }
    }
    run(watch(source, predictor, chosen.watch_seconds, coming), when_stopped::wait);

    const double horizon = chosen.horizon_ticks * chosen.tick_seconds.value_or(60);
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    const foreshadow::wall_time now{std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count()};
    predictor.forecast(now, horizon, coming.expected);
    foreshadow::sanitize(coming.expected, coming.now, horizon);
    if (!chosen.json) {
        tell(coming, horizon);
        return exit_status::done;
    }
    json expected = json::array();
    for (const foreshadow::prediction& p : coming.expected) {
        json one = to_json(p);
        one["names"] = to_json(names_of(p, coming.now));
        expected.push_back(one);
    }
    print({{"source", to_json(coming.source)},
           {"horizon_seconds", horizon},
           {"commits", coming.commits},
           {"changes", coming.changes},
           {"learnt", coming.learnt ? json(*coming.learnt) : json{}},
           {"expected", expected}});
    return exit_status::done;
}

}  // namespace tool

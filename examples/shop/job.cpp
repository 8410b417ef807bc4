// SPDX-License-Identifier: BSL-1.0
#include "job.hpp"

#include "foreshadow/compose.hpp"
#include "foreshadow/observe/progress_bar.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/schedule/fixed_rate.hpp"
#include "foreshadow/sqlite/source.hpp"
#include "foreshadow/sqlite/target.hpp"
#include "foreshadow/store/directory_store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace shop {

namespace {

void announce(const std::string& text) { std::cerr << "== " << text << std::endl; }

double seconds_since(std::chrono::steady_clock::time_point begun) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

/// The partition of the shop whose changes shadows kept the most of; any where there was none.
std::string most_shadowed(const foreshadow::restore_point& point) {
    const foreshadow::layout now = history_of(point.knows).at(point.at);
    std::string best;
    std::uint64_t most = 0;
    for (const foreshadow::partition& p : now.partitions) {
        if (p.holds != foreshadow::content::data || p.name.find("_p") == std::string::npos) continue;
        std::uint64_t changes = best.empty() ? 1 : 0;
        for (const foreshadow::run& r : point.knows.known.runs)
            if (r.interval.overlaps(p.interval)) changes += r.changes;
        if (changes <= most) continue;
        best = p.name;
        most = changes;
    }
    return best;
}

template <class Composed>
foreshadow::task<timed_restore> restore(Composed& composed, foreshadow::restore_point point, std::string into,
                                        foreshadow::restore_options how = {}) {
    const auto begun = std::chrono::steady_clock::now();
    timed_restore done;
    done.report = co_await composed.restore(std::move(point), foreshadow::sqlite::target{into}, std::move(how));
    done.seconds = seconds_since(begun);
    co_return done;
}

foreshadow::task<job_result> perform(job_options options) {
    const auto begun = std::chrono::steady_clock::now();
    job_result result;
    const std::string database = options.folder / "shop.db";
    const auto beside = [&](const char* name) { return std::string{options.folder / name}; };

    announce("making a shop with " + std::to_string(options.size.rows) + " orders in " + options.folder.string());
    make_shop(database, options.size);
    result.database_bytes = std::filesystem::file_size(database);

    // Keys and values are a little less than the file; a small database is read slowly, so that something happens
    // meanwhile.
    result.pace_bytes_per_second = 0.9 * static_cast<double>(result.database_bytes) / options.seconds;
    auto composed = foreshadow::compose(foreshadow::back_up(foreshadow::sqlite::source{database}),
                                        foreshadow::keep_in(foreshadow::directory_store{beside("backups")}),
                                        foreshadow::predict_with(foreshadow::size_extrapolation{
                                            {.split_at = static_cast<double>(options.size.split_rows())}}),
                                        foreshadow::pace_by(foreshadow::fixed_rate{result.pace_bytes_per_second}),
                                        foreshadow::observe_with(foreshadow::progress_bar{}));

    announce("a writer process works on it; backing it up meanwhile");
    writer_process writer{database, options.size, beside("writer.log")};
    const std::int64_t before_first = last_seq(database);
    result.first = co_await composed.back_up();

    announce("restoring that beside it, while the writer goes on");
    (void)co_await restore(composed, result.first, beside("restored-first.db"));

    announce("backing up once more: only what changed since costs anything");
    const std::int64_t before_second = last_seq(database);
    result.second = co_await composed.back_up();
    result.writer = writer.stop();

    announce("restoring the second point, and one partition alone; both once more as if nothing had been foretold");
    foreshadow::restore_point unforeseen = result.second;
    unforeseen.knows.known.runs.clear();
    foreshadow::restore_options one;
    one.partitions = {most_shadowed(result.second)};
    result.whole = co_await restore(composed, result.second, beside("restored.db"));
    result.without_shadows = co_await restore(composed, unforeseen, beside("restored-without-shadows.db"));
    result.part = co_await restore(composed, result.second, beside("part.db"), one);
    result.part_without_shadows = co_await restore(composed, unforeseen, beside("part-without-shadows.db"), one);

    announce("comparing every row with the ledger, replayed");
    result.first_truth = compare_with_truth(beside("restored-first.db"), database, before_first);
    result.truth = compare_with_truth(beside("restored.db"), database, before_second);
    result.part_truth = compare_partition(one.partitions.front(), beside("part.db"), beside("restored.db"));
    for (const verdict& same :
         {compare_with_truth(beside("restored-without-shadows.db"), database, before_second),
          compare_partition(one.partitions.front(), beside("part-without-shadows.db"), beside("restored.db"))})
        result.truth.differences.insert(result.truth.differences.end(), same.differences.begin(),
                                        same.differences.end());
    result.seconds = seconds_since(begun);
    co_return result;
}

}  // namespace

job_result run_job(const job_options& options) {
    boost::asio::io_context context;
    std::exception_ptr failure;
    job_result result;
    boost::asio::co_spawn(context, perform(options), [&](std::exception_ptr e, job_result made) {
        failure = std::move(e);
        result = std::move(made);
    });
    context.run();
    if (failure) std::rethrow_exception(failure);
    return result;
}

}  // namespace shop

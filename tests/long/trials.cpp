// SPDX-License-Identifier: BSL-1.0
//
// Runs the main property over many seeds, and says how to run again each that fails:
//
//   trials [--from N] [--seeds N] [--twice N]
//   trials --crash-points SEED [--steps N] [--gap N] [--read N] [--from N] [--upto N] [--every N]
//
// --twice N lives every Nth trial twice, and both must end in the same bytes. --crash-points lets a backup of a
// database that lives for --steps, with so many milliseconds between two and for a chunk, die at every point (or every
// Nth) at which it can. Status 1 where anything was wrong.
#include "crash_points.hpp"
#include "trial.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>

namespace {

struct totals {
    std::uint64_t seeds = 0;
    std::uint64_t failed = 0;
    std::uint64_t twice = 0;
    support::trial_result of;

    void add(const support::trial_result& r) {
        ++seeds;
        of.points += r.points;
        of.exact += r.exact;
        of.placed += r.placed;
        of.refused += r.refused;
        of.deaths += r.deaths;
        of.errors += r.errors;
        of.resumed += r.resumed;
        of.came_true += r.came_true;
        of.came_true_in_shards += r.came_true_in_shards;
    }
    [[nodiscard]] std::string line(double seconds) const {
        return std::to_string(seeds) + " seeds in " + std::to_string(static_cast<long>(seconds)) +
               " s: " + std::to_string(of.points) + " points, " + std::to_string(of.exact) + " restores exact (" +
               std::to_string(of.placed) + " into other layouts), " + std::to_string(of.refused) +
               " rightly refused, " + std::to_string(of.deaths) + " deaths, " + std::to_string(of.errors) +
               " errors, " + std::to_string(of.resumed) + " resumed, " + std::to_string(of.came_true) +
               " predictions came true (" + std::to_string(of.came_true_in_shards) + " in shards), " +
               std::to_string(twice) + " run twice; " + std::to_string(failed) + " failed";
    }
};

class stopwatch {
  public:
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    }
    /// Whether another minute has passed.
    [[nodiscard]] bool is_time_for_a_line() {
        if (seconds() < next_) return false;
        next_ += 60;
        return true;
    }

  private:
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    double next_ = 60;
};

std::uint64_t milliseconds(double seconds) { return static_cast<std::uint64_t>(seconds * 1e3 + .5); }

int run_crash_points(const std::string& program, const support::crash_plan& plan) {
    stopwatch time;
    const auto say = [&](const support::crash_totals& t) {
        std::cout << t.operations << " operations and " << t.steps << " steps: " << t.deaths << " deaths, of those "
                  << t.power_cuts << " power cuts; " << t.resumed << " resumed, " << t.chunks_again
                  << " chunks read again, at most " << t.most_chunks_again << " at once; left to prune "
                  << t.orphan_segments << " segments and " << t.orphan_blocks << " blocks of " << t.orphan_bytes
                  << " bytes; " << t.failures.size() << " failed; " << static_cast<long>(time.seconds()) << " s"
                  << std::endl;
    };
    const support::crash_totals all = support::crash_everywhere(plan, [&](const support::crash_totals& so_far) {
        if (time.is_time_for_a_line()) say(so_far);
    });
    for (const support::crash_failure& f : all.failures)
        std::cout << "point " << f.point << ": " << f.what << "\n  again: " << program << " --crash-points "
                  << plan.seed << " --steps " << plan.steps << " --gap " << milliseconds(plan.gap_seconds) << " --read "
                  << milliseconds(plan.read_seconds) << " --from " << f.point << " --upto " << f.point << std::endl;
    say(all);
    return all.failures.empty() ? 0 : 1;
}

int run_trials(const std::string& program, std::uint64_t first, std::uint64_t seeds, std::uint64_t twice) {
    stopwatch time;
    totals so_far;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        support::trial_result result = support::run(support::trial_of(seed));
        if (result.wrong.empty() && twice != 0 && seed % twice == 0) {
            ++so_far.twice;
            const support::trial_result again = support::run(support::trial_of(seed));
            if (again.state != result.state) result.wrong = "the same seed ended in two ways";
        }
        so_far.add(result);
        if (!result.wrong.empty()) {
            ++so_far.failed;
            std::cout << "seed " << seed << ": " << result.wrong << "\n  again: " << program << " --from " << seed
                      << " --seeds 1 --twice 1" << std::endl;
        }
        if (time.is_time_for_a_line()) std::cout << so_far.line(time.seconds()) << std::endl;
    }
    std::cout << so_far.line(time.seconds()) << std::endl;
    return so_far.failed == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    CLI::App program{"Runs the main property over many seeds, and says how to run again each that fails."};
    std::optional<std::uint64_t> first;
    std::uint64_t seeds = 100'000;
    std::uint64_t twice = 50;
    support::crash_plan plan{.seed = 0};
    std::uint64_t gap = milliseconds(plan.gap_seconds);
    std::uint64_t read = milliseconds(plan.read_seconds);
    plan.steps = 400;
    program.add_option("--from", first, "the first seed, or point");
    program.add_option("--seeds", seeds, "so many")->capture_default_str();
    program.add_option("--twice", twice, "live every so manyth trial twice; 0: none")->capture_default_str();
    CLI::Option* crashes = program.add_option("--crash-points", plan.seed, "let a backup of this seed die everywhere");
    const auto of_crashes = [&](const char* name, auto& value, const char* what) {
        return program.add_option(name, value, what)->needs(crashes)->capture_default_str();
    };
    of_crashes("--steps", plan.steps, "for which the database lives on");
    of_crashes("--gap", gap, "milliseconds between two steps");
    of_crashes("--read", read, "milliseconds for a chunk");
    of_crashes("--upto", plan.upto, "the last point");
    of_crashes("--every", plan.every, "die at every so manyth")->check(CLI::PositiveNumber);
    CLI11_PARSE(program, count, words);

    if (crashes->count() == 0) return run_trials(words[0], first.value_or(1), seeds, twice);
    plan.gap_seconds = 1e-3 * static_cast<double>(gap);
    plan.read_seconds = 1e-3 * static_cast<double>(read);
    plan.from = first.value_or(0);
    return run_crash_points(words[0], plan);
}

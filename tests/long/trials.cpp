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

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <iostream>
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

/// The number after `name`, or `otherwise` where the name is not given.
std::uint64_t argument(int count, char** words, const char* name, std::uint64_t otherwise) {
    for (int i = 1; i < count; ++i) {
        if (std::strcmp(words[i], name) != 0) continue;
        std::uint64_t value = 0;
        const char* text = i + 1 < count ? words[i + 1] : "";
        const auto read = std::from_chars(text, text + std::strlen(text), value);
        if (read.ec == std::errc{} && *read.ptr == '\0' && *text != '\0') return value;
        std::cerr << name << " needs a number\n";
        std::exit(2);
    }
    return otherwise;
}

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
    const std::uint64_t first = argument(count, words, "--from", 1);
    if (const std::uint64_t seed = argument(count, words, "--crash-points", 0); seed != 0) {
        support::crash_plan plan{.seed = seed};
        plan.steps = argument(count, words, "--steps", 400);
        plan.gap_seconds = 1e-3 * static_cast<double>(argument(count, words, "--gap", milliseconds(plan.gap_seconds)));
        plan.read_seconds =
            1e-3 * static_cast<double>(argument(count, words, "--read", milliseconds(plan.read_seconds)));
        plan.from = argument(count, words, "--from", 0);
        plan.upto = argument(count, words, "--upto", plan.upto);
        plan.every = std::max<std::uint64_t>(1, argument(count, words, "--every", 1));
        return run_crash_points(words[0], plan);
    }
    return run_trials(words[0], first, argument(count, words, "--seeds", 100'000),
                      argument(count, words, "--twice", 50));
}

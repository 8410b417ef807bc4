// SPDX-License-Identifier: BSL-1.0
//
// What order and pace buy: a backup and a database's users share one server, some partitions change while it runs, and
// a forecast knows most of those. Each run has a twin of the same seed without a backup. Latencies are the users'; a
// partition counts as captured when its last chunk was read before it changed.
//
//   benchmark_pacing [seeds]        a table in Markdown
#include "foretold_changes.hpp"

#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/by_key.hpp"
#include "foreshadow/schedule/fixed_rate.hpp"
#include "foreshadow/schedule/flat_out.hpp"
#include "foreshadow/schedule/latency_guard.hpp"
#include "foreshadow/schedule/outlook.hpp"
#include "foreshadow/schedule/scan_plan.hpp"
#include "foreshadow/schedule/two_thresholds.hpp"
#include "foreshadow/testing/random.hpp"
#include "foreshadow/testing/shared_server.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;

constexpr double chunk_bytes = 256 << 10;
constexpr double chunk_seconds = .001;
constexpr double most_rate = chunk_bytes / chunk_seconds;
constexpr std::size_t partitions = 200;
constexpr int chunks_each = 60;
constexpr std::size_t changing = 60;
constexpr double request_seconds = .001;
constexpr double span = 900;  ///< seconds within which partitions change
constexpr double horizon = 90;
constexpr foretold_changes foretold{
    .partitions = partitions, .changing = changing, .begin = 20, .end = span, .horizon = horizon, .idle = 0};

struct policy {
    const char* name;
    std::function<std::variant<fs::flat_out, fs::fixed_rate, fs::two_thresholds, fs::latency_guard>()> pace;
    bool by_risk = false;
    knowledge knows = knowledge::none;
    bool feeds_forward = false;
};

struct scene {
    const char* name;
    double load;
    bool bursts;
    [[nodiscard]] double requests(double at) const {
        if (!bursts) return load / request_seconds;
        const bool peak =
            std::fmod(at, 120) > 90;  // as much work in all, a third more of it in every fourth half minute
        return load / request_seconds * (peak ? 1.15 : .95);
    }
};

struct result {
    double p99 = 0;
    double p999 = 0;
    double seconds = 0;
    double captured = 0;
    double turns_a_minute = 0;  ///< how often the rate changed its direction
};

class experiment {
  public:
    experiment(const scene& where, const policy& how, std::uint64_t seed, double upto)
        : how_{how}, server_{seed, [where](double at) { return where.requests(at); }, request_seconds}, upto_{upto} {
        ft::seeded_random random{seed * 7919 + 1};
        change_ = foretold.times(random);
        warnings_ = foretold.warnings(how.knows, change_, random.fork());
        std::vector<fs::piece> pieces;
        for (std::uint64_t i = 0; i < partitions; ++i)
            pieces.push_back({.interval = {std::to_string(1000 + i), std::to_string(1001 + i)},
                              .owner = {i, {}},
                              .remaining_bytes = chunk_bytes * chunks_each});
        plan_.make(std::move(pieces));
    }

    /// With the backup, until it has ended; without one, for as long as is said.
    result run(bool backs_up) {
        auto pace = how_.pace();
        double rate = most_rate;
        bool paused = true;  // until the first decision
        double next_chunk = 0;
        std::vector<double> latencies;
        for (double now = 0; backs_up ? !plan_.is_empty() : now < upto_; now += 1) {
            const std::size_t first = latencies.size();
            double read = 0;
            next_chunk = std::max(next_chunk, now);
            while (backs_up && !paused && next_chunk < now + 1 && !plan_.is_empty()) {
                server_.advance(next_chunk, latencies);
                const double done = server_.serve(next_chunk, chunk_seconds);
                take_chunk(next_chunk, done);
                read += chunk_bytes;
                next_chunk = std::max(done, next_chunk + chunk_bytes / rate);
            }
            server_.advance(now + 1, latencies);
            if (!backs_up) continue;
            std::vector<double> last(latencies.begin() + static_cast<std::ptrdiff_t>(first), latencies.end());
            const fs::pace_decision decided = std::visit(
                [&](auto& law) { return law.decide(input(now + 1, ft::quantile(last, .99), read, rate)); }, pace);
            note_turn(decided.bytes_per_second - rate);
            rate = std::clamp(decided.bytes_per_second, 1.0, most_rate);
            paused = decided.pause;
            out_.seconds = now + 1;
        }
        out_.p99 = ft::quantile(latencies, .99);
        out_.p999 = ft::quantile(latencies, .999);
        out_.captured /= changing;
        out_.turns_a_minute /= std::max(out_.seconds / 60, 1.0);
        return out_;
    }

  private:
    [[nodiscard]] std::vector<fs::prediction> live(double now) const {
        std::vector<fs::prediction> all;
        for (const warning& w : warnings_)
            if (w.from <= now && now < w.upto) {
                fs::prediction& p = all.emplace_back();
                p.partitions = {{w.partition, {}}};
                p.confidence = w.confidence;
                p.horizon_seconds = horizon;
            }
        return all;
    }

    void take_chunk(double at, double done) {
        if (at >= live_until_) {
            live_ = live(at);
            live_until_ = at + 1;
        }
        const auto second = static_cast<std::uint64_t>(at);
        fs::at_risk_first risk;
        fs::by_key in_order;
        fs::piece taken = how_.by_risk ? plan_.take(risk, live_, second) : plan_.take(in_order, live_, second);
        taken.remaining_bytes -= chunk_bytes;
        if (taken.remaining_bytes > 0) {
            plan_.put_back(std::move(taken));
            return;
        }
        const double change = change_[taken.owner.native];
        out_.captured += std::isfinite(change) && done < change;
    }

    [[nodiscard]] fs::pace_input input(double now, double latency, double read, double rate) const {
        const fs::outlook ahead = fs::look_ahead(plan_.pieces(), live(now));
        return {.latency_seconds = latency,
                .predicted_change_rate = ahead.change_rate,
                .needed_rate = how_.feeds_forward ? ahead.needed_rate : 0,
                .scanned_bytes_rate = read,
                .remaining_bytes = ahead.remaining_bytes,
                .allowed_rate = rate};
    }

    void note_turn(double step) {
        out_.turns_a_minute += step * last_step_ < 0;
        if (step != 0) last_step_ = step;
    }

    policy how_;
    ft::shared_server server_;
    double upto_;
    std::vector<double> change_;
    std::vector<warning> warnings_;
    fs::scan_plan plan_;
    std::vector<fs::prediction> live_;
    double live_until_ = 0;
    double last_step_ = 0;
    result out_;
};

[[nodiscard]] double median(std::vector<double> values) { return ft::quantile(values, .5); }

fs::latency_guard guard() {
    return fs::latency_guard{{.slowest = most_rate / 250, .fastest = most_rate, .first = most_rate / 50}};
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10;
    const std::vector<policy> policies{
        {"flat out", [] { return fs::flat_out{}; }},
        {"fixed, a quarter", [] { return fs::fixed_rate{most_rate / 4}; }},
        {"two thresholds",
         [] { return fs::two_thresholds{{.slowest = most_rate / 250, .fastest = most_rate, .first = most_rate / 10}}; },
         false, knowledge::forecast},
        {"latency guard", guard},
        {"+ order", guard, true, knowledge::forecast},
        {"+ order, feed-forward", guard, true, knowledge::forecast, true},
        {"+ order, shuffled forecast", guard, true, knowledge::shuffled},
        {"+ order, oracle", guard, true, knowledge::oracle},
    };
    for (const scene& where : {scene{"40 %", .4, false}, scene{"60 %", .6, false}, scene{"80 %", .8, false},
                               scene{"80 %, bursts", .8, true}}) {
        std::printf(
            "\n| users take %s | p99 | p99.9 | seconds | captured before change | turns a minute "
            "|\n|---|---|---|---|---|---|\n",
            where.name);
        for (const policy& how : policies) {
            std::vector<double> p99, p999, seconds, captured, turns;
            for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
                const result with = experiment{where, how, seed, 0}.run(true);
                const result alone = experiment{where, how, seed, with.seconds}.run(false);
                p99.push_back(with.p99 / alone.p99);
                p999.push_back(with.p999 / alone.p999);
                seconds.push_back(with.seconds);
                captured.push_back(with.captured);
                turns.push_back(with.turns_a_minute);
            }
            std::printf("| %s | %.2fx | %.2fx | %.0f | %.2f | %.1f |\n", how.name, median(p99), median(p999),
                        median(seconds), median(captured), median(turns));
            std::fflush(stdout);
        }
    }
    return 0;
}

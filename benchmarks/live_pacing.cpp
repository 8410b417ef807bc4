// SPDX-License-Identifier: BSL-1.0
//
// What order and pace buy on a real database: an SQLite file in partitions, a process of its own that reads and writes
// it for its users and splits some of its partitions, and a backup beside it. Requests arrive at random, whoever is
// late; latency counts from when a request was due. Each seed has a run without a backup, at the same requests and
// splits: latencies are ratios to that. A partition counts as captured when its last chunk was read before it split.
//
// What is foretold is given, as in benchmark_pacing: who can tell a good forecast from a shuffled one can tell what a
// forecast is worth.
//
//   benchmark_live_pacing [seeds [folder]]        a table in Markdown
#include "foretold_changes.hpp"

#include "foreshadow/compose.hpp"
#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/by_key.hpp"
#include "foreshadow/schedule/fixed_rate.hpp"
#include "foreshadow/schedule/flat_out.hpp"
#include "foreshadow/schedule/latency_guard.hpp"
#include "foreshadow/schedule/two_thresholds.hpp"
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/partitioned_table.hpp"
#include "foreshadow/sqlite/source.hpp"
#include "foreshadow/store/directory_store.hpp"
#include "foreshadow/testing/random.hpp"
#include "foreshadow/testing/real_time.hpp"
#include "foreshadow/testing/shared_server.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;
namespace sq = foreshadow::sqlite;

constexpr std::size_t partitions = 80;
constexpr std::int64_t rows_each = 1000;
constexpr std::int64_t keys_each = 100'000;
constexpr std::size_t row_bytes = 1000;
constexpr std::size_t changing = 24;
constexpr double span = 30;           ///< seconds within which partitions split
constexpr double warm_up = 2;         ///< of the users, before a backup begins
constexpr double horizon = 8;         ///< of the forecast
constexpr double request_gap = 1e-2;  ///< mean, in seconds

constexpr foretold_changes foretold{.partitions = partitions,
                                    .changing = changing,
                                    .begin = warm_up + 1,
                                    .end = warm_up + span,
                                    .horizon = horizon,
                                    .idle = warm_up};

struct policy {
    const char* name;
    std::function<fs::pace_decision(const fs::pace_input&)> (*pace)();
    bool by_risk = false;
    knowledge knows = knowledge::none;
    bool feeds_forward = false;
};

/// When each partition splits; infinity where it does not.
std::vector<double> splits_of(std::uint64_t seed) {
    ft::seeded_random random{seed * 7919 + 1};
    return foretold.times(random);
}
std::vector<warning> warnings_of(knowledge knows, const std::vector<double>& splits, std::uint64_t seed) {
    return foretold.warnings(knows, splits, ft::seeded_random{seed * 104'729 + 5});
}

/// Seconds of a clock that all processes share.
double now_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
void sleep_until(double at) {
    const double left = at - now_seconds();
    if (left > 0) std::this_thread::sleep_for(std::chrono::duration<double>(left));
}

std::string payload(ft::seeded_random& random) {
    std::string bytes(row_bytes, '\0');
    for (char& c : bytes) c = static_cast<char>(random.below(256));
    return bytes;
}

void make_database(const std::string& path) {
    sq::connection db{path, sq::open_mode::create};
    db.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    auto table = sq::partitioned_table::create(db, "item", {.columns = "id INTEGER PRIMARY KEY, v BLOB"});
    std::string rest = table.partitions().front().child;
    ft::seeded_random random{1};
    for (std::size_t p = 0; p < partitions; ++p) {
        const std::int64_t first = static_cast<std::int64_t>(p) * keys_each;
        const std::string child = rest;
        if (p + 1 < partitions) rest = table.split(child, first + keys_each);
        sq::transaction work{db, sq::transaction::kind::write};
        for (std::int64_t i = 0; i < rows_each; ++i) {
            auto& row = db.cached("INSERT INTO " + sq::identifier(child) + " VALUES(?1, ?2)");
            row.bind(1, first + i);
            row.bind_blob(2, payload(random));
            row.run();
        }
        work.commit();
    }
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

/// The users: a request reads ten rows and updates one; a split cuts a little off a partition's end. Writes down when
/// each request was due and how long it took.
int be_users(const std::string& path, std::uint64_t seed, double begin, const std::string& stop,
             const std::string& out) {
    sq::connection db{path, sq::open_mode::read_write, std::chrono::seconds{60}};
    db.execute("PRAGMA synchronous = NORMAL");
    auto table = sq::partitioned_table::open(db, "item");
    std::vector<std::string> children;
    for (const auto& entry : table.partitions()) children.push_back(sq::identifier(entry.child));
    const std::vector<double> splits = splits_of(seed);
    std::vector<std::pair<double, std::size_t>> due;
    for (std::size_t p = 0; p < partitions; ++p)
        if (std::isfinite(splits[p])) due.emplace_back(splits[p], p);
    std::sort(due.begin(), due.end());
    auto next_split = due.begin();
    ft::seeded_random random{seed};
    std::ofstream notes{out};
    double at = 0;
    for (std::uint64_t i = 0;; ++i) {
        if (i % 128 == 0 && std::filesystem::exists(stop)) return 0;
        at += random.gap(request_gap);
        for (; next_split != due.end() && next_split->first < at; ++next_split) {
            sleep_until(begin + next_split->first);
            const auto first = static_cast<std::int64_t>(next_split->second) * keys_each;
            const auto entries = table.partitions();
            table.split(entries[static_cast<std::size_t>(std::find_if(entries.begin(), entries.end(),
                                                                      [&](const auto& e) {
                                                                          return sq::identifier(e.child) ==
                                                                                 children[next_split->second];
                                                                      }) -
                                                         entries.begin())]
                            .child,
                        first + rows_each * 19 / 20);
        }
        sleep_until(begin + at);
        const auto p = static_cast<std::size_t>(random.below(partitions));
        const auto row = static_cast<std::int64_t>(p) * keys_each +
                         static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(rows_each * 9 / 10)));
        sq::transaction work{db, sq::transaction::kind::write};
        auto& read = db.cached("SELECT sum(length(v)) FROM " + children[p] + " WHERE id BETWEEN ?1 AND ?1 + 10");
        read.bind(1, row);
        read.run();
        auto& write = db.cached("UPDATE " + children[p] + " SET v = ?2 WHERE id = ?1");
        write.bind(1, row);
        write.bind_blob(2, payload(random));
        write.run();
        work.commit();
        notes << at << ' ' << now_seconds() - begin - at << '\n';
    }
}

/// The users' process, from now until the guard goes.
class users {
  public:
    users(const std::string& path, std::uint64_t seed, double begin, const std::filesystem::path& folder)
        : stop_{folder / "stop"}, notes_{folder / "notes"} {
        std::filesystem::remove(stop_);
        process_ = fork();
        if (process_ != 0) return;
        execl("/proc/self/exe", "users", "users", path.c_str(), std::to_string(seed).c_str(),
              std::to_string(begin).c_str(), stop_.c_str(), notes_.c_str(), nullptr);
        _exit(1);
    }
    users(const users&) = delete;
    users& operator=(const users&) = delete;
    ~users() { end(); }

    /// Latencies of the requests that were due between `warm_up` and `upto`, at their times.
    std::vector<std::pair<double, double>> end() {
        if (process_ == 0) return {};
        std::ofstream{stop_};
        int status = 0;
        waitpid(process_, &status, 0);
        process_ = 0;
        std::vector<std::pair<double, double>> all;
        std::ifstream in{notes_};
        for (double at = 0, took = 0; in >> at >> took;) all.emplace_back(at, took);
        if (status != 0) std::fprintf(stderr, "the users' process failed\n");
        return all;
    }

  private:
    pid_t process_ = 0;
    std::filesystem::path stop_;
    std::filesystem::path notes_;
};

/// Says what it was given, about partitions as they were at the beginning.
class given_forecast {
  public:
    static constexpr std::string_view name = "given";

    given_forecast(std::vector<warning> all, double begin) : warnings_{std::move(all)}, begin_{begin} {}
    void start(const fs::layout& now) {
        for (const fs::partition& p : now.partitions)
            if (p.holds == fs::content::data && p.name.rfind("item", 0) == 0) ids_.push_back(p.id);
        if (ids_.size() != partitions) throw std::runtime_error{"the layout is not what was made"};
    }
    void observe(const fs::log_batch&, const fs::layout&) const {}
    void learn(const fs::lineage_event&) const {}
    void forecast(fs::wall_time, double, std::vector<fs::prediction>& out) const {
        const double now = now_seconds() - begin_;
        for (const warning& w : warnings_) {
            if (now < w.from || w.upto <= now) continue;
            fs::prediction& said = out.emplace_back();
            said.partitions = {ids_[w.partition]};
            said.confidence = w.confidence;
            said.horizon_seconds = w.upto - now;
        }
    }
    [[nodiscard]] std::string save() const { return {}; }
    void load(std::string_view) const {}

  private:
    std::vector<warning> warnings_;
    double begin_;
    std::vector<fs::partition_id> ids_;
};

struct chosen_order {
    bool by_risk;
    void arrange(std::span<fs::piece> pieces, std::span<const fs::prediction> live) const {
        if (by_risk)
            fs::at_risk_first{}.arrange(pieces, live);
        else
            fs::by_key{}.arrange(pieces, live);
    }
};

struct chosen_pace {
    std::function<fs::pace_decision(const fs::pace_input&)> law;
    bool feeds_forward;
    fs::pace_decision decide(fs::pace_input input) const {
        if (!feeds_forward) input.needed_rate = 0;
        return law(input);
    }
};

struct result {
    double seconds = 0;
    double captured = 0;
    double turns_a_minute = 0;
    std::vector<double> probes;  ///< what the source said of its strain, in seconds
    std::vector<std::pair<double, double>> requests;
};

/// Notes when each chunk came, and the turns of the rate.
struct watcher {
    std::vector<std::pair<double, fs::key_range>>* chunks;
    double* turns;
    std::vector<double>* probes;
    double last_rate = 0;
    double last_step = 0;
    void on(const fs::event& what) {
        if (const auto* read = std::get_if<fs::chunk_read>(&what)) chunks->emplace_back(now_seconds(), read->interval);
        if (const auto* pace = std::get_if<fs::pace_changed>(&what); pace != nullptr && pace->rate > 0) {
            const double step = std::isfinite(pace->rate) ? pace->rate - last_rate : 0;
            *turns += step * last_step < 0;
            if (step != 0) last_step = step;
            last_rate = std::isfinite(pace->rate) ? pace->rate : last_rate;
        }
        if (const auto* pace = std::get_if<fs::pace_changed>(&what)) probes->push_back(pace->latency_seconds);
    }
};

std::string fresh_copy(const std::filesystem::path& folder) {
    const std::filesystem::path path = folder / "run.db";
    for (const char* tail : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + tail);
    std::filesystem::copy_file(folder / "made.db", path);
    std::filesystem::remove_all(folder / "backups");
    return path.string();
}

result run(const std::filesystem::path& folder, const policy& how, std::uint64_t seed) {
    const std::string path = fresh_copy(folder);
    {
        // As in all backups but the first, the log is there; making it keeps writers waiting once, whatever the pace.
        sq::source before{path};
        static_cast<void>(ft::real_time{}.run(before.hold(std::nullopt)));
    }
    const std::vector<double> splits = splits_of(seed);
    const double begin = now_seconds() + .5;
    users beside{path, seed, begin, folder};
    sleep_until(begin + warm_up);
    std::vector<std::pair<double, fs::key_range>> chunks;
    result out;
    fs::back_up_options options;
    options.horizon_seconds = horizon;
    options.forecast_seconds = 1;
    options.shadows.count = 0;  // what they cost and spare is measured elsewhere
    auto composed =
        fs::compose(fs::back_up(sq::source{path}), fs::keep_in(fs::directory_store{folder / "backups"}),
                    fs::predict_with(given_forecast{warnings_of(how.knows, splits, seed), begin}),
                    fs::scan_by(chosen_order{how.by_risk}), fs::pace_by(chosen_pace{how.pace(), how.feeds_forward}),
                    fs::observe_with(watcher{&chunks, &out.turns_a_minute, &out.probes}), fs::with(options));
    const fs::restore_point point = ft::real_time{}.run(composed.back_up());
    out.seconds = now_seconds() - begin - warm_up;
    out.turns_a_minute /= std::max(out.seconds / 60, 1.0);
    out.requests = beside.end();

    std::size_t p = 0;
    double came = 0;
    for (const fs::partition& first : point.knows.first.partitions) {
        if (first.holds != fs::content::data || first.name.rfind("item", 0) != 0) continue;
        const double split = splits[p++];
        if (!std::isfinite(split) || split > warm_up + span) continue;
        double last = 0;
        for (const auto& [at, interval] : chunks)
            if (interval.overlaps(first.interval)) last = std::max(last, at - begin);
        ++came;
        out.captured += last > 0 && last < split;
    }
    out.captured /= came;
    return out;
}

/// The users alone, for as long as any backup of this seed took.
std::vector<std::pair<double, double>> alone(const std::filesystem::path& folder, std::uint64_t seed, double seconds) {
    const std::string path = fresh_copy(folder);
    const double begin = now_seconds() + .5;
    users only{path, seed, begin, folder};
    sleep_until(begin + warm_up + seconds);
    return only.end();
}

double latency(const std::vector<std::pair<double, double>>& requests, double upto, double share) {
    std::vector<double> took;
    for (const auto& [at, each] : requests)
        if (at >= warm_up && at < warm_up + upto) took.push_back(each);
    return ft::quantile(took, share);
}

template <class Law>
std::function<fs::pace_decision(const fs::pace_input&)> law() {
    return [one = Law{}](const fs::pace_input& input) mutable { return one.decide(input); };
}
std::function<fs::pace_decision(const fs::pace_input&)> fixed() {
    return [](const fs::pace_input&) { return fs::pace_decision{.bytes_per_second = 12e6, .reason = "fixed"}; };
}

double median(std::vector<double> values) { return ft::quantile(values, .5); }

double load_average() {
    double load[1] = {0};
    return getloadavg(load, 1) == 1 ? load[0] : 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 7 && std::string_view{argv[1]} == "users")
        return be_users(argv[2], std::strtoull(argv[3], nullptr, 10), std::strtod(argv[4], nullptr), argv[5], argv[6]);
    const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 5;
    const std::filesystem::path folder =
        (argc > 2 ? std::filesystem::path{argv[2]} : std::filesystem::temp_directory_path()) /
        ("foreshadow-pacing-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    make_database((folder / "made.db").string());

    const std::vector<policy> policies{
        {"flat out", law<fs::flat_out>},
        {"fixed, 12 MB/s", fixed},
        {"two thresholds", law<fs::two_thresholds>, false, knowledge::forecast},
        {"latency guard", law<fs::latency_guard>},
        {"+ order", law<fs::latency_guard>, true, knowledge::forecast},
        {"+ order, feed-forward", law<fs::latency_guard>, true, knowledge::forecast, true},
        {"+ order, shuffled forecast", law<fs::latency_guard>, true, knowledge::shuffled},
        {"+ order, oracle", law<fs::latency_guard>, true, knowledge::oracle},
    };
    struct column {
        std::vector<double> p50, p99, p999, milliseconds, seconds, captured, turns, probe;
    };
    std::vector<column> table(policies.size());
    std::vector<double> load;
    std::vector<double> own;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        std::vector<result> all;
        double longest = 0;
        for (const policy& how : policies) {
            all.push_back(run(folder, how, seed));
            longest = std::max(longest, all.back().seconds);
            load.push_back(load_average());
        }
        const auto without = alone(folder, seed, longest);
        own.push_back(1e3 * latency(without, longest, .99));
        for (std::size_t i = 0; i < policies.size(); ++i) {
            result& r = all[i];
            const auto ratio = [&](double share) {
                return latency(r.requests, r.seconds, share) / latency(without, r.seconds, share);
            };
            column& c = table[i];
            c.p50.push_back(ratio(.5));
            c.p99.push_back(ratio(.99));
            c.p999.push_back(ratio(.999));
            c.milliseconds.push_back(1e3 * latency(r.requests, r.seconds, .99));
            c.seconds.push_back(r.seconds);
            c.captured.push_back(r.captured);
            c.turns.push_back(r.turns_a_minute);
            c.probe.push_back(1e3 * ft::quantile(r.probes, .9));
            std::fprintf(stderr, "seed %llu, %s: p99 %.1f ms, %.2fx; %.1f s; captured %.2f\n",
                         static_cast<unsigned long long>(seed), policies[i].name, c.milliseconds.back(), c.p99.back(),
                         r.seconds, r.captured);
        }
    }
    std::printf(
        "| %llu seeds, load average %.1f; users alone: p99 %.1f ms | median | p99 | p99.9 | p99, ms | seconds | "
        "captured before change | turns a minute | probe's p90, ms |\n|---|---|---|---|---|---|---|---|---|\n",
        static_cast<unsigned long long>(seeds), median(load), median(own));
    for (std::size_t i = 0; i < policies.size(); ++i) {
        const column& c = table[i];
        std::printf("| %s | %.2fx | %.2fx | %.2fx | %.1f | %.0f | %.2f | %.1f | %.2f |\n", policies[i].name,
                    median(c.p50), median(c.p99), median(c.p999), median(c.milliseconds), median(c.seconds),
                    median(c.captured), median(c.turns), median(c.probe));
    }
    std::filesystem::remove_all(folder);
    return 0;
}

// SPDX-License-Identifier: BSL-1.0
#include "simulated_world.hpp"

#include "foreshadow/orchestrate/back_up.hpp"
#include "foreshadow/orchestrate/restore.hpp"
#include "foreshadow/orchestrate/verify.hpp"
#include "foreshadow/row/conflict_policies.hpp"
#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/flat_out.hpp"
#include "foreshadow/store/lease_owner.hpp"

#include <algorithm>

namespace support {

fs::back_up_options small_numbers(std::uint64_t seed) {
    fs::back_up_options options;
    options.workers = 1 + seed % 3;
    options.journal_bytes = 600 + seed % 7 * 500;
    options.checkpoint_seconds = seed % 8 == 0 ? 0 : 0.05 * static_cast<double>(1 + seed % 5);
    options.forecast_seconds = 0.02;
    options.horizon_seconds = 0.6;
    options.least_bytes_per_second = 64 << 10;
    return options;
}

ft::database_options lively(std::uint64_t seed) {
    ft::database_options options;
    options.work.seed = seed;
    options.work.untold_changes = seed % 5 == 1;
    options.prefix_snapshots = seed % 2 == 0;
    options.estimates = seed % 3 != 0;
    options.read_seconds = 0.02;
    options.mean_gap_seconds = 0.004;
    return options;
}

namespace {

simulated_home founded(const ft::virtual_clock& clock, ft::database_options options, ft::shard_options shards) {
    simulated_home made;
    made.database = std::make_shared<ft::simulated_database>(clock, std::move(options));
    if (shards.count > 1) made.shards = std::make_shared<ft::simulated_shards>(made.database, shards);
    return made;
}

}  // namespace

simulated_home simulated_home::copy() const {
    simulated_home made;
    made.database = std::make_shared<ft::simulated_database>(*database);
    made.retained_at_copy = database->retained;
    if (shards) made.shards = std::make_shared<ft::simulated_shards>(*shards, made.database);
    return made;
}

any_source simulated_home::source() const {
    if (shards) return ft::sharded_source{shards};
    return ft::simulated_source{database};
}

simulated_world::simulated_world(ft::database_options options, ft::faults what_goes_wrong, ft::shard_options shards)
    : home_{founded(time_.clock(), std::move(options), shards)},
      fate_{what_goes_wrong, time_.clock()},
      source_{home_.source(), fate_},
      clock_{time_.clock(), fate_},
      objects_{fate_},
      store_{objects_, fate_},
      order_{fs::at_risk_first{}},
      pace_{fs::flat_out{}},
      names_{std::make_shared<ft::seeded_random>(home_.database->options.work.seed + 77)} {}

simulated_world::~simulated_world() = default;

void simulated_world::turn_to(ft::database_options options) {
    put_back(founded(time_.clock(), std::move(options), {}));
}

void simulated_world::put_back(simulated_home copy) {
    others_.push_back(std::exchange(home_, std::move(copy)));
    source_ = ft::faulty_source{home_.source(), fate_};
}

void simulated_world::be_known_when_dead() {
    constexpr std::uint64_t nobody = 4'194'305;  // above what Linux gives
    owner_ = {.host = fs::detail::host_name(), .boot = fs::detail::boot_id(), .process = nobody, .started = 1};
}

void simulated_world::live(std::size_t steps) { time_.spawn(home_.database->live(steps)); }

void simulated_world::open() {
    storage_.reset();
    fs::repository_options options;
    options.pack_bytes = 64 << 10;
    options.random = [names = names_](std::span<unsigned char> out) {
        for (unsigned char& byte : out) byte = static_cast<unsigned char>(names->below(256));
    };
    repository_ = time_.run(simulated_repository::open(store_, {}, {}, options));
    storage_ = std::make_unique<simulated_storage>(*repository_);
}

fs::restore_point simulated_world::back_up(any_predictor foretelling, fs::back_up_options options) {
    if (!repository_) open();
    fs::back_up_parts<ft::faulty_source<any_source>, simulated_repository, simulated_storage, any_predictor,
                      any_scan_order, any_pace, listener, simulated_clock>
        parts{source_, *repository_, *storage_, foretelling, order_, pace_, listening_, clock_};
    return time_.run(fs::run_back_up(parts, options, owner_));
}

std::pair<ft::simulated_target, fs::restore_report> simulated_world::restore(const fs::restore_point& point,
                                                                             fs::restore_options options,
                                                                             std::size_t max_concurrency) {
    ft::simulated_target into{max_concurrency};
    fs::fail conflicts;
    fs::restore_report report = restore_into(into, conflicts, point, std::move(options));
    return {into, std::move(report)};
}

ft::simulated_target simulated_world::restore_into_layout(ft::placement where, const fs::restore_point& point,
                                                          fs::restore_options options) {
    ft::simulated_target into{std::move(where)};
    fs::fail conflicts;
    restore_into(into, conflicts, point, std::move(options));
    return into;
}

fs::restore_report simulated_world::restore_into(ft::simulated_target into, any_conflict_policy conflicts,
                                                 const fs::restore_point& point, fs::restore_options options) {
    options.memory_bytes = 64 << 10;
    return time_.run(fs::run_restore(*repository_, *storage_, into, conflicts, listening_, point, std::move(options)));
}

fs::verify_report simulated_world::verify(bool data) {
    return time_.run(fs::run_verify(*repository_, *storage_, listening_, {.data = data}));
}

std::set<fs::position> simulated_world::interesting_positions(const fs::restore_point& point, fs::position from) const {
    std::set<fs::position> positions;
    const auto& log = home_.commits();
    for (std::size_t i = 0; i < log.size() && log[i].at <= point.at; ++i) {
        const bool is_near_layout_change = !log[i].layouts.empty() || (i > 0 && !log[i - 1].layouts.empty()) ||
                                           (i + 1 < log.size() && !log[i + 1].layouts.empty());
        if (log[i].at >= std::max(from, point.knows.first.at) && (is_near_layout_change || i % 37 == 0))
            positions.insert(log[i].at);
    }
    positions.insert(point.at);
    return positions;
}

}  // namespace support

// SPDX-License-Identifier: BSL-1.0
//
// One backup of a simulated database that lives on meanwhile, and restores compared with the oracle.
#pragma once

#include "foreshadow/observe/silent_observer.hpp"
#include "foreshadow/orchestrate/back_up.hpp"
#include "foreshadow/orchestrate/restore.hpp"
#include "foreshadow/orchestrate/verify.hpp"
#include "foreshadow/row/conflict_policies.hpp"
#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/flat_out.hpp"
#include "foreshadow/store/content_defined_blocks.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "foreshadow/store/repository.hpp"
#include "foreshadow/testing/simulated_source.hpp"
#include "foreshadow/testing/simulated_target.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace support {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;

using simulated_repository = fs::repository<fs::memory_store, fs::no_codec, fs::no_cipher>;
using simulated_storage = fs::content_defined_blocks<simulated_repository>;

/// Small numbers, so that a few hundred commits make many chunks, segments, checkpoints and forecasts.
[[nodiscard]] inline fs::back_up_options small_numbers(std::uint64_t seed) {
    fs::back_up_options options;
    options.workers = 1 + seed % 3;
    options.journal_bytes = 600 + seed % 7 * 500;
    options.checkpoint_seconds = seed % 4 == 0 ? 0 : 0.05 * static_cast<double>(seed % 5);
    options.forecast_seconds = 0.02;
    options.horizon_seconds = 0.6;
    return options;
}

[[nodiscard]] inline ft::database_options lively(std::uint64_t seed) {
    ft::database_options options;
    options.work.seed = seed;
    options.work.untold_changes = seed % 5 == 1;
    options.prefix_snapshots = seed % 2 == 0;
    options.estimates = seed % 3 != 0;
    return options;
}

[[nodiscard]] inline fs::lease_owner somebody() {
    return {.host = "simulated", .boot = "1", .process = 1, .started = 1};
}

class simulated_world {
  public:
    explicit simulated_world(ft::database_options options)
        : database_{std::make_shared<ft::simulated_database>(time_.clock(), std::move(options))}, source_{database_} {}

    [[nodiscard]] ft::simulated_database& database() noexcept { return *database_; }
    [[nodiscard]] ft::simulation& time() noexcept { return time_; }
    [[nodiscard]] simulated_repository& repository() noexcept { return *repository_; }
    [[nodiscard]] simulated_storage& storage() noexcept { return *storage_; }
    [[nodiscard]] fs::memory_store store() { return store_; }

    /// The database lives for so many steps, beside whatever else happens.
    void live(std::size_t steps) { time_.spawn(database_->live(steps)); }

    /// As a program does when it starts: nothing is remembered but the store.
    void open() {
        storage_.reset();
        fs::repository_options options;
        options.pack_bytes = 64 << 10;
        repository_ = time_.run(simulated_repository::open(store_, {}, {}, options));
        storage_ = std::make_unique<simulated_storage>(*repository_);
    }

    template <class Predictor, class Pace = fs::flat_out>
    fs::restore_point back_up(Predictor& predictor, fs::back_up_options options, Pace speed = {}) {
        if (!repository_) open();
        fs::at_risk_first order;
        fs::silent_observer nobody;
        fs::back_up_parts<ft::simulated_source, simulated_repository, simulated_storage, Predictor, fs::at_risk_first, Pace,
                          fs::silent_observer, ft::virtual_clock>
            parts{source_, *repository_, *storage_, predictor, order, speed, nobody, time_.clock()};
        return time_.run(fs::run_back_up(parts, options, somebody()));
    }

    [[nodiscard]] std::pair<ft::simulated_target, fs::restore_report> restore(const fs::restore_point& point,
                                                                              fs::restore_options options = {}) {
        ft::simulated_target into;
        fs::fail conflicts;
        fs::silent_observer nobody;
        options.memory_bytes = 64 << 10;
        fs::restore_report report =
            time_.run(fs::run_restore(*repository_, *storage_, into, conflicts, nobody, point, std::move(options)));
        return {into, std::move(report)};
    }

    [[nodiscard]] fs::verify_report verify(bool data) {
        fs::silent_observer nobody;
        return time_.run(fs::run_verify(*repository_, *storage_, nobody, {.data = data}));
    }

    /// The commits at which it pays to look: around each layout change that the point covers, and a few others.
    [[nodiscard]] std::set<fs::position> interesting_positions(const fs::restore_point& point) const {
        std::set<fs::position> positions;
        const auto& log = database_->past().commits();
        for (std::size_t i = 0; i < log.size() && log[i].at <= point.at; ++i) {
            const bool is_near_layout_change = !log[i].layouts.empty() || (i > 0 && !log[i - 1].layouts.empty()) ||
                                               (i + 1 < log.size() && !log[i + 1].layouts.empty());
            if (log[i].at >= point.knows.first.at && (is_near_layout_change || i % 37 == 0)) positions.insert(log[i].at);
        }
        positions.insert(point.at);
        return positions;
    }

  private:
    ft::simulation time_;
    std::shared_ptr<ft::simulated_database> database_;
    ft::simulated_source source_;
    fs::memory_store store_;
    std::unique_ptr<simulated_repository> repository_;
    std::unique_ptr<simulated_storage> storage_;
};

}  // namespace support

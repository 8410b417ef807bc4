// SPDX-License-Identifier: BSL-1.0
//
// A simulated database that lives on while it is backed up, its repository, and restores compared with the oracle. All
// that drives the machine is compiled once, in the .cpp.
#pragma once

#include "any_policy.hpp"

#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/orchestrate/back_up_options.hpp"
#include "foreshadow/orchestrate/restore_report.hpp"
#include "foreshadow/orchestrate/verify_report.hpp"
#include "foreshadow/store/content_defined_blocks.hpp"
#include "foreshadow/store/lease_owner.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "foreshadow/store/repository.hpp"
#include "foreshadow/testing/faulty_clock.hpp"
#include "foreshadow/testing/faulty_source.hpp"
#include "foreshadow/testing/faulty_store.hpp"
#include "foreshadow/testing/sharded_source.hpp"
#include "foreshadow/testing/simulated_disk.hpp"
#include "foreshadow/testing/simulated_source.hpp"
#include "foreshadow/testing/simulated_target.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace support {

namespace ft = foreshadow::testing;

using simulated_store = ft::faulty_store<ft::simulated_disk>;
using simulated_clock = ft::faulty_clock<ft::virtual_clock>;
using simulated_repository = fs::repository<simulated_store, fs::no_codec, fs::no_cipher>;
using simulated_storage = fs::content_defined_blocks<simulated_repository>;

/// Small numbers, so that a few hundred commits make many chunks, segments, checkpoints and forecasts.
[[nodiscard]] fs::back_up_options small_numbers(std::uint64_t seed);
/// A database in which much happens.
[[nodiscard]] ft::database_options lively(std::uint64_t seed);

/// A database, whole or in shards. A handle.
struct simulated_home {
    std::shared_ptr<ft::simulated_database> database;
    std::shared_ptr<ft::simulated_shards> shards;  ///< none: one log
    fs::position retained_at_copy = {};            ///< what it had acknowledged when it was copied, where it is a copy

    // What it really held, by the positions that its source tells.
    [[nodiscard]] ft::rows_by_key state_at(fs::position at) const {
        return shards ? shards->state_at(at) : database->past().state_at(at);
    }
    [[nodiscard]] fs::layout layout_at(fs::position at) const {
        return shards ? shards->layout_at(at) : database->past().layout_at(at);
    }
    [[nodiscard]] const std::vector<ft::logged_commit>& commits() const {
        return shards ? shards->commits() : database->past().commits();
    }
    /// All of it as it is now, to be put back later.
    [[nodiscard]] simulated_home copy() const;
    [[nodiscard]] any_source source() const;
};

class simulated_world {
  public:
    explicit simulated_world(ft::database_options options, ft::faults what_goes_wrong = {},
                             ft::shard_options shards = {});
    simulated_world(const simulated_world&) = delete;
    simulated_world& operator=(const simulated_world&) = delete;
    ~simulated_world();

    [[nodiscard]] ft::simulated_database& database() noexcept { return *home_.database; }
    [[nodiscard]] const simulated_home& home() const noexcept { return home_; }
    [[nodiscard]] ft::simulation& time() noexcept { return time_; }
    [[nodiscard]] simulated_repository& repository() noexcept { return *repository_; }
    [[nodiscard]] simulated_storage& storage() noexcept { return *storage_; }
    /// Life and death of the processes that back up, and what else goes wrong.
    [[nodiscard]] ft::trouble& fate() noexcept { return fate_; }
    /// What the store holds, to be looked at and damaged.
    [[nodiscard]] ft::simulated_disk::objects_type& objects() noexcept { return objects_.objects(); }

    [[nodiscard]] ft::simulated_disk& disk() noexcept { return objects_; }

    /// Whoever is told of everything from now on.
    void listen(listener::hearing who) { listening_ = listener{std::move(who)}; }

    /// How backups go on from now.
    void scan_in(any_scan_order order) { order_ = std::move(order); }
    void go_at(any_pace pace) { pace_ = std::move(pace); }
    /// Whoever backs up from now on is a process whose death is known at once, so that its lease is no obstacle.
    void be_known_when_dead();

    /// Another database is what is backed up from now on, into the same repository.
    void turn_to(ft::database_options options);
    /// In the place of the database there is an older copy of it, whose users go on in their own way.
    void put_back(simulated_home copy);

    /// The database lives for so many steps, beside whatever else happens.
    void live(std::size_t steps);

    /// As a program does when it starts: nothing is remembered but the store.
    void open();
    fs::restore_point back_up(any_predictor foretelling, fs::back_up_options options);
    [[nodiscard]] std::pair<ft::simulated_target, fs::restore_report> restore(const fs::restore_point& point,
                                                                              fs::restore_options options = {},
                                                                              std::size_t max_concurrency = 1);
    /// As above, into partitions that the target has of its own.
    [[nodiscard]] ft::simulated_target restore_into_layout(ft::placement where, const fs::restore_point& point,
                                                           fs::restore_options options = {});
    fs::restore_report restore_into(ft::simulated_target into, any_conflict_policy conflicts,
                                    const fs::restore_point& point, fs::restore_options options = {});
    [[nodiscard]] fs::verify_report verify(bool data);

    /// The commits from `from` on at which it pays to look: around each layout change that the point covers, and a few
    /// others.
    [[nodiscard]] std::set<fs::position> interesting_positions(const fs::restore_point& point,
                                                               fs::position from = {}) const;

  private:
    ft::simulation time_;
    simulated_home home_;
    std::vector<simulated_home> others_;  ///< that live on
    ft::trouble fate_;
    ft::faulty_source<any_source> source_;
    simulated_clock clock_;
    ft::simulated_disk objects_;
    simulated_store store_;
    any_scan_order order_;
    any_pace pace_;
    listener listening_;
    fs::lease_owner owner_{.host = "simulated", .boot = "1", .process = 1, .started = 1};
    std::shared_ptr<ft::seeded_random> names_;  ///< of packs and indexes
    std::unique_ptr<simulated_repository> repository_;
    std::unique_ptr<simulated_storage> storage_;
};

}  // namespace support

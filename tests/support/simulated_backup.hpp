// SPDX-License-Identifier: BSL-1.0
//
// One backup of a simulated database that lives on meanwhile, and restores compared with the oracle.
#pragma once

#include "foreshadow/observe/observer.hpp"
#include "foreshadow/orchestrate/back_up.hpp"
#include "foreshadow/orchestrate/restore.hpp"
#include "foreshadow/orchestrate/verify.hpp"
#include "foreshadow/predict/predictor.hpp"
#include "foreshadow/row/conflict_policies.hpp"
#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/flat_out.hpp"
#include "foreshadow/store/content_defined_blocks.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "foreshadow/store/repository.hpp"
#include "foreshadow/testing/simulated_source.hpp"
#include "foreshadow/testing/simulated_target.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

namespace fs = foreshadow;
namespace ft = foreshadow::testing;

/// Ends the process, as far as the backup can tell: from some operation on, the store answers nobody.
struct process_death {};

class mortal_store {
  public:
    explicit mortal_store(fs::memory_store objects) : objects_{std::move(objects)} {}

    fs::task<> put(std::string name, std::string_view bytes) {
        live();
        co_await objects_.put(std::move(name), bytes);
    }
    fs::task<std::string> get(std::string name, fs::byte_range range) {
        live();
        std::string bytes = co_await objects_.get(std::move(name), range);
        co_return bytes;
    }
    fs::task<std::vector<fs::object_info>> list(std::string prefix) {
        live();
        std::vector<fs::object_info> found = co_await objects_.list(std::move(prefix));
        co_return found;
    }
    fs::task<> remove(std::string name) {
        live();
        co_await objects_.remove(std::move(name));
    }

    /// Dies at the operation after the next `operations`; copies die together.
    void die_after(std::uint64_t operations) { *left_ = operations; }
    void live_on() { *left_ = std::numeric_limits<std::uint64_t>::max(); }

  private:
    void live() {
        if (*left_ == 0) throw process_death{};
        --*left_;
    }
    fs::memory_store objects_;
    std::shared_ptr<std::uint64_t> left_ = std::make_shared<std::uint64_t>(std::numeric_limits<std::uint64_t>::max());
};
static_assert(fs::object_store<mortal_store>);

using simulated_repository = fs::repository<mortal_store, fs::no_codec, fs::no_cipher>;
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
    options.read_seconds = 0.02;
    options.mean_gap_seconds = 0.004;
    return options;
}

[[nodiscard]] inline fs::lease_owner somebody() {
    return {.host = "simulated", .boot = "1", .process = 1, .started = 1};
}

/// Any predictor behind one type: the machine is compiled once, not once for each.
class any_predictor {
  public:
    static constexpr std::string_view name = "any";

    template <fs::predictor P>
    explicit any_predictor(P one) : one_{std::make_unique<model<P>>(std::move(one))} {}

    void start(const fs::layout& now) { one_->start(now); }
    void observe(const fs::log_batch& batch, const fs::layout& now) { one_->observe(batch, now); }
    void learn(const fs::lineage_event& what) { one_->learn(what); }
    void forecast(fs::wall_time now, double horizon, std::vector<fs::prediction>& out) {
        one_->forecast(now, horizon, out);
    }
    [[nodiscard]] std::string save() const { return one_->save(); }
    void load(std::string_view state) { one_->load(state); }

  private:
    struct interface {
        interface() = default;
        interface(const interface&) = delete;
        interface& operator=(const interface&) = delete;
        virtual ~interface() = default;
        virtual void start(const fs::layout& now) = 0;
        virtual void observe(const fs::log_batch& batch, const fs::layout& now) = 0;
        virtual void learn(const fs::lineage_event& what) = 0;
        virtual void forecast(fs::wall_time now, double horizon, std::vector<fs::prediction>& out) = 0;
        [[nodiscard]] virtual std::string save() const = 0;
        virtual void load(std::string_view state) = 0;
    };
    template <class P>
    struct model final : interface {
        explicit model(P given) : one{std::move(given)} {}
        void start(const fs::layout& now) override { one.start(now); }
        void observe(const fs::log_batch& batch, const fs::layout& now) override { one.observe(batch, now); }
        void learn(const fs::lineage_event& what) override { one.learn(what); }
        void forecast(fs::wall_time now, double horizon, std::vector<fs::prediction>& out) override {
            one.forecast(now, horizon, out);
        }
        [[nodiscard]] std::string save() const override { return one.save(); }
        void load(std::string_view state) override { one.load(state); }
        P one;
    };
    std::unique_ptr<interface> one_;
};
static_assert(fs::predictor<any_predictor>);

/// An observer that hands on to whoever listens.
class listener {
  public:
    using hearing = std::function<void(const fs::event&)>;
    listener() = default;
    explicit listener(hearing who) : who_{std::move(who)} {}
    void on(const fs::event& what) {
        if (who_) who_(what);
    }

  private:
    hearing who_;
};
static_assert(fs::observer<listener>);

class simulated_world {
  public:
    explicit simulated_world(ft::database_options options)
        : database_{std::make_shared<ft::simulated_database>(time_.clock(), std::move(options))}, source_{database_} {}

    [[nodiscard]] ft::simulated_database& database() noexcept { return *database_; }
    [[nodiscard]] ft::simulation& time() noexcept { return time_; }
    [[nodiscard]] simulated_repository& repository() noexcept { return *repository_; }
    [[nodiscard]] simulated_storage& storage() noexcept { return *storage_; }
    [[nodiscard]] mortal_store& store() noexcept { return store_; }
    /// What the store holds, to be looked at and damaged.
    [[nodiscard]] fs::memory_store::objects_type& objects() noexcept { return objects_.objects(); }

    /// Whoever is told of everything from now on.
    void listen(listener::hearing who) { listening_ = listener{std::move(who)}; }

    /// Another database is what is backed up from now on, into the same repository.
    void turn_to(ft::database_options options) {
        others_.push_back(database_);  // it lives on
        database_ = std::make_shared<ft::simulated_database>(time_.clock(), std::move(options));
        source_ = ft::simulated_source{database_};
    }

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

    fs::restore_point back_up(fs::predictor auto foretelling, fs::back_up_options options) {
        if (!repository_) open();
        any_predictor predictor{std::move(foretelling)};
        fs::at_risk_first order;
        fs::flat_out speed;
        fs::back_up_parts<ft::simulated_source, simulated_repository, simulated_storage, any_predictor,
                          fs::at_risk_first, fs::flat_out, listener, ft::virtual_clock>
            parts{source_, *repository_, *storage_, predictor, order, speed, listening_, time_.clock()};
        return time_.run(fs::run_back_up(parts, options, somebody()));
    }

    [[nodiscard]] std::pair<ft::simulated_target, fs::restore_report> restore(const fs::restore_point& point,
                                                                              fs::restore_options options = {}) {
        ft::simulated_target into;
        fs::fail conflicts;
        fs::restore_report report = restore_into(into, conflicts, point, std::move(options));
        return {into, std::move(report)};
    }

    fs::restore_report restore_into(ft::simulated_target into, fs::conflict_policy auto& conflicts,
                                    const fs::restore_point& point, fs::restore_options options = {}) {
        options.memory_bytes = 64 << 10;
        return time_.run(
            fs::run_restore(*repository_, *storage_, into, conflicts, listening_, point, std::move(options)));
    }

    [[nodiscard]] fs::verify_report verify(bool data) {
        return time_.run(fs::run_verify(*repository_, *storage_, listening_, {.data = data}));
    }

    /// The commits from `from` on at which it pays to look: around each layout change that the point covers, and a few
    /// others.
    [[nodiscard]] std::set<fs::position> interesting_positions(const fs::restore_point& point,
                                                               fs::position from = {}) const {
        std::set<fs::position> positions;
        const auto& log = database_->past().commits();
        for (std::size_t i = 0; i < log.size() && log[i].at <= point.at; ++i) {
            const bool is_near_layout_change = !log[i].layouts.empty() || (i > 0 && !log[i - 1].layouts.empty()) ||
                                               (i + 1 < log.size() && !log[i + 1].layouts.empty());
            if (log[i].at >= std::max(from, point.knows.first.at) && (is_near_layout_change || i % 37 == 0))
                positions.insert(log[i].at);
        }
        positions.insert(point.at);
        return positions;
    }

  private:
    ft::simulation time_;
    std::shared_ptr<ft::simulated_database> database_;
    std::vector<std::shared_ptr<ft::simulated_database>> others_;
    ft::simulated_source source_;
    fs::memory_store objects_;
    mortal_store store_{objects_};
    listener listening_;
    std::unique_ptr<simulated_repository> repository_;
    std::unique_ptr<simulated_storage> storage_;
};

}  // namespace support

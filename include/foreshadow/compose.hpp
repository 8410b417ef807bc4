// SPDX-License-Identifier: BSL-1.0
//
// A backup system as one sentence: `compose(back_up(source), keep_in(store), ...)` makes an orchestrator that can be
// named, stored and passed. What does not fit together is said in one line, at the call (see compose/verdict.hpp).
//
//     auto nightly = foreshadow::compose(
//         back_up(sqlite::source{"shop.db"}),
//         keep_in(directory_store{"backups"}, zstd{3}),
//         predict_with(hazard_predictor{{.split_at_rows = 3'000}}));
//     auto point = co_await nightly.back_up();
//     co_await nightly.restore(point, sqlite::target{"restored.db"});
#pragma once

#include "foreshadow/compose/slots.hpp"
#include "foreshadow/compose/verdict.hpp"
#include "foreshadow/observe/silent_observer.hpp"
#include "foreshadow/orchestrate/back_up.hpp"
#include "foreshadow/orchestrate/restore.hpp"
#include "foreshadow/orchestrate/verify.hpp"
#include "foreshadow/row/conflict_policies.hpp"
#include "foreshadow/run/steady_clock.hpp"
#include "foreshadow/run/workers.hpp"
#include "foreshadow/schedule/at_risk_first.hpp"
#include "foreshadow/schedule/flat_out.hpp"
#include "foreshadow/store/content_defined_blocks.hpp"
#include "foreshadow/store/repository.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace foreshadow {

/// A composed backup system. Every member runs on the strand that it is spawned on; one at a time.
template <class... Slots>
class orchestrator {
    using source_type = policy_for<roles::source, void, Slots...>;
    using kept_type = policy_for<roles::store, void, Slots...>;
    using store_type = decltype(kept_type::store);
    using codec_type = decltype(kept_type::packing);
    using cipher_type = decltype(kept_type::sealing);
    using predictor_type = policy_for<roles::predictor, hazard_predictor, Slots...>;
    using order_type = policy_for<roles::scan_order, at_risk_first, Slots...>;
    using pace_type = policy_for<roles::pace, flat_out, Slots...>;
    using conflict_type = policy_for<roles::conflict_policy, fail, Slots...>;
    using observer_type = policy_for<roles::observer, silent_observer, Slots...>;
    using clock_type = policy_for<roles::clock, steady_clock, Slots...>;

  public:
    using repository_type = repository<store_type, codec_type, cipher_type>;
    using storage_type = content_defined_blocks<repository_type>;

    explicit orchestrator(Slots... slots)
        : source_{take<roles::source, source_type>(slots...)},
          kept_{take<roles::store, kept_type>(slots...)},
          predictor_{take<roles::predictor, predictor_type>(slots...)},
          order_{take<roles::scan_order, order_type>(slots...)},
          pace_{take<roles::pace, pace_type>(slots...)},
          conflicts_{take<roles::conflict_policy, conflict_type>(slots...)},
          observer_{take<roles::observer, observer_type>(slots...)},
          clock_{take<roles::clock, clock_type>(slots...)},
          options_{take<roles::options, back_up_options>(slots...)},
          pool_{std::make_unique<workers>(std::max(1u, std::thread::hardware_concurrency()))} {}

    /// Makes a backup and publishes its restore point; resumes what an interrupted one left. See `run_back_up`.
    /// After a failure the repository is opened anew by the next call: what could not be written then may be now.
    task<restore_point> back_up() {
        co_await open(if_absent::create);
        bool ended_well = false;
        struct reopen_unless {
            orchestrator& self;
            const bool& ended_well;
            ~reopen_unless() {
                if (!ended_well) self.close();
            }
        } const guard{*this, ended_well};
        back_up_parts<source_type, repository_type, storage_type, predictor_type, order_type, pace_type, observer_type,
                      clock_type>
            parts{source_, *repository_, *storage_, predictor_, order_, pace_, observer_, clock_};
        restore_point point = co_await run_back_up(parts, options_, lease_owner::this_process());
        ended_well = true;
        co_return point;
    }

    /// Restores a point into `into`: whole, or what `options` say. See `run_restore`.
    template <target Target>
    task<restore_report> restore(restore_point point, Target into, restore_options options = {}) {
        co_await open(if_absent::fail);
        restore_report report = co_await run_restore(*repository_, *storage_, into, conflicts_, observer_,
                                                     std::move(point), std::move(options));
        co_return report;
    }

    /// The latest point, or the one that is called `id`.
    task<restore_point> find(std::string id = "latest") {
        co_await open(if_absent::fail);
        restore_point point = co_await find_point(*repository_, std::move(id));
        co_return point;
    }

    /// The names of all restore points, by source, then position.
    task<std::vector<point_name>> points() {
        co_await open(if_absent::fail);
        std::vector<point_name> names = co_await list_points(*repository_);
        co_return names;
    }

    /// Checks every restore point. See `run_verify`.
    task<verify_report> verify(verify_options options = {}) {
        co_await open(if_absent::fail);
        verify_report report = co_await run_verify(*repository_, *storage_, observer_, options);
        co_return report;
    }

    /// Removes everything that backups left in the source.
    task<> release() { co_await source_.release(); }

    [[nodiscard]] source_type& source() noexcept { return source_; }
    [[nodiscard]] observer_type& observer() noexcept { return observer_; }
    [[nodiscard]] conflict_type& conflicts() noexcept { return conflicts_; }

  private:
    template <class Role, class Policy>
    static Policy take(Slots&... slots) {
        Policy* given = nullptr;
        const auto look = [&](auto& one) {
            if constexpr (std::same_as<typename std::remove_reference_t<decltype(one)>::role, Role>)
                given = &one.policy;
        };
        (look(slots), ...);
        if constexpr (detail::times_given<Role, Slots...> > 0) {
            return std::move(*given);
        } else {
            return Policy{};
        }
    }

    enum class if_absent : std::uint8_t { create, fail };

    task<> open(if_absent then) {
        if (repository_) co_return;
        repository_options how{};
        how.create = then == if_absent::create;
        how.workers = pool_.get();
        repository_ = co_await repository_type::open(kept_.store, kept_.packing, kept_.sealing, how);
        storage_ = std::make_unique<storage_type>(*repository_);
    }

    void close() {
        storage_.reset();
        repository_.reset();
    }

    source_type source_;
    kept_type kept_;
    predictor_type predictor_;
    order_type order_;
    pace_type pace_;
    conflict_type conflicts_;
    observer_type observer_;
    clock_type clock_;
    back_up_options options_;
    std::unique_ptr<workers> pool_;
    std::unique_ptr<repository_type> repository_;
    std::unique_ptr<storage_type> storage_;
};

/// Composes slots, in any order, into an orchestrator. A composition that cannot work is a typed verdict, said in one
/// line.
template <class... Slots>
[[nodiscard]] auto compose(Slots... slots) {
    using verdict = composition_verdict<Slots...>;
    verdict::verify();
    if constexpr (std::same_as<verdict, consistent>) return orchestrator<Slots...>{std::move(slots)...};
}

}  // namespace foreshadow

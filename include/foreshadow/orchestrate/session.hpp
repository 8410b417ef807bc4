// SPDX-License-Identifier: BSL-1.0
//
// What the parts of one backup share: all of it lives on one strand, and everything between two awaits is atomic.
// The catalog in here may be ahead of what is durable; only `checkpointer` and `publish` copy it out, after
// everything that the copy names has been made durable.
#pragma once

#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/observe/event.hpp"
#include "foreshadow/orchestrate/back_up_options.hpp"
#include "foreshadow/orchestrate/known_sizes.hpp"
#include "foreshadow/plane/layout_history.hpp"
#include "foreshadow/predict/judge.hpp"
#include "foreshadow/predict/predictor.hpp"
#include "foreshadow/run/budget.hpp"
#include "foreshadow/run/pulse.hpp"
#include "foreshadow/schedule/scan_order.hpp"
#include "foreshadow/schedule/scan_plan.hpp"
#include "foreshadow/schedule/token_bucket.hpp"
#include "foreshadow/shadow/shadow_set.hpp"
#include "foreshadow/store/journal.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace foreshadow {

/// References to the policies that a backup is made with. Whoever composed them keeps them alive.
template <class Source, class Repository, class Storage, class Predictor, class Order, class Pace, class Observer,
          class Clock>
struct back_up_parts {
    using source_type = Source;
    using repository_type = Repository;
    using storage_type = Storage;
    using predictor_type = Predictor;
    using clock_type = Clock;

    Source& source;
    Repository& repository;
    Storage& storage;
    Predictor& predictor;
    Order& order;
    Pace& pace;
    Observer& observer;
    Clock& clock;
};

template <class Parts>
struct backup_session {
    backup_session(Parts parts, back_up_options chosen)
        : with{parts}, options{chosen}, shadows{chosen.shadows}, memory{chosen.memory_bytes}, tokens{parts.clock} {}

    /// Only a predictor asks how large partitions are; where it does not, nothing is counted.
    static constexpr bool counts_sizes = takes_measurements<typename Parts::predictor_type>;

    Parts with;
    back_up_options options;

    catalog knows;  ///< `knows.followed`: sealed in segments
    layout_history layouts;
    position followed;        ///< taken from the log, perhaps not sealed yet
    wall_time followed_time;  ///< of the last commit, or of the source's clock
    backup_figures figures;
    std::vector<omission> omissions;  ///< what is in the source, and in no backup
    std::string backup;               ///< id of this backup, for the names of its checkpoints
    std::uint64_t sequence = 0;       ///< of the last checkpoint

    known_sizes sizes;  ///< where `counts_sizes`
    judge judged;
    shadow_set shadows;
    budget memory;
    token_bucket<typename Parts::clock_type> tokens;
    std::function<task<>()> assert_held;      ///< throws `displaced` once another backup of the source took over
    pulse followed_on;                        ///< after every batch
    std::function<task<>()> close_stretches;  ///< makes images of all that was read so far
    scan_plan plan;                           ///< what is still to be read
    std::uint64_t plan_epoch = 0;             ///< moves with everything that changes what is to be scanned
    bool stopping = false;

    [[nodiscard]] bool is_stop_requested() const { return stopping || options.is_stopped(); }
    [[nodiscard]] std::uint64_t stored_bytes() const {
        return figures.image_bytes + figures.run_bytes + figures.journal_bytes;
    }
    /// What a checkpoint or a point keeps of the predictor, beside what it foretold.
    void keep_learnt(catalog& in) const {
        in.model = with.predictor.save();
        in.sizes.clear();
        if constexpr (counts_sizes) in.sizes = sizes.keep(layouts.current());
    }
    void tell(const event& what) { with.observer.on(what); }

    [[nodiscard]] foretold* find_prediction(std::uint64_t id) {
        // Predictions are recorded with rising ids.
        auto found = std::lower_bound(knows.predictions.begin(), knows.predictions.end(), id,
                                      [](const foretold& f, std::uint64_t value) { return f.what.id < value; });
        return found != knows.predictions.end() && found->what.id == id ? &*found : nullptr;
    }
};

}  // namespace foreshadow

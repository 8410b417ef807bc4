// SPDX-License-Identifier: BSL-1.0
//
// Follows the log: every commit goes to the journal, to the layout history, to the predictor and to the shadows it
// falls in. What a batch does to the session is done between two awaits, so nobody ever sees half of one.
//
// If it fails half-way: a batch that was taken and not sealed is followed again after a resume; changes are
// idempotent and layout entries known already are passed over.
#pragma once

#include "foreshadow/catalog/fingerprint.hpp"
#include "foreshadow/orchestrate/checkpointer.hpp"
#include "foreshadow/orchestrate/patiently.hpp"
#include "foreshadow/orchestrate/session.hpp"
#include "foreshadow/row/change_row.hpp"
#include "foreshadow/store/partition_storage.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace foreshadow {

template <class Parts>
class recorder {
  public:
    recorder(backup_session<Parts>& session, journal_writer<typename Parts::repository_type>& journal,
             checkpointer<Parts>& checkpoints)
        : session_{session}, journal_{journal}, checkpoints_{checkpoints} {
        // A catalog that was written elsewhere may have them in another order.
        std::sort(session.knows.known.births.begin(), session.knows.known.births.end());
        std::sort(session.knows.known.replacements.begin(), session.knows.known.replacements.end());
    }

    /// Follows until it is cancelled or the session stops. A batch, once taken, is finished before either counts.
    task<> run() {
        namespace this_coro = boost::asio::this_coro;
        log_batch batch;
        while (!session_.stopping) {
            co_await patiently(session_, [&] { return session_.with.source.follow(session_.followed, batch); });
            co_await this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
            take(batch);
            session_.followed_on.notify();
            if (session_.shadows.bytes() > session_.options.shadows.memory_bytes) co_await free_memory();
            if (journal_.bytes() >= session_.options.journal_bytes) co_await seal();
            if (checkpoints_.is_due()) {
                co_await seal();
                co_await checkpoints_.write();
            }
            co_await this_coro::reset_cancellation_state(boost::asio::enable_terminal_cancellation());
        }
    }

    /// Makes the journal reach everything that was followed.
    task<> seal() {
        const position upto = session_.followed;
        const std::optional<segment> sealed = co_await journal_.seal(upto);
        if (sealed) {
            session_.figures.journal_bytes += sealed->bytes;
            session_.knows.known.segments.push_back(*sealed);
        }
        session_.knows.followed = upto;
    }

    /// Writes what the shadows that were adopted hold up to the last batch.
    task<> write_adopted() { return write_runs(session_.shadows.harvest_adopted(session_.followed)); }

    void take(const log_batch& batch) {
        auto& s = session_;
        s.shadows.take(batch);
        const std::vector<lineage_event> came = change_layout(batch);
        journal_.add(batch, s.layouts.current());
        note_replacements(batch);
        teach(batch, came);
        settle(came);
        s.followed = batch.upto;
        s.followed_time = batch.is_empty() ? std::max(s.followed_time, batch.now) : batch.commits.back().time;
        s.figures.commits += batch.commits.size();
        s.figures.changes += batch.changes.size();
        s.tell(log_followed{.upto = batch.upto,
                            .commits = batch.commits.size(),
                            .changes = batch.changes.size(),
                            .bytes = batch.changes.bytes()});
    }

  private:
    /// The predictor hears of a layout change with the sizes that are known of its partitions.
    void teach(const log_batch& batch, const std::vector<lineage_event>& came) {
        auto& s = session_;
        s.with.predictor.observe(batch, s.layouts.current());
        if constexpr (backup_session<Parts>::counts_sizes) {
            std::vector<lineage_event> sized = came;
            s.sizes.take(batch, sized);
            for (const lineage_event& event : sized) s.with.predictor.learn(event);
        } else {
            for (const lineage_event& event : came) s.with.predictor.learn(event);
        }
    }

    /// Writes what the fullest shadows hold.
    task<> free_memory() { return write_runs(session_.shadows.harvest_for_memory(session_.followed)); }

    task<> write_runs(std::vector<shadow_run> harvest) {
        for (shadow_run& grown : harvest) {
            row_batch rows;
            for (std::size_t i = 0; i < grown.changes.size(); ++i) append_change_row(grown.changes[i], rows);
            auto writer = session_.with.storage.write();
            co_await writer.append(rows);
            const stored_rows stored = co_await writer.finish();
            session_.figures.run_bytes += stored.stored;
            if (foretold* told = session_.find_prediction(grown.prediction)) told->shadow_bytes += stored.stored;
            foreshadow::run made{.interval = std::move(grown.interval),
                                 .after = grown.after,
                                 .upto = grown.upto,
                                 .where = stored.where,
                                 .erasures = std::move(grown.erasures),
                                 .changes = stored.rows,
                                 .bytes = stored.bytes,
                                 .prediction = grown.prediction};
            session_.knows.known.runs.push_back(fingerprinted(std::move(made)));
        }
    }

    std::vector<lineage_event> change_layout(const log_batch& batch) {
        auto& s = session_;
        std::vector<lineage_event> came;
        std::vector<birth> births;
        for (const layout_change& change : batch.layouts) {
            // The layout was read after the hold: entries up to there are in it already. Nor are they births: nothing
            // else in the catalog would say so.
            if (change.at.at <= s.layouts.first().at || is_known(change)) continue;
            for (const partition& begun : change.begun)
                if (begun.born_empty) births.push_back({.interval = begun.interval, .at = change.at});
            const std::size_t before = s.layouts.lineage().size();
            s.layouts.apply(change);
            s.knows.changes.push_back(change);
            came.insert(came.end(), s.layouts.lineage().begin() + static_cast<std::ptrdiff_t>(before),
                        s.layouts.lineage().end());
        }
        add_told(s.knows.known.births, std::move(births));
        if (!batch.layouts.empty()) ++s.plan_epoch;
        s.figures.layout_changes += came.size();
        return came;
    }

    [[nodiscard]] bool is_known(const layout_change& change) const {
        return !session_.knows.changes.empty() && change.at <= session_.knows.changes.back().at;
    }

    void note_replacements(const log_batch& batch) {
        std::vector<replacement> untold;
        for (std::size_t i = 0; i < batch.changes.size(); ++i) {
            const change_view change = batch.changes[i];
            if (change.kind == change_kind::replaced)
                untold.push_back({.interval = {key{change.key}, key{change.payload}}, .at = change.at});
        }
        if (!untold.empty()) ++session_.plan_epoch;
        add_told(session_.knows.known.replacements, std::move(untold));
    }

    void settle(const std::vector<lineage_event>& came) {
        const std::vector<judge::verdict> settled = session_.judged.settle(came);
        auto next = settled.begin();
        for (std::size_t i = 0; i < came.size(); ++i) {
            session_.tell(layout_changed{came[i]});
            for (; next != settled.end() && next->event == i; ++next) note_outcome(next->prediction, next->became);
            adopt_shadows(came[i]);
        }
    }

    void note_outcome(std::uint64_t prediction, const outcome& became) {
        foretold* told = session_.find_prediction(prediction);
        if (told == nullptr) return;
        told->became = became;
        session_.tell(outcome_known{.prediction = prediction, .became = became});
    }

    void adopt_shadows(const lineage_event& event) {
        auto& s = session_;
        for (const auto& [id, fate] : s.shadows.adopt(event)) {
            foretold* told = s.find_prediction(id);
            if (told != nullptr) told->shadow = fate;
            if (fate == shadow_fate::discarded)
                s.tell(shadow_discarded{.prediction = id});
            else
                s.tell(shadow_adopted{.prediction = id, .recut = fate == shadow_fate::recut});
        }
    }

    backup_session<Parts>& session_;
    journal_writer<typename Parts::repository_type>& journal_;
    checkpointer<Parts>& checkpoints_;
};

}  // namespace foreshadow

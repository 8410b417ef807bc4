// SPDX-License-Identifier: BSL-1.0
//
// How a backup begins: from what an interrupted one left, from the latest point where the hold has lasted, or anew.
// Where the hold was lost the source is read again on another timeline, and what was known of it is let go.
#pragma once

#include "foreshadow/orchestrate/checkpointer.hpp"
#include "foreshadow/orchestrate/patiently.hpp"
#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/orchestrate/session.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::detail {

/// What the source cannot capture is told once, as soon as it is known.
template <class Parts>
task<> note_omissions(backup_session<Parts>& s) {
    if constexpr (requires(typename Parts::source_type& source) { source.omissions(); }) {
        std::vector<omission> now = co_await patiently(s, [&s] { return s.with.source.omissions(); });
        for (const omission& o : now)
            if (std::find(s.omissions.begin(), s.omissions.end(), o) == s.omissions.end())
                s.tell(warning{o.name + " is not backed up: " + o.why});
        s.omissions = std::move(now);
    }
    co_return;
}

/// Lets go of all that is known but for what was learnt. A new hold may make the source look as if it were the one that
/// was followed, and what the log lost may show to nobody but who follows it: whoever begins next, or dies before, has
/// been told.
template <class Parts>
task<> leave_the_timeline(backup_session<Parts>& s) {
    catalog next;
    next.source = s.knows.source;
    next.timeline = s.knows.timeline + 1;
    next.next_prediction = s.knows.next_prediction;
    next.model = std::move(s.knows.model);
    s.knows = std::move(next);
    checkpoint state{.backup = {}, .sequence = 0, .knows = s.knows, .figures = s.figures};
    co_await store_checkpoint(s, std::move(state));
}

template <class Parts>
class opening {
  public:
    explicit opening(backup_session<Parts>& session) : session_{session} {}

    /// Goes on from the checkpoint of an interrupted backup or from the latest point, or starts anew.
    task<> perform() {
        auto& s = session_;
        const source_identity identity = s.knows.source;
        std::optional<checkpoint> left = co_await latest_checkpoint(s.with.repository, identity.id);
        std::optional<restore_point> last = co_await latest_point(s.with.repository, identity.id);
        const bool resumes = left && (!last || std::pair{left->knows.timeline, left->knows.followed} >
                                                   std::pair{last->knows.timeline, last->at});
        s.figures.started = s.with.clock.now();
        if (resumes) {
            s.knows = std::move(left->knows);
            s.figures = left->figures;
            ++s.figures.resumed;
            s.backup = left->backup;
            s.sequence = left->sequence;
        } else if (last) {
            last_at_ = last->at;
            co_await s.with.repository.settle(point_object(identity.id, last->id));
            s.knows = std::move(last->knows);
            // Publishing acknowledges the point, then removes the checkpoints: a source that does not remember the one,
            // when the others are gone, is not the one that was backed up.
            const bool was_acknowledged = !left || left->knows.timeline != s.knows.timeline;
            s.knows.acknowledged = was_acknowledged ? last->at : left->knows.acknowledged;
        }
        if (s.backup.empty())
            s.backup = point_id(s.knows.timeline, {static_cast<std::uint64_t>(s.figures.started.microseconds)});
        s.knows.source = identity;
        bool is_anew = resumes ? is_untouched(s.knows) : !last;
        if (!is_anew) {
            is_anew = !co_await is_still_held(s.knows.followed);
            if (is_anew) {
                s.tell(warning{"the source is read again from the start: " + why_lost_});
                last_at_.reset();
                co_await leave_the_timeline(s);
            }
        }
        recall(s.knows.model);
        if (is_anew)
            co_await begin_anew();
        else
            s.layouts = history_of(s.knows);
        s.followed = s.knows.followed;
        s.followed_time = s.with.clock.now();  // where nothing is written, the state is the one of now
        start_predictor();
        recall_predictions();
        s.tell(backup_started{.source = s.knows.source.name,
                              .backup = s.backup,
                              .resumed = resumes,
                              .partitions = s.layouts.current().partitions.size()});
        s.tell(held_from{s.knows.held});
        co_await tell_cautions();
        co_await note_omissions(s);
    }

    /// The position of the point that this backup goes on from, where it does.
    [[nodiscard]] std::optional<position> last_at() const noexcept { return last_at_; }

  private:
    /// What a backup of this source costs others is said before it begins to cost.
    task<> tell_cautions() {
        auto& s = session_;
        if constexpr (requires(typename Parts::source_type& source) { source.cautions(); }) {
            const std::vector<std::string> cautions = co_await patiently(s, [&s] { return s.with.source.cautions(); });
            for (const std::string& each : cautions) s.tell(warning{each});
        }
        co_return;
    }

    /// Nothing was held for it yet.
    [[nodiscard]] static bool is_untouched(const catalog& knows) {
        return knows.held == position{} && knows.followed == position{} && knows.first.partitions.empty();
    }

    task<> begin_anew() {
        auto& s = session_;
        s.knows.held = co_await patiently(s, [&s] { return s.with.source.hold(std::nullopt); });
        s.knows.followed = s.knows.held;
        s.knows.first = co_await patiently(s, [&s] { return s.with.source.layout(); });
        s.layouts = layout_history{s.knows.first};
    }

    /// Predictions that nobody judged yet are judged from here on. What came since they were made, and did not decide
    /// them, may have been a step of what they foretell.
    void recall_predictions() {
        auto& s = session_;
        for (const foretold& told : s.knows.predictions)
            if (told.became.kind == outcome_kind::pending) s.judged.record(told.what);
        for (const judge::verdict& known : s.judged.settle(s.layouts.lineage()))
            s.find_prediction(known.prediction)->became = known.became;
    }

    /// What a predictor learnt may be another's, since the last backup was composed differently: it is no reason not to
    /// back up (prediction rule).
    void recall(const std::string& model) {
        if (model.empty()) return;
        try {
            session_.with.predictor.load(model);
        } catch (const error& e) {
            session_.tell(warning{"the predictor begins anew: " + e.message()});
        }
    }

    /// Sizes that the layouts tell are as old as these; what earlier backups counted is newer.
    void start_predictor() {
        auto& s = session_;
        const layout& now = s.layouts.current();
        if constexpr (backup_session<Parts>::counts_sizes) {
            s.sizes.start(now, s.knows.sizes, s.knows.known.images);
            s.with.predictor.start(s.sizes.tell(now));
        } else {
            s.with.predictor.start(now);
        }
    }

    task<bool> is_still_held(position from) {
        auto& s = session_;
        bool lasted = true;
        try {
            co_await patiently(s, [&s, from] { return s.with.source.hold(from); });
        } catch (const error& e) {
            if (e.code() != errc::hold_lost) throw;
            why_lost_ = e.message();
            lasted = false;
        }
        if constexpr (requires(typename Parts::source_type& source) { source.remembers(from); })
            if (lasted) {
                lasted = co_await patiently(s, [&s] { return s.with.source.remembers(s.knows.acknowledged); });
                if (!lasted) why_lost_ = "it was put back to an older copy of itself since the last backup";
            }
        co_return lasted;
    }

    backup_session<Parts>& session_;
    std::optional<position> last_at_;
    std::string why_lost_;
};

}  // namespace foreshadow::detail

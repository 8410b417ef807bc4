// SPDX-License-Identifier: BSL-1.0
//
// One backup, step by step: hold the log, read the layout, then follow, scan, forecast and checkpoint at once; when the
// layout is covered, T is the first commit boundary at or after the source's head; validate predictions, prove the
// cover, publish. No proof, no restore point.
//
// The same call resumes what an earlier one left, and begins from the latest point where the hold has lasted: then
// only what changed costs anything. Where the hold was lost the source is read again, and older points stay as they
// are.
#pragma once

#include "foreshadow/orchestrate/checkpointer.hpp"
#include "foreshadow/orchestrate/detail/opening.hpp"
#include "foreshadow/orchestrate/forecaster.hpp"
#include "foreshadow/orchestrate/patiently.hpp"
#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/orchestrate/recorder.hpp"
#include "foreshadow/orchestrate/scanner.hpp"
#include "foreshadow/orchestrate/session.hpp"
#include "foreshadow/run/scope.hpp"
#include "foreshadow/store/lease.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

namespace detail {

template <class Parts>
class back_up {
  public:
    back_up(Parts parts, back_up_options options) : session_{parts, options}, checkpoints_{session_} {}

    task<restore_point> perform(lease_owner owner) {
        auto& s = session_;
        s.knows.source = co_await patiently(s, [&s] { return s.with.source.identity(); });
        lease_type held =
            co_await lease_type::take(s.with.repository, s.knows.source.id, s.with.clock, std::move(owner));
        lease_ = &held;
        s.assert_held = [&held] { return held.assert_held(); };
        std::exception_ptr failure;
        bool is_hold_lost = false;
        std::optional<restore_point> point;
        try {
            point = co_await run_leased();
        } catch (const error& e) {
            failure = std::current_exception();
            is_hold_lost = e.code() == errc::hold_lost;
        } catch (...) {
            failure = std::current_exception();
        }
        if (is_hold_lost) co_await remember_the_loss();
        try {
            co_await held.give_back();
        } catch (...) {
            // What ended the backup matters more; a lease that was not given back lapses by itself.
            if (!failure) failure = std::current_exception();
        }
        if (failure) std::rethrow_exception(failure);
        co_return std::move(*point);
    }

  private:
    using lease_type = lease<typename Parts::repository_type, typename Parts::clock_type>;

    task<restore_point> run_leased() {
        auto& s = session_;
        opening<Parts> from{s};
        co_await keeping_the_lease(from.perform());
        last_at_ = from.last_at();
        journal_.emplace(s.with.repository, s.knows.source.id, s.knows.followed);
        recorder<Parts> records{s, *journal_, checkpoints_};
        forecaster<Parts> forecasts{s};
        scanner<Parts> scans{s};
        // A batch that was on its way when the scan ended may ask for more: then there is another round.
        do {
            s.stopping = false;
            std::vector<task<>> services;
            services.push_back(records.run());
            services.push_back(forecasts.run());
            services.push_back(keep_lease());
            try {
                co_await run_until(scan_and_stop(scans), std::move(services));
            } catch (const error& e) {
                // Whoever waited for the source when the stop came; what was read is kept all the same.
                if (e.code() != errc::interrupted || !is_stopped()) throw;
            }
        } while (!is_stopped() && !scans.is_complete());
        if (is_stopped()) {
            co_await keeping_the_lease(keep_what_was_read(records));
            throw stopped_on_request();
        }
        std::optional<restore_point> point;
        co_await keeping_the_lease(publish(records, forecasts, point));
        co_return std::move(*point);
    }

    /// A source may see that its log lost something only where it is followed: whoever goes on from here would meet it
    /// again and again, so the next backup begins anew.
    task<> remember_the_loss() {
        auto& s = session_;
        try {
            s.knows.model = s.with.predictor.save();
            const wall_time began = s.figures.started;
            s.figures = {};
            s.figures.started = began;
            co_await leave_the_timeline(s);
        } catch (const error&) {  // NOLINT(bugprone-empty-catch)
            // What is lost is what the caller hears; the next backup finds it out by itself.
        }
    }

    task<> keep_what_was_read(recorder<Parts>& records) {
        co_await records.seal();
        co_await checkpoints_.write();
    }

    [[nodiscard]] bool is_stopped() const { return session_.options.is_stopped(); }

    static constexpr double lease_renewal_seconds = 15;

    /// However long a step takes, nobody else gets in.
    task<> keeping_the_lease(task<> step) {
        std::vector<task<>> beside;
        beside.push_back(keep_lease());
        co_await run_until(std::move(step), std::move(beside));
    }

    task<> keep_lease() {
        for (;;) {
            co_await session_.with.clock.sleep(lease_renewal_seconds);
            co_await lease_->renew();
        }
    }

    task<> scan_and_stop(scanner<Parts>& scans) {
        // However the scan ends, nothing starts another round.
        struct stop_on_exit {
            backup_session<Parts>& session;
            ~stop_on_exit() { session.stopping = true; }
        } const stop{session_};
        co_await scans.run();
    }

    task<> publish(recorder<Parts>& records, forecaster<Parts>& forecasts, std::optional<restore_point>& published) {
        auto& s = session_;
        const position at = s.followed;
        co_await records.write_adopted();
        co_await records.seal();
        validate(forecasts);
        co_await s.with.storage.flush();
        co_await note_omissions(s);

        const layout& shape = s.layouts.current();
        const proof cover = prove(s.knows.known, shape, at);
        if (!cover.is_complete()) {
            const gap& first = cover.gaps.front();
            throw error{errc::not_restorable, "the backup does not cover the state at its end: " + first.why,
                        "run the same command again; what was read is kept"}
                .with("keys", printable(first.interval))
                .with("position", std::to_string(at.value));
        }
        // Whoever dies between publishing and acknowledging leaves a checkpoint, which says what was acknowledged; a
        // point without one was. A short backup has none yet.
        if constexpr (requires(typename Parts::source_type& source) { source.remembers(at); })
            if (s.sequence == 0 && last_at_ != at) co_await checkpoints_.write();
        s.keep_learnt(s.knows);
        s.figures.ended = s.with.clock.now();
        restore_point point{.id = point_id(s.knows.timeline, at),
                            .at = at,
                            .time = s.followed_time,
                            .knows = s.knows,
                            .proof = spelled_out(cover, s.knows.known),
                            .figures = s.figures,
                            .omissions = s.omissions};
        co_await lease_->assert_held();
        co_await put_point(point);
        co_await patiently(s, [&s, at] { return s.with.source.acknowledge(at); });
        co_await remove_checkpoints();
        s.tell(point_published{.id = point.id, .at = at, .time = point.time});
        published = std::move(point);
    }

    /// A source in which nothing happened since its last point is at that point still.
    task<> put_point(const restore_point& point) {
        auto& s = session_;
        if (last_at_ == point.at) {
            s.tell(warning{"nothing was written since the last restore point; it is the newest state"});
            co_return;
        }
        const std::string object = point_object(s.knows.source.id, point.id);
        std::string text = document_of(point);
        co_await s.with.repository.put(object, object_kind::point, std::move(text));
    }

    /// Of this backup, and of older ones that it supersedes; never of one that took over.
    task<> remove_checkpoints() {
        co_await lease_->assert_held();
        const std::string folder = "sources/" + session_.knows.source.id + "/running/";
        const std::vector<object_info> objects = co_await session_.with.repository.list(folder);
        for (const object_info& info : objects) co_await session_.with.repository.remove(info.name);
    }

    /// Gives outcomes to predictions whose time is over; the others stay pending, and the next backup goes on judging
    /// them. A shadow that still waits for its change ends here: the journal has everything that it has.
    void validate(forecaster<Parts>& forecasts) {
        auto& s = session_;
        forecasts.lapse();
        forecasts.note_fates({});
        std::uint64_t waiting = 0;
        for (foretold& told : s.knows.predictions) {
            if (told.shadow != shadow_fate::open) continue;
            told.shadow = shadow_fate::discarded;
            ++waiting;
            s.tell(shadow_discarded{.prediction = told.what.id});
        }
        const shadow_counts& counts = s.shadows.counts();
        s.figures.shadows_opened += counts.opened;
        s.figures.shadows_adopted += counts.adopted;
        s.figures.shadows_recut += counts.recut;
        s.figures.shadows_discarded += counts.discarded + waiting;
    }

    backup_session<Parts> session_;
    checkpointer<Parts> checkpoints_;
    std::optional<journal_writer<typename Parts::repository_type>> journal_;
    lease_type* lease_ = nullptr;
    std::optional<position> last_at_;  ///< of the point that this backup goes on from
};

}  // namespace detail

/// Makes one backup of a source into a repository, and publishes its restore point.
///
/// Runs on one strand: spawn it on a strand or on a context that one thread runs.
/// Guarantees: nothing that is published is incomplete; whatever ends it, what is durable stays and the same call
/// resumes. Errors: whatever the policies throw; `busy` while another backup of the source is under way;
/// `not_restorable` when the proof fails; `interrupted` after `options.stop`. Cancellation: at any suspension; what
/// was read since the last checkpoint, and the chunks that were on their way then, are read again by the next call.
template <class Parts>
task<restore_point> run_back_up(Parts parts, back_up_options options, lease_owner owner) {
    detail::back_up<Parts> made{parts, options};
    restore_point point = co_await made.perform(std::move(owner));
    co_return point;
}

}  // namespace foreshadow

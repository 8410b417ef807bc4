// SPDX-License-Identifier: BSL-1.0
//
// Restore is one streamed merge per proven piece: the image's rows, the runs where they cover a stretch of positions,
// the journal elsewhere. The journal is read once, only the frames that some piece needs, and sorted once for all
// partitions within bounded memory. Partitions are filled side by side where the target takes them so; each costs some
// megabytes of memory while it is open. Nothing of the target looks whole before `finish`.
#pragma once

#include "foreshadow/catalog/consistency.hpp"
#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/observe/event.hpp"
#include "foreshadow/orchestrate/detail/interval_index.hpp"
#include "foreshadow/orchestrate/detail/journal_needs.hpp"
#include "foreshadow/orchestrate/restore_report.hpp"
#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/plane/key_set.hpp"
#include "foreshadow/plane/layout_history.hpp"
#include "foreshadow/row/change_row.hpp"
#include "foreshadow/row/merge.hpp"
#include "foreshadow/row/sorted_log.hpp"
#include "foreshadow/run/scope.hpp"
#include "foreshadow/store/journal_reader.hpp"
#include "foreshadow/target/target.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow {

namespace detail {

template <class Repository, class Storage, target Target, conflict_policy Conflict, class Observer>
class restore {
  public:
    restore(Repository& repository, Storage& storage, Target& target, Conflict& conflicts, Observer& observer)
        : repository_{repository}, storage_{storage}, target_{target}, conflicts_{conflicts}, observer_{observer} {}

    task<restore_report> perform(restore_point point, restore_options options) {
        report_.point = point.id;
        point_object_ = point_object(point.knows.source.id, point.id);
        co_await choose_time(point, options);
        const boxes& known = point.knows.known;
        layout shape = selected(layout_at(point), options.partitions);
        proof cover = prove(known, shape, report_.at);
        // Nothing was committed from there up to what was asked for, but an image may begin to count in between.
        if (!cover.is_complete() && options.at && !options.at_time && report_.at < *options.at &&
            *options.at < point.at) {
            report_.at = *options.at;
            shape = selected(layout_at(point), options.partitions);
            cover = prove(known, shape, report_.at);
        }
        if (!cover.is_complete()) {
            const gap& first = cover.gaps.front();
            throw error{errc::not_restorable, "the state at that position cannot be proved: " + first.why,
                        "choose a position in the restorable range; `foreshadow points` shows it"}
                .with("position", std::to_string(report_.at.value))
                .with("keys", printable(first.interval));
        }
        total_bytes_ = expected_bytes(cover, known);
        sorted_log log{options.memory_bytes};
        co_await collect_journal(point, cover, log);

        co_await target_.begin(shape);
        co_await fill_all(shape, cover, known, log);
        co_await target_.finish();
        if constexpr (requires(Target& into) { into.omissions(); }) report_.omissions = co_await target_.omissions();
        co_return std::move(report_);
    }

  private:
    /// Sets `report_.at`: the point's own T, or the last commit at or before what was asked for.
    task<> choose_time(const restore_point& point, const restore_options& options) {
        report_.at = point.at;
        report_.time = point.time;
        if (!options.at && !options.at_time) co_return;
        journal_reader<Repository> reader{repository_};
        const auto is_wanted = [&](position at, wall_time time) {
            return (!options.at || at <= *options.at) && (!options.at_time || time <= *options.at_time);
        };
        if (is_wanted(point.at, point.time)) co_return;
        std::optional<journal_commit> best;
        for (const segment& s : point.knows.known.segments) {
            if (options.at && s.after >= *options.at) continue;
            const journal_directory directory = co_await reader.open(s);
            expect_layouts(point.knows, s.after, s.upto, directory.layouts);
            for (const journal_commit& c : directory.commits)
                if (is_wanted(c.at, c.time) && (!best || best->at < c.at)) best = c;
        }
        // Before the first commit that was followed there is the state that the hold began with; its time is not known.
        if (!best && options.at && !options.at_time && point.knows.held <= *options.at)
            best = journal_commit{.at = point.knows.held, .time = {}};
        if (!best)
            throw error{errc::not_restorable, "no commit is known at or before the time asked for",
                        "`foreshadow points` shows the restorable range"};
        // A commit that nothing tells of may be the one that was meant.
        const position asked = options.at && !options.at_time ? std::min(*options.at, point.at) : point.at;
        const position told = journal_reach(point.knows.known, best->at);
        if (told < asked)
            throw error{errc::not_restorable,
                        "the journal does not tell what was committed above position " + std::to_string(told.value),
                        "choose a position in the restorable range; `foreshadow points` shows it"};
        report_.at = best->at;
        report_.time = best->time;
    }

    [[nodiscard]] layout layout_at(const restore_point& point) const {
        if (report_.at < point.knows.first.at)
            throw error{errc::not_restorable, "the layout at that position is not known",
                        "`foreshadow points` shows the restorable range"}
                .with("position", std::to_string(report_.at.value));
        return history_of(point.knows).at(report_.at);
    }

    /// The partitions asked for, and the definitions that they need.
    [[nodiscard]] static layout selected(layout whole, const std::vector<std::string>& names) {
        if (names.empty()) return whole;
        for (const std::string& name : names)
            if (std::none_of(whole.partitions.begin(), whole.partitions.end(),
                             [&](const auto& p) { return p.name == name; }))
                throw error{errc::not_found, "there is no partition " + name + " at that position",
                            "`foreshadow show` lists the partitions"};
        std::erase_if(whole.partitions, [&](const partition& p) {
            return p.holds == content::data && std::find(names.begin(), names.end(), p.name) == names.end();
        });
        return whole;
    }

    /// Of whole images: a piece may need only a part of one, and many pieces the same one.
    [[nodiscard]] static std::uint64_t expected_bytes(const proof& cover, const boxes& known) {
        std::vector<bool> counted(known.images.size());
        std::uint64_t bytes = 0;
        for (const proof_piece& piece : cover.pieces) {
            if (!piece.image || counted[*piece.image]) continue;
            counted[*piece.image] = true;
            bytes += known.images[*piece.image].bytes;
        }
        return bytes;
    }

    task<> collect_journal(const restore_point& point, const proof& cover, sorted_log& log) {
        std::vector<segment> segments = point.knows.known.segments;
        std::sort(segments.begin(), segments.end(),
                  [](const segment& a, const segment& b) { return a.after < b.after; });
        journal_needs needs{cover};
        journal_reader<Repository> reader{repository_};
        std::vector<replacement> replaced;
        const typename journal_reader<Repository>::sink into_log = [&](const change_view& change) {
            if (change.kind == change_kind::replaced)
                replaced.push_back({.interval = {key{change.key}, key{change.payload}}, .at = change.at});
            log.add(change);
        };
        for (const segment& s : segments) {
            journal_needs::part needed = needs.of(s);
            if (needed.keys.empty()) continue;
            key_set keys{std::move(needed.keys)};
            report_.journal_bytes_read += co_await reader.read(s, std::move(keys), needed.after, needed.upto, into_log);
        }
        log.seal();
        erased_ = interval_index{log.erasures()};
        replaced_ = interval_index{std::move(replaced)};
    }

    /// Definitions come alone, before the rows that need them; then as many partitions as the target takes side by
    /// side. The report has them in this order, whichever ends first.
    task<> fill_all(const layout& shape, const proof& cover, const boxes& known, const sorted_log& log) {
        std::vector<const partition*> order;
        for (const content holds : {content::definitions, content::data})
            for (const partition& part : shape.partitions)
                if (part.holds == holds) order.push_back(&part);
        report_.partitions.resize(order.size());
        std::size_t next = 0;
        for (; next < order.size() && order[next]->holds == content::definitions; ++next)
            co_await fill(*order[next], cover, known, log, report_.partitions[next]);
        std::vector<task<>> lanes;
        const std::size_t count = std::min(max_concurrency(target_), order.size() - next);
        for (std::size_t i = 0; i < count; ++i) lanes.push_back(fill_some(order, cover, known, log, next));
        co_await all_of(std::move(lanes));
    }
    /// One lane: takes the next partition when it is done with the last. What it is given outlives all lanes.
    task<> fill_some(const std::vector<const partition*>& order, const proof& cover, const boxes& known,
                     const sorted_log& log, std::size_t& next) {
        while (next < order.size()) {
            const std::size_t mine = next++;
            co_await fill(*order[mine], cover, known, log, report_.partitions[mine]);
        }
    }

    task<> fill(const partition& part, const proof& cover, const boxes& known, const sorted_log& log,
                restored_partition& done) {
        done.name = part.name;
        row_batch rows;
        // Pieces are in key order, so those of a partition lie together.
        auto next = std::partition_point(cover.pieces.begin(), cover.pieces.end(), [&](const proof_piece& piece) {
            return piece.interval.begin < part.interval.begin;
        });
        for (; next != cover.pieces.end() && next->owner == part.id; ++next) {
            sources open = streams_of(*next, known, log);
            open.plan.partition = part.name;
            merge<Conflict> rows_at_t{std::move(open.plan), conflicts_};
            while (co_await rows_at_t.next(rows)) {
                co_await target_.load(part, rows);
                done.rows += rows.size();
                done.bytes += rows.bytes();
                report_.rows += rows.size();
                report_.bytes += rows.bytes();
                observer_.on(event{restore_progress{
                    .partition = part.name, .rows = report_.rows, .bytes = report_.bytes, .of = total_bytes_}});
            }
            if (open.image) report_.image_bytes_read += open.image->stored_bytes();
            for (const auto& cursor : open.runs) report_.run_bytes_read += cursor->stored_bytes();
            report_.changes_applied += rows_at_t.report().entries_applied;
            report_.conflicts += rows_at_t.report().conflicts;
        }
        co_await target_.complete(part);
    }

    using cursor_type = decltype(std::declval<Storage&>().read(std::string{}, key_range{}));
    struct sources {
        merge_plan plan;
        std::shared_ptr<cursor_type> image;
        std::vector<std::shared_ptr<cursor_type>> runs;
    };

    sources streams_of(const proof_piece& piece, const boxes& known, const sorted_log& log) {
        sources open;
        open.plan.interval = piece.interval;
        open.plan.seen = piece.seen;
        open.plan.since = piece.since;
        open.plan.upto = report_.at;
        if (piece.image) {
            open.image = std::make_shared<cursor_type>(storage_.read(known.images[*piece.image].where, piece.interval));
            open.plan.base = [cursor = open.image](row_batch& out) { return cursor->next(out); };
        }
        std::vector<change_step> from_journal;
        for (const change_step& step : piece.chain) {
            if (!step.is_run) {
                from_journal.push_back(step);
                continue;
            }
            const run& r = known.runs[step.run];
            auto cursor = std::make_shared<cursor_type>(storage_.read(r.where, piece.interval));
            open.runs.push_back(cursor);
            open.plan.changes.push_back([cursor](change_batch& out) { return next_changes(cursor, out); });
            for (const range_erasure& e : r.erasures) add_erasure(open.plan, e);
        }
        if (!from_journal.empty()) {
            // A chain goes up without overlaps.
            const auto is_needed = [from_journal](version at) {
                const auto step = std::partition_point(from_journal.begin(), from_journal.end(),
                                                       [&](const change_step& s) { return s.upto < at.at; });
                return step != from_journal.end() && step->after < at.at;
            };
            auto cursor = std::make_shared<sorted_log::cursor>(log.read(piece.interval));
            open.plan.changes.push_back(
                [cursor, is_needed](change_batch& out) { return next_changes(cursor, is_needed, out); });
            erased_.overlapping(piece.interval, [&](const range_erasure& e) {
                if (is_needed(e.at)) add_erasure(open.plan, e);
            });
            replaced_.overlapping(piece.interval, [&](const replacement& r) {
                if (is_needed(r.at)) expect_contained(piece, r);
            });
        }
        return open;
    }

    /// What was replaced untold must be in the base: the proof saw to that, by a catalog that may have lost it.
    void expect_contained(const proof_piece& piece, const replacement& untold) const {
        if (untold.at < piece.since || untold.at.at > report_.at || piece.seen.contains(untold.at.at)) return;
        throw error{errc::corrupt,
                    "the journal tells that the content of " + printable(untold.interval) + " was replaced at " +
                        std::to_string(untold.at.at.value) + ", and the catalog does not",
                    "restore another point; `foreshadow verify` finds those that are whole"}
            .with("object", point_object_);
    }

    static void add_erasure(merge_plan& plan, const range_erasure& erasure) {
        key_range part = intersection(erasure.interval, plan.interval);
        if (!part.is_empty()) plan.erasures.push_back({erasure.at, std::move(part)});
    }

    static task<bool> next_changes(std::shared_ptr<cursor_type> cursor, change_batch& out) {
        row_batch rows;
        out.clear();
        const bool more = co_await cursor->next(rows);
        for (std::size_t i = 0; i < rows.size(); ++i) out.append(read_change_row(rows[i]));
        co_return more;
    }

    template <class Needed>
    static task<bool> next_changes(std::shared_ptr<sorted_log::cursor> cursor, Needed is_needed, change_batch& out) {
        change_batch all;
        out.clear();
        while (out.empty()) {
            if (!cursor->next(all)) co_return false;
            for (std::size_t i = 0; i < all.size(); ++i)
                if (is_needed(all[i].at)) out.append(all[i]);
        }
        co_return true;
    }

    Repository& repository_;
    Storage& storage_;
    Target& target_;
    Conflict& conflicts_;
    Observer& observer_;
    restore_report report_;
    std::string point_object_;              ///< for messages
    interval_index<range_erasure> erased_;  ///< by the journal
    interval_index<replacement> replaced_;  ///< as the journal tells
    std::uint64_t total_bytes_ = 0;
};

}  // namespace detail

/// Restores a point, or an earlier T that it covers, into a target: whole, or some partitions of it.
///
/// Guarantees: the state at T exactly, or an error; the target shows nothing before it is whole.
/// Errors: `not_found` for a partition, `not_restorable` with the first gap, `corrupt` naming the object, `conflict`.
template <class Repository, class Storage, target Target, conflict_policy Conflict, class Observer>
task<restore_report> run_restore(Repository& repository, Storage& storage, Target& target, Conflict& conflicts,
                                 Observer& observer, restore_point point, restore_options options) {
    detail::restore<Repository, Storage, Target, Conflict, Observer> work{repository, storage, target, conflicts,
                                                                          observer};
    std::exception_ptr failure;
    restore_report report;
    try {
        report = co_await work.perform(std::move(point), std::move(options));
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        co_await target.abandon();
        std::rethrow_exception(failure);
    }
    co_return report;
}

}  // namespace foreshadow

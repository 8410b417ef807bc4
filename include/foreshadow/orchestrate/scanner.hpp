// SPDX-License-Identifier: BSL-1.0
//
// Reads what no usable image covers, a short chunk at a time, in the order that the scan-order policy gives. The scan
// is planned by interval: when a partition splits in mid-scan, what is read stays read, and the rest is asked of the
// new owner (layout rule). Rows of neighbouring chunks go into one stretch, one tree of blocks; each chunk is an image
// of its own, with its own horizon, over a part of that tree.
//
// If it fails half-way: images are recorded when their stretch is closed, at the latest at the first chunk after a
// checkpoint; what was read after that is read again by the backup that resumes.
#pragma once

#include "foreshadow/orchestrate/patiently.hpp"
#include "foreshadow/orchestrate/session.hpp"
#include "foreshadow/plane/coverage.hpp"
#include "foreshadow/plane/key_set.hpp"
#include "foreshadow/run/scope.hpp"
#include "foreshadow/store/partition_storage.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace foreshadow {

template <class Parts>
class scanner {
  public:
    explicit scanner(backup_session<Parts>& session)
        : session_{session}, workers_(std::max<std::size_t>(1, session.options.workers)) {}

    /// Scans until every band of the current layout has its image and the log was followed past the head that was
    /// read after that (end rule); returns early when a stop is requested.
    task<> run() {
        auto& s = session_;
        for (;;) {
            replan();
            if (!pieces_.empty()) {
                std::vector<task<>> work;
                for (worker& w : workers_) work.push_back(scan(w));
                co_await all_of(std::move(work));
            }
            if (s.is_stop_requested()) co_return;
            const position head = co_await patiently(s, [&s] { return s.with.source.head(); });
            while (s.followed < head && !s.is_stop_requested()) co_await s.followed_on.wait();
            replan();
            if (pieces_.empty() || s.is_stop_requested()) co_return;
        }
    }

    /// Whether nothing is left to be read, as far as the log was followed.
    [[nodiscard]] bool is_complete() {
        replan();
        return pieces_.empty();
    }

  private:
    using writer_type = decltype(std::declval<typename Parts::storage_type&>().write());

    struct worker {
        std::optional<key_range> in_flight;
        std::optional<writer_type> writer;
        std::vector<image> pending;  ///< chunks of the open stretch; they have no `where` yet
        key next;                    ///< where the open stretch ends
        bool at_end = false;         ///< whether it ends at the end of the key space
        std::uint64_t epoch = 0;
    };

    task<> scan(worker& w) {
        auto& s = session_;
        row_batch rows;
        while (!s.is_stop_requested()) {
            if (planned_ != s.plan_epoch) replan();
            if (w.writer && w.epoch != s.stretch_epoch) co_await close(w);
            if (pieces_.empty()) break;
            const piece next = take_piece();
            w.in_flight = next.interval;
            co_await s.tokens.admit(static_cast<double>(chunk_bytes_));
            budget_lease held = co_await s.memory.take(s.options.chunk.bytes);
            chunk read = co_await patiently(s, [&] {
                rows.clear();
                return s.with.source.read(next.interval, s.options.chunk, rows);
            });
            // A source may say only what its last commit was; the hold's barrier says that nothing came between.
            read.seen = read.seen.raised_to(s.knows.held);
            if (w.writer && (w.at_end || w.next != read.interval.begin)) co_await close(w);
            note(w, next, read, rows);
            co_await w.writer->append(rows);
        }
        if (w.writer) co_await close(w);
    }

    piece take_piece() {
        const std::size_t chosen =
            std::min(session_.with.order.next(pieces_, session_.judged.live()), pieces_.size() - 1);
        piece taken = std::move(pieces_[chosen]);
        pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(chosen));
        return taken;
    }

    /// Enters what a chunk read, before anything is awaited again, so that no plan can miss it.
    void note(worker& w, const piece& from, const chunk& read, const row_batch& rows) {
        auto& s = session_;
        if (!w.writer) {
            w.writer.emplace(s.with.storage.write());
            w.epoch = s.stretch_epoch;
        }
        const bool is_read_again = read_.overlaps(read.interval);
        read_.insert(read.interval);
        if (!w.pending.empty() && w.pending.back().seen == read.seen) {
            image& grown = w.pending.back();
            grown.interval.end = read.interval.end;
            grown.rows += rows.size();
            grown.bytes += rows.bytes();
        } else {
            w.pending.push_back({.interval = read.interval,
                                 .seen = read.seen,
                                 .where = {},
                                 .rows = rows.size(),
                                 .bytes = rows.bytes()});
        }
        w.next = read.interval.end;
        w.at_end = read.interval.is_unbounded();
        w.in_flight.reset();
        if (planned_ == s.plan_epoch && end_before(read.interval.end, from.interval.end))
            put_back(from, read, rows.bytes());
        // Enough for the next chunk to be admitted by; chunks of a band are alike.
        chunk_bytes_ = std::max<std::size_t>(rows.bytes(), 4096);
        ++s.figures.chunks;
        s.figures.rows_read += rows.size();
        s.figures.bytes_read += rows.bytes();
        if (is_read_again) s.figures.bytes_read_twice += rows.bytes();
        s.tell(chunk_read{.interval = read.interval, .rows = rows.size(), .bytes = rows.bytes(), .at = read.seen.high});
    }

    void put_back(const piece& from, const chunk& read, std::size_t bytes) {
        piece rest = from;
        rest.interval.begin = read.interval.end;
        rest.remaining_bytes = std::max(0.0, from.remaining_bytes - static_cast<double>(bytes));
        for (piece& other : pieces_)
            if (other.owner == rest.owner) other.started = true;
        rest.started = true;
        const auto place = std::lower_bound(pieces_.begin(), pieces_.end(), rest, [](const piece& a, const piece& b) {
            return a.interval.begin < b.interval.begin;
        });
        pieces_.insert(place, std::move(rest));
    }

    /// Closes the stretch: its tree is written, and its chunks become images of the catalog.
    task<> close(worker& w) {
        const stored_rows stored = co_await w.writer->finish();
        w.writer.reset();
        session_.figures.image_bytes += stored.stored;
        for (image& done : w.pending) {
            done.where = stored.where;
            session_.knows.known.images.push_back(std::move(done));
        }
        w.pending.clear();
    }

    /// Lays what is known, what is being written and what was followed over the current layout.
    void replan() {
        auto& s = session_;
        planned_ = s.plan_epoch;
        boxes view = s.knows.known;
        for (const worker& w : workers_) view.images.insert(view.images.end(), w.pending.begin(), w.pending.end());
        if (s.knows.followed < s.followed)
            view.segments.push_back(
                {.after = s.knows.followed, .upto = s.followed, .where = {}, .changes = 0, .bytes = 0});
        std::vector<key_range> todo = to_scan(view, s.layouts.current(), s.followed);
        for (const worker& w : workers_)
            if (w.in_flight) {
                std::vector<key_range> rest;
                for (const key_range& interval : todo)
                    for (key_range& left : difference(interval, *w.in_flight)) rest.push_back(std::move(left));
                todo = std::move(rest);
            }
        pieces_.clear();
        for (const partition& owner : s.layouts.current().partitions)
            for (const key_range& interval : todo) {
                key_range part = intersection(interval, owner.interval);
                if (part.is_empty()) continue;
                const bool whole = part == owner.interval;
                pieces_.push_back({.interval = std::move(part),
                                   .owner = owner.id,
                                   .remaining_bytes = static_cast<double>(owner.bytes) * (whole ? 1.0 : 0.5),
                                   .started = !whole,
                                   .holds = owner.holds});
            }
    }

    backup_session<Parts>& session_;
    std::vector<worker> workers_;
    std::vector<piece> pieces_;  ///< in key order
    key_set read_;               ///< by this process; what is read again shows in the figures
    std::uint64_t planned_ = 0;
    std::size_t chunk_bytes_ = 4096;
};

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Reads what no usable image covers, a short chunk at a time, in the order that the scan-order policy gives. The scan
// is planned by interval: when a partition splits in mid-scan, what is read stays read, and the rest is asked of the
// new owner (layout rule). Rows of neighbouring chunks go into one stretch, one tree of blocks; each chunk is an image
// of its own, with its own horizon, over a part of that tree.
//
// If it fails half-way: images are recorded when their stretch is closed, and every checkpoint closes the stretches
// first; what was read or on its way after that is read again by the backup that resumes.
#pragma once

#include "foreshadow/catalog/fingerprint.hpp"
#include "foreshadow/orchestrate/patiently.hpp"
#include "foreshadow/orchestrate/session.hpp"
#include "foreshadow/plane/key_set.hpp"
#include "foreshadow/run/scope.hpp"
#include "foreshadow/schedule/scan_plan.hpp"
#include "foreshadow/store/partition_storage.hpp"

#include <algorithm>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace foreshadow {

template <class Parts>
class scanner {
  public:
    explicit scanner(backup_session<Parts>& session)
        : session_{session}, workers_(std::max<std::size_t>(1, session.options.workers)) {
        session_.close_stretches = [this] { return close_all(); };
    }
    scanner(const scanner&) = delete;
    scanner& operator=(const scanner&) = delete;
    ~scanner() { session_.close_stretches = {}; }

    /// Scans until every band of the current layout has its image and the log was followed past the head that was
    /// read after that (end rule); returns early when a stop is requested.
    task<> run() {
        auto& s = session_;
        for (;;) {
            replan();
            if (!session_.plan.is_empty()) {
                std::vector<task<>> work;
                for (worker& w : workers_) work.push_back(scan(w));
                co_await all_of(std::move(work));
            }
            if (s.is_stop_requested()) co_return;
            const position head = co_await patiently(s, [&s] { return s.with.source.head(); });
            while (s.followed < head && !s.is_stop_requested()) co_await s.followed_on.wait();
            replan();
            if (session_.plan.is_empty() || s.is_stop_requested()) co_return;
        }
    }

    /// Whether nothing is left to be read, as far as the log was followed.
    [[nodiscard]] bool is_complete() {
        replan();
        return session_.plan.is_empty();
    }

  private:
    using writer_type = decltype(std::declval<typename Parts::storage_type&>().write());

    /// A tree that is being written.
    struct stretch {
        writer_type writer;
        std::vector<image> chunks;  ///< what is in it; they have no `where` yet
        std::uint64_t number = 0;   ///< in the order in which stretches are closed
    };
    struct worker {
        std::optional<key_range> in_flight;
        std::unique_ptr<stretch> open;
        key next;             ///< where the open stretch ends
        bool at_end = false;  ///< whether it ends at the end of the key space
        bool is_appending = false;
    };

    task<> scan(worker& w) {
        auto& s = session_;
        row_batch rows;
        while (!s.is_stop_requested()) {
            if (planned_ != s.plan_epoch) replan();
            if (session_.plan.is_empty()) break;
            const piece next = session_.plan.take(s.with.order, s.judged.live(), s.judged.changes());
            w.in_flight = next.interval;
            const double admitted = static_cast<double>(chunk_bytes_);
            co_await s.tokens.admit(admitted);
            budget_lease held = co_await s.memory.take(s.options.chunk.bytes);
            chunk read = co_await patiently(s, [&] {
                rows.clear();
                return s.with.source.read(next.interval, s.options.chunk, rows);
            });
            s.tokens.correct(static_cast<double>(rows.bytes()) - admitted);
            // A source may say only what its last commit was; the hold's barrier says that nothing came between.
            read.seen = read.seen.raised_to(s.knows.held);
            if (w.at_end || w.next != read.interval.begin) co_await close(w);
            note(w, next, read, rows);
            co_await append(w, rows);
        }
        co_await close(w);
    }

    /// Enters what a chunk read, before anything is awaited again, so that no plan can miss it.
    void note(worker& w, const piece& from, const chunk& read, const row_batch& rows) {
        auto& s = session_;
        if (!w.open) w.open.reset(new stretch{s.with.storage.write(), {}, 0});
        std::vector<image>& chunks = w.open->chunks;
        if constexpr (backup_session<Parts>::counts_sizes)
            s.sizes.scanned(read.interval, read.seen.high, rows.size(), rows.bytes());
        const bool is_read_again = read_.overlaps(read.interval);
        read_.insert(read.interval);
        if (!chunks.empty() && chunks.back().seen == read.seen) {
            image& grown = chunks.back();
            grown.interval.end = read.interval.end;
            grown.rows += rows.size();
            grown.bytes += rows.bytes();
        } else {
            chunks.push_back({.interval = read.interval,
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
        session_.plan.put_back(std::move(rest));
    }

    task<> append(worker& w, const row_batch& rows) {
        struct appending {
            worker& by;
            pulse& settled;
            ~appending() {
                by.is_appending = false;
                settled.notify();
            }
        };
        w.is_appending = true;
        const appending until_then{w, settled_};
        co_await w.open->writer.append(rows);
    }

    /// Closes the open stretch, if there is one: its tree is written, and its chunks become images of the catalog. The
    /// worker may open the next one meanwhile.
    task<> close(worker& w) {
        if (!w.open) co_return;
        struct closing {
            scanner& of;
            typename std::list<std::unique_ptr<stretch>>::iterator which;
            ~closing() {
                of.closing_.erase(which);
                of.settled_.notify();
            }
        };
        w.open->number = ++closings_;
        const closing until_then{*this, closing_.insert(closing_.end(), std::move(w.open))};
        stretch& ending = **until_then.which;
        const stored_rows stored = co_await ending.writer.finish();
        session_.figures.image_bytes += stored.stored;
        for (image& done : ending.chunks) {
            done.where = stored.where;
            session_.knows.known.images.push_back(fingerprinted(std::move(done)));
        }
    }

    /// Makes images of all that was read so far; of what is read meanwhile, as it comes.
    task<> close_all() {
        for (worker& w : workers_) {
            while (w.is_appending) co_await settled_.wait();
            co_await close(w);
        }
        const std::uint64_t upto = closings_;
        while (!closing_.empty() && closing_.front()->number <= upto) co_await settled_.wait();
    }

    /// Lays what is known, what is being written and what was followed over the current layout.
    void replan() {
        auto& s = session_;
        planned_ = s.plan_epoch;
        under_way more{.images = {}, .sealed = s.knows.followed, .taken = s.followed};
        const auto see = [&more](const stretch& one) {
            for (const image& read : one.chunks) more.images.push_back(&read);
        };
        std::vector<key_range> in_flight;
        for (const worker& w : workers_) {
            if (w.open) see(*w.open);
            if (w.in_flight) in_flight.push_back(*w.in_flight);
        }
        for (const auto& ending : closing_) see(*ending);
        session_.plan.make(plan_scan(s.knows.known, more, s.layouts.current(), s.followed, std::move(in_flight)));
    }

    backup_session<Parts>& session_;
    std::vector<worker> workers_;
    std::list<std::unique_ptr<stretch>> closing_;
    std::uint64_t closings_ = 0;
    pulse settled_;  ///< when an append or a close ended, whichever way
    key_set read_;   ///< by this process; what is read again shows in the figures
    std::uint64_t planned_ = 0;
    std::size_t chunk_bytes_ = 4096;
};

}  // namespace foreshadow

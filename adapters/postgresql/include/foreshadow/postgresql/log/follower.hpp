// SPDX-License-Identifier: BSL-1.0
//
// Follows the log of a slot, for whoever asks: `follow` takes commits off it, and a chunk waits until the log has
// passed the chunk's snapshot, since only then it is known which commits the chunk contains. Whoever waits pumps; one
// at a time reads the socket, the others are told.
//
// A position is told only when every commit up to it is visible to everybody. So a chunk that is read afterwards
// contains all of it, and what a hold goes on from needs no barrier of its own.
//
// The stream begins where the last acknowledgement is, with the tables of that position, whatever it is asked for: it
// decodes up to there and passes it over.
#pragma once

#include "foreshadow/plane/horizon.hpp"
#include "foreshadow/postgresql/log/log_decoder.hpp"
#include "foreshadow/postgresql/log/log_stream.hpp"
#include "foreshadow/postgresql/server/connection_pool.hpp"
#include "foreshadow/postgresql/setup/setup.hpp"
#include "foreshadow/postgresql/source_options.hpp"
#include "foreshadow/run/pulse.hpp"
#include "foreshadow/run/steady_clock.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

class follower {
  public:
    follower(connection_pool& pool, const source_options& options) : pool_{pool}, options_{options} {}

    /// Begins anew: the log is whole from `acknowledged` on, and these were the tables there.
    void begin(std::string slot, layout_model tables, position acknowledged, position from) {
        stop();
        slot_ = std::move(slot);
        base_ = std::move(tables);
        acknowledged_ = acknowledged;
        told_up_to_ = from;
        highest_ = from;
        commits_.clear();
        is_begun_ = true;
    }
    /// Lets go of the slot, and of what was decoded.
    void stop() noexcept {
        if (stream_) stream_->shut_down();  // whoever waits for it is woken
        stream_.reset();
        decoder_.reset();
    }
    void forget() noexcept {
        stop();
        is_begun_ = false;
    }
    [[nodiscard]] bool is_begun() const noexcept { return is_begun_; }
    [[nodiscard]] position acknowledged() const noexcept { return acknowledged_; }
    [[nodiscard]] const std::string& slot() const noexcept { return slot_; }

    /// The tables as far as the log was decoded, and where that is.
    [[nodiscard]] const layout_model& tables() const noexcept { return decoder_ ? decoder_->tables() : base_; }
    [[nodiscard]] position at() const noexcept { return decoder_ ? decoder_->passed() : acknowledged_; }

    /// The next batch after `after`; waits for it, but not for longer than a heartbeat.
    task<> follow(position after, log_batch& out) {
        if (after < acknowledged_)
            throw error{errc::hold_lost, "the log up to " + lsn_of(acknowledged_) + " was let go"};
        const double until = clock_.seconds() + seconds(options_.heartbeat).count();
        for (;;) {
            if (!decoder_ || !decoder_->keeps_changes || decoder_->batch.after != after) restart(after);
            take_arrived(options_.batch_bytes);
            const bool is_whole = !decoder_->is_in_commit();
            const bool has_more = decoder_->batch.upto > after;
            const double left = until - clock_.seconds();
            if (is_whole && (has_more ? is_visible() : left <= 0 && (is_level() || left < -longest_silence))) break;
            if (is_whole && has_more)
                co_await look_for_visibility();
            else
                co_await advance(is_whole && left > 0 ? left : 1.0, options_.batch_bytes);
        }
        out.clear();
        std::swap(out, decoder_->batch);
        decoder_->batch.after = decoder_->batch.upto = out.upto;
        out.now = clock_.now();
        told_up_to_ = std::max(told_up_to_, out.upto);
        forget_commits();
    }

    /// A chunk on its way: commits from here on are remembered until it ends.
    class reading {
      public:
        explicit reading(follower& of) : of_{of}, place_{of.readings_.insert(of.told_up_to_)} {}
        reading(const reading&) = delete;
        reading& operator=(const reading&) = delete;
        ~reading() { of_.readings_.erase(place_); }
        [[nodiscard]] position since() const { return *place_; }

      private:
        follower& of_;
        std::multiset<position>::iterator place_;
    };

    /// Decodes the log up to a position that it has, whoever follows. What nobody follows is kept up to a limit.
    task<> pass(position upto) {
        while (highest_ < upto) {
            if (!decoder_) restart(told_up_to_);
            if (decoder_->batch.changes.bytes() > options_.most_kept_bytes) decoder_->keeps_changes = false;
            co_await advance(1.0, options_.most_kept_bytes);
        }
    }

    /// What a snapshot contains that was taken after `since`, and before the log was written up to `written`.
    task<horizon> contained_in(const reading& chunk, const snapshot& seen, position written) {
        const position high{std::max(chunk.since().value, written.value - 1)};
        if (stream_) take_arrived(options_.most_kept_bytes);
        if (highest_ < high) {
            // What was written may not be on disk yet, and only what is on disk is sent.
            auto db = co_await pool_.take();
            const result marked = co_await db->run(mark_sql());
        }
        co_await pass(high);
        horizon contained = horizon::exactly(high);
        bool is_prefix = true;
        for (const named_commit& c : commits_) {
            if (c.at <= chunk.since() || c.at > high) continue;
            const bool is_seen = seen.sees(c.transaction);
            if (is_prefix && !is_seen) {
                is_prefix = false;
                contained.low = {c.at.value - 1};
            } else if (!is_prefix && is_seen) {
                contained.also.push_back(c.at);
            }
        }
        co_return contained;
    }

    /// Notes that everything up to `upto` is durable elsewhere; returns the tables of that position, where they are
    /// others than those of the last one, as text.
    task<std::optional<std::string>> acknowledge(position upto) {
        if (upto <= acknowledged_) co_return std::nullopt;
        while (!decoder_ || decoder_->passed() < upto) {
            if (!decoder_) restart(told_up_to_);
            co_await advance(1.0, options_.most_kept_bytes);
        }
        bool has_changed = false;
        std::vector<told_change>& told = decoder_->told;
        const auto above = std::find_if(told.begin(), told.end(), [&](const told_change& t) { return t.at > upto; });
        for (auto t = told.begin(); t != above;) {
            log_batch nowhere;
            std::set<object_id> nothing;
            commit_writer into{t->at, t->time, nowhere};
            for (; t != above && t->at == into.at; ++t) base_.apply(t->message, nothing, into);
            base_.end_commit(into);
            has_changed = true;
        }
        told.erase(told.begin(), above);
        acknowledged_ = upto;
        if (!has_changed) co_return std::nullopt;
        co_return base_.text();
    }

    /// The tables at the last acknowledgement, as text.
    [[nodiscard]] std::string acknowledged_tables() const { return base_.text(); }

    /// Tells the server what it need not keep.
    void confirm() {
        if (stream_) stream_->send_status(decoder_->passed(), acknowledged_);
    }

  private:
    using seconds = std::chrono::duration<double>;
    /// After which a heartbeat is due even where the stream has not come back yet to where an older one was.
    static constexpr double longest_silence = 10;

    /// Whether the stream has come to where any was before: until then it is not idle, but on its way.
    [[nodiscard]] bool is_level() const { return stream_ && decoder_->passed() >= highest_; }

    void restart(position after) {
        stop();
        decoder_.emplace(base_, acknowledged_, about_);
        decoder_->skip_to(after);
    }

    /// Reads what the server sent, or waits for it for so long; then everybody who waits looks again.
    task<> advance(double longest, std::size_t most_bytes) {
        if (is_pumping_) {
            const std::shared_ptr<pulse> next = advanced_;
            co_await next->wait();
            co_return;
        }
        struct pumping {
            follower& of;
            ~pumping() {
                of.is_pumping_ = false;
                std::exchange(of.advanced_, std::make_shared<pulse>())->notify();
            }
        };
        is_pumping_ = true;
        const pumping until_then{*this};
        if (!stream_) co_await connect();
        const std::shared_ptr<log_stream> mine = stream_;
        const position before = highest_;
        take_arrived(most_bytes);
        if (highest_ > before) co_return;
        const double wait = std::clamp(longest, 0.0, log_stream::status_seconds);
        try {
            co_await mine->wait(wait);
        } catch (const error&) {
            if (mine == stream_) stop();
            throw;
        }
        if (mine == stream_) take_arrived(most_bytes);
    }

    task<> connect() {
        const std::shared_ptr<log_stream> fresh = co_await log_stream::open(pool_, slot_, acknowledged_, about_);
        if (!decoder_) decoder_.emplace(base_, acknowledged_, about_);
        decoder_->expect_near(about_);
        stream_ = fresh;
    }

    /// Decodes what has arrived, until so much stands in the batch.
    void take_arrived(std::size_t most_bytes) {
        if (!stream_ || !decoder_) return;
        try {
            while (decoder_->batch.changes.bytes() < most_bytes || decoder_->is_in_commit() ||
                   !decoder_->keeps_changes) {
                if (!stream_->take(*decoder_)) break;
                for (const named_commit& c : decoder_->commits)
                    if (c.at > highest_) commits_.push_back(c);
                decoder_->commits.clear();
                highest_ = std::max(highest_, decoder_->passed());
            }
            if (stream_->owes_status()) stream_->send_status(decoder_->passed(), acknowledged_);
        } catch (const error&) {
            stop();  // in the middle of a message there is no going on
            throw;
        }
    }

    /// Whether everything of the batch is visible to everybody, as far as is known. A commit is in the log before that.
    [[nodiscard]] bool is_visible() const {
        const position upto = decoder_->batch.upto;
        return std::all_of(commits_.begin(), commits_.end(), [&](const named_commit& c) {
            return c.at <= told_up_to_ || c.at > upto || visible_.sees(c.transaction);
        });
    }
    task<> look_for_visibility() {
        {
            auto db = co_await pool_.take();
            const result now = co_await db->run("SELECT pg_catalog.pg_current_snapshot()");
            visible_ = snapshot::read(now.text(0, 0));
        }
        if (decoder_ && !is_visible()) co_await clock_.sleep(.001);
    }

    void forget_commits() {
        const position needed = readings_.empty() ? told_up_to_ : std::min(told_up_to_, *readings_.begin());
        std::erase_if(commits_, [&](const named_commit& c) { return c.at <= needed; });
    }

    connection_pool& pool_;
    const source_options& options_;
    steady_clock clock_;
    bool is_begun_ = false;
    std::string slot_;
    layout_model base_;  ///< the tables at `acknowledged_`
    position acknowledged_;
    transaction_id about_ = 0;
    std::shared_ptr<log_stream> stream_;  ///< whoever waits for it has it, too
    std::optional<log_decoder> decoder_;
    std::vector<named_commit> commits_;  ///< in the order of the log, as long as a chunk or a batch needs them
    position told_up_to_;                ///< what `follow` returned last, of the highest
    position highest_;                   ///< to which any stream came
    snapshot visible_;
    std::multiset<position> readings_;
    std::shared_ptr<pulse> advanced_ = std::make_shared<pulse>();
    bool is_pumping_ = false;
};

}  // namespace foreshadow::postgresql::detail

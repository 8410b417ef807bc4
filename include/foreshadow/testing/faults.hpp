// SPDX-License-Identifier: BSL-1.0
//
// What goes wrong in a simulated world, by declaration: a test says how often each fault comes, one seed decides when,
// and decorators over the roles (`faulty_source`, `faulty_store`, `faulty_clock`, `faulty_predictor`) let it happen.
// So any workload goes with any fault. Faults stay within the contracts of the concepts: what is returned is right, or
// an error is. Bytes that are wrong are another matter; they are damage, which verifying finds.
//
// A process dies by a switch: from some moment on every role throws `process_death` at whoever calls, so nothing that a
// dying backup does on its way out reaches the database or the store. The database lives on; a death is undone with
// `trouble::be_born`, which stands for another process.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/testing/random.hpp"
#include "foreshadow/testing/virtual_time.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace foreshadow::testing {

/// How often things go wrong. Numbers are probabilities of one operation unless they say otherwise; 0 is never.
struct faults {
    std::uint64_t seed = 1;

    double busy = 0;           ///< the database asks to be asked later, whatever it was asked
    double read_error = 0;     ///< reading a chunk fails
    double read_repeat = 0;    ///< a chunk is read twice, and the second answer counts
    double log_error = 0;      ///< following is cut off
    double log_repeat = 0;     ///< a batch is delivered twice, and the second counts
    double log_truncated = 0;  ///< following finds that the database has let its log go, held or not
    double unseen = 0;         ///< a hold does not see that the log was let go, which following does
    double deaf = 0;           ///< an acknowledgement fails: before it was heard, or after

    double store_error = 0;  ///< an operation of the store fails and did nothing
    double lost_answer = 0;  ///< a put or removal is done, and fails all the same
    double full = 0;         ///< a put finds no space
    double torn_write = 0;   ///< the process dies in a put: what was written has no name, or not this one

    std::uint64_t crash_every = 0;  ///< the process dies after so many operations in the mean

    double slow = 0;  ///< an operation takes `slow_seconds` in the mean before it begins
    double slow_seconds = .05;

    double clock_jump = 0;  ///< the wall clock jumps at a look at it, forth or back
    double jump_seconds = 7200;

    double amnesia = 0;  ///< what a predictor saved is cut short, or not its own
};

/// Ends the process, as far as anybody in it can tell. No `std::exception`: nobody handles it by mistake.
struct process_death {};

/// The faults of one world, which its decorators share. A handle.
class trouble {
  public:
    trouble(faults which, virtual_clock time) : state_{std::make_shared<state>(which, std::move(time))} {
        state_->plan_death();
    }

    [[nodiscard]] const faults& which() const noexcept { return state_->which; }

    /// Whether something of this probability happens now. Draws nothing where it cannot.
    [[nodiscard]] bool happens(double probability) {
        return probability > 0 && state_->is_alive && state_->dice.chance(probability);
    }
    [[nodiscard]] std::uint64_t below(std::uint64_t n) { return state_->dice.below(n); }

    /// A moment at which the process may die: every role calls it before and after each of its operations.
    void live() {
        if (!state_->is_alive) throw process_death{};
        if (state_->watch) state_->watch();
        if (state_->left == 0 || !state_->is_alive) die();
        --state_->left;
        ++state_->moments;
    }
    /// As `live`, for what began in the process of that number: another one never goes on with it.
    void live(std::uint64_t life) {
        if (life != state_->life) throw process_death{};
        live();
    }
    /// The number of the process.
    [[nodiscard]] std::uint64_t life() const noexcept { return state_->life; }
    /// Calls `what` at every moment from now on, where a test may let the process die.
    void before_each_moment(std::function<void()> what) { state_->watch = std::move(what); }
    /// As `live`, and the operation may have to wait first.
    task<> begin() {
        live();
        if (happens(state_->which.slow)) {
            const double seconds = state_->dice.gap(state_->which.slow_seconds);
            const std::uint64_t mine = state_->life;
            co_await state_->time.sleep(seconds);
            live(mine);
        }
    }
    [[noreturn]] void die() {
        kill();
        throw process_death{};
    }
    /// Dies now, seen by whoever calls next.
    void kill() noexcept { state_->is_alive = false; }
    /// Dies after `moments` more; what the faults planned is off.
    void die_after(std::uint64_t moments) { state_->left = moments; }
    /// Another process begins.
    void be_born() {
        state_->is_alive = true;
        ++state_->life;
        state_->plan_death();
    }
    /// Other faults from now on, and another process.
    void bring(faults which) {
        state_->which = which;
        be_born();
    }
    /// Nothing goes wrong from now on.
    void cease() { bring({}); }
    [[nodiscard]] bool is_alive() const noexcept { return state_->is_alive; }
    /// How many moments there were; to be compared, to find each of them again.
    [[nodiscard]] std::uint64_t moments() const noexcept { return state_->moments; }

    [[nodiscard]] static error unavailable(const std::string& what) {
        return {errc::unavailable, "the simulated " + what + " does not answer", "run the same command again",
                retry::maybe};
    }

  private:
    struct state {
        state(faults chosen, virtual_clock clock)
            : which{chosen}, time{std::move(clock)}, dice{chosen.seed * 97 + 13} {}
        void plan_death() {
            left = which.crash_every == 0 ? std::numeric_limits<std::uint64_t>::max()
                                          : dice.below(2 * which.crash_every + 1);
        }
        faults which;
        virtual_clock time;
        seeded_random dice;
        bool is_alive = true;
        std::uint64_t life = 0;
        std::function<void()> watch;
        std::uint64_t left = 0;
        std::uint64_t moments = 0;
    };
    std::shared_ptr<state> state_;
};

}  // namespace foreshadow::testing

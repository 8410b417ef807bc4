// SPDX-License-Identifier: BSL-1.0
//
// Readers that overlap without end keep SQLite's WAL from restarting, however short each of them is: the file grows
// without bound. The gate notes when it last let all of them end, and after a while does so again before the next
// begins. A moment in which nobody happens to read does not count: nobody has made a checkpoint in it. To hold back
// then, when nobody reads, costs nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace foreshadow::sqlite::detail {

class read_gate {
    using time = std::chrono::steady_clock;

  public:
    explicit read_gate(std::chrono::milliseconds longest) : longest_{longest}, idle_{time::now()} {}

    /// A reader at work.
    class pass {
      public:
        explicit pass(read_gate& gate) : gate_{&gate} {}
        pass(const pass&) = delete;
        pass& operator=(const pass&) = delete;
        ~pass() { gate_->leave(); }

      private:
        read_gate* gate_;
    };

    /// No reader at work.
    class pause {
      public:
        explicit pause(read_gate& gate) : gate_{&gate} {}
        pause(const pause&) = delete;
        pause& operator=(const pause&) = delete;
        ~pause() { gate_->resume(); }

      private:
        read_gate* gate_;
    };

    [[nodiscard]] pass enter() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return !paused_; });
        ++active_;
        return pass{*this};
    }

    [[nodiscard]] bool wants_pause() {
        const std::lock_guard lock{mutex_};
        return !paused_ && time::now() - idle_ > longest_;
    }

    /// Waits until nobody reads, and keeps it so.
    [[nodiscard]] pause hold_back() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return !paused_; });
        paused_ = true;
        changed_.wait(lock, [&] { return active_ == 0; });
        return pause{*this};
    }

  private:
    void leave() {
        const std::lock_guard lock{mutex_};
        if (--active_ == 0) changed_.notify_all();
    }
    void resume() {
        const std::lock_guard lock{mutex_};
        paused_ = false;
        idle_ = time::now();
        changed_.notify_all();
    }

    std::chrono::milliseconds longest_;
    std::mutex mutex_;
    std::condition_variable changed_;
    time::time_point idle_;
    std::size_t active_ = 0;
    bool paused_ = false;
};

}  // namespace foreshadow::sqlite::detail

// SPDX-License-Identifier: BSL-1.0
//
// A byte budget: every large buffer is taken from it, so that memory does not grow with what is backed up. All
// users live on one strand. It bounds what is asked for, not what is allocated: ask for the most that you may hold.
#pragma once

#include "foreshadow/run/detail/semaphore.hpp"
#include "foreshadow/task.hpp"

#include <cstddef>
#include <utility>

namespace foreshadow {

/// Bytes taken from a budget; gives them back when it ends. May outlive its budget.
class budget_lease {
  public:
    budget_lease() = default;
    budget_lease(budget_lease&& other) noexcept
        : from_{std::exchange(other.from_, {})}, bytes_{std::exchange(other.bytes_, 0)} {}
    budget_lease& operator=(budget_lease&& other) noexcept {
        if (this != &other) {
            release();
            from_ = std::exchange(other.from_, {});
            bytes_ = std::exchange(other.bytes_, 0);
        }
        return *this;
    }
    ~budget_lease() { release(); }

    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    /// Gives everything back now.
    void release() noexcept {
        if (from_) from_.release(bytes_);
        from_ = {};
        bytes_ = 0;
    }

    /// Gives back all but `bytes`, once it is known how much was needed.
    void shrink_to(std::size_t bytes) noexcept {
        if (!from_ || bytes >= bytes_) return;
        from_.release(bytes_ - bytes);
        bytes_ = bytes;
    }

  private:
    friend class budget;
    budget_lease(detail::semaphore from, std::size_t bytes) : from_{std::move(from)}, bytes_{bytes} {}
    detail::semaphore from_;
    std::size_t bytes_ = 0;
};

class budget {
  public:
    explicit budget(std::size_t bytes) : units_{bytes} {}

    /// Waits for its turn and for `bytes` to be free. What asks for more than the whole gets it when nothing else is
    /// out. Cancellation: throws `operation_aborted`, nothing is taken.
    task<budget_lease> take(std::size_t bytes) {
        detail::semaphore units = units_;
        co_await units.acquire(bytes);
        co_return budget_lease{std::move(units), bytes};
    }

    [[nodiscard]] std::size_t whole() const noexcept { return units_.whole(); }
    [[nodiscard]] std::size_t available() const noexcept { return units_.available(); }
    [[nodiscard]] std::size_t in_use() const noexcept { return units_.in_use(); }
    [[nodiscard]] std::size_t peak() const noexcept { return units_.peak(); }

  private:
    detail::semaphore units_;
};

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/postgresql/server/connection.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

/// Connections that are used again. As many are open as were needed at once.
class connection_pool {
  public:
    /// `settings`: statements that each connection begins with.
    explicit connection_pool(address where, std::string settings = {})
        : where_{std::move(where)}, settings_{std::move(settings)} {}

    /// A connection for one caller; it goes back unless it was left in the middle of something.
    class lease {
      public:
        lease(connection_pool& pool, std::unique_ptr<connection> mine) : pool_{&pool}, mine_{std::move(mine)} {}
        lease(lease&&) noexcept = default;
        lease& operator=(lease&&) = delete;
        ~lease() {
            if (mine_ && mine_->is_idle()) pool_->idle_.push_back(std::move(mine_));
        }
        [[nodiscard]] connection* operator->() const noexcept { return mine_.get(); }
        [[nodiscard]] connection& operator*() const noexcept { return *mine_; }
        /// Closes the connection instead of giving it back.
        void drop() noexcept { mine_.reset(); }

      private:
        connection_pool* pool_;
        std::unique_ptr<connection> mine_;
    };

    task<lease> take() {
        while (!idle_.empty()) {
            std::unique_ptr<connection> last = std::move(idle_.back());
            idle_.pop_back();
            if (last->is_idle()) co_return lease{*this, std::move(last)};
        }
        std::unique_ptr<connection> fresh = co_await connection::open(where_);
        if (!settings_.empty()) {
            const result set = co_await fresh->run(settings_);
        }
        co_return lease{*this, std::move(fresh)};
    }

    [[nodiscard]] const address& where() const noexcept { return where_; }

  private:
    address where_;
    std::string settings_;
    std::vector<std::unique_ptr<connection>> idle_;
};

}  // namespace foreshadow::postgresql::detail

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/sqlite/database/connection.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::sqlite::detail {

/// Opens a connection to a database that is there; what is no database shows here.
[[nodiscard]] inline std::unique_ptr<connection> open_existing(const std::string& path,
                                                               std::chrono::milliseconds busy_timeout) {
    auto db = std::make_unique<connection>(path, open_mode::read_write, busy_timeout);
    (void)db->number("PRAGMA schema_version");
    return db;
}

/// Connections for readers, opened as they are needed and kept.
class connection_pool {
  public:
    /// A connection for the time of one call.
    class lease {
      public:
        explicit lease(connection_pool& from) : from_{&from} {
            {
                const std::lock_guard guard{from.mutex_};
                if (!from.idle_.empty()) {
                    db_ = std::move(from.idle_.back());
                    from.idle_.pop_back();
                }
            }
            if (db_ == nullptr) db_ = open_existing(from.path_, from.busy_timeout_);
        }
        lease(const lease&) = delete;
        lease& operator=(const lease&) = delete;
        ~lease() {
            const std::lock_guard guard{from_->mutex_};
            from_->idle_.push_back(std::move(db_));
        }
        [[nodiscard]] connection& operator*() const noexcept { return *db_; }

      private:
        connection_pool* from_;
        std::unique_ptr<connection> db_;
    };

    connection_pool(std::string path, std::chrono::milliseconds busy_timeout)
        : path_{std::move(path)}, busy_timeout_{busy_timeout} {}

  private:
    std::string path_;
    std::chrono::milliseconds busy_timeout_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<connection>> idle_;
};

}  // namespace foreshadow::sqlite::detail

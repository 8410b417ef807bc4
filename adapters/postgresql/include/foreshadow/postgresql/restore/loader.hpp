// SPDX-License-Identifier: BSL-1.0
//
// Fills a new database. Tables come first, then their rows, those of several partitions at once; then what rests on
// rows. Nothing of it has to be durable before all is there, so no session asks for that: the database gets its name by
// a commit that waits for the server's disk, and the log of a server is written in order.
//
// The commit of a partition's rows waits for the disk in spite of that, since a file goes with it that the table had
// before. Meanwhile another session takes the next partition.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/postgresql/restore/after_load.hpp"
#include "foreshadow/postgresql/restore/new_database.hpp"
#include "foreshadow/postgresql/restore/new_schema.hpp"
#include "foreshadow/postgresql/restore/restored_part.hpp"
#include "foreshadow/postgresql/restore/row_copy.hpp"
#include "foreshadow/postgresql/server/connection_pool.hpp"
#include "foreshadow/postgresql/table/definition_set.hpp"
#include "foreshadow/postgresql/target_options.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/task.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::detail {

class loader {
  public:
    loader(address where, target_options options) : database_{std::move(where)}, options_{options} {}
    loader(const loader&) = delete;
    loader& operator=(const loader&) = delete;

    [[nodiscard]] std::size_t max_concurrency() const noexcept {
        return std::max<std::size_t>(options_.connections, 1);
    }

    task<> begin(layout shape) {
        abandon();
        shape_ = std::move(shape);
        set_ = {};
        part_ = {};
        co_await database_.begin();
    }

    task<> load(partition part, const row_batch& rows) {
        if (part.holds == content::definitions) {
            for (std::size_t i = 0; i < rows.size(); ++i) set_.take(rows[i].key, rows[i].value);
            co_return;
        }
        if (!sessions_) co_await make_tables();
        if (rows.empty()) co_return;
        auto copy = copies_.find(part.id);
        if (copy == copies_.end()) {
            // No more sessions than it takes.
            if (!ending_.empty() && (ending_.size() >= max_concurrency() || ending_.front().is_committed()))
                co_await finish_longest();
            connection_pool::lease session = co_await sessions_->take();
            copy = copies_.try_emplace(part.id, std::move(session), set_).first;
        }
        co_await copy->second.append(part, rows);
    }

    task<> complete(partition part) {
        if (!sessions_) co_await make_tables();
        const auto copy = copies_.find(part.id);
        if (copy == copies_.end()) co_return;
        co_await copy->second.send_end();
        ending_.push_back(std::move(copy->second));
        copies_.erase(copy);
    }

    task<> finish() {
        if (!sessions_) co_await make_tables();
        while (!ending_.empty()) co_await finish_longest();
        after_load last{set_, part_, *sessions_, max_concurrency()};
        co_await last.run(std::move(to_make_again_));
        sessions_.reset();
        co_await database_.finish();
    }

    /// What the backup does not have, and of a part what could not be made without the rest.
    [[nodiscard]] std::vector<omission> omissions() const { return part_.omissions(); }

    void abandon() noexcept {
        copies_.clear();
        ending_.clear();
        sessions_.reset();
        database_.abandon();
    }

  private:
    /// Waits for the session that has been committing for the longest time; it is free then.
    task<> finish_longest() {
        row_copy longest = std::move(ending_.front());
        ending_.pop_front();
        co_await longest.finish();
    }

    task<> make_tables() {
        if (set_.is_empty())
            throw error{errc::not_restorable, "the backup brings no definitions for database " + database_.name(),
                        "restore the partition of definitions with the others"};
        part_ = restored_part{set_, shape_};
        co_await database_.create(set_.database);
        sessions_.emplace(database_.partial(), "SET synchronous_commit = off");
        const connection_pool::lease db = co_await sessions_->take();
        new_schema schema{set_, part_, *db};
        co_await schema.make();
        to_make_again_ = schema.to_make_again();
    }

    new_database database_;
    target_options options_;
    layout shape_;
    definition_set set_;
    restored_part part_;
    std::vector<std::string> to_make_again_;   ///< of the schema, once the rows are there
    std::optional<connection_pool> sessions_;  ///< in the new database, once it has its tables
    std::map<partition_id, row_copy> copies_;  ///< of the partitions that are open
    std::deque<row_copy> ending_;              ///< of those that were sent whole, and may not be committed yet
};

}  // namespace foreshadow::postgresql::detail

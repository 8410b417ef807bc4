// SPDX-License-Identifier: BSL-1.0
//
// Restores into a new SQLite file. Everything is written, without journal, to a file beside the one that was named;
// only when all is there, indexed and on disk, it gets its name, and never over a file that has it already. So what
// bears the name is whole, and a restore that fails leaves nothing but the temporary file, which `abandon` removes.
//
// Tables and their rows come first, then indexes, views, triggers and counters, so that no trigger sees the load.
// Where the layout has only some of the data partitions, only their tables are made, with their indexes and
// counters: views and triggers may name tables that are not there, and would make the file unusable.
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/run/workers.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/restore/definition_set.hpp"
#include "foreshadow/sqlite/restore/loader.hpp"
#include "foreshadow/target/target.hpp"
#include "foreshadow/task.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::sqlite {

/// A file that does not exist yet.
///
/// Errors: `already_exists` where it does; `full`; `corrupt` or `unsupported_format` for rows that cannot be decoded.
class target {
  public:
    explicit target(std::string path)
        : loader_{std::make_unique<detail::loader>(std::move(path))}, pool_{std::make_unique<workers>(1)} {}

    task<> begin(const layout& shape) {
        co_await offload(*pool_, [l = loader_.get(), &shape] { l->begin(shape); });
    }
    task<> load(const partition& part, const row_batch& rows) {
        co_await offload(*pool_, [l = loader_.get(), &part, &rows] { l->load(part, rows); });
    }
    task<> complete(const partition& part) {
        co_await offload(*pool_, [l = loader_.get(), &part] { l->complete(part); });
    }
    task<> finish() {
        co_await offload(*pool_, [l = loader_.get()] { l->finish(); });
    }
    /// What the original had and this has not, for the backup does not have it; nothing where a part was asked for.
    task<std::vector<omission>> omissions() {
        co_return co_await offload(*pool_, [l = loader_.get()] { return l->omissions(); });
    }
    task<> abandon() {
        // Runs here: what gives up must not wait for a thread, nor be cancelled.
        loader_->abandon();
        co_return;
    }

  private:
    std::unique_ptr<detail::loader> loader_;
    std::unique_ptr<workers> pool_;
};

static_assert(foreshadow::target<target>);

}  // namespace foreshadow::sqlite

// SPDX-License-Identifier: BSL-1.0
//
// A new database on a PostgreSQL server as a target: whole, or some tables and partitions of it.
#pragma once

#include "foreshadow/postgresql/restore/loader.hpp"
#include "foreshadow/postgresql/target_options.hpp"
#include "foreshadow/target/target.hpp"
#include "foreshadow/task.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql {

/// A database that does not exist yet, on a server that does.
///
/// Errors: `already_exists`; `invalid_argument` where the role may not create databases; `corrupt` or
/// `unsupported_format` for rows that cannot be decoded.
class target {
  public:
    explicit target(std::string url, target_options options = {})
        : loader_{std::make_unique<detail::loader>(detail::address{std::move(url)}, options)} {}

    /// A session copies each partition.
    [[nodiscard]] std::size_t max_concurrency() const noexcept { return loader_->max_concurrency(); }

    task<> begin(const layout& shape) { return loader_->begin(shape); }
    task<> load(const partition& part, const row_batch& rows) { return loader_->load(part, rows); }
    task<> complete(const partition& part) { return loader_->complete(part); }
    task<> finish() { return loader_->finish(); }
    /// What the original had and this has not: tables without rows; where a part was asked for, what needs the rest.
    task<std::vector<omission>> omissions() { co_return loader_->omissions(); }
    task<> abandon() {
        loader_->abandon();
        co_return;
    }

  private:
    std::unique_ptr<detail::loader> loader_;
};

static_assert(foreshadow::target<target>);

}  // namespace foreshadow::postgresql

// SPDX-License-Identifier: BSL-1.0
//
// A new file as a target. Rows go to a file beside it, which gets the name when everything is there and on disk: what
// bears the name is whole, and a restore that fails leaves nothing that looks like a result.
#pragma once

#include "durable.hpp"
#include "kv_file.hpp"

#include "foreshadow/target/target.hpp"

class kv_target {
  public:
    explicit kv_target(std::string path) : path_{std::move(path)} {}

    fs::task<> begin(const fs::layout&) {
        if (std::filesystem::exists(path_)) throw fs::error{fs::errc::already_exists, path_ + " exists"};
        partial_.emplace(kv_file::create(path_ + ".partial"));
        co_return;
    }
    fs::task<> load(const fs::partition&, const fs::row_batch& rows) {
        for (std::size_t i = 0; i < rows.size(); ++i)
            partial_->put(std::string{rows[i].key}, std::string{rows[i].value});
        co_return;
    }
    fs::task<> complete(const fs::partition&) { co_return; }
    fs::task<> finish() {
        if (!make_durable(partial_->path(), path_)) throw fs::error{fs::errc::already_exists, path_ + " exists"};
        co_return;
    }
    fs::task<> abandon() {
        std::error_code ignored;  // there is nobody left to tell
        if (partial_) std::filesystem::remove(partial_->path(), ignored);
        co_return;
    }

  private:
    std::string path_;
    std::optional<kv_file> partial_;
};
static_assert(fs::target<kv_target>);

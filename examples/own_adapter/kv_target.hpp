// SPDX-License-Identifier: BSL-1.0
//
// A new file as a target. Rows go to a file beside it, which gets the name when everything is there and on disk: what
// bears the name is whole, and a restore that fails leaves nothing that looks like a result.
#pragma once

#include "flat_store.hpp"  // make_durable
#include "kv_file.hpp"

#include "foreshadow/target/target.hpp"

class kv_target {
  public:
    explicit kv_target(const std::string& path) : path_{path}, partial_{path + ".partial"} {}

    foreshadow::task<> begin(const foreshadow::layout&) {
        if (std::filesystem::exists(path_))
            throw foreshadow::error{foreshadow::errc::already_exists, path_ + " exists"};
        kv_file::create(partial_.path());
        co_return;
    }
    foreshadow::task<> load(const foreshadow::partition&, const foreshadow::row_batch& rows) {
        for (std::size_t i = 0; i < rows.size(); ++i)
            partial_.put(std::string{rows[i].key}, std::string{rows[i].value});
        co_return;
    }
    foreshadow::task<> complete(const foreshadow::partition&) { co_return; }
    foreshadow::task<> finish() {
        make_durable(partial_.path(), path_);
        co_return;
    }
    foreshadow::task<> abandon() {
        std::error_code ignored;  // there is nobody left to tell
        std::filesystem::remove(partial_.path(), ignored);
        co_return;
    }

  private:
    std::string path_;
    kv_file partial_;
};
static_assert(foreshadow::target<kv_target>);

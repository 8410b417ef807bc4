// SPDX-License-Identifier: BSL-1.0
//
// Backups of one database into a repository, and restores of them, as a program makes them.
#pragma once

#include "foreshadow/compose.hpp"
#include "foreshadow/postgresql/postgresql.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/store/directory_store.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "run.hpp"
#include "server.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <variant>

namespace foreshadow::postgresql::tests {

/// Calls a function for each chunk that is read, with its number.
struct chunk_listener {
    std::function<void(std::size_t)> hears;
    std::size_t chunks = 0;

    void on(const event& what) {
        if (std::holds_alternative<chunk_read>(what) && hears) hears(chunks++);
    }
};

struct backups {
    backups(std::string of, std::filesystem::path folder) : url{std::move(of)}, repository{std::move(folder)} {}

    [[nodiscard]] auto composed() {
        return compose(back_up(source{url, {.pg_dump = pg_dump()}}), keep_in(directory_store{repository}, no_codec{}),
                       predict_with(silent{}), observe_with(chunk_listener{on_chunk}), with(options));
    }
    restore_point run() {
        auto whole = composed();
        return testing::run(whole.back_up());
    }
    restore_report restore_to(const std::string& to, const restore_point& point, restore_options what = {}) {
        auto whole = composed();
        return testing::run(whole.restore(point, target{to}, std::move(what)));
    }

    std::string url;
    std::filesystem::path repository;
    std::function<void(std::size_t)> on_chunk = {};
    back_up_options options = {};
};

}  // namespace foreshadow::postgresql::tests

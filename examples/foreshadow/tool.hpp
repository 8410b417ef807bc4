// SPDX-License-Identifier: BSL-1.0
//
// What the verbs of the command-line tool share: running a task to its end, one JSON object on standard output, one line
// for an error, and the exit status that scripts rely on.
#pragma once

#include "foreshadow/catalog/json.hpp"
#include "foreshadow/error.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/run/workers.hpp"
#include "foreshadow/store/content_defined_blocks.hpp"
#include "foreshadow/store/directory_store.hpp"
#include "foreshadow/store/repository.hpp"
#include "foreshadow/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace tool {

namespace exit_status {
inline constexpr int done = 0;
inline constexpr int failed = 1;
inline constexpr int wrong_usage = 2;
inline constexpr int not_sound = 3;
}  // namespace exit_status

/// Set by SIGINT and SIGTERM: stop at the next durable point.
extern std::atomic<bool> stop_requested;

/// What every verb is told.
struct settings {
    std::string repository;
    bool json = false;
};

/// Runs a task to its end on this thread.
template <class T>
T run(foreshadow::task<T> work) {
    boost::asio::io_context context;
    std::exception_ptr failure;
    std::optional<T> result;
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr e, T value) {
        failure = e;
        if (!failure) result.emplace(std::move(value));
    });
    context.run();
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
}

/// "sqlite:shop.db" into "sqlite" and "shop.db".
struct url {
    std::string scheme;
    std::string rest;
};
[[nodiscard]] url parse_url(const std::string& text);

/// The file behind a `sqlite:` URL. Errors: `invalid_argument` for any other scheme, naming those that there are.
[[nodiscard]] std::string sqlite_path(const std::string& text);

/// The folder of a repository. Errors: `invalid_argument` for a scheme that this build has no store for.
[[nodiscard]] std::string repository_path(const std::string& text);

/// An existing repository with what reads it.
struct open_repository {
    using repository_type = foreshadow::repository<foreshadow::directory_store, foreshadow::zstd, foreshadow::no_cipher>;

    explicit open_repository(const std::string& path);
    foreshadow::task<bool> open();

    std::string path;
    foreshadow::workers pool;
    std::unique_ptr<repository_type> objects;
    std::unique_ptr<foreshadow::content_defined_blocks<repository_type>> storage;
};

void print(const foreshadow::json& object);

/// One line on standard error (and the same as an object on standard output with `--json`); returns the exit status.
int report(const foreshadow::error& e, bool json);

// Words for people.
[[nodiscard]] std::string bytes_text(double bytes);
[[nodiscard]] std::string time_text(foreshadow::wall_time time);
[[nodiscard]] std::string seconds_text(double seconds);
[[nodiscard]] std::string count_text(std::uint64_t count);

}  // namespace tool

// SPDX-License-Identifier: BSL-1.0
//
// What the verbs of the command-line tool share: running a task to its end, one JSON object on standard output, one
// line for an error, and the exit status that scripts rely on.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/json/write.hpp"
#include "foreshadow/plane/position.hpp"
#include "foreshadow/run/workers.hpp"
#include "foreshadow/store/content_defined_blocks.hpp"
#include "foreshadow/store/directory_store.hpp"
#include "foreshadow/store/repository.hpp"
#include "foreshadow/task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
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

/// What a stop that was requested does to a task: end it at its next suspension, or let it see for itself.
enum class when_stopped { cancel, wait };

/// Runs a task to its end on this thread. Errors: what the task throws; `interrupted` where a stop cancelled it.
template <class T>
T run(foreshadow::task<T> work, when_stopped how = when_stopped::cancel) {
    boost::asio::io_context context;
    boost::asio::cancellation_signal cancel;
    boost::asio::steady_timer watch{context};
    std::exception_ptr failure;
    std::optional<T> result;
    bool ended = false;
    boost::asio::co_spawn(context, std::move(work),
                          boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e, T value) {
                              failure = std::move(e);
                              if (!failure) result.emplace(std::move(value));
                              ended = true;
                              watch.cancel();
                          }));
    // A signal's handler may not do more than set a flag, so the flag is looked at now and then.
    const std::function<void()> look = [&] {
        watch.expires_after(std::chrono::milliseconds{50});
        watch.async_wait([&](boost::system::error_code) {
            if (ended) return;
            if (!stop_requested)
                look();
            else
                cancel.emit(boost::asio::cancellation_type::terminal);
        });
    };
    if (how == when_stopped::cancel) look();
    context.run();
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& e) {
        if (e.code() != boost::asio::error::operation_aborted) throw;
        throw foreshadow::error{foreshadow::errc::interrupted, "stopped on request", "the same command begins again"};
    }
    return std::move(*result);
}

/// What was asked for is not what the tool offers.
class wrong_usage : public foreshadow::error {
  public:
    wrong_usage(std::string message, std::string hint)
        : error{foreshadow::errc::invalid_argument, std::move(message), std::move(hint)} {}
};

/// "sqlite:shop.db" into "sqlite" and "shop.db".
struct url {
    std::string scheme;
    std::string rest;
};
[[nodiscard]] url parse_url(const std::string& text);

/// The folder of a repository. Errors: `wrong_usage` for a scheme that this build has no store for.
[[nodiscard]] std::string repository_path(const std::string& text);

/// An existing repository with what reads it.
struct open_repository {
    using repository_type =
        foreshadow::repository<foreshadow::directory_store, foreshadow::zstd, foreshadow::no_cipher>;

    explicit open_repository(const std::string& path);
    foreshadow::task<bool> open();

    std::string path;
    foreshadow::workers pool;
    std::unique_ptr<repository_type> objects;
    std::unique_ptr<foreshadow::content_defined_blocks<repository_type>> storage;
};

/// JSON to put together, and to print for people.
using json = nlohmann::ordered_json;

template <class T>
[[nodiscard]] json to_json(const T& value) {
    return json::parse(foreshadow::document_of(value));
}

/// One object on standard output; on one line where more will follow.
void print(const json& object, bool on_one_line = false);

/// One line on standard error (and the same as an object on standard output with `--json`); returns the exit status.
int report(const foreshadow::error& e, bool wants_json);
int report(const wrong_usage& e, bool wants_json);

// Words for people.
[[nodiscard]] std::string bytes_text(double bytes);
[[nodiscard]] std::string time_text(foreshadow::wall_time time);
[[nodiscard]] std::string seconds_text(double seconds);
[[nodiscard]] std::string count_text(std::uint64_t count);
/// "1 commit", "2 commits".
[[nodiscard]] std::string counted(std::uint64_t count, const std::string& noun);

}  // namespace tool

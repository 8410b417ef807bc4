// SPDX-License-Identifier: BSL-1.0
//
// Tasks in real time, for programs that have no context of their own: the counterpart of a `simulation`.
#pragma once

#include "foreshadow/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace foreshadow::testing {

/// Runs a task to its end in real time, on a context of its own.
struct real_time {
    template <class T>
    T run(task<T> work) {
        using value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
        boost::asio::io_context context;
        std::exception_ptr failure;
        std::optional<value> result;
        if constexpr (std::is_void_v<T>) {
            boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr e) { failure = std::move(e); });
        } else {
            boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr e, T got) {
                failure = std::move(e);
                result.emplace(std::move(got));
            });
        }
        context.run();
        if (failure) std::rethrow_exception(failure);
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }
};

}  // namespace foreshadow::testing

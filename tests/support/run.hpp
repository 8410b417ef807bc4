// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <utility>

namespace foreshadow::testing {

/// Runs a task to its end on a context of its own, in real time, and returns its result or throws what it threw.
template <class T>
T run(task<T> work) {
    boost::asio::io_context context;
    auto result = boost::asio::co_spawn(context, std::move(work), boost::asio::use_future);
    context.run();
    return result.get();
}

}  // namespace foreshadow::testing

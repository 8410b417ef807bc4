// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/awaitable.hpp>

namespace foreshadow {

/// A coroutine: lazily started, cancelled through Asio's cancellation slots, carries exceptions.
///
/// The header is complete on purpose: a concept that names a merely declared awaitable is silently false.
template <class T = void>
using task = boost::asio::awaitable<T>;

}  // namespace foreshadow

// SPDX-License-Identifier: BSL-1.0
//
// Whoever closes a connection and asks for what it used is told that it is in use: a server takes a moment to notice.
#pragma once

#include "foreshadow/error.hpp"

namespace foreshadow::postgresql::detail {

/// How often and how long something is tried again because the server is busy with a connection that is gone.
class busy_server {
  public:
    /// Whether this may be over when it is tried again.
    [[nodiscard]] bool may_pass(const error& e) const noexcept { return e.code() == errc::busy && tries_ < most; }
    /// Seconds to wait before that; longer each time.
    [[nodiscard]] double pause() noexcept { return .01 + .001 * tries_++; }

  private:
    static constexpr int most = 200;
    int tries_ = 0;
};

}  // namespace foreshadow::postgresql::detail

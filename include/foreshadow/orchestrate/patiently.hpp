// SPDX-License-Identifier: BSL-1.0
//
// A source that is locked by another program is waited for: what is asked of it is asked again, until it answers or
// patience runs out. Only what says that trying later can help is tried again; whatever else ends the backup at once.
//
// What is awaited must be safe to repeat: `again` makes the task anew each time, from the beginning.
#pragma once

#include "foreshadow/error.hpp"
#include "foreshadow/observe/event.hpp"
#include "foreshadow/run/clock.hpp"
#include "foreshadow/task.hpp"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

namespace foreshadow {

namespace detail {

inline constexpr double first_pause_seconds = 0.05;
inline constexpr double longest_pause_seconds = 1;

[[nodiscard]] inline error stopped_on_request() {
    return {errc::interrupted, "stopped on request; what was read is kept", "the same command resumes"};
}

/// Waits before the next try; throws `why` where patience is over.
template <class Session>
task<> wait_for_source(Session& session, error why, double since, double pause) {
    const double waited = session.with.clock.seconds() - since;
    if (waited >= session.options.patience_seconds) throw std::move(why);
    if (session.options.is_stopped()) throw stopped_on_request();
    session.tell(source_busy{.why = why.message(), .waited_seconds = waited});
    co_await session.with.clock.sleep(std::min(pause, session.options.patience_seconds - waited));
}

}  // namespace detail

/// Awaits what `again()` returns, and again while it throws `retry::later`, for as long as `patience_seconds`.
///
/// Errors: those of the source; `interrupted` where a stop is requested while it is waited for.
/// Cancellation: as the task's, and in every pause.
template <class Session, class Again>
std::invoke_result_t<Again&> patiently(Session& session, Again again) {
    const double since = session.with.clock.seconds();
    double pause = detail::first_pause_seconds;
    for (;;) {
        std::optional<error> busy;
        try {
            auto asked = again();
            co_return co_await std::move(asked);
        } catch (const error& e) {
            if (e.again() != retry::later) throw;
            busy = e;
        }
        co_await detail::wait_for_source(session, *busy, since, pause);
        pause = std::min(2 * pause, detail::longest_pause_seconds);
    }
}

}  // namespace foreshadow

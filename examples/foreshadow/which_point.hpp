// SPDX-License-Identifier: BSL-1.0
//
// Which restore point gives the state that somebody asked for. The library restores from the point that it is given;
// where a repository holds several logs of a database, which one was meant is a question for who asked.
#pragma once

#include "tool.hpp"

#include "foreshadow/catalog/restore_point.hpp"
#include "foreshadow/orchestrate/points.hpp"
#include "foreshadow/orchestrate/restore_report.hpp"

#include <string>
#include <vector>

namespace tool {

/// Positions of one log that can be restored, both included.
struct position_range {
    foreshadow::position from;
    foreshadow::position upto;
};

/// The newest unbroken stretch of positions that a point proves, up to its own.
[[nodiscard]] position_range restorable(const foreshadow::restore_point& point);

/// The log that a point's positions are places of: its source, and the timeline of that.
[[nodiscard]] std::string log_of(const foreshadow::point_name& name);

/// A point's id as `--point` takes it: with the source before it where another source has a point of that id.
[[nodiscard]] std::string shown_id(const std::vector<foreshadow::point_name>& all, const foreshadow::point_name& name);

/// The points to restore from, the first to be tried first: several only for a time, each reaching further back.
///
/// Errors: `not_restorable` for a position or a time outside of what the point, or any point, covers;
/// `invalid_argument` for a position that several logs have; `corrupt` with the newest point that can be read.
[[nodiscard]] foreshadow::task<std::vector<foreshadow::restore_point>> which_points(
    open_repository::repository_type& objects, std::string point, foreshadow::restore_options asked);

}  // namespace tool

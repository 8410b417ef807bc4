// SPDX-License-Identifier: BSL-1.0
//
// The verbs of the tool, one source file each. Every verb returns the exit status.
#pragma once

#include "tool.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tool {

struct backup_settings : settings {
    std::string source;
    std::string pace = "flat-out";
    std::string predictor = "hazard";
    bool setup_sql = false;  ///< print what an administrator runs, and nothing else
    bool follow = false;
    double follow_seconds = 60;
    double checkpoint_seconds = 5;
    double patience_seconds = 300;
    double finish_within_seconds = 0;  ///< 0: whenever it ends
};
int backup(const backup_settings& chosen);

struct restore_settings : settings {
    std::string target;
    std::string point = "latest";
    std::optional<std::string> at;
    std::vector<std::string> partitions;
};
int restore(const restore_settings& chosen);

int points(const settings& chosen);

struct show_settings : settings {
    std::string point = "latest";
};
int show(const show_settings& chosen);

struct verify_settings : settings {
    bool data = false;
};
int verify(const verify_settings& chosen);

struct release_settings {
    std::string source;
    bool json = false;
};
int release(const release_settings& chosen);

struct forecast_settings {
    std::string subject;  ///< a trace, - for standard input, a source, or a repository
    std::string predictor = "hazard";
    std::string rule;  ///< empty: the trace tells its layout changes
    std::optional<double> size;
    std::optional<double> keys;
    std::int64_t row_cap = 0;
    double writes_per_tick = 0;
    double hot_writes_per_tick = 50;
    std::optional<double> tick_seconds;  ///< a day on a trace, a minute on a source
    double watch_seconds = 10;
    std::string learnt;  ///< the repository of a source that is watched
    double horizon_ticks = 5;
    bool blind = false;
    bool audit = false;
    std::string plot;
    std::string rows;
    std::string events;
    bool json = false;
};
int forecast(const forecast_settings& chosen);
/// How well the predictions did that backups recorded.
int forecast_record(const forecast_settings& chosen);
/// What is coming now in a database.
int forecast_source(const forecast_settings& chosen);

}  // namespace tool

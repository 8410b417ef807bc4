// SPDX-License-Identifier: BSL-1.0
//
// A recorded log, and its replay by a rule or by its own layout changes: what reads must replay or be refused, and
// keeps the layout in order.
#include "foreshadow/predict/trace.hpp"
#include "foreshadow/testing/replay.hpp"

#include "fuzz.hpp"

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

namespace fs = foreshadow;
namespace ft = foreshadow::testing;

namespace {

struct watcher {
    void observe(const fs::log_batch& batch, const fs::layout& now) {
        fuzz::expect(batch.after <= batch.upto, "positions ascend");
        for (std::size_t i = 1; i < now.partitions.size(); ++i)
            fuzz::expect(!now.partitions[i - 1].interval.ends_after(now.partitions[i].interval.begin),
                         "partitions do not overlap");
    }
    void learn(const fs::lineage_event& event) {
        fuzz::expect(!event.from.empty() || !event.to.empty(), "a change changes something");
    }
    void tick(fs::wall_time, const fs::layout&) {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view in = fuzz::text(data, size);
    const unsigned choice = fuzz::take_choice(in);
    try {
        std::istringstream text{std::string{in}};
        const std::vector<fs::trace_line> trace = fs::read_trace(text);
        // Long ticks, so that a jump of the clock is few of them.
        ft::replay_options options{.rule = {}, .tick_seconds = 1e9, .writes_per_tick = choice & 8 ? 2.0 : 0.0};
        if (!fs::has_layout_changes(trace))
            options.rule =
                ft::rule_options{.rule = static_cast<ft::published_rule>(choice % 7),
                                 .measure = choice & 16 ? ft::engine_measure::bytes : ft::engine_measure::keys,
                                 .split_size = choice & 16 ? 200.0 : 3.0,
                                 .cool_down_ticks = 1,
                                 .versions_kept_ticks = 1,
                                 .hot_writes_per_tick = 1,
                                 .final_database_bytes = 1000};
        watcher heard;
        ft::replay(trace, options, heard);
    } catch (const fs::error& e) {
        fuzz::expect(e.code() == fs::errc::invalid_argument, "a trace that does not fit is an invalid argument");
    }
    return 0;
}

// SPDX-License-Identifier: BSL-1.0
//
// Every event as one line of JSON, for other programs and for looking back. A line is flushed before the next event,
// so that what stands there after a crash is whole lines.
#pragma once

#include "foreshadow/catalog/describe.hpp"
#include "foreshadow/json/write.hpp"
#include "foreshadow/observe/observer.hpp"

#include <ostream>
#include <string_view>
#include <variant>

namespace foreshadow {

namespace detail {

struct event_line {
    [[nodiscard]] static json_object line(std::string_view event) {
        json_object object;
        object.with("event", event);
        return object;
    }

    json_object operator()(const backup_started& e) const {
        return line("backup started")
            .with("source", e.source)
            .with("backup", e.backup)
            .with("resumed", e.resumed)
            .with("partitions", e.partitions);
    }
    json_object operator()(const held_from& e) const { return line("held").with("from", e.from.value); }
    json_object operator()(const chunk_read& e) const {
        return line("chunk read")
            .with("keys", e.interval)
            .with("rows", e.rows)
            .with("bytes", e.bytes)
            .with("at", e.at.value);
    }
    json_object operator()(const log_followed& e) const {
        return line("log followed")
            .with("upto", e.upto.value)
            .with("commits", e.commits)
            .with("changes", e.changes)
            .with("bytes", e.bytes);
    }
    json_object operator()(const layout_changed& e) const {
        return line("layout changed")
            .with("kind", e.what.kind)
            .with("at", e.what.at.at.value)
            .with("from", e.what.from)
            .with("to", e.what.to)
            .with("boundaries", e.what.boundaries);
    }
    json_object operator()(const predicted& e) const {
        const prediction& p = e.what;
        return line("predicted")
            .with("id", p.id)
            .with("kind", p.kind)
            .with("partitions", p.partitions)
            .with("boundaries", p.boundaries)
            .with("name", p.name)
            .with("p10", p.when.p10)
            .with("p50", p.when.p50)
            .with("p90", p.when.p90)
            .with("confidence", p.confidence)
            .with("horizon", p.horizon_seconds)
            .with("because", p.because)
            .with("predictor", p.predictor);
    }
    json_object operator()(const outcome_known& e) const {
        return line("outcome known")
            .with("prediction", e.prediction)
            .with("outcome", e.became.kind)
            .with("at", e.became.at.at.value)
            .with("lead_seconds", e.became.lead_seconds)
            .with("boundaries", e.became.boundaries);
    }
    json_object operator()(const shadow_opened& e) const {
        return line("shadow opened").with("prediction", e.prediction);
    }
    json_object operator()(const shadow_adopted& e) const {
        return line("shadow adopted").with("prediction", e.prediction).with("recut", e.recut);
    }
    json_object operator()(const shadow_discarded& e) const {
        return line("shadow discarded").with("prediction", e.prediction);
    }
    json_object operator()(const pace_changed& e) const {
        return line("pace")
            .with("bytes_per_second", e.rate)
            .with("predicted_change_rate", e.predicted_change_rate)
            .with("needed_rate", e.needed_rate)
            .with("latency_seconds", e.latency_seconds)
            .with("reason", e.reason);
    }
    json_object operator()(const checkpointed& e) const {
        return line("checkpoint").with("followed", e.followed.value).with("sequence", e.sequence);
    }
    json_object operator()(const point_published& e) const {
        return line("point published").with("id", e.id).with("at", e.at.value).with("time_us", e.time.microseconds);
    }
    json_object operator()(const restore_progress& e) const {
        return line("restore")
            .with("partition", e.partition)
            .with("rows", e.rows)
            .with("bytes", e.bytes)
            .with("of", e.of);
    }
    json_object operator()(const verify_progress& e) const {
        return line("verify").with("done", e.done).with("of", e.of);
    }
    json_object operator()(const source_busy& e) const {
        return line("source busy").with("why", e.why).with("waited_seconds", e.waited_seconds);
    }
    json_object operator()(const warning& e) const { return line("warning").with("text", e.text); }
};

}  // namespace detail

/// Writes to a stream that outlives it.
class event_log {
  public:
    explicit event_log(std::ostream& out) : out_{&out} {}

    void on(const event& e) { *out_ << std::visit(detail::event_line{}, e).text() << '\n' << std::flush; }

  private:
    std::ostream* out_;
};

static_assert(observer<event_log>);

}  // namespace foreshadow

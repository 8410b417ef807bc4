// SPDX-License-Identifier: BSL-1.0
//
// Every event as one line of JSON, for other programs and for looking back. A line is flushed before the next event,
// so that what stands there after a crash is whole lines.
#pragma once

#include "foreshadow/json.hpp"
#include "foreshadow/observe/observer.hpp"

#include <cmath>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

namespace foreshadow {

namespace detail {

/// Keys are bytes: printed with `\xNN` where they are not ASCII, so that the line is valid JSON whatever they are.
[[nodiscard]] inline json keys_of(const std::vector<key>& keys) {
    json all = json::array();
    for (const key& k : keys) all.push_back(printable(k));
    return all;
}
[[nodiscard]] inline json partitions_of(const std::vector<partition>& partitions) {
    json all = json::array();
    for (const partition& p : partitions)
        all.push_back({{"id", p.id.native},
                       {"created", p.id.created.value},
                       {"name", printable(p.name)},
                       {"keys", printable(p.interval)}});
    return all;
}

struct event_line {
    json operator()(const backup_started& e) const {
        return {{"event", "backup started"},
                {"source", printable(e.source)},
                {"backup", printable(e.backup)},
                {"resumed", e.resumed},
                {"partitions", e.partitions}};
    }
    json operator()(const held_from& e) const { return {{"event", "held"}, {"from", e.from.value}}; }
    json operator()(const chunk_read& e) const {
        return {{"event", "chunk read"},
                {"keys", printable(e.interval)},
                {"rows", e.rows},
                {"bytes", e.bytes},
                {"at", e.at.value}};
    }
    json operator()(const log_followed& e) const {
        return {{"event", "log followed"},
                {"upto", e.upto.value},
                {"commits", e.commits},
                {"changes", e.changes},
                {"bytes", e.bytes}};
    }
    json operator()(const layout_changed& e) const {
        return {{"event", "layout changed"},      {"kind", name_of(e.what.kind)},
                {"at", e.what.at.at.value},       {"from", partitions_of(e.what.from)},
                {"to", partitions_of(e.what.to)}, {"boundaries", keys_of(e.what.boundaries)}};
    }
    json operator()(const predicted& e) const {
        const prediction& p = e.what;
        json partitions = json::array();
        for (const partition_id id : p.partitions)
            partitions.push_back({{"id", id.native}, {"created", id.created.value}});
        json because = json::array();
        for (const evidence& b : p.because)
            because.push_back({{"name", printable(b.name)}, {"value", b.value}, {"unit", printable(b.unit)}});
        return {{"event", "predicted"},
                {"id", p.id},
                {"kind", name_of(p.kind)},
                {"partitions", std::move(partitions)},
                {"boundaries", keys_of(p.boundaries)},
                {"p10", p.when.p10},
                {"p50", p.when.p50},
                {"p90", p.when.p90},
                {"confidence", p.confidence},
                {"horizon", p.horizon_seconds},
                {"because", std::move(because)},
                {"predictor", printable(p.predictor)}};
    }
    json operator()(const outcome_known& e) const {
        return {{"event", "outcome known"},
                {"prediction", e.prediction},
                {"outcome", name_of(e.became.kind)},
                {"at", e.became.at.at.value},
                {"lead_seconds", e.became.lead_seconds},
                {"boundaries", keys_of(e.became.boundaries)}};
    }
    json operator()(const shadow_opened& e) const { return {{"event", "shadow opened"}, {"prediction", e.prediction}}; }
    json operator()(const shadow_adopted& e) const {
        return {{"event", "shadow adopted"}, {"prediction", e.prediction}, {"recut", e.recut}};
    }
    json operator()(const shadow_discarded& e) const {
        return {{"event", "shadow discarded"}, {"prediction", e.prediction}};
    }
    json operator()(const pace_changed& e) const {
        json line{{"event", "pace"},
                  {"predicted_change_rate", e.predicted_change_rate},
                  {"latency_seconds", e.latency_seconds},
                  {"reason", printable(e.reason)}};
        line["bytes_per_second"] = std::isfinite(e.rate) ? json(e.rate) : json("unlimited");
        return line;
    }
    json operator()(const checkpointed& e) const {
        return {{"event", "checkpoint"}, {"followed", e.followed.value}, {"sequence", e.sequence}};
    }
    json operator()(const point_published& e) const {
        return {{"event", "point published"},
                {"id", printable(e.id)},
                {"at", e.at.value},
                {"time_us", e.time.microseconds}};
    }
    json operator()(const restore_progress& e) const {
        return {{"event", "restore"},
                {"partition", printable(e.partition)},
                {"rows", e.rows},
                {"bytes", e.bytes},
                {"of", e.of}};
    }
    json operator()(const verify_progress& e) const { return {{"event", "verify"}, {"done", e.done}, {"of", e.of}}; }
    json operator()(const source_busy& e) const {
        return {{"event", "source busy"}, {"why", printable(e.why)}, {"waited_seconds", e.waited_seconds}};
    }
    json operator()(const warning& e) const { return {{"event", "warning"}, {"text", e.text}}; }
};

}  // namespace detail

/// Writes to a stream that outlives it.
class event_log {
  public:
    explicit event_log(std::ostream& out) : out_{&out} {}

    void on(const event& e) {
        const json line = std::visit(detail::event_line{}, e);
        // A text from elsewhere that is not UTF-8 must not end the backup that it is about.
        *out_ << line.dump(-1, ' ', false, json::error_handler_t::replace) << '\n' << std::flush;
    }

  private:
    std::ostream* out_;
};

static_assert(observer<event_log>);

}  // namespace foreshadow

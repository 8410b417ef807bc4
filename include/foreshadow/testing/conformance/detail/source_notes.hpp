// SPDX-License-Identifier: BSL-1.0
//
// What the kit for sources was told, checked as it comes, and compared with the truth at the end.
#pragma once

#include "foreshadow/plane/layout_history.hpp"
#include "foreshadow/source/source.hpp"
#include "foreshadow/testing/conformance/detail/source_replay.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/conformance/source_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing::detail {

class source_notes {
  public:
    explicit source_notes(report& out) : out_{out} {}

    position reached;

    void begin(position held, const layout& first) {
        reached = held;
        out_.check(rules::layout, first.at >= held, [] { return "it is from before the hold"; });
        if (is_sound(first)) shapes_.emplace(first);
    }
    [[nodiscard]] position last_commit() const { return commits_.empty() ? position{} : commits_.back().at; }
    [[nodiscard]] position middle() const { return commits_.empty() ? reached : commits_[commits_.size() / 2].at; }

    /// The last truth that was told.
    [[nodiscard]] const database_truth& now() const { return truths_.back().what; }

    /// A batch with something in it, which `follow` has to replace.
    [[nodiscard]] static log_batch dirty_batch() {
        log_batch dirty;
        dirty.after = dirty.upto = {3};
        dirty.commits.push_back({{3}, {}, 0, 1});
        dirty.changes.append({change_kind::erase_range, write_hint::unknown, {{3}, 0}, "", ""});
        dirty.layouts.push_back({});
        return dirty;
    }

    /// False when there is no going on after it.
    bool add(noted_chunk c, const read_budget& budget, const source_traits& traits) {
        const key_range& in = c.read.interval;
        const auto where = [&] { return printable(in) + " of " + printable(c.asked); };
        const bool goes_on = in.end == c.asked.end || (!in.is_unbounded() && c.asked.ends_after(in.end));
        const bool is_progress = in.begin == c.asked.begin && goes_on && !in.is_empty();
        if (!out_.check(rules::reads, is_progress, [&] { return "a chunk " + where(); })) return false;
        const bool appended = !c.rows.empty() && c.rows[0] == row_view{"kept", "from before"};
        if (!out_.check(rules::reads, appended, [&] { return "rows that were there before are gone"; })) return false;
        for (std::size_t i = 1; i < c.rows.size(); ++i)
            out_.check(rules::reads, in.contains(c.rows[i].key) && (i == 1 || c.rows[i - 1].key < c.rows[i].key),
                       [&] { return "key " + printable(c.rows[i].key) + " in its place in " + where(); });
        const std::size_t most = std::max<std::size_t>(budget.rows, 1);
        out_.check(rules::reads, c.rows.size() - 1 <= most, [&] {
            return std::to_string(c.rows.size() - 1) + " rows for a budget of " + std::to_string(budget.rows);
        });

        const horizon& seen = c.read.seen;
        bool is_formed = seen.low <= seen.high && std::is_sorted(seen.also.begin(), seen.also.end());
        for (const position p : seen.also) is_formed = is_formed && p > seen.low && p <= seen.high;
        if (traits.prefix_snapshots) is_formed = is_formed && seen.low == seen.high && seen.also.empty();
        out_.check(rules::horizons, is_formed, [&] { return "of " + where() + ": " + describe(seen); });
        chunks_.push_back(std::move(c));
        return true;
    }

    void add(noted_truth t) {
        const bool is_of_now = is_sound(t.told) && out_.check(rules::layout, outline(t.told) == t.what.partitions, [&] {
            return "at " + std::to_string(t.at.value) + " it told of other partitions than are there";
        });
        if (shapes_ && t.at >= shapes_->first().at) {
            const layout then = shapes_->at(t.at);
            const bool is_so_in_log = out_.check(rules::layout_log, outline(then) == t.what.partitions, [&] {
                return "at " + std::to_string(t.at.value) + " the log gives other partitions than are there";
            });
            // One that was created again under its name has the interval of the one before, and another id.
            if (is_of_now && is_so_in_log)
                out_.check(rules::layout, ids_of(t.told) == ids_of(then), [&] {
                    return "at " + std::to_string(t.at.value) + " it told of other ids than the log gives";
                });
        }
        truths_.push_back(std::move(t));
    }

    void add(const log_batch& batch) {
        const bool fits = batch.after == reached && batch.upto >= reached;
        out_.check(rules::follows, fits, [&] {
            return "(" + std::to_string(batch.after.value) + ", " + std::to_string(batch.upto.value) + "] after " +
                   std::to_string(reached.value);
        });
        std::vector<noted_commit> fresh;
        split(batch, fresh);
        for (noted_commit& c : fresh) {
            for (const layout_change& change : c.layouts) change_layout(change);
            commits_.push_back(std::move(c));
        }
        reached = std::max(reached, batch.upto);
    }

    /// Appends the commits of a batch, each with what belongs to it.
    void split(const log_batch& batch, std::vector<noted_commit>& out) {
        std::size_t next = 0;
        position last = batch.after;
        for (const commit& c : batch.commits) {
            bool is_whole =
                c.at > last && c.at <= batch.upto && c.first == next && c.count <= batch.changes.size() - next;
            if (!out_.check(rules::follows, is_whole, [&] {
                    return "commit " + std::to_string(c.at.value) + " in (" + std::to_string(last.value) + ", " +
                           std::to_string(batch.upto.value) + "] with changes from " + std::to_string(c.first);
                }))
                return;
            last = c.at;
            noted_commit noted{.at = c.at, .changes = {}, .layouts = {}};
            for (; next < c.first + c.count; ++next) {
                const change_view change = batch.changes[next];
                const bool in_order =
                    change.at.at == c.at && (noted.changes.empty() || noted.changes.back().at < change.at);
                out_.check(rules::follows, in_order, [&] {
                    return "a change at " + std::to_string(change.at.at.value) + "." +
                           std::to_string(change.at.ordinal) + " in its place in commit " + std::to_string(c.at.value);
                });
                noted.changes.push_back({change.kind, change.at, key{change.key}, std::string{change.payload}});
            }
            out.push_back(std::move(noted));
        }
        out_.check(rules::follows, next == batch.changes.size(), [] { return "changes that belong to no commit"; });
        for (const layout_change& change : batch.layouts) {
            const auto owner =
                std::find_if(out.begin(), out.end(), [&](const auto& c) { return c.at == change.at.at; });
            if (out_.check(rules::layout_log, owner != out.end(), [&] {
                    return "a layout change at " + std::to_string(change.at.at.value) + " in no commit";
                }))
                owner->layouts.push_back(change);
        }
    }

    /// What was followed again above `after` leads to the same rows and partitions now. Its commits need not be the
    /// same ones: a source that tells commits apart by when it looked finds several in one, a second time.
    void expect_same(std::vector<noted_commit> again, position after) {
        const noted_truth& now = truths_.back();
        const auto seen_first = [&](const noted_commit& c) { return c.at <= after; };
        again.insert(again.begin(), commits_.begin(),
                     std::partition_point(commits_.begin(), commits_.end(), seen_first));
        for (const noted_chunk& image : chunks_) {
            truth_rows rows = rows_of(image);
            std::vector<key_range> unknown;
            for (const noted_commit& c : again) apply(c, image, rows, unknown);
            const std::string wrong = difference_of(rows, now.what.rows, image.read.interval, unknown);
            out_.check(rules::repeats, wrong.empty(), [&] {
                return wrong + " when the log above " + std::to_string(after.value) + " is followed again";
            });
        }
        if (!shapes_) return;
        std::string wrong;
        try {
            layout_history shapes{shapes_->first()};
            for (const noted_commit& c : again)
                for (const layout_change& change : c.layouts) shapes.apply(change);
            if (outline(shapes.current()) != now.what.partitions) wrong = "other partitions";
        } catch (const error& e) {
            wrong = e.line();
        }
        out_.check(rules::repeats, wrong.empty(),
                   [&] { return wrong + " when the log above " + std::to_string(after.value) + " is followed again"; });
    }

    /// Keys whose content the log did not tell, and that no image from after it covers.
    [[nodiscard]] std::vector<key_range> untold() const {
        std::vector<key_range> all;
        for (const noted_commit& c : commits_)
            for (const noted_change& change : c.changes) {
                if (change.kind != change_kind::replaced) continue;
                std::vector<key_range> left{change.range()};
                for (const noted_chunk& image : chunks_) {
                    if (!image.contains(change)) continue;
                    std::vector<key_range> rest;
                    for (const key_range& part : left)
                        for (key_range& r : difference(part, image.read.interval)) rest.push_back(std::move(r));
                    left = std::move(rest);
                }
                all.insert(all.end(), left.begin(), left.end());
            }
        std::erase_if(all, [](const key_range& r) { return r.is_empty(); });
        return all;
    }

    /// Every image, brought to each position at which the truth is known, is the truth.
    void compare() {
        for (const noted_chunk& image : chunks_) compare(image);
        for (const noted_commit& c : commits_)
            for (const layout_change& change : c.layouts)
                for (const partition& p : change.begun) {
                    if (!p.born_empty) continue;
                    noted_chunk empty;
                    empty.read.interval = p.interval;
                    empty.born_empty = change.at;
                    empty.rows.append("kept", "from before");
                    compare(empty);
                }
    }

  private:
    using rules = source_rules;

    void compare(const noted_chunk& image) {
        const key_range& in = image.read.interval;
        truth_rows rows = rows_of(image);
        std::vector<key_range> unknown;
        auto next = commits_.begin();
        for (const noted_truth& truth : truths_) {
            for (; next != commits_.end() && next->at <= truth.at; ++next) apply(*next, image, rows, unknown);
            if (truth.at < image.usable_from()) continue;
            const std::string wrong = difference_of(rows, truth.what.rows, in, unknown);
            const bool is_right = out_.check(image.born_empty ? rules::born_empty : rules::exact, wrong.empty(), [&] {
                return wrong + " at " + std::to_string(truth.at.value) + " by the image " + printable(in) + " " +
                       describe(image.read.seen);
            });
            if (!is_right) return;
        }
    }

    void change_layout(const layout_change& change) {
        if (!shapes_) return;
        std::string wrong;
        for (const partition& p : change.begun)
            if (p.id.created > change.at.at) wrong = "a partition was created after the change that begins it";
        try {
            shapes_->apply(change);
        } catch (const error& e) {
            wrong = e.line();
        }
        out_.check(rules::layout_log, wrong.empty(), [&] { return wrong; });
    }

    [[nodiscard]] bool is_sound(const layout& shape) {
        std::string wrong;
        for (std::size_t i = 1; i < shape.partitions.size(); ++i)
            if (shape.partitions[i].interval.begin <= shape.partitions[i - 1].interval.begin)
                wrong = "not in key order";
        try {
            static_cast<void>(layout_history{shape});
        } catch (const error& e) {
            wrong = e.line();
        }
        return out_.check(rules::layout, wrong.empty(), [&] { return wrong; });
    }

    [[nodiscard]] static std::vector<std::pair<std::string, key_range>> outline(const layout& shape) {
        std::vector<std::pair<std::string, key_range>> all;
        for (const partition& p : shape.partitions) all.emplace_back(p.name, p.interval);
        return all;
    }
    [[nodiscard]] static std::vector<partition_id> ids_of(const layout& shape) {
        std::vector<partition_id> all;
        for (const partition& p : shape.partitions) all.push_back(p.id);
        return all;
    }
    [[nodiscard]] static std::string describe(const horizon& seen) {
        return "seen up to " + std::to_string(seen.low.value) + ", at most " + std::to_string(seen.high.value) +
               " with " + std::to_string(seen.also.size()) + " between";
    }

    report& out_;
    std::optional<layout_history> shapes_;
    std::vector<noted_commit> commits_;
    std::vector<noted_chunk> chunks_;
    std::vector<noted_truth> truths_;
};

}  // namespace foreshadow::testing::detail

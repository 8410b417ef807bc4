// SPDX-License-Identifier: BSL-1.0
//
// A source that fails within its contract: it gives an error, or what is right, perhaps late and after asking twice.
// A log that was truncated stays so: it never reaches back to before that again, whatever the database kept.
#pragma once

#include "foreshadow/source/source.hpp"
#include "foreshadow/testing/faults.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

template <source Source>
class faulty_source {
  public:
    static constexpr source_traits traits = Source::traits;

    faulty_source(Source from, trouble with) : source_{std::move(from)}, with_{std::move(with)} {}

    task<source_identity> identity() {
        co_await begin();
        source_identity found = co_await source_.identity();
        with_.live();
        co_return found;
    }
    task<position> hold(std::optional<position> from) {
        co_await begin();
        if (from && !with_.happens(with_.which().unseen)) refuse_lost(*from);
        const position held = co_await source_.hold(from);
        with_.live();
        co_return held;
    }
    task<> acknowledge(position p) {
        co_await begin();
        if (with_.happens(with_.which().deaf / 2)) throw trouble::unavailable("database");
        co_await source_.acknowledge(p);
        with_.live();
        if (with_.happens(with_.which().deaf / 2)) throw trouble::unavailable("database");
    }
    task<bool> remembers(position acknowledged)
        requires requires(Source& source) { source.remembers(acknowledged); }
    {
        co_await begin();
        const bool known = co_await source_.remembers(acknowledged);
        with_.live();
        co_return known;
    }
    task<std::vector<omission>> omissions()
        requires requires(Source& source) { source.omissions(); }
    {
        co_await begin();
        std::vector<omission> found = co_await source_.omissions();
        with_.live();
        co_return found;
    }
    task<> release() {
        co_await begin();
        co_await source_.release();
        with_.live();
    }
    task<foreshadow::layout> layout() {
        co_await begin();
        foreshadow::layout now = co_await source_.layout();
        with_.live();
        co_return now;
    }
    task<chunk> read(key_range range, read_budget budget, row_batch& rows) {
        co_await begin();
        if (with_.happens(with_.which().read_error)) throw trouble::unavailable("database");
        if (with_.happens(with_.which().read_repeat)) {
            row_batch thrown_away;
            (void)co_await source_.read(range, budget, thrown_away);
            with_.live();
        }
        chunk made = co_await source_.read(std::move(range), budget, rows);
        with_.live();
        co_return made;
    }
    task<> follow(position after, log_batch& out) {
        co_await begin();
        if (with_.happens(with_.which().log_error)) throw trouble::unavailable("log");
        if (with_.happens(with_.which().log_truncated)) *lost_ = co_await source_.head();
        refuse_lost(after);
        if (with_.happens(with_.which().log_repeat)) {
            co_await source_.follow(after, out);
            with_.live();
        }
        co_await source_.follow(after, out);
        with_.live();
    }
    task<position> head() {
        co_await begin();
        const position found = co_await source_.head();
        with_.live();
        co_return found;
    }
    task<foreshadow::strain> strain() {
        co_await begin();
        const foreshadow::strain felt = co_await source_.strain();
        with_.live();
        co_return felt;
    }

  private:
    task<> begin() {
        co_await with_.begin();
        if (with_.happens(with_.which().busy))
            throw error{errc::busy, "the simulated database is busy", "run the same command again", retry::later};
    }
    void refuse_lost(position from) const {
        if (from < *lost_)
            throw error{errc::hold_lost,
                        "the simulated log no longer reaches back to position " + std::to_string(from.value),
                        "read the database again"};
    }

    Source source_;
    trouble with_;
    std::shared_ptr<position> lost_ = std::make_shared<position>();
};

}  // namespace foreshadow::testing

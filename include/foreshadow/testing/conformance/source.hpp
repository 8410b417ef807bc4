// SPDX-License-Identifier: BSL-1.0
//
// Whether a source keeps its contract, shown on a real workload: the kit reads the database in small chunks while it
// changes, follows its log, and puts both together by the replay rule in its plainest form, for each position at
// which the database itself was asked what it held. What differs there is a lost write, a horizon that is not true,
// a change out of order, or a layout of another time.
//
// The user gives the source together with two things that only the database knows: how to change it, and the truth.
// Small databases make a quick kit: some hundred rows, in several partitions.
#pragma once

#include "foreshadow/source/source.hpp"
#include "foreshadow/testing/conformance/detail/source_notes.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/conformance/running.hpp"
#include "foreshadow/testing/conformance/source_rules.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::testing {

/// A source, and the database behind it.
/// - `source`: the source under test.
/// - `change()`: one or more commits, as users of the database make them: new, changed and removed rows, several in
///   one commit, and layout changes where the database has any. Sleeps in between are welcome.
/// - `truth()`: what the database holds now, by its own word and not by the source's.
template <class B>
concept source_bench = source<decltype(B::source)> && requires(B& b) {
    { b.change() } -> std::same_as<task<>>;
    { b.truth() } -> std::same_as<task<database_truth>>;
};

namespace detail {

template <class Bench>
class source_kit {
  public:
    source_kit(Bench& bench, report& out) : bench_{bench}, source_{bench.source}, out_{out}, notes_{out} {}

    task<> run() {
        co_await be_named();
        co_await survive_cancellation();  // nothing is held yet: a hold that was cancelled is asked for again
        co_await begin();
        co_await scan();
        co_await survive_cancellation();
        co_await bench_.change();
        co_await catch_up();
        co_await follow_again();
        co_await reread_untold();
        notes_.compare();
        co_await idle();
        co_await resume();
        co_await let_go();
    }

  private:
    using rules = source_rules;
    static constexpr source_traits traits = decltype(Bench::source)::traits;

    task<> be_named() {
        const source_identity first = co_await source_.identity();
        const source_identity second = co_await source_.identity();
        bool is_plain = !first.id.empty();
        for (const char c : first.id)
            is_plain =
                is_plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-');
        out_.check(rules::identity, is_plain && first.id == second.id,
                   [&] { return "the ids '" + first.id + "' and '" + second.id + "'"; });
    }

    task<> begin() {
        held_ = co_await source_.hold(std::nullopt);
        const layout shape = co_await source_.layout();
        notes_.begin(*held_, shape);
        co_await catch_up();
    }

    /// Reads all keys, in chunks of many sizes, with the database changing between and during them.
    task<> scan() {
        key_range left = key_range::all();
        for (std::size_t step = 0;; ++step) {
            if (step < 40) {
                co_await bench_.change();
                co_await catch_up();
                co_await read_while_it_changes(step);
            }
            const read_budget budget{.rows = 1 + step * step % 23, .bytes = step % 5 == 4 ? std::size_t{1} : 1 << 20};
            noted_chunk chunk = asked_for(left);
            auto reading = source_.read(left, budget, chunk.rows);
            attempt<foreshadow::chunk> made = co_await attempt_to(std::move(reading));
            if (!out_.check(rules::reads, made.returned(), [&] { return printable(left) + ": " + made.text(); }))
                co_return;
            chunk.read = std::move(*made.value);
            const key next = chunk.read.interval.end;
            const bool is_last = next == left.end;
            if (!notes_.add(std::move(chunk), budget, traits) || is_last) co_return;
            left.begin = next;
        }
    }

    /// A large chunk from the begin of some partition on, beside changes: where a horizon is most likely to be untrue.
    task<> read_while_it_changes(std::size_t step) {
        const auto& partitions = notes_.now().partitions;
        noted_chunk chunk =
            asked_for({partitions.empty() ? key{} : partitions[step % partitions.size()].second.begin, {}});
        const read_budget budget{};
        auto reading = source_.read(chunk.asked, budget, chunk.rows);
        auto changing = bench_.change();
        attempt<foreshadow::chunk> made = co_await attempt_beside(std::move(reading), std::move(changing));
        co_await catch_up();
        if (!out_.check(rules::reads, made.returned(), [&] { return "while it changes: " + made.text(); })) co_return;
        chunk.read = std::move(*made.value);
        notes_.add(std::move(chunk), budget, traits);
    }
    [[nodiscard]] static noted_chunk asked_for(key_range range) {
        noted_chunk chunk;
        chunk.asked = std::move(range);
        chunk.rows.append("kept", "from before");
        return chunk;
    }

    /// Follows to the head, and notes what the database says it holds there. Nothing changes meanwhile.
    task<> catch_up() {
        const position head = co_await source_.head();
        out_.check(rules::head, head >= notes_.last_commit(), [&] { return "the head is below a commit followed"; });
        co_await follow_to(head);
        noted_truth at;
        at.at = notes_.reached;
        at.what = co_await bench_.truth();
        at.told = co_await source_.layout();
        notes_.add(std::move(at));
    }

    task<> follow_to(position head) {
        std::size_t idle = 0;
        while (notes_.reached < head && idle < 50) {
            log_batch batch = notes_.dirty_batch();
            auto call = source_.follow(notes_.reached, batch);
            const attempt<> made = co_await attempt_to(std::move(call));
            if (!out_.check(rules::follows, made.returned(), [&] { return made.text(); })) co_return;
            idle = batch.upto > notes_.reached ? 0 : idle + 1;
            notes_.add(batch);
        }
        out_.check(rules::follows, notes_.reached >= head, [&] {
            return "after 50 heartbeats the log still ends at " + std::to_string(notes_.reached.value) +
                   " and the head is " + std::to_string(head.value);
        });
    }

    /// The whole log once more, from where it was held: it says the same, however it is cut into batches.
    task<> follow_again() {
        for (int twice = 0; twice < 2; ++twice) {
            std::vector<noted_commit> again;
            position at = *held_;
            for (std::size_t batches = 0; at < notes_.reached && batches < 10'000; ++batches) {
                log_batch batch = notes_.dirty_batch();
                auto call = source_.follow(at, batch);
                const attempt<> made = co_await attempt_to(std::move(call));
                if (!out_.check(rules::repeats, made.returned(), [&] { return "a second time: " + made.text(); }))
                    co_return;
                notes_.split(batch, again);
                at = std::max(at, batch.upto);
            }
            notes_.expect_same(std::move(again), *held_);
        }
    }

    /// Where the log says that it does not tell what changed, an image from after it has to.
    task<> reread_untold() {
        const read_budget budget{};
        for (int chunks = 0; chunks < 1000 && !notes_.untold().empty(); ++chunks) {
            noted_chunk chunk = asked_for(notes_.untold().front());
            chunk.read = co_await source_.read(chunk.asked, budget, chunk.rows);
            if (!notes_.add(std::move(chunk), budget, traits)) co_return;
        }
        out_.check(rules::untold, notes_.untold().empty(),
                   [&] { return "images of " + printable(notes_.untold().front()) + " still lack what was replaced"; });
    }

    /// Any call, cancelled wherever it waits, leaves a source that goes on as if it had not been made.
    task<> survive_cancellation() {
        const position at = notes_.reached;
        for (const std::size_t turns : {0U, 1U, 2U, 3U, 5U, 20U}) {
            row_batch rows;
            log_batch batch;
            std::vector<task<attempt<>>> calls;
            calls.push_back(cancelled(source_.identity(), turns));
            calls.push_back(cancelled(source_.hold(held_), turns));
            if (held_) {
                calls.push_back(cancelled(source_.layout(), turns));
                calls.push_back(cancelled(source_.head(), turns));
                calls.push_back(cancelled(source_.strain(), turns));
                calls.push_back(cancelled(source_.read(everything_, read_budget{}, rows), turns));
                calls.push_back(cancelled(source_.follow(at, batch), turns));
            }
            for (auto& call : calls) {
                const attempt<> made = co_await std::move(call);
                out_.check(rules::cancels, made.returned() || is_cancellation(made.thrown), [&] {
                    return "a call that was cancelled after " + std::to_string(turns) + " turns: " + made.text();
                });
            }
        }
    }
    template <class T>
    static task<attempt<>> cancelled(task<T> call, std::size_t turns) {
        const attempt<T> made = co_await cancel_after(std::move(call), turns);
        attempt<> plain;
        plain.thrown = made.thrown;
        if (made.returned()) plain.value.emplace();
        co_return plain;
    }

    /// With nothing to follow, `follow` waits: what waits can be cancelled, and says so.
    task<> idle() {
        std::size_t waited = 0;
        std::size_t aborted = 0;
        for (std::size_t turns = 0; turns < 8; ++turns) {
            log_batch batch;
            auto call = source_.follow(notes_.reached, batch);
            std::vector<task<>> both;
            attempt<> made;
            bool over = false;
            both.push_back(attempt_into(std::move(call), &made));
            both.push_back(note_turns(turns, &made, &over));
            co_await any_of(std::move(both));
            waited += over ? 1U : 0U;
            aborted += is_cancellation(made.thrown) ? 1U : 0U;
            if (made.returned()) notes_.add(batch);
        }
        out_.check(rules::cancels, waited == 0 || aborted > 0, [&] {
            return "follow was cancelled " + std::to_string(waited) + " times while it waited, and returned each time";
        });
        const strain felt = co_await source_.strain();
        out_.check(rules::strain, !(felt.latency_seconds < 0) && felt.log_bytes >= 0, [&] {
            return std::to_string(felt.latency_seconds) + " s, " + std::to_string(felt.log_bytes) + " bytes";
        });
    }
    static task<> note_turns(std::size_t turns, const attempt<>* other, bool* over) {
        co_await wait_turns(turns);
        *over = !other->returned() && !other->thrown;
    }

    /// As after a restart: held again from a position that was acknowledged, and followed on without a gap.
    task<> resume() {
        const position durable = notes_.middle();
        co_await source_.acknowledge(durable);
        auto call = source_.hold(durable);
        const attempt<position> again = co_await attempt_to(std::move(call));
        out_.check(rules::holds, again.value == durable, [&] {
            return "hold from " + std::to_string(durable.value) + ", which was acknowledged: " +
                   (again.returned() ? "it holds from " + std::to_string(again.value->value) : again.text());
        });
        if constexpr (requires { source_.remembers(durable); }) {
            const bool known = co_await source_.remembers(durable);
            out_.check(rules::remembers, known, [&] { return "an acknowledged position is not remembered"; });
        }
        co_await bench_.change();
        co_await catch_up();
        std::vector<noted_commit> rest;
        for (position at = durable; again.returned() && at < notes_.reached;) {
            log_batch batch = notes_.dirty_batch();
            co_await source_.follow(at, batch);
            notes_.split(batch, rest);
            if (batch.upto <= at) break;
            at = batch.upto;
        }
        notes_.expect_same(std::move(rest), durable);
    }

    /// After the release the log may be gone: then it is said, and no gap is passed off as a log.
    task<> let_go() {
        const position before = notes_.reached;
        co_await source_.release();
        co_await bench_.change();
        std::vector<noted_commit> rest;
        auto call = source_.hold(before);
        const attempt<position> made = co_await attempt_to(std::move(call));
        if (!made.returned()) {
            out_.check(rules::lost, made.failed_with(errc::hold_lost),
                       [&] { return "hold from before the release: " + made.text(); });
        } else {
            co_await catch_up();
            notes_.compare();
        }
        co_await source_.release();
        const position fresh = co_await source_.hold(std::nullopt);
        const position head = co_await source_.head();
        out_.check(rules::holds, head >= fresh, [&] { return "a new hold is above the head"; });
        co_await source_.release();
    }

    Bench& bench_;
    decltype(Bench::source)& source_;
    report& out_;
    source_notes notes_;
    std::optional<position> held_;
    key_range everything_ = key_range::all();
};

}  // namespace detail

/// Checks the source of the bench that `make()` returns; the kit leaves it released.
///
/// Example: `const auto report = check_source([&] { return my_bench{...}; });`
template <class Make, class Time = real_time>
[[nodiscard]] report check_source(Make&& make, Time&& time = {}) {
    report out{"source"};
    auto&& bench = make();
    static_assert(source_bench<std::remove_cvref_t<decltype(bench)>>);
    detail::source_kit<std::remove_cvref_t<decltype(bench)>> kit{bench, out};
    run_kit(time, kit.run(), out);
    return out;
}

}  // namespace foreshadow::testing

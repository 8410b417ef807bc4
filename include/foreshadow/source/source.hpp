// SPDX-License-Identifier: BSL-1.0
//
// What the core asks of a database: hold the log, tell the layout, read a range in short transactions, follow
// the log. A source never blocks the database's own layout changes for longer than one chunk read, and it never
// guesses: what it does not understand it throws, naming the object and the position.
#pragma once

#include "foreshadow/plane/horizon.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/source/log_batch.hpp"
#include "foreshadow/source/omission.hpp"
#include "foreshadow/task.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace foreshadow {

/// Names a source for its repository. `id` stays the same for the same database, wherever it is reached from,
/// and is made of `[A-Za-z0-9-]`; `name` is for people.
struct source_identity {
    std::string id;
    std::string kind;
    std::string name;
};

/// How much one chunk may read. A chunk is one short transaction: whichever limit is met first ends it.
struct read_budget {
    std::size_t rows = 10'000;
    std::size_t bytes = std::size_t{4} << 20;
    double seconds = 0.1;
};

/// What one chunk read: the rows of `interval` as of `seen`. Reading goes on at `interval.end`.
struct chunk {
    key_range interval;
    horizon seen;
};

/// How loaded the database is, as its own users feel it.
struct strain {
    double latency_seconds = 0;  ///< of a probe, or the database's own figure
    double log_bytes = 0;        ///< what the database keeps because of us (WAL, change table)
};

struct source_traits {
    bool prefix_snapshots = true;  ///< is every snapshot a prefix of the log, so that `low == high`?
    bool tells_layout = true;      ///< do layout changes stand in the log, or are they polled?
    bool parallel_reads = true;    ///< may several chunks be read at once?
};

/// A source can be named, and says what it can do.
template <class S>
concept identifies = requires(S& s) {
    { S::traits } -> std::convertible_to<source_traits>;
    { s.identity() } -> std::same_as<task<source_identity>>;
};

/// A source keeps its log.
/// - `hold(from)`: from `from` on, or from now where nothing is given; returns the position held. Every capturer has
///   acknowledged on return (hold rule), and every chunk that is read afterwards contains every commit up to the
///   position held (barrier). Throws `hold_lost` when the log above `from` is no longer whole.
/// - `acknowledge(p)`: everything up to `p` is durable elsewhere and may be forgotten.
/// - `release()`: undoes everything that `hold` left in the database.
/// - optional, `remembers(p) -> task<bool>`: whether this database was ever told `acknowledge(p)`. One that was put
///   back to an older copy of itself was not, and must not be followed on although its positions look right.
template <class S>
concept holds_its_log = requires(S& s, std::optional<position> from, position p) {
    { s.hold(from) } -> std::same_as<task<position>>;
    { s.acknowledge(p) } -> std::same_as<task<>>;
    { s.release() } -> std::same_as<task<>>;
};

/// A source tells its layout, with the position at which it was true (at or after the hold).
/// - optional, `omissions() -> task<std::vector<omission>>`: what is in the database and in no partition, so in no
///   backup: what the source cannot capture faithfully (closed rule). As of the last layout told.
/// - optional, `cautions() -> task<std::vector<std::string>>`: what a backup of this database costs its users more than
///   it need, a line each, with what mends it. Asked once, when a backup has begun.
template <class S>
concept tells_layout = requires(S& s) {
    { s.layout() } -> std::same_as<task<layout>>;
};

/// A source reads ranges.
/// - `read(range, budget, rows)`: appends the rows of `range` from its begin on, in key order; returns what it read.
///   `chunk.interval.begin == range.begin`, the end is where to go on: `range.end` when done, and always beyond the
///   begin. Progress is guaranteed: at least one row, or the end. Reads from whoever owns the keys now (layout rule).
template <class S>
concept reads_ranges = requires(S& s, key_range range, read_budget budget, row_batch& rows) {
    { s.read(range, budget, rows) } -> std::same_as<task<chunk>>;
};

/// A source's log can be followed.
/// - `follow(after, out)`: replaces `out` by the next batch, `out.after == after`. Waits for something to happen, but
///   not for longer than a heartbeat; a heartbeat moves `upto` where positions advance without commits. Safe to call
///   again with the same `after`. Throws `hold_lost` when the log has a gap.
/// - `head()`: a position at or above every commit that was visible to anybody before the call.
template <class S>
concept can_be_followed = requires(S& s, position after, log_batch& out) {
    { s.follow(after, out) } -> std::same_as<task<>>;
    { s.head() } -> std::same_as<task<position>>;
};

template <class S>
concept feels_strain = requires(S& s) {
    { s.strain() } -> std::same_as<task<strain>>;
};

/// A database that can be backed up.
///
/// Guarantees asked for: changes are complete and in log order per key; a batch holds whole commits; what an image's
/// horizon says is exactly what it contains; `erase_range` stands in the log for each drop and truncation,
/// `replaced` for what begins with rows or changes untold.
/// Cancellation: every task may be cancelled at any suspension; nothing is half done in the database.
template <class S>
concept source =
    identifies<S> && holds_its_log<S> && tells_layout<S> && reads_ranges<S> && can_be_followed<S> && feels_strain<S>;

}  // namespace foreshadow

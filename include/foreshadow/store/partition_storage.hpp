// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/key_range.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/task.hpp"

#include <concepts>
#include <cstdint>
#include <string>

namespace foreshadow {

/// What was written: a name for it that the storage understands, and how much it is.
struct stored_rows {
    std::string where;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;   ///< keys and values, before compression
    std::uint64_t stored = 0;  ///< bytes that this added to the store: less where equal blocks were there already
};

/// Writes sorted rows; several writers may be at work at once.
/// - `append(rows)`: rows in key order, not below what was appended before; equal keys are kept, in order.
/// - `finish()`: durable only after the storage's `flush`.
template <class W>
concept row_writer = requires(W& w, const row_batch& rows) {
    { w.append(rows) } -> std::same_as<task<>>;
    { w.finish() } -> std::same_as<task<stored_rows>>;
};

/// Reads sorted rows: `next(rows)` replaces `rows` by the next batch; false, and empty, at the end.
/// `stored_bytes()`: bytes fetched from the store so far.
template <class C>
concept row_cursor = requires(C& c, row_batch& rows) {
    { c.next(rows) } -> std::same_as<task<bool>>;
    { c.stored_bytes() } -> std::convertible_to<std::uint64_t>;
};

/// How a partition's images and runs become objects, and come back.
///
/// Images are rows of a partition; runs are changes encoded as rows (`row/change_row.hpp`). Every byte that is read
/// back was checked; what is wrong throws `corrupt` or `not_found` and names the object.
template <class S>
concept partition_storage = requires(S& s, std::string where, key_range range) {
    { s.write() } -> row_writer;
    { s.read(where, range) } -> row_cursor;
    { s.flush() } -> std::same_as<task<>>;
};

}  // namespace foreshadow

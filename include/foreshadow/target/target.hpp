// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "foreshadow/plane/layout.hpp"
#include "foreshadow/row/row_batch.hpp"
#include "foreshadow/task.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>

namespace foreshadow {

/// Where restored partitions go.
///
/// Called in this order: `begin` with the layout that is to come about; per partition, definitions first, `load` any
/// number of times with rows in key order, then `complete`; `finish`, which makes the whole visible and durable.
/// `abandon` leaves nothing that looks whole; it is called instead of `finish` and never throws.
/// Partitions come one after another, those of data in the order of their keys: a target whose own layout is another
/// one routes rows as they come, and never has to come back to a range that it has filled.
///
/// Optional:
/// - `omissions() -> task<std::vector<omission>>`, called after `finish`: what the definitions name and the backup does
///   not have.
/// - `max_concurrency() -> std::size_t`: how many partitions of data it takes side by side; without it, one. They are
///   still begun in the order of their keys; rows of one come in order, one call at a time, and calls for different
///   ones may overlap. Definitions come alone. `begin`, `finish` and `abandon` overlap with no call.
template <class T>
concept target = requires(T& t, const layout& shape, const partition& part, const row_batch& rows) {
    { t.begin(shape) } -> std::same_as<task<>>;
    { t.load(part, rows) } -> std::same_as<task<>>;
    { t.complete(part) } -> std::same_as<task<>>;
    { t.finish() } -> std::same_as<task<>>;
    { t.abandon() } -> std::same_as<task<>>;
};

/// How many partitions of data a target takes side by side, at least one.
template <target T>
[[nodiscard]] std::size_t max_concurrency(const T& into) {
    if constexpr (requires {
                      { into.max_concurrency() } -> std::convertible_to<std::size_t>;
                  }) {
        return std::max<std::size_t>(into.max_concurrency(), 1);
    } else {
        return 1;
    }
}

}  // namespace foreshadow

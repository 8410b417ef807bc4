// SPDX-License-Identifier: BSL-1.0
//
// Whether a partition storage keeps its contract: rows come back as they went in, for any range, however they were cut
// into batches, with several writers and cursors at work.
#pragma once

#include "foreshadow/store/partition_storage.hpp"
#include "foreshadow/testing/conformance/report.hpp"
#include "foreshadow/testing/conformance/running.hpp"
#include "foreshadow/testing/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace foreshadow::testing {

struct partition_storage_rules {
    static constexpr rule keeps{"keeps", "a cursor gives the rows that were written, in order, equal keys among them"};
    static constexpr rule ranges{"ranges", "a cursor gives exactly the rows of its range"};
    static constexpr rule counts{"counts", "what finish tells of rows and bytes is true"};
    static constexpr rule ends{"ends",
                               "next replaces its batch, and is false with an empty one at the end, every time"};
    static constexpr rule together{"together", "several writers and cursors may be at work at once"};
    static constexpr rule refuses{"refuses", "what cannot be read throws corrupt or not_found"};
};

namespace detail {

template <class Storage>
class partition_storage_kit {
  public:
    partition_storage_kit(Storage& storage, report& out) : storage_{storage}, out_{out} {}

    task<> run() {
        for (std::uint64_t seed = 1; seed <= 24; ++seed) {
            seeded_random random{seed};
            const rows_type rows = some_rows(random, seed);
            const stored_rows stored = co_await write(rows, random);
            co_await storage_.flush();
            std::uint64_t bytes = 0;
            for (const auto& [k, value] : rows) bytes += k.size() + value.size();
            out_.check(rules::counts, stored.rows == rows.size() && stored.bytes == bytes, [&] {
                return std::to_string(stored.rows) + " rows and " + std::to_string(stored.bytes) + " bytes of " +
                       std::to_string(rows.size()) + " and " + std::to_string(bytes) + ", seed " + std::to_string(seed);
            });
            co_await expect(stored.where, rows, everything_, seed);
            for (int i = 0; i < 12; ++i) {
                const key_range range = some_range(random, rows);
                co_await expect(stored.where, rows, range, seed);
            }
        }
        co_await work_together();
        const std::vector<std::string> nowhere{"", "nowhere", "\xff\xff\xff", std::string(40, '0')};
        for (const std::string& where : nowhere) {
            auto reading = read_all(where);
            const attempt<> made = co_await attempt_to(std::move(reading));
            out_.check(rules::refuses, made.failed_with(errc::corrupt) || made.failed_with(errc::not_found),
                       [&] { return "read of '" + printable(where) + "': " + made.text(); });
        }
    }

  private:
    using rules = partition_storage_rules;
    using rows_type = std::vector<std::pair<key, std::string>>;

    [[nodiscard]] static rows_type some_rows(seeded_random& random, std::uint64_t seed) {
        rows_type rows;
        const std::uint64_t count = seed <= 3 ? seed - 1 : random.below(seed % 6 == 0 ? 20'000 : 300);
        for (std::uint64_t i = 0; i < count; ++i) {
            key k(static_cast<std::size_t>(random.below(12)), '\0');
            for (char& c : k) c = static_cast<char>(random());
            if (!rows.empty() && random.chance(.1)) k = rows.back().first;
            std::string value(static_cast<std::size_t>(random.below(80)), 'v');
            if (count < 300 && random.chance(.01)) value.assign(1'200'000, 'V');
            rows.emplace_back(std::move(k), std::move(value));
        }
        const std::multimap<key, std::string> sorted{rows.begin(), rows.end()};  // equal keys in their order
        return {sorted.begin(), sorted.end()};
    }
    [[nodiscard]] static key_range some_range(seeded_random& random, const rows_type& rows) {
        const auto edge = [&] {
            if (rows.empty() || random.chance(.1)) return key{};
            const key& near = random.pick(rows).first;
            return random.chance(.5) ? near : successor(near);
        };
        key_range range{edge(), edge()};
        if (!range.end.empty() && range.end < range.begin) std::swap(range.begin, range.end);
        return range;
    }

    task<stored_rows> write(const rows_type& rows, seeded_random random) {
        auto writer = storage_.write();
        for (std::size_t i = 0; i < rows.size();) {
            row_batch batch;
            for (std::uint64_t n = random.below(500); n > 0 && i < rows.size(); --n, ++i)
                batch.append(rows[i].first, rows[i].second);
            co_await writer.append(batch);
        }
        co_return co_await writer.finish();
    }

    task<> read_all(const std::string& where) {
        auto cursor = storage_.read(where, everything_);
        row_batch batch;
        while (co_await cursor.next(batch)) {
        }
    }

    task<> expect(const std::string& where, const rows_type& rows, const key_range& range, std::uint64_t seed) {
        const bool is_whole = range == key_range::all();
        auto at = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.first >= range.begin; });
        auto cursor = storage_.read(where, range);
        row_batch batch;
        batch.append("left", "over");
        bool is_equal = true;
        std::uint64_t fetched = 0;
        while (co_await cursor.next(batch)) {
            for (std::size_t i = 0; i < batch.size() && is_equal; ++i, ++at)
                is_equal = at != rows.end() && batch[i] == row_view{at->first, at->second} && range.contains(at->first);
            out_.check(rules::counts, cursor.stored_bytes() >= fetched, [] { return "stored_bytes goes back"; });
            fetched = cursor.stored_bytes();
            if (!is_equal) break;
        }
        is_equal = is_equal && (at == rows.end() || !range.contains(at->first));
        out_.check(is_whole ? rules::keeps : rules::ranges, is_equal, [&] {
            return printable(range) + " with seed " + std::to_string(seed) + " and " + std::to_string(rows.size()) +
                   " rows";
        });
        if (!is_equal) co_return;
        for (int again = 0; again < 2; ++again) {
            const bool goes_on = co_await cursor.next(batch);
            out_.check(rules::ends, !goes_on && batch.empty(), [&] { return "at the end of " + printable(range); });
        }
    }

    task<> write_and_expect(std::uint64_t seed) {
        seeded_random random{seed};
        const rows_type rows = some_rows(random, seed);
        const stored_rows stored = co_await write(rows, random);
        co_await storage_.flush();
        co_await expect(stored.where, rows, everything_, seed);
    }
    task<> work_together() {
        std::vector<attempt<>> made(5);
        std::vector<task<>> all;
        for (std::size_t i = 0; i < made.size(); ++i) all.push_back(attempt_into(write_and_expect(100 + i), &made[i]));
        co_await all_of(std::move(all));
        for (const attempt<>& each : made) out_.check(rules::together, each.returned(), [&] { return each.text(); });
    }

    Storage& storage_;
    report& out_;
    key_range everything_ = key_range::all();
};

}  // namespace detail

/// Checks the storage that `make()` returns, by value or by reference.
///
/// Example: `const auto report = check_partition_storage([&]() -> auto& { return my_storage; });`
template <class Make, class Time = real_time>
[[nodiscard]] report check_partition_storage(Make&& make, Time&& time = {}) {
    report out{"partition storage"};
    auto&& storage = make();
    static_assert(partition_storage<std::remove_cvref_t<decltype(storage)>>);
    detail::partition_storage_kit<std::remove_cvref_t<decltype(storage)>> kit{storage, out};
    run_kit(time, kit.run(), out);
    return out;
}

}  // namespace foreshadow::testing

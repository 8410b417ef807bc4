// SPDX-License-Identifier: BSL-1.0
//
// What the tests of the SQLite adapter share: a folder that goes away, tasks run to their end, and a plane kept in
// memory by the replay rule in its plainest form.
#pragma once

#include "failure.hpp"
#include "foreshadow/plane/layout.hpp"
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/sqlite/source.hpp"
#include "foreshadow/sqlite/target.hpp"
#include "foreshadow/task.hpp"
#include "run.hpp"

#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::sqlite::tests {

using testing::thrown;

/// A folder of its own for each test.
class folder {
  public:
    folder() {
        static std::atomic<int> next{0};
        path_ = std::filesystem::temp_directory_path() /
                ("foreshadow-sqlite-" + std::to_string(::getpid()) + "-" + std::to_string(next++));
        std::filesystem::create_directories(path_);
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

enum class journal_mode { wal, rollback };

inline connection open_database(const std::string& path, journal_mode mode = journal_mode::wal) {
    connection db{path, open_mode::create};
    if (mode == journal_mode::wal) db.execute("PRAGMA journal_mode = WAL");
    return db;
}

using rows_by_key = std::map<key, std::string, std::less<>>;

/// Everything that a source reads from `from` on, in chunks of a few rows.
inline rows_by_key read_all(source& from, std::size_t rows_per_chunk = 3, key_range range = key_range::all()) {
    rows_by_key rows;
    for (;;) {
        row_batch batch;
        const chunk part = testing::run(from.read(range, read_budget{.rows = rows_per_chunk}, batch));
        for (std::size_t i = 0; i < batch.size(); ++i) rows.emplace(batch[i].key, batch[i].value);
        if (part.interval.end == range.end) return rows;
        range.begin = part.interval.end;
    }
}

/// The plane at one position, kept by applying whatever comes, whole commits at a time.
struct replica {
    rows_by_key rows;
    layout shape;
    position at;
    std::vector<key_range> unread;  ///< replaced: to be read again
    std::vector<layout_change> layouts;

    void erase(const key_range& range) {
        auto first = rows.lower_bound(range.begin);
        while (first != rows.end() && range.ends_after(first->first)) first = rows.erase(first);
    }
    void take(const chunk& part, const row_batch& batch) {
        erase(part.interval);
        for (std::size_t i = 0; i < batch.size(); ++i) rows[key{batch[i].key}] = batch[i].value;
    }
    void apply(const log_batch& batch) {
        for (std::size_t i = 0; i < batch.changes.size(); ++i) {
            const change_view c = batch.changes[i];
            if (c.kind == change_kind::put) rows[key{c.key}] = c.payload;
            if (c.kind == change_kind::erase) rows.erase(key{c.key});
            if (c.kind == change_kind::erase_range) erase({key{c.key}, key{c.payload}});
            if (c.kind == change_kind::replaced) unread.push_back({key{c.key}, key{c.payload}});
        }
        for (const layout_change& change : batch.layouts) {
            for (const partition_id id : change.retired)
                std::erase_if(shape.partitions, [&](const partition& p) { return p.id == id; });
            shape.partitions.insert(shape.partitions.end(), change.begun.begin(), change.begun.end());
            layouts.push_back(change);
        }
        std::sort(shape.partitions.begin(), shape.partitions.end(),
                  [](const partition& a, const partition& b) { return a.interval.begin < b.interval.begin; });
        at = batch.upto;
    }
    /// Follows up to the head; reads again what was replaced, and follows on.
    void catch_up(source& from) {
        for (;;) {
            const position head = testing::run(from.head());
            while (at < head) {
                log_batch batch;
                testing::run(from.follow(at, batch));
                apply(batch);
            }
            if (unread.empty()) return;
            for (key_range range : std::exchange(unread, {})) {
                for (;;) {
                    row_batch batch;
                    const chunk part = testing::run(from.read(range, read_budget{.rows = 5}, batch));
                    take(part, batch);
                    if (part.interval.end == range.end) break;
                    range.begin = part.interval.end;
                }
            }
        }
    }
    /// Begins at a hold, with everything read once.
    void begin(source& from, std::size_t rows_per_chunk = 3) {
        at = testing::run(from.hold(std::nullopt));
        shape = testing::run(from.layout());
        rows = read_all(from, rows_per_chunk);
    }
};

/// Restores what a replica knows.
inline void restore(const replica& from, const std::string& path) {
    target into{path};
    testing::run(into.begin(from.shape));
    for (const partition& p : from.shape.partitions) {
        row_batch rows;
        for (auto r = from.rows.lower_bound(p.interval.begin); r != from.rows.end() && p.interval.ends_after(r->first);
             ++r)
            rows.append(r->first, r->second);
        testing::run(into.load(p, rows));
        testing::run(into.complete(p));
    }
    testing::run(into.finish());
}

/// What stands in the layout, without estimates and positions.
inline std::vector<std::pair<std::string, key_range>> names_and_intervals(const layout& shape) {
    std::vector<std::pair<std::string, key_range>> all;
    for (const partition& p : shape.partitions) all.emplace_back(p.name, p.interval);
    return all;
}

}  // namespace foreshadow::sqlite::tests

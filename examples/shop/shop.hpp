// SPDX-License-Identifier: BSL-1.0
//
// The shop: four partitioned tables, and a ledger in which every transaction also writes what it did. A row of a
// table is one text in the ledger, made by the same SQL expression wherever it is needed.
#pragma once

#include "foreshadow/sqlite/database/connection.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace shop {

using foreshadow::sqlite::connection;

struct table_plan {
    const char* name;
    const char* columns;
    const char* options;
    const char* key;     ///< the column that partitions are ranges of
    const char* second;  ///< the second column of the primary key; "0" where there is none
    const char* row;     ///< the whole row as one text
};

/// By time: ids ascend, the last partition grows, and splits.
inline constexpr table_plan orders{"orders", "id INTEGER PRIMARY KEY, buyer INTEGER, amount REAL, note TEXT",
                                   "",       "id",
                                   "0",      "quote(buyer)||','||quote(amount)||','||quote(note)"};
/// Hashed: the bucket comes first in the key, so growth is even.
inline constexpr table_plan users{"users",
                                  "bucket INTEGER, id INTEGER, name TEXT, spent REAL, PRIMARY KEY(bucket, id)",
                                  "WITHOUT ROWID",
                                  "bucket",
                                  "id",
                                  "quote(name)||','||quote(spent)"};
/// By time, expiring: rows go at the front, and partitions with them; the next one is made before its time comes.
inline constexpr table_plan sessions{
    "sessions", "id INTEGER PRIMARY KEY, user INTEGER, agent TEXT", "", "id", "0", "quote(user)||','||quote(agent)"};
/// By item, with a hot range that moves: lots come in there, and are sold out behind it.
inline constexpr table_plan stock{
    "stock",         "item INTEGER, lot INTEGER, quantity INTEGER, label TEXT, PRIMARY KEY(item, lot)",
    "WITHOUT ROWID", "item",
    "lot",           "quote(quantity)||','||quote(label)"};

inline constexpr std::array<const table_plan*, 4> tables{&orders, &users, &sessions, &stock};

/// Everything that follows from how many orders the shop begins with.
struct dimensions {
    std::int64_t rows = 150'000;

    [[nodiscard]] std::int64_t split_rows() const { return rows / 50 > 1000 ? rows / 50 : 1000; }
    [[nodiscard]] std::int64_t users() const { return rows / 3; }
    [[nodiscard]] std::int64_t items() const { return rows / 25; }
    static constexpr std::int64_t lots_of_an_item = 5;
    static constexpr std::int64_t buckets = 65'536;
    static constexpr std::int64_t session_partition = 2'000'000;  ///< microseconds, as session ids are
    static constexpr std::int64_t session_life = 6'000'000;
};

[[nodiscard]] inline std::int64_t bucket_of(std::int64_t user) {
    return static_cast<std::int64_t>((static_cast<std::uint64_t>(user) * 0x9e3779b97f4a7c15ULL) >> 48);
}

/// Opens a database as the shop's programs do.
[[nodiscard]] inline connection open_shop(const std::string& path, foreshadow::sqlite::open_mode mode) {
    connection db{path, mode};
    if (mode != foreshadow::sqlite::open_mode::read_only)
        db.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    return db;
}

/// Makes the shop with its rows, and the ledger that tells them.
void make_shop(const std::string& path, dimensions size);

}  // namespace shop

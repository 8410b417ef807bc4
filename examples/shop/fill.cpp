// SPDX-License-Identifier: BSL-1.0
#include "routed_table.hpp"
#include "shop.hpp"
#include "words.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace shop {

namespace {

using foreshadow::sqlite::transaction;

void create_orders(connection& db, dimensions size) {
    std::vector<std::int64_t> bounds;
    for (std::int64_t first = 1 + size.split_rows() * 3 / 4; first < size.rows; first += size.split_rows() * 3 / 4)
        bounds.push_back(first);
    routed_table::create(db, orders, bounds);
}

/// Partitions that are filled a little less each, so that they do not all split at once.
void create_users(connection& db, dimensions size) {
    std::vector<std::int64_t> buckets;
    for (std::int64_t id = 1; id <= size.users(); ++id) buckets.push_back(bucket_of(id));
    std::sort(buckets.begin(), buckets.end());
    std::vector<std::int64_t> bounds;
    std::int64_t filled = size.split_rows() - 15;
    for (std::int64_t at = filled; at < size.users(); at += filled) {
        bounds.push_back(buckets[static_cast<std::size_t>(at)]);
        filled -= 15;
        if (filled < size.split_rows() * 3 / 4) filled = size.split_rows() * 3 / 4;
    }
    bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
    routed_table::create(db, users, bounds);
}

void create_sessions(connection& db) {
    const auto now =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    routed_table::create(db, sessions, {now, now + dimensions::session_partition});
    routed_table made{db, sessions};
    made.drop(2);
    made.drop(0);
}

void create_stock(connection& db, dimensions size) {
    std::vector<std::int64_t> bounds;
    const std::int64_t items = size.split_rows() * 2 / 3 / dimensions::lots_of_an_item;
    for (std::int64_t first = items; first < size.items(); first += items) bounds.push_back(first);
    routed_table::create(db, stock, bounds);
}

void insert_rows(connection& db, dimensions size) {
    words some{20'261'122};
    routed_table into_orders{db, orders};
    for (std::int64_t id = 1; id <= size.rows; ++id) {
        auto& s = db.cached("INSERT INTO " + into_orders.owner(id)->name + " VALUES(?1, ?2, ?3 / 100.0, ?4)");
        s.bind(1, id);
        s.bind(2, 1 + some.number(size.users()));
        s.bind(3, some.number(100'000));
        s.bind(4, some.text(200));
        s.run();
    }
    routed_table into_users{db, users};
    for (std::int64_t id = 1; id <= size.users(); ++id) {
        auto& s = db.cached("INSERT INTO " + into_users.owner(bucket_of(id))->name + " VALUES(?1, ?2, ?3, 0.0)");
        s.bind(1, bucket_of(id));
        s.bind(2, id);
        s.bind(3, some.text(60));
        s.run();
    }
    routed_table into_stock{db, stock};
    for (std::int64_t item = 0; item < size.items(); ++item)
        for (std::int64_t lot = 1; lot <= dimensions::lots_of_an_item; ++lot) {
            auto& s = db.cached("INSERT INTO " + into_stock.owner(item)->name + " VALUES(?1, ?2, ?3, ?4)");
            s.bind(1, item);
            s.bind(2, lot);
            s.bind(3, 1 + some.number(500));
            s.bind(4, some.text(80));
            s.run();
        }
}

}  // namespace

void make_shop(const std::string& path, dimensions size) {
    connection db = open_shop(path, foreshadow::sqlite::open_mode::create);
    db.execute("CREATE TABLE ledger(seq INTEGER PRIMARY KEY, what TEXT, k1 INTEGER, k2 INTEGER, row TEXT)");
    create_orders(db, size);
    create_users(db, size);
    create_sessions(db);
    create_stock(db, size);
    transaction all{db, transaction::kind::write};
    insert_rows(db, size);
    for (const table_plan* plan : tables) {
        const routed_table made{db, *plan};
        for (const routed_table::child& child : made.children())
            db.execute(std::string{"INSERT INTO ledger(what, k1, k2, row) SELECT '"} + plan->name + "', " + plan->key +
                       ", " + plan->second + ", " + plan->row + " FROM " + child.name);
    }
    all.commit();
}

}  // namespace shop

// SPDX-License-Identifier: BSL-1.0
#include "workload.hpp"

#include <vector>

namespace shop {

using foreshadow::sqlite::transaction;

namespace {
constexpr std::int64_t hot_items = 150;

std::int64_t highest(connection& db, const routed_table& table, const char* column) {
    std::int64_t most = 0;
    for (const auto& child : table.children())
        most = std::max(most, db.number(std::string{"SELECT max("} + column + ") FROM " + child.name));
    return most;
}
}  // namespace

workload::workload(connection& db, dimensions size)
    : db_{&db},
      size_{size},
      some_{7},
      orders_{db, orders},
      users_{db, users},
      sessions_{db, sessions},
      stock_{db, stock},
      next_order_{highest(db, orders_, "id") + 1},
      next_user_{highest(db, users_, "id") + 1} {}

void workload::step(std::int64_t now) {
    ++steps_;
    if (steps_ % 12 == 0) hot_ = (hot_ + 1) % size_.items();
    transaction work{*db_, transaction::kind::write};
    const std::int64_t chance = some_.number(100);
    if (chance < 35)
        place_order();
    else if (chance < 55)
        sign_up();
    else if (chance < 72)
        log_in(now);
    else if (chance < 78)
        expire_sessions(now);
    else if (chance < 94)
        restock();
    else
        sell_out();
    work.commit();
}

void workload::place_order() {
    const std::int64_t id = next_order_++;
    const std::int64_t buyer = 1 + some_.number(next_user_ - 1);
    auto& into = *orders_.owner(id);
    auto& order = db_->cached("INSERT INTO " + into.name + " VALUES(?1, ?2, ?3 / 100.0, ?4)");
    order.bind(1, id);
    order.bind(2, buyer);
    order.bind(3, some_.number(100'000));
    order.bind(4, some_.text(200));
    order.run();
    ++into.rows;
    orders_.tell_ledger(into, id, 0);

    auto& home = *users_.owner(bucket_of(buyer));
    auto& spends = db_->cached("UPDATE " + home.name + " SET spent = spent + ?1 WHERE bucket = ?2 AND id = ?3");
    spends.bind(1, static_cast<double>(some_.number(1'000)) / 4);
    spends.bind(2, bucket_of(buyer));
    spends.bind(3, buyer);
    spends.run();
    users_.tell_ledger(home, bucket_of(buyer), buyer);
}

void workload::sign_up() {
    const std::int64_t id = next_user_++;
    auto& home = *users_.owner(bucket_of(id));
    auto& user = db_->cached("INSERT INTO " + home.name + " VALUES(?1, ?2, ?3, 0.0)");
    user.bind(1, bucket_of(id));
    user.bind(2, id);
    user.bind(3, some_.text(60));
    user.run();
    ++home.rows;
    users_.tell_ledger(home, bucket_of(id), id);
}

void workload::log_in(std::int64_t now) {
    last_session_ = now > last_session_ ? now : last_session_ + 1;
    auto* into = sessions_.owner(last_session_);
    if (into == nullptr) return;  // the engine is late with the next partition
    auto& session = db_->cached("INSERT INTO " + into->name + " VALUES(?1, ?2, ?3)");
    session.bind(1, last_session_);
    session.bind(2, 1 + some_.number(next_user_ - 1));
    session.bind(3, some_.text(40));
    session.run();
    ++into->rows;
    sessions_.tell_ledger(*into, last_session_, 0);
}

void workload::expire_sessions(std::int64_t now) {
    std::int64_t left = 40;
    for (const auto& child : sessions_.children()) {
        std::vector<std::int64_t> old;
        auto& find = db_->cached("SELECT id FROM " + child.name + " WHERE id < ?1 ORDER BY id LIMIT ?2");
        find.bind(1, now - dimensions::session_life);
        find.bind(2, left);
        while (find.step()) old.push_back(find.integer(0));
        find.reset();
        if (old.empty() && child.rows > 0) return;
        for (const std::int64_t id : old) {
            auto& gone = db_->cached("DELETE FROM " + child.name + " WHERE id = ?1");
            gone.bind(1, id);
            gone.run();
            auto& from = *sessions_.owner(id);
            --from.rows;
            sessions_.tell_ledger(from, id, 0);
        }
        left -= static_cast<std::int64_t>(old.size());
        if (left == 0) return;
    }
}

void workload::restock() {
    for (int lots = 0; lots < 5; ++lots) {
        const std::int64_t item = (hot_ + some_.number(hot_items)) % size_.items();
        auto& into = *stock_.owner(item);
        auto& next = db_->cached("SELECT ifnull(max(lot), 0) + 1 FROM " + into.name + " WHERE item = ?1");
        next.bind(1, item);
        next.step();
        const std::int64_t lot = next.integer(0);
        next.reset();
        auto& add = db_->cached("INSERT INTO " + into.name + " VALUES(?1, ?2, ?3, ?4)");
        add.bind(1, item);
        add.bind(2, lot);
        add.bind(3, 1 + some_.number(500));
        add.bind(4, some_.text(80));
        add.run();
        ++into.rows;
        stock_.tell_ledger(into, item, lot);
    }
}

/// Far behind the hot range only the first lot of an item stays.
void workload::sell_out() {
    const std::int64_t item = (hot_ + size_.items() - 2 * hot_items - some_.number(hot_items)) % size_.items();
    for (std::int64_t i = item; i < item + 8; ++i) {
        const std::int64_t sold = i % size_.items();
        auto& from = *stock_.owner(sold);
        std::vector<std::int64_t> lots;
        auto& find = db_->cached("SELECT lot FROM " + from.name + " WHERE item = ?1 AND lot > 1");
        find.bind(1, sold);
        while (find.step()) lots.push_back(find.integer(0));
        find.reset();
        for (const std::int64_t lot : lots) {
            auto& gone = db_->cached("DELETE FROM " + from.name + " WHERE item = ?1 AND lot = ?2");
            gone.bind(1, sold);
            gone.bind(2, lot);
            gone.run();
            --from.rows;
            stock_.tell_ledger(from, sold, lot);
        }
    }
}

}  // namespace shop

// SPDX-License-Identifier: BSL-1.0
#include "routed_table.hpp"

#include <algorithm>

namespace shop {

namespace sqlite = foreshadow::sqlite;

routed_table::routed_table(connection& db, const table_plan& plan)
    : db_{&db}, plan_{&plan}, table_{sqlite::partitioned_table::open(db, plan.name)} {
    read_map();
}

void routed_table::create(connection& db, const table_plan& plan, const std::vector<std::int64_t>& bounds) {
    auto made = sqlite::partitioned_table::create(db, plan.name, {.columns = plan.columns, .options = plan.options});
    for (const std::int64_t bound : bounds) (void)made.split(made.partitions().back().child, bound);
}

void routed_table::read_map() {
    const std::vector<child> before = std::move(children_);
    children_.clear();
    const auto edge = [](const sqlite::key_value& v) {
        return v.kind == sqlite::value_kind::null ? std::optional<std::int64_t>{} : std::optional{v.integer};
    };
    for (const sqlite::map_entry& e : table_.partitions()) {
        child now{e.child, edge(e.low), edge(e.high), 0};
        const auto same = std::find_if(before.begin(), before.end(), [&](const child& c) {
            return c.name == now.name && c.low == now.low && c.high == now.high;
        });
        now.rows = same != before.end() ? same->rows : db_->number("SELECT count(*) FROM " + now.name);
        children_.push_back(std::move(now));
    }
}

routed_table::child* routed_table::owner(std::int64_t key) {
    // In order of keys; the first one whose end is above the key.
    const auto found = std::partition_point(children_.begin(), children_.end(),
                                            [&](const child& c) { return c.high && *c.high <= key; });
    return found != children_.end() && found->owns(key) ? &*found : nullptr;
}

void routed_table::tell_ledger(const child& where, std::int64_t key, std::int64_t second) {
    const std::string two = std::string{plan_->second} == "0" ? "" : std::string{" AND "} + plan_->second + " = ?2";
    auto& tell = db_->cached(std::string{"INSERT INTO ledger(what, k1, k2, row) VALUES('"} + plan_->name +
                             "', ?1, ?2, (SELECT " + plan_->row + " FROM " + where.name + " WHERE " + plan_->key +
                             " = ?1" + two + "))");
    tell.bind(1, key);
    tell.bind(2, second);
    tell.run();
}

std::optional<std::string> routed_table::split(std::size_t index) {
    const child& full = children_[index];
    const std::int64_t middle = db_->number(std::string{"SELECT "} + plan_->key + " FROM " + full.name + " ORDER BY " +
                                            plan_->key + " LIMIT 1 OFFSET " + std::to_string(full.rows / 2));
    const std::int64_t first = db_->number(std::string{"SELECT min("} + plan_->key + ") FROM " + full.name);
    if (middle <= first) return std::nullopt;
    std::string made = table_.split(full.name, middle);
    read_map();
    return made;
}

void routed_table::merge_with_next(std::size_t index) {
    table_.merge(children_[index].name, children_[index + 1].name);
    read_map();
}

std::string routed_table::add(std::int64_t low, std::int64_t high) {
    std::string made = table_.add(low, high);
    read_map();
    return made;
}

void routed_table::drop(std::size_t index) {
    table_.drop(children_[index].name);
    read_map();
}

}  // namespace shop

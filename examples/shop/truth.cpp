// SPDX-License-Identifier: BSL-1.0
#include "truth.hpp"

#include "shop.hpp"

#include "foreshadow/sqlite/partitioned_table.hpp"

#include <tuple>

namespace shop {

namespace {

using foreshadow::sqlite::open_mode;
using foreshadow::sqlite::partitioned_table;
using foreshadow::sqlite::statement;

constexpr std::size_t most_differences = 10;

struct row {
    std::int64_t key = 0;
    std::int64_t second = 0;
    std::string text;
    bool is_there = false;

    [[nodiscard]] auto place() const { return std::tuple{key, second}; }
};

/// Rows of three columns, one after the other.
row next_row(statement& rows) {
    return rows.step() ? row{rows.integer(0), rows.integer(1), rows.text(2), true} : row{};
}

std::string said(const std::string& table, const row& r) {
    return table + " (" + std::to_string(r.key) + ", " + std::to_string(r.second) + ")";
}

/// The rows of a table, child by child: their ranges ascend.
class table_rows {
  public:
    table_rows(connection& db, const table_plan& plan) : db_{&db}, plan_{&plan} {
        for (const auto& entry : partitioned_table::open(db, plan.name).partitions()) children_.push_back(entry.child);
    }
    row next() {
        for (;;) {
            if (open_) {
                if (row r = next_row(rows_); r.is_there) return r;
                open_ = false;
            }
            if (at_ == children_.size()) return {};
            const std::string key = plan_->key;
            rows_ = db_->prepare("SELECT " + key + ", " + plan_->second + ", " + plan_->row + " FROM " +
                                 children_[at_++] + " ORDER BY 1, 2");
            open_ = true;
        }
    }

  private:
    connection* db_;
    const table_plan* plan_;
    std::vector<std::string> children_;
    std::size_t at_ = 0;
    statement rows_;
    bool open_ = false;
};

void compare_table(connection& db, const table_plan& plan, verdict& found) {
    auto told = db.prepare(
        "SELECT k1, k2, row FROM (SELECT k1, k2, row, max(seq) FROM ledger WHERE what = ?1 GROUP BY k1, k2) "
        "WHERE row IS NOT NULL ORDER BY k1, k2");
    told.bind(1, std::string_view{plan.name});
    table_rows there{db, plan};
    row expected = next_row(told);
    row actual = there.next();
    while ((expected.is_there || actual.is_there) && found.differences.size() < most_differences) {
        if (!actual.is_there || (expected.is_there && expected.place() < actual.place())) {
            found.differences.push_back(said(plan.name, expected) + " is missing: " + expected.text);
            expected = next_row(told);
        } else if (!expected.is_there || actual.place() < expected.place()) {
            found.differences.push_back(said(plan.name, actual) + " should not be there: " + actual.text);
            actual = there.next();
        } else {
            if (expected.text != actual.text)
                found.differences.push_back(said(plan.name, actual) + " is " + actual.text + ", not " + expected.text);
            ++found.rows;
            expected = next_row(told);
            actual = there.next();
        }
    }
}

void compare_ledgers(connection& restored, connection& live, verdict& found) {
    const std::string lines =
        "SELECT seq, ifnull(what, '') || ' ' || quote(k1) || ' ' || quote(k2) || ' ' || quote(row) "
        "FROM ledger WHERE seq <= " +
        std::to_string(found.last_seq) + " ORDER BY seq";
    auto mine = restored.prepare(lines);
    auto theirs = live.prepare(lines);
    for (std::int64_t seq = 1; seq <= found.last_seq; ++seq) {
        const bool both = mine.step() && theirs.step();
        if (both && mine.integer(0) == seq && theirs.integer(0) == seq && mine.text(1) == theirs.text(1)) continue;
        found.differences.push_back("line " + std::to_string(seq) + " of the ledger is not what the live database has");
        return;
    }
}

}  // namespace

std::int64_t last_seq(const std::string& database) {
    connection db = open_shop(database, open_mode::read_only);
    return db.number("SELECT max(seq) FROM ledger");
}

verdict compare_with_truth(const std::string& restored, const std::string& live, std::int64_t at_least) {
    connection mine = open_shop(restored, open_mode::read_only);
    connection theirs = open_shop(live, open_mode::read_only);
    verdict found;
    found.last_seq = mine.number("SELECT max(seq) FROM ledger");
    if (found.last_seq < at_least)
        found.differences.push_back("the ledger ends at line " + std::to_string(found.last_seq) + ", but line " +
                                    std::to_string(at_least) + " was there before T");
    if (const std::string state = mine.text("PRAGMA integrity_check"); state != "ok")
        found.differences.push_back("SQLite finds the restored file damaged: " + state);
    compare_ledgers(mine, theirs, found);
    for (const table_plan* plan : tables) compare_table(mine, *plan, found);
    return found;
}

verdict compare_partition(const std::string& child, const std::string& one, const std::string& other) {
    connection first = open_shop(one, open_mode::read_only);
    connection second = open_shop(other, open_mode::read_only);
    verdict found;
    const auto table = child.substr(0, child.rfind("_p"));
    for (const table_plan* plan : tables) {
        if (table != plan->name) continue;
        const std::string all = std::string{"SELECT "} + plan->key + ", " + plan->second + ", " + plan->row + " FROM " +
                                child + " ORDER BY 1, 2";
        auto left = first.prepare(all);
        auto right = second.prepare(all);
        for (;;) {
            const row a = next_row(left);
            const row b = next_row(right);
            if (!a.is_there && !b.is_there) return found;
            if (a.is_there != b.is_there || a.place() != b.place() || a.text != b.text) {
                found.differences.push_back(said(child, a.is_there ? a : b) + " differs");
                return found;
            }
            ++found.rows;
        }
    }
    found.differences.push_back(child + " is no partition of the shop");
    return found;
}

}  // namespace shop

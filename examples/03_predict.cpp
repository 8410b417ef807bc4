// SPDX-License-Identifier: BSL-1.0
// expects: split of orders_p1 foretold, [0-9]+ % within 30 s.*threshold 2000 rows.*(exact|near), [0-9.]+ s ahead; its
// shadow: (adopted|recut)
//
// Predict: a table grows, and splits at 2,000 rows. That is foretold, and a shadow keeps what is written meanwhile,
// sorted and cut as the partitions are going to be. Had it been wrong, the backup would hold the same rows.
#include "foreshadow/compose.hpp"
#include "foreshadow/predict/size_extrapolation.hpp"
#include "foreshadow/schedule/fixed_rate.hpp"
#include "foreshadow/sqlite/sqlite.hpp"
#include "foreshadow/store/directory_store.hpp"

#include "example.hpp"

#include <chrono>
#include <cmath>
#include <thread>

using namespace foreshadow;

/// Somebody else's program: 250 orders a second, and a split in the middle when there are 2,000.
void sell(std::stop_token stop, std::int64_t from) {
    sqlite::connection db{"shop.db", sqlite::open_mode::read_write};
    auto orders = sqlite::partitioned_table::open(db, "orders");
    for (std::int64_t id = from; id < 2'200 && !stop.stop_requested(); ++id) {
        db.execute("INSERT INTO " + *orders.route(id) + " VALUES(" + std::to_string(id) + ", hex(randomblob(100)))");
        if (id == 2'000) orders.split("orders_p1", 1000);
        std::this_thread::sleep_for(std::chrono::milliseconds{4});
    }
}

task<> example() {
    sqlite::connection db{"shop.db", sqlite::open_mode::create};
    sqlite::partitioned_table::create(db, "orders", {.columns = "id INTEGER PRIMARY KEY, note TEXT"});
    db.execute(
        "PRAGMA journal_mode = WAL; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
        " INSERT INTO orders_p1 SELECT i, hex(randomblob(100)) FROM n");

    back_up_options slowly;  // small chunks, so that this small database takes some seconds
    slowly.chunk.rows = 50;
    slowly.least_bytes_per_second = 1;
    auto nightly =
        compose(back_up(sqlite::source{"shop.db"}), keep_in(directory_store{"backups"}),
                predict_with(size_extrapolation{{.split_at = 2000}}), pace_by(fixed_rate{60e3}), with(slowly));
    std::jthread writer{sell, 1501};
    const restore_point point = co_await nightly.back_up();
    for (const foretold& told : point.knows.predictions) {
        if (told.became.kind != outcome_kind::exact && told.became.kind != outcome_kind::near) continue;
        std::cout << "split of " << history_of(point.knows).first().find(told.what.partitions.front())->name
                  << " foretold, " << std::lround(100 * told.what.confidence) << " % within "
                  << told.what.horizon_seconds << " s, since";
        for (const evidence& e : told.what.because)
            std::cout << ' ' << e.name << ' ' << std::lround(e.value) << ' ' << e.unit << ';';
        std::cout << ' ' << name_of(told.became.kind) << ", " << told.became.lead_seconds
                  << " s ahead; its shadow: " << name_of(told.shadow) << "\n";
        break;
    }
}

int main() { return run_example(example()); }

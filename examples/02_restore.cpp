// SPDX-License-Identifier: BSL-1.0
// expects: before the accident: 1000 items; one table alone: 333 orders
//
// Restore: the whole database as it was at a point, or some partitions of it. The target is a new file; it appears
// when it is whole.
#include "foreshadow/compose.hpp"
#include "foreshadow/sqlite/sqlite.hpp"
#include "foreshadow/store/directory_store.hpp"

#include "example.hpp"

foreshadow::task<> example() {
    using namespace foreshadow;
    make_shop("shop.db");
    auto nightly = compose(back_up(sqlite::source{"shop.db"}), keep_in(directory_store{"backups"}));
    const restore_point before = co_await nightly.back_up();
    run_sql("shop.db", "DELETE FROM item WHERE id > 10");
    co_await nightly.back_up();

    co_await nightly.restore(before, sqlite::target{"whole.db"});
    std::cout << "before the accident: " << count_rows("whole.db", "item") << " items; ";

    const restore_options one_table{.partitions = {"placed"}};
    co_await nightly.restore(before, sqlite::target{"part.db"}, one_table);
    std::cout << "one table alone: " << count_rows("part.db", "placed") << " orders\n";
}

int main() { return run_example(example()); }

// SPDX-License-Identifier: BSL-1.0
// expects: restore point [0-9-]+: 3 partitions
//
// Back up a database as it is: every table is a partition, and what writers do meanwhile is followed. Run it again and
// only what changed costs anything.
#include "foreshadow/compose.hpp"
#include "foreshadow/sqlite/sqlite.hpp"
#include "foreshadow/store/directory_store.hpp"

#include "example.hpp"

foreshadow::task<> example() {
    using namespace foreshadow;
    make_shop("shop.db");
    auto nightly = compose(back_up(sqlite::source{"shop.db"}),    // what
                           keep_in(directory_store{"backups"}));  // where; all other roles have defaults
    const restore_point point = co_await nightly.back_up();

    std::cout << "restore point " << point.id << ": " << history_of(point.knows).at(point.at).partitions.size()
              << " partitions, " << point.figures.rows_read << " rows, " << point.figures.image_bytes
              << " bytes stored\n";
}

int main() { return run_example(example()); }

// SPDX-License-Identifier: BSL-1.0
//
// Another project's program: it knows nothing of Foreshadow's sources, only of the installed package.
#include "foreshadow/sqlite/database/connection.hpp"
#include "foreshadow/store/zstd.hpp"

#include <cstdio>
#include <string>

int main() {
    foreshadow::sqlite::connection database{":memory:", foreshadow::sqlite::open_mode::create};
    const std::string rows = database.text("SELECT replace(hex(zeroblob(5000)), '00', 'row')");

    std::string packed;
    std::string again;
    const foreshadow::zstd codec{3};
    codec.compress(rows, packed);
    codec.decompress(packed, rows.size(), again);

    std::printf("%zu bytes of rows, %zu in a block\n", rows.size(), packed.size());
    return again == rows ? 0 : 1;
}

// SPDX-License-Identifier: BSL-1.0
//
// What does not fit together is said in one line, with what to write instead, at the call of compose.
#include "foreshadow/compose.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/sqlite/source.hpp"
#include "foreshadow/store/directory_store.hpp"

int main() {
    using namespace foreshadow;
    const auto from = [] { return back_up(sqlite::source{"shop.db"}); };
    const auto to = [] { return keep_in(directory_store{"backups"}, zstd{3}); };
    static_cast<void>(compose(from(), to()));
    // bad: static assertion failed.*there is no source: add back_up
    static_cast<void>(compose(to()));
    // bad: static assertion failed.*there is no object store: add keep_in
    static_cast<void>(compose(from()));
    // bad: static assertion failed.*a role is given twice
    static_cast<void>(compose(from(), to(), to()));
    // bad: static assertion failed.*is no slot: wrap the policy in its verb
    static_cast<void>(compose(from(), directory_store{"backups"}));
}

// SPDX-License-Identifier: BSL-1.0
//
// What does not fit together is said in one line, with what to write instead, at the call of compose.
#include "foreshadow/compose.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/sqlite/source.hpp"
#include "foreshadow/store/directory_store.hpp"
#include "foreshadow/testing/archetypes.hpp"

struct source_of_polled_layouts : foreshadow::testing::archetype::source {
    static constexpr foreshadow::source_traits traits{.tells_layout = false};
};
struct predictor_of_told_layouts : foreshadow::testing::archetype::predictor {
    static constexpr bool needs_layout_in_log = true;
};

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
    // bad: static assertion failed.*which this source does not tell: use predict_with.silent
    static_cast<void>(compose(back_up(source_of_polled_layouts{}), to(), predict_with(predictor_of_told_layouts{})));
}

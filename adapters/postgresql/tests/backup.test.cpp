// SPDX-License-Identifier: BSL-1.0
//
// Whole backups and restores: the adapter under the machine that uses it, beside writers and changes of partitions.
#include "foreshadow/compose.hpp"
#include "foreshadow/predict/silent.hpp"
#include "foreshadow/store/memory_store.hpp"
#include "foreshadow/store/no_codec.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>

namespace foreshadow::postgresql::tests {
namespace {

/// Backups of one database into a repository in memory.
struct backups {
    explicit backups(std::string of) : url{std::move(of)} {}

    [[nodiscard]] auto composed() {
        return compose(back_up(source{url, {.pg_dump = pg_dump()}}), keep_in(objects, no_codec{}),
                       predict_with(silent{}), with(options));
    }
    restore_point run() {
        auto whole = composed();
        return testing::run(whole.back_up());
    }
    restore_report restore_to(const std::string& to, const restore_point& point) {
        auto whole = composed();
        return testing::run(whole.restore(point, target{to}));
    }

    std::string url;
    memory_store objects;
    back_up_options options = {};
};

}  // namespace

TEST_CASE("backups beside writers and changes of partitions restore states that there were", "[postgresql]") {
    server& s = shared_server();
    const std::string url = s.url(s.make_database());
    const auto seed = GENERATE(1);
    CAPTURE(seed);
    ledger users{url, static_cast<std::uint64_t>(seed)};
    backups b{url};
    b.options.chunk.rows = 500;
    for (int round = 0; round < 2; ++round) {
        const restore_point point = b.run();
        CAPTURE(round, point.figures.chunks, point.figures.commits, point.figures.layout_changes, users.commits(),
                users.layout_changes());
        const std::string restored = s.url("ledger_" + std::to_string(seed) + "_" + std::to_string(round));
        const restore_report report = b.restore_to(restored, point);
        CHECK(report.rows > 0);
        CHECK(ledger::wrong_rows(restored) == "0");
        // They split, merge and rename; whatever came and went did so in one of these.
        const layout_history history = history_of(point.knows);
        for (const lineage_event& event : history.lineage()) CHECK((!event.from.empty() && !event.to.empty()));
    }
    CHECK(users.commits() > 0);
    CHECK(users.layout_changes() > 0);
    users.stop();
    CHECK(ledger::wrong_rows(url) == "0");
}

}  // namespace foreshadow::postgresql::tests

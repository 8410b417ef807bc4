// SPDX-License-Identifier: BSL-1.0
//
// What servers of other versions than 15, and databases of other locales, do otherwise. What needs a newer server says
// so where it is run beside an older one; tests/postgresql runs all of it.
#include "failure.hpp"
#include "support/backups.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace foreshadow::postgresql::tests {
namespace {

const source_options short_beats{.heartbeat = std::chrono::milliseconds{40}, .pg_dump = pg_dump()};

using testing::thrown;

/// Whether the server is new enough for a test; says so where it is not.
bool is_at_least(int version) {
    if (shared_server().version() >= version) return true;
    WARN("needs PostgreSQL " << version << ": run tests/postgresql " << version);
    return false;
}

/// How many changes of rows the log tells from `at` to its head; moves `at` there.
std::size_t changes_to_head(source& from, position& at) {
    std::size_t count = 0;
    const position head = testing::run(from.head());
    while (at < head) {
        log_batch batch;
        testing::run(from.follow(at, batch));
        for (std::size_t i = 0; i < batch.changes.size(); ++i) count += table_of(batch.changes[i].key) != 0 ? 1 : 0;
        at = batch.upto;
    }
    return count;
}

/// A database that is backed up while its users go on, and restored.
struct changing_database {
    explicit changing_database(std::string at) : url{std::move(at)}, users{url} {}

    /// Backs up, lets the users do this at the first chunk, and restores to another database.
    std::string restored(const std::string& as, const std::string& meanwhile) {
        backups b{url, folder / "repository"};
        bool is_done = false;
        b.on_chunk = [&](std::size_t chunk) {
            if (chunk == 0) is_done = users.run(meanwhile);
        };
        const restore_point first = b.run();
        CHECK(is_done);
        b.on_chunk = {};
        const restore_point point = b.run();
        omissions = point.omissions;
        const std::string to = shared_server().url(as);
        b.restore_to(to, point);
        source held{url, short_beats};
        testing::run(held.release());
        return to;
    }

    std::string url;
    blocking_session users;
    testing::temporary_folder folder;
    std::vector<omission> omissions;
};

}  // namespace

TEST_CASE("a publication that is dropped or altered is a hold that is lost", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run("CREATE TABLE t(a int PRIMARY KEY); INSERT INTO t VALUES (1)");
    source held{url, short_beats};
    position at = testing::run(held.hold(std::nullopt));
    // Where triggers are off, only its head tells; where it is as it was again, only the log.
    const bool is_told = GENERATE(true, false);
    const std::string change =
        GENERATE("DROP PUBLICATION foreshadow", "ALTER PUBLICATION foreshadow SET (publish = 'insert')",
                 "ALTER PUBLICATION foreshadow SET (publish_via_partition_root = true)");
    CAPTURE(is_told, change);
    if (!is_told) users.run("ALTER EVENT TRIGGER foreshadow_ddl DISABLE; ALTER EVENT TRIGGER foreshadow_drop DISABLE");
    REQUIRE(users.run(change));
    REQUIRE(users.run("UPDATE t SET a = 2"));
    if (is_told) REQUIRE(users.run(detail::publication_sql()));
    CHECK(thrown([&] { changes_to_head(held, at); }) == errc::hold_lost);
    users.run("ALTER EVENT TRIGGER foreshadow_ddl ENABLE ALWAYS; ALTER EVENT TRIGGER foreshadow_drop ENABLE ALWAYS");
    at = testing::run(held.hold(std::nullopt));
    REQUIRE(users.run("UPDATE t SET a = 3"));
    CHECK(changes_to_head(held, at) == 2);
    testing::run(held.release());
}

TEST_CASE("keys are read in the order of their bytes, whatever library orders the texts of the database",
          "[postgresql]") {
    const std::string name = shared_server().make_database() + "_ordered";
    const std::string provider = GENERATE("icu ICU_LOCALE 'en'", "builtin BUILTIN_LOCALE 'C.UTF-8'");
    CAPTURE(provider);
    if (provider.starts_with("builtin") && !is_at_least(17)) return;
    blocking_session admin{shared_server().url("postgres")};
    REQUIRE(admin.run("CREATE DATABASE " + name + " TEMPLATE template0 LOCALE_PROVIDER " + provider));
    changing_database db{shared_server().url(name)};
    REQUIRE(
        db.users.run("CREATE TABLE t(word text PRIMARY KEY); INSERT INTO t VALUES ('a'), ('B'), ('c'), ('D'), "
                     "('\u00e9'), ('z'), ('Z'), ('_')"));
    blocking_session there{db.restored(name + "_again", "UPDATE t SET word = 'C' WHERE word = 'c'")};
    CHECK(there.ask(all_rows) == db.users.ask(all_rows));
    CHECK(there.ask("SELECT string_agg(word, ' ' ORDER BY word) FROM t") ==
          db.users.ask("SELECT string_agg(word, ' ' ORDER BY word) FROM t"));
}

}  // namespace foreshadow::postgresql::tests

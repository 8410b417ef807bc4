// SPDX-License-Identifier: BSL-1.0
//
// Tables without a key: equal rows cannot be told apart, and have to be there as often as they were.
#include "foreshadow/postgresql/table/keyless_rows.hpp"

#include "support/backups.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace foreshadow::postgresql::tests {

namespace {

/// Rows that are there once, often, and under NULL; long values that stand apart from their rows; partitions.
const std::string keyless_tables =
    "CREATE TABLE heap(a int, b text, c float8); "
    "INSERT INTO heap SELECT i % 900, nullif(repeat('x', i % 40), ''), i % 7 FROM generate_series(1, 4000) i; "
    "INSERT INTO heap SELECT 1, 'often', 0 FROM generate_series(1, 500); "
    "CREATE TABLE large(a int, b text); ALTER TABLE large ALTER b SET STORAGE EXTERNAL; "
    "INSERT INTO large SELECT i % 3, repeat(md5((i % 3)::text), 200) FROM generate_series(1, 30) i; "
    "CREATE TABLE none(); INSERT INTO none SELECT FROM generate_series(1, 5); "
    "CREATE TABLE root(a int, b text) PARTITION BY RANGE (a); "
    "CREATE TABLE low PARTITION OF root FOR VALUES FROM (0) TO (50); "
    "CREATE TABLE high PARTITION OF root FOR VALUES FROM (50) TO (100); "
    "INSERT INTO root SELECT i % 100, 'r' FROM generate_series(1, 1000) i; "
    "CREATE TABLE keyed(a int PRIMARY KEY, b text); INSERT INTO keyed SELECT i, 'k' FROM generate_series(1, 300) i";

std::string of_one(const std::string& table, const std::string& what) {
    return " WHERE ctid = (SELECT ctid FROM " + table + " WHERE " + what + " LIMIT 1)";
}

/// What users do, a little of everything; `n` says which rows.
void change(blocking_session& users, std::size_t n) {
    const std::string a = std::to_string(n * 37 % 900);
    CHECK(users.run("INSERT INTO heap SELECT " + a + ", 'new', 1 FROM generate_series(1, 3)"));
    CHECK(users.run("DELETE FROM heap" + of_one("heap", "b = 'often'")));
    CHECK(users.run("UPDATE heap SET c = c + 1" + of_one("heap", "b = 'often'")));
    CHECK(users.run("UPDATE heap SET b = NULL WHERE a = " + a));
    CHECK(users.run("UPDATE large SET a = a + 1" + of_one("large", "true")));
    CHECK(users.run("UPDATE root SET a = (a + 50) % 100" + of_one("low", "true")));
    CHECK(users.run("DELETE FROM none" + of_one("none", "true")));
    if (n == 3) CHECK(users.run("TRUNCATE high; INSERT INTO root VALUES (99, 'after'), (99, 'after')"));
    if (n == 5) CHECK(users.run("ALTER TABLE keyed DROP CONSTRAINT keyed_pkey; INSERT INTO keyed VALUES (7, 'k')"));
    if (n == 7) CHECK(users.run("ALTER TABLE heap ADD d int DEFAULT 4"));
    if (n == 9)
        CHECK(
            users.run("DELETE FROM keyed WHERE a = 7; INSERT INTO keyed VALUES (7, 'k'); "
                      "ALTER TABLE keyed ADD PRIMARY KEY (a)"));
}

}  // namespace

TEST_CASE("rows of tables without a key are restored as often as they were there", "[postgresql]") {
    server& s = shared_server();
    const testing::temporary_folder folder;
    const std::string url = s.url(s.make_database());
    blocking_session users{url};
    REQUIRE(users.run(keyless_tables));
    backups b{url, folder / "repository"};
    b.options.chunk.rows = 200;
    b.on_chunk = [&](std::size_t chunk) { change(users, chunk); };
    for (const std::string restored : {"keyless_first", "keyless_second"}) {
        const restore_point point = b.run();
        CHECK((point.figures.chunks > 10 || restored == "keyless_second"));
        CHECK(point.omissions.empty());
        b.restore_to(s.url(restored), point);
        CHECK(blocking_session{s.url(restored)}.ask(all_rows) == users.ask(all_rows));
        b.on_chunk = {};
        for (std::size_t n = 100; n < 110; ++n) change(users, n);
    }
}

TEST_CASE("a table that gets a key or loses it while it is read is backed up all the same", "[postgresql]") {
    server& s = shared_server();
    const testing::temporary_folder folder;
    const std::string url = s.url(s.make_database());
    blocking_session users{url};
    REQUIRE(users.run(
        "CREATE TABLE loses(k text COLLATE \"C\" PRIMARY KEY, v int); "
        "INSERT INTO loses SELECT md5(i::text) || md5(i::text), i FROM generate_series(1, 2000) i; "
        "CREATE TABLE gets(k timestamptz NOT NULL, i int); "
        "INSERT INTO gets SELECT timestamptz '2020-01-01' + i * interval '1 hour', i FROM generate_series(1, 2000) i; "
        "CREATE TABLE gets_days(k date NOT NULL); INSERT INTO gets_days SELECT date '2020-01-01' + i "
        "FROM generate_series(1, 2000) i; "
        "CREATE TABLE made(a int, b int GENERATED ALWAYS AS (a * 2) STORED PRIMARY KEY); INSERT INTO made VALUES (1)"));
    backups b{url, folder / "repository"};
    b.options.chunk.rows = 100;
    b.on_chunk = [&](std::size_t chunk) {
        if (chunk == 5 || chunk == 45) {
            users.run("ALTER TABLE loses DROP CONSTRAINT loses_pkey");
            users.run("ALTER TABLE gets ADD PRIMARY KEY (k)");
            users.run("ALTER TABLE gets_days ADD PRIMARY KEY (k)");
        } else if (chunk == 25) {
            users.run("ALTER TABLE loses ADD PRIMARY KEY (k)");
            users.run("ALTER TABLE gets DROP CONSTRAINT gets_pkey");
            users.run("ALTER TABLE gets_days DROP CONSTRAINT gets_days_pkey");
        }
    };
    const restore_point point = b.run();
    b.restore_to(s.url("keys_come_and_go"), point);
    CHECK(blocking_session{s.url("keys_come_and_go")}.ask(all_rows) == users.ask(all_rows));
}

TEST_CASE("a partition without a key that is made while the log is followed is born empty", "[postgresql]") {
    server& s = shared_server();
    const testing::temporary_folder folder;
    const std::string url = s.url(s.make_database());
    blocking_session users{url};
    REQUIRE(users.run("CREATE TABLE r(a int) PARTITION BY RANGE (a)"));
    backups b{url, folder / "repository"};
    b.run();
    for (int i = 0; i < 5; ++i)
        REQUIRE(users.run("CREATE TABLE r" + std::to_string(i) + " PARTITION OF r FOR VALUES FROM (" +
                          std::to_string(i) + ") TO (" + std::to_string(i + 1) + "); INSERT INTO r VALUES (" +
                          std::to_string(i) + ")"));
    const restore_point point = b.run();
    CHECK(point.figures.chunks == 0);
    b.restore_to(s.url("born_empty"), point);
    CHECK(blocking_session{s.url("born_empty")}.ask(all_rows) == users.ask(all_rows));
}

TEST_CASE("a row's digest is the one that the server computes", "[postgresql]") {
    server& s = shared_server();
    blocking_session users{s.url(s.make_database())};
    REQUIRE(users.run(detail::objects_sql()));
    REQUIRE(
        users.run("CREATE DOMAIN small AS int; CREATE TYPE mood AS ENUM ('a', 'b'); CREATE DOMAIN mine AS mood;"
                  "CREATE TABLE t(\"A b\" small, b text, c mood[], gone int, d numeric, e jsonb, f mine); "
                  "ALTER TABLE t DROP gone; INSERT INTO t VALUES (7, NULL, '{b,a}', 1.50, '{\"k\": [1]}', 'b')"));
    const std::string digest = users.ask("SELECT foreshadow.row_digest('t'::regclass)");
    const std::string sends =
        "int4send(\"A b\"), NULL, array_send(c), numeric_send(d), jsonb_send(e), enum_send(f::mood)";
    std::vector<std::string> held;
    std::vector<field> fields;
    for (int i = 1; i <= 6; ++i) {
        const std::string hex =
            users.ask("SELECT encode((ARRAY[" + sends + "])[" + std::to_string(i) + "], 'hex') FROM t");
        held.push_back(from_hex(hex).value_or("?"));
    }
    for (const std::string& each : held) fields.emplace_back(each);
    fields[1] = std::nullopt;
    CHECK(users.ask("SELECT encode(" + digest + ", 'hex') FROM t") == to_hex(detail::digest_of_row(fields)));
}

TEST_CASE("what is known of a row without a key is never divided", "[postgresql]") {
    table t;
    t.oid = 7;
    t.name = "public.t";
    t.row_digest = "d";
    const digest row = detail::digest_of_row({});
    key found;
    detail::append_found(7, row, 0, found);
    key added;
    detail::append_event(7, row, keyless_event::added, {{5}, 1}, added);
    const key end = detail::end_of_row(found);
    CHECK(found < added);
    CHECK(added < end);
    CHECK_NOTHROW(detail::expect_whole_row(t, found, {table_prefix(7), end}));
    CHECK_NOTHROW(detail::expect_whole_row(t, found, {end, table_prefix(8)}));
    CHECK_NOTHROW(detail::expect_whole_row(t, found, {table_prefix(7) + std::string(90, 'k'), end}));
    CHECK_THROWS_AS(detail::expect_whole_row(t, found, {found, end}), error);
    CHECK_THROWS_AS(detail::expect_whole_row(t, found, {table_prefix(7), added}), error);
    CHECK(detail::digests_from(t, table_prefix(7)).empty());
    CHECK(detail::digests_from(t, added) == " WHERE d >= '\\x" + to_hex(row) + "'::pg_catalog.bytea");
    CHECK(detail::digests_from(t, end) == " WHERE d > '\\x" + to_hex(row) + "'::pg_catalog.bytea");
}

}  // namespace foreshadow::postgresql::tests

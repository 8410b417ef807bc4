// SPDX-License-Identifier: BSL-1.0
//
// What is said where rows cannot be read or restored: which table, and of which one it is a partition; what to do; and
// nothing of what is in the rows.
#include "failure.hpp"
#include "support/backups.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::tests {
namespace {

const std::string partitions =
    "CREATE TYPE mood AS ENUM ('calm', 'secret'); CREATE TABLE ev(id int PRIMARY KEY, m mood, pass text) PARTITION BY "
    "RANGE (id); CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (100); CREATE TABLE ev_2 PARTITION OF ev FOR "
    "VALUES FROM (100) TO (200) PARTITION BY RANGE (id); CREATE TABLE ev_2_a PARTITION OF ev_2 FOR VALUES FROM (100) "
    "TO "
    "(200); INSERT INTO ev SELECT i, 'secret', 'hunter' || i FROM generate_series(0, 199) i";

/// All that an error tells, in one text.
std::string told_by(const error& e) {
    std::string all = e.line();
    for (const auto& [name, value] : e.facts()) all += " " + value;
    return all;
}

/// Reads the database from its beginning to its end.
void read_all(source& from) {
    const read_budget budget{.rows = 1'000, .bytes = std::size_t{1} << 20, .seconds = 60};
    for (key at;;) {
        row_batch rows;
        const chunk read = testing::run(from.read(key_range{at, {}}, budget, rows));
        if (read.interval.is_unbounded()) return;
        at = read.interval.end;
    }
}

}  // namespace

TEST_CASE("an error of reading names the partition, and says what to do", "[postgresql]") {
    server own{"full_page_writes = off\nautovacuum = off"};
    const std::string url = own.url(own.make_database());
    std::string file;
    {
        blocking_session users{url};
        REQUIRE(users.run(partitions));
        file = users.ask("SELECT current_setting('data_directory') || '/' || pg_relation_filepath('ev_2_a')");
    }
    position at;
    {
        source held{url, {.pg_dump = pg_dump()}};
        at = testing::run(held.hold(std::nullopt));
    }
    own.stop(SIGINT);
    std::fstream{file, std::ios::in | std::ios::out | std::ios::binary}.write("no page begins like this one", 28);
    own.start();
    source held{url, {.pg_dump = pg_dump()}};
    testing::run(held.hold(at));
    const std::optional<error> failed = testing::failure([&] { read_all(held); });
    REQUIRE(failed);
    CHECK_THAT(failed->message(), Catch::Contains("cannot read partition public.ev_2_a of public.ev: invalid page"));
    CHECK_THAT(failed->hint(), Catch::Contains("mend or drop it"));
    CHECK(failed->fact("SQLSTATE") == "XX001");
}

TEST_CASE("a partition that may not be read is named", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run("CREATE ROLE reader_of_most LOGIN");
    REQUIRE(users.run(partitions + "; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_of_most"));
    {
        source held{url, {.pg_dump = pg_dump()}};
        testing::run(held.hold(std::nullopt));
    }
    REQUIRE(users.run("ALTER ROLE reader_of_most REPLICATION;" + detail::rights_sql("reader_of_most")));
    const std::string theirs = url_of_role(url, "reader_of_most");
    source held{theirs, {.pg_dump = pg_dump()}};
    testing::run(held.hold(std::nullopt));
    REQUIRE(users.run("REVOKE SELECT ON ev_1 FROM reader_of_most"));
    const key first = table_prefix(static_cast<object_id>(std::stoul(users.ask("SELECT 'ev_1'::regclass::oid::text"))));
    row_batch rows;
    const std::optional<error> failed = testing::failure(
        [&] { testing::run(held.read(key_range{first, {}}, {.rows = 10, .bytes = 1'000, .seconds = 60}, rows)); });
    REQUIRE(failed);
    CHECK(failed->code() == errc::invalid_argument);
    CHECK_THAT(failed->message(), Catch::Contains("cannot read partition public.ev_1 of public.ev: permission denied"));
    CHECK(!failed->hint().empty());
    testing::run(source{url, {.pg_dump = pg_dump()}}.release());
}

TEST_CASE("an error of restoring names the partition, and nothing of its rows", "[postgresql]") {
    const std::string url = new_database();
    {
        blocking_session users{url};
        REQUIRE(users.run(partitions));
    }
    source original{url, {.pg_dump = pg_dump()}};
    testing::run(original.hold(std::nullopt));
    const layout shape = testing::run(original.layout());
    const rows_by_key all = testing::run(truth_of(url)).rows;
    testing::run(original.release());
    target into{shared_server().url("restored_with_errors")};
    const std::optional<error> failed = testing::failure([&] {
        testing::run(into.begin(shape));
        for (const content holds : {content::definitions, content::data})
            for (const partition& p : shape.partitions) {
                if (p.holds != holds) continue;
                row_batch rows;
                for (const auto& [k, value] : all) {
                    if (!p.interval.contains(k)) continue;
                    std::string wrong = value;
                    if (const std::size_t mood = wrong.find("secret"); p.name == "public.ev_2_a" && mood != wrong.npos)
                        wrong.replace(mood, 6, "bitter");
                    rows.append(k, wrong);
                }
                testing::run(into.load(p, rows));
                testing::run(into.complete(p));
            }
        testing::run(into.finish());
    });
    testing::run(into.abandon());
    REQUIRE(failed);
    CHECK_THAT(failed->message(),
               Catch::Contains("cannot restore partition public.ev_2_a of public.ev: a value is not what its column "
                               "takes (SQLSTATE 22P02)"));
    CHECK(!failed->hint().empty());
    CHECK_THAT(told_by(*failed), !Catch::Contains("bitter") && !Catch::Contains("hunter"));
}

TEST_CASE("the right is named that a restore lacks, of the whole and of a part", "[postgresql]") {
    const std::string name = shared_server().make_database();
    blocking_session users{shared_server().url(name)};
    users.run("CREATE ROLE app_of_it; CREATE ROLE \"stranger to it\"; CREATE ROLE restorer LOGIN CREATEDB");
    users.run("GRANT app_of_it TO restorer");
    REQUIRE(users.run(partitions + "; CREATE TABLE alone(a int PRIMARY KEY); CREATE TABLE zz_last(a int PRIMARY KEY); "
                                   "ALTER TABLE zz_last OWNER TO restorer; CREATE SCHEMA s AUTHORIZATION app_of_it; "
                                   "CREATE TABLE s.theirs(a int PRIMARY KEY)"));
    const testing::temporary_folder folder;
    const bool is_member = GENERATE(true, false);
    const std::string part = GENERATE("", "public.ev_1", "public.alone", "s.theirs");
    CAPTURE(is_member, part);
    const std::string owner = is_member ? "app_of_it" : "\"stranger to it\"";
    for (const char* table : {"ev", "ev_1", "ev_2", "ev_2_a", "alone", "s.theirs"})
        REQUIRE(users.run(std::string{"ALTER TABLE "} + table + " OWNER TO " + owner));
    REQUIRE(users.run("ALTER TYPE mood OWNER TO restorer"));
    backups b{shared_server().url(name), folder / "repository"};
    const restore_point point = b.run();
    testing::run(source{b.url, {.pg_dump = pg_dump()}}.release());
    const std::string theirs = url_of_role(shared_server().url(name + "_restored"), "restorer");
    restore_options what;
    if (!part.empty()) what.partitions = {part};
    const std::optional<error> failed = testing::failure([&] { b.restore_to(theirs, point, what); });
    if (part == "s.theirs" && is_member) {
        CHECK_FALSE(failed);
        blocking_session{shared_server().url("postgres")}.run("DROP DATABASE " + name + "_restored");
        return;
    }
    REQUIRE(failed);
    CHECK(failed->code() == errc::invalid_argument);
    CHECK_THAT(failed->message(), Catch::Contains("cannot restore TABLE ") && Catch::Contains(" of " + owner + ": "));
    CHECK_THAT(failed->hint(), Catch::Contains("member of each owner, where the owner may create"));
}

TEST_CASE("what others own beside a part is no reason not to restore the part", "[postgresql]") {
    const std::string name = shared_server().make_database();
    blocking_session users{shared_server().url(name)};
    users.run("CREATE ROLE reporter; CREATE ROLE restorer_of_a_part LOGIN CREATEDB");
    REQUIRE(
        users.run("CREATE TABLE other(a int); CREATE SCHEMA s AUTHORIZATION restorer_of_a_part; GRANT USAGE ON SCHEMA "
                  "s TO reporter; CREATE TABLE s.t(a "
                  "int PRIMARY KEY); ALTER TABLE s.t OWNER TO restorer_of_a_part; INSERT INTO s.t VALUES (7); "
                  "CREATE VIEW s.v AS SELECT a FROM s.t; ALTER VIEW s.v OWNER TO reporter; GRANT SELECT ON s.t TO "
                  "reporter WITH GRANT OPTION; SET ROLE reporter; GRANT SELECT ON s.t TO PUBLIC; RESET ROLE"));
    const testing::temporary_folder folder;
    backups b{shared_server().url(name), folder / "repository"};
    const restore_point point = b.run();
    testing::run(source{b.url, {.pg_dump = pg_dump()}}.release());
    const std::string theirs = url_of_role(shared_server().url(name + "_restored"), "restorer_of_a_part");
    const restore_report report = b.restore_to(theirs, point, {.partitions = {"s.t"}});
    CHECK(blocking_session{theirs}.ask("SELECT a FROM s.t") == "7");
    CHECK_FALSE(report.omissions.empty());
}

TEST_CASE("the object is named that a role may not restore, among others that it may", "[postgresql]") {
    const std::string name = shared_server().make_database();
    blocking_session users{shared_server().url(name)};
    users.run("CREATE ROLE owner_of_one");
    users.run("CREATE ROLE restorer_of_others LOGIN CREATEDB");
    REQUIRE(
        users.run("CREATE TABLE a(i int PRIMARY KEY); CREATE TABLE b(i int PRIMARY KEY); CREATE TABLE c(i int PRIMARY "
                  "KEY); ALTER TABLE b OWNER TO owner_of_one; ALTER TABLE a OWNER TO restorer_of_others; ALTER TABLE "
                  "c OWNER TO restorer_of_others"));
    const testing::temporary_folder folder;
    backups b{shared_server().url(name), folder / "repository"};
    const restore_point point = b.run();
    testing::run(source{b.url, {.pg_dump = pg_dump()}}.release());
    const std::string theirs = url_of_role(shared_server().url(name + "_restored"), "restorer_of_others");
    const std::optional<error> failed = testing::failure([&] { b.restore_to(theirs, point); });
    REQUIRE(failed);
    CHECK_THAT(failed->message(), Catch::Contains("cannot restore TABLE public.b of owner_of_one: "));
}

}  // namespace foreshadow::postgresql::tests

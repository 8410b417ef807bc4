// SPDX-License-Identifier: BSL-1.0
//
// What is set up in a database: by which version, for how many holds, and as a text that psql runs.
#include "foreshadow/store/digest.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"
#include "temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace foreshadow::postgresql::tests {
namespace {

/// SQL without comments, and with one blank wherever there is white space.
std::string normal(const std::string& sql) {
    std::string all;
    for (std::size_t i = 0; i < sql.size(); ++i) {
        if (sql.compare(i, 2, "--") == 0) i = std::min(sql.find('\n', i), sql.size() - 1);
        const bool is_blank = sql[i] == ' ' || sql[i] == '\n' || sql[i] == '\t';
        if (!is_blank)
            all += sql[i];
        else if (!all.empty() && all.back() != ' ')
            all += ' ';
    }
    return all;
}

source source_with_slot(const std::string& url, const std::string& slot) {
    return source{url, {.slot = slot, .heartbeat = std::chrono::milliseconds{40}, .pg_dump = pg_dump()}};
}

std::size_t obstacles(source& of) {
    const std::vector<finding> all = testing::run(of.preflight());
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const finding& f) { return f.how == severity::obstacle; }));
}

}  // namespace

TEST_CASE("what the setup makes has a version that a person raises", "[postgresql]") {
    const std::string digest = to_hex(sha256(normal(detail::schema_sql()))).substr(0, 16);
    INFO(
        "the setup makes something else than this version of it did: raise detail::setup_version (setup.hpp), then "
        "write down both here");
    CHECK(std::to_string(detail::setup_version) + " " + digest == "1 343273d99c8506e6");
    CHECK(normal("a\n\n  b -- c\n-- d\ne") == "a b e");
    CHECK(detail::setup_mark().find(std::to_string(detail::setup_version)) != std::string::npos);
}

TEST_CASE("the last of two holds that is released takes the setup with it, the first does not", "[postgresql]") {
    const std::string url = new_database();
    blocking_session users{url};
    users.run("CREATE ROLE keeper_of_one LOGIN");  // of the server
    users.run("CREATE TABLE t(a int)");
    const std::string theirs = url_of_role(url, "keeper_of_one");
    const bool is_role_first = GENERATE(true, false);
    CAPTURE(is_role_first);
    source mine = source_with_slot(url, "mine");
    testing::run(mine.hold(std::nullopt));
    REQUIRE(users.run(detail::grants_sql("keeper_of_one")));
    source other = source_with_slot(theirs, "other");
    const position at = testing::run(other.hold(std::nullopt));
    const std::string identity = "SELECT relreplident FROM pg_class WHERE oid = 't'::regclass";
    if (is_role_first) {
        testing::run(other.release());
        CHECK_NOTHROW(testing::run(mine.head()));
        testing::run(mine.release());
        CHECK(testing::run(mine.left_behind()).empty());
        CHECK(users.ask(identity) == "d");
        return;
    }
    testing::run(mine.release());
    CHECK(users.ask("SELECT string_agg(slot, ' ') FROM foreshadow.hold") == "other");
    CHECK(users.ask(identity) == "f");
    users.run("INSERT INTO t VALUES (1)");
    log_batch batch;
    testing::run(other.follow(at, batch));
    CHECK(testing::run(other.head()) > at);
    // Who is no superuser removes what is his; a superuser's release then takes the rest.
    testing::run(other.release());
    CHECK(testing::run(mine.left_behind()).size() == 5);
    testing::run(source_with_slot(url, "another").release());
    CHECK(testing::run(mine.left_behind()).empty());
    CHECK(users.ask(identity) == "d");
    CHECK(users.ask("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()") == "0");
}

TEST_CASE("a hold whose slot is gone does not keep the setup", "[postgresql]") {
    server& s = shared_server();
    const std::string name = s.make_database();
    const std::string url = s.url(name);
    blocking_session users{url};
    users.run("CREATE TABLE t(a int)");
    source mine = source_with_slot(url, "first_slot");
    testing::run(mine.hold(std::nullopt));
    {
        source gone = source_with_slot(url, "second_slot");
        testing::run(gone.hold(std::nullopt));
    }
    REQUIRE(users.run("SELECT pg_drop_replication_slot('second_slot')"));
    testing::run(mine.release());
    CHECK(testing::run(mine.left_behind()).empty());
    CHECK(users.ask("SELECT relreplident FROM pg_class WHERE oid = 't'::regclass") == "d");
}

TEST_CASE("what an administrator runs is run to its end by psql, whatever is missing", "[postgresql]") {
    server own{"wal_level = replica\nmax_replication_slots = 0\nmax_wal_senders = 0"};
    {
        blocking_session admin{own.url("postgres")};
        admin.run(
            "CREATE ROLE \"the \"\"keeper\" LOGIN; CREATE TABLE t(a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY");
    }
    const std::string theirs = url_of_role(own.url("postgres"), "the%20%22keeper");
    const testing::temporary_folder folder;
    std::size_t mends = 0;
    {
        source held = source_with_slot(theirs, "");
        CHECK(obstacles(held) == 7);
        for (const finding& each : testing::run(held.preflight())) {  // as one pastes it, with more behind it
            if (each.by != remedy::statement) continue;
            std::ofstream{folder / "mend.sql", std::ios::app} << each.mend << "; SELECT 'men' || 'ded';\n";
            ++mends;
        }
        std::ofstream{folder / "setup.sql"} << testing::run(held.setup()) << "SELECT 'to the' || ' end';\n";
    }
    for (const char* file : {"mend.sql", "setup.sql"}) {
        const std::string told = (folder / "told").string();
        const std::string command = program("psql") + " --no-psqlrc --quiet --set=ON_ERROR_STOP=1 '" +
                                    own.url("postgres") + "' <" + (folder / file).string() + " >" + told + " 2>&1";
        CAPTURE(file);
        CHECK(std::system(command.c_str()) == 0);
        std::ifstream in{told};
        const std::string text{std::istreambuf_iterator<char>{in}, {}};
        CAPTURE(text);
        CHECK(text.find("ERROR") == std::string::npos);
        std::size_t ends = 0;
        for (const std::string end : {"mended", "to the end"})
            for (std::size_t at = 0; (at = text.find(end, at)) != std::string::npos; ++at) ++ends;
        CHECK(ends == (file == std::string{"mend.sql"} ? mends : 1));
    }
    own.stop(SIGINT);
    own.start();
    source held = source_with_slot(theirs, "");
    CHECK(obstacles(held) == 0);
    CHECK_NOTHROW(testing::run(held.hold(std::nullopt)));
    testing::run(held.release());
}

}  // namespace foreshadow::postgresql::tests

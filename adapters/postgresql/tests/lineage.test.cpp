// SPDX-License-Identifier: BSL-1.0
//
// Splits and merges as users of PostgreSQL do them, in all the ways that they do, and what lineage makes of them.
#include "foreshadow/plane/layout_history.hpp"
#include "support/database.hpp"
#include "support/ledger.hpp"
#include "support/partition_sql.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::tests {
namespace {

/// A database whose log is followed, and what its layout changes were.
class followed_database {
  public:
    explicit followed_database(const std::string& tables) : url_{new_database()}, users{url_} {
        if (!users.run(tables)) throw std::runtime_error{"the tables of a test cannot be made"};
        open();
        at_ = testing::run(source_->hold(std::nullopt));
        layouts_ = layout_history{testing::run(source_->layout())};
    }
    ~followed_database() { testing::run(source_->release()); }

    /// Goes on with another session, from what was acknowledged.
    void restart() {
        tell();
        testing::run(source_->acknowledge(at_));
        source_.reset();
        open();
        testing::run(source_->hold(at_));
    }

    /// What became of which tables since the last time, a line each.
    std::vector<std::string> tell() {
        const position head = testing::run(source_->head());
        const std::size_t before = layouts_.lineage().size();
        while (at_ < head) {
            log_batch batch;
            testing::run(source_->follow(at_, batch));
            for (const layout_change& change : batch.layouts) layouts_.apply(change);
            at_ = batch.upto;
        }
        std::vector<std::string> lines;
        for (std::size_t i = before; i < layouts_.lineage().size(); ++i) lines.push_back(line(layouts_.lineage()[i]));
        return lines;
    }

  private:
    static std::string line(const lineage_event& event) {
        std::string text = name_of(event.kind);
        for (const auto* side : {&event.from, &event.to}) {
            for (const partition& p : *side) text += " " + p.name.substr(p.name.find('.') + 1);
            if (side == &event.from) text += " ->";
        }
        return text;
    }
    void open() {
        source_.emplace(url_, source_options{.heartbeat = std::chrono::milliseconds{40}, .pg_dump = pg_dump()});
    }

    std::string url_;
    std::optional<source> source_;
    position at_;
    layout_history layouts_;

  public:
    blocking_session users;
};

using lines = std::vector<std::string>;

const std::string ranges = "CREATE TABLE ev(i int PRIMARY KEY, v text) PARTITION BY RANGE (i);" +
                           partition_sql("low", "ev", range_sql("MINVALUE", "-5")) +
                           partition_sql("high", "ev", range_sql(-5, 1000)) + partition_sql("rest", "ev", " DEFAULT") +
                           "INSERT INTO ev SELECT i, 'v' FROM generate_series(-20, 1020) i";

}  // namespace

TEST_CASE("a split in one transaction is a split, whether its table stays or goes", "[postgresql]") {
    followed_database db{ranges};
    REQUIRE(db.users.run(
        "BEGIN; CREATE TABLE upper (LIKE ev INCLUDING ALL); INSERT INTO upper SELECT * FROM high WHERE i >= 100;"
        "ALTER TABLE ev DETACH PARTITION high; DELETE FROM high WHERE i >= 100;"
        "ALTER TABLE ev ATTACH PARTITION high FOR VALUES FROM (-5) TO (100);"
        "ALTER TABLE ev ATTACH PARTITION upper FOR VALUES FROM (100) TO (1000); COMMIT"));
    CHECK(db.tell() == lines{"split high -> high upper"});
    REQUIRE(db.users.run(replacement_sql(
        "ev", {"upper"}, {{"a", range_sql(100, 300)}, {"b", range_sql(300, 700)}, {"c", range_sql(700, 1000)}})));
    CHECK(db.tell() == lines{"split upper -> a b c"});
}

TEST_CASE("a split in several transactions is a split once all of the range is covered", "[postgresql]") {
    followed_database db{ranges};
    REQUIRE(db.users.run("CREATE TABLE a (LIKE ev INCLUDING ALL)"));
    CHECK(db.tell() == lines{"create -> a"});
    REQUIRE(db.users.run("INSERT INTO a SELECT * FROM high WHERE i < 100"));
    REQUIRE(db.users.run("ALTER TABLE ev DETACH PARTITION high"));
    const bool restarts = GENERATE(false, true);
    CAPTURE(restarts);
    if (restarts) db.restart();
    REQUIRE(db.users.run("ALTER TABLE ev ATTACH PARTITION a FOR VALUES FROM (-5) TO (100)"));
    CHECK(db.tell().empty());
    if (restarts) db.restart();
    REQUIRE(db.users.run(partition_sql("b", "ev", range_sql(100, 1000))));
    CHECK(db.tell() == lines{"split high -> a b", "reshape -> high", "reshape a ->"});
    REQUIRE(db.users.run("INSERT INTO ev SELECT * FROM high WHERE i >= 100"));
    REQUIRE(db.users.run("DROP TABLE high"));
    CHECK(db.tell() == lines{"drop high ->"});
}

TEST_CASE("a merge is a merge in one transaction and in several, into a new table and into an old one",
          "[postgresql]") {
    followed_database db{ranges};
    REQUIRE(db.users.run(
        "BEGIN; ALTER TABLE ev DETACH PARTITION low; ALTER TABLE ev DETACH PARTITION high; INSERT INTO high SELECT * "
        "FROM low; DROP TABLE low; ALTER TABLE ev ATTACH PARTITION high FOR VALUES FROM (MINVALUE) TO (1000); COMMIT"));
    CHECK(db.tell() == lines{"merge low high -> high"});
    REQUIRE(db.users.run(partition_sql("more", "ev", range_sql(2000, 3000))));
    REQUIRE(db.users.run(partition_sql("most", "ev", range_sql("3000", "MAXVALUE"))));
    CHECK(db.tell() == lines{"create -> more", "create -> most"});
    REQUIRE(db.users.run("ALTER TABLE ev DETACH PARTITION more"));
    REQUIRE(db.users.run("ALTER TABLE ev DETACH PARTITION most CONCURRENTLY") == false);  // there is a DEFAULT
    REQUIRE(db.users.run("ALTER TABLE ev DETACH PARTITION most"));
    REQUIRE(db.users.run(partition_sql("one", "ev", range_sql("2000", "MAXVALUE"))));
    CHECK(db.tell() == lines{"merge more most -> one", "reshape -> more", "reshape -> most"});
    REQUIRE(db.users.run("INSERT INTO ev SELECT * FROM more; DROP TABLE more, most"));
    CHECK(db.tell() == lines{"drop more ->", "drop most ->"});
}

TEST_CASE("partitions that come and go without one another are created and dropped", "[postgresql]") {
    followed_database db{ranges};
    REQUIRE(db.users.run(
        "BEGIN; DROP TABLE low; CREATE TABLE next PARTITION OF ev FOR VALUES FROM (2000) TO (3000); COMMIT"));
    CHECK(db.tell() == lines{"drop low ->", "create -> next"});
    REQUIRE(db.users.run("ALTER TABLE ev DETACH PARTITION next"));
    REQUIRE(db.users.run("ALTER TABLE ev ATTACH PARTITION next FOR VALUES FROM (2000) TO (4000)"));
    REQUIRE(db.users.run("ALTER TABLE ev DETACH PARTITION next"));
    REQUIRE(db.users.run("BEGIN; CREATE TABLE gone(i int PRIMARY KEY); DROP TABLE gone; COMMIT"));
    CHECK(db.tell().empty());
    REQUIRE(db.users.run("DROP TABLE next"));
    REQUIRE(db.users.run("ALTER TABLE high RENAME TO renamed"));
    CHECK(db.tell() == lines{"drop next ->", "reshape high -> renamed"});
}

TEST_CASE("a partition that is captured only as its range goes to another one has no descendants", "[postgresql]") {
    followed_database db{
        "CREATE TABLE ev(i int) PARTITION BY RANGE (i); CREATE UNLOGGED TABLE old PARTITION OF ev FOR VALUES FROM (0) "
        "TO (10)"};
    const bool restarts = GENERATE(false, true);
    CAPTURE(restarts);
    if (restarts) db.restart();
    REQUIRE(db.users.run(
        "BEGIN; ALTER TABLE old SET LOGGED; ALTER TABLE ev DETACH PARTITION old; CREATE TABLE next PARTITION OF ev FOR "
        "VALUES FROM (0) TO (10); COMMIT"));
    CHECK(db.tell() == lines{"create -> old", "create -> next"});
}

TEST_CASE("splits of lists, of remainders and of dates are splits", "[postgresql]") {
    followed_database db{
        "CREATE TABLE l(r text PRIMARY KEY) PARTITION BY LIST (r);"
        "CREATE TABLE l1 PARTITION OF l FOR VALUES IN ('a', 'it''s', 'c, d'); CREATE TABLE l2 PARTITION OF l DEFAULT;"
        "CREATE TABLE h(i bigint PRIMARY KEY) PARTITION BY HASH (i);"
        "CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        "CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
        "CREATE TABLE d(t timestamptz, s uuid, PRIMARY KEY (t, s)) PARTITION BY RANGE (t, s);"
        "SET timezone = 'Asia/Tokyo'; CREATE TABLE d1 PARTITION OF d FOR VALUES FROM ('2020-01-01', MINVALUE) TO "
        "('infinity', MAXVALUE)"};
    REQUIRE(db.users.run(replacement_sql(
        "l", {"l1"}, {{"la", " FOR VALUES IN ('c, d')"}, {"lb", " FOR VALUES IN ('it''s', 'a', NULL)"}})));
    CHECK(db.tell() == lines{"split l1 -> la lb"});
    REQUIRE(db.users.run(replacement_sql(
        "h", {"h1"},
        {{"h3", " FOR VALUES WITH (MODULUS 4, REMAINDER 3)"}, {"h5", " FOR VALUES WITH (MODULUS 4, REMAINDER 1)"}})));
    CHECK(db.tell() == lines{"split h1 -> h3 h5"});
    REQUIRE(db.users.run("SET datestyle = 'German'"));
    const std::string first = "'2020-01-01', MINVALUE";
    const std::string middle = "'2021-10-01', '00000000-0000-0000-0000-000000000001'";
    REQUIRE(db.users.run(replacement_sql(
        "d", {"d1"}, {{"d2", range_sql(first, middle)}, {"d3", range_sql(middle, "'infinity', MAXVALUE")}})));
    CHECK(db.tell() == lines{"split d1 -> d2 d3"});
}

}  // namespace foreshadow::postgresql::tests

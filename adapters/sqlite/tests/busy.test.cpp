// SPDX-License-Identifier: BSL-1.0
//
// Another connection holds the lock for longer than the source waits, and lets it go when the test says so.
#include "support.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreshadow::sqlite::tests {
namespace {

constexpr source_options impatient{.busy_timeout = std::chrono::milliseconds{1}};

/// What is said of a call that finds the database locked; nothing where it does not.
std::optional<error> refusal(const std::function<void()>& call) {
    try {
        call();
    } catch (const error& e) {
        return e;
    }
    return std::nullopt;
}

void check_is_busy(const std::function<void()>& call) {
    const auto refused = refusal(call);
    REQUIRE(refused);
    INFO(refused->line());
    CHECK(refused->code() == errc::busy);
    CHECK(refused->again() == retry::later);
    CHECK_THAT(refused->message(), Catch::Contains("a.db is locked"));
    CHECK_THAT(refused->hint(), Catch::Contains("the other program") && !Catch::Contains("_"));
}

/// While it lives, every statement that writes what a source notes finds the schema changed since it was prepared: by
/// another connection, and unless that one finds the database locked.
class moving_schema {
  public:
    explicit moving_schema(const std::string& path)
        : other_{path, open_mode::read_write, std::chrono::milliseconds{0}} {
        mover = other_.get();
        REQUIRE(sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch)) == SQLITE_OK);
    }
    moving_schema(const moving_schema&) = delete;
    moving_schema& operator=(const moving_schema&) = delete;
    ~moving_schema() {
        sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&watch));
        mover = nullptr;
    }

  private:
    static int watch(sqlite3* opened, char**, const sqlite3_api_routines*) {
        return sqlite3_set_authorizer(opened, &prepared, nullptr);
    }
    static int prepared(void*, int action, const char* table, const char*, const char*, const char*) {
        if (mover != nullptr && action == SQLITE_UPDATE && std::string_view{table} == "foreshadow_control")
            sqlite3_exec(mover, "CREATE TABLE passing(a); DROP TABLE passing", nullptr, nullptr, nullptr);
        return SQLITE_OK;
    }

    static inline sqlite3* mover = nullptr;
    connection other_;
};

}  // namespace

TEST_CASE("whatever finds the database locked can be called again when it is not", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db", journal_mode::rollback);
    db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1, 'a'), (2, 'b')");
    source s{here / "a.db", impatient};
    const auto blocked = [&](const std::function<void()>& call) {
        db.execute("BEGIN EXCLUSIVE");
        check_is_busy(call);
        db.execute("ROLLBACK");
        call();
    };
    replica known;
    blocked([&] { static_cast<void>(testing::run(s.identity())); });
    blocked([&] { known.at = testing::run(s.hold(std::nullopt)); });
    blocked([&] { known.shape = testing::run(s.layout()); });
    row_batch rows;
    blocked([&] {
        rows.clear();
        known.take(testing::run(s.read(key_range::all(), {}, rows)), rows);
    });
    db.execute("UPDATE t SET v = 'c' WHERE id = 1; CREATE TABLE n(a); INSERT INTO n VALUES(1)");
    position head;
    blocked([&] { head = testing::run(s.head()); });
    log_batch batch;
    blocked([&] { testing::run(s.follow(known.at, batch)); });
    known.apply(batch);
    CHECK(known.at == head);
    known.catch_up(s);
    CHECK(known.rows == read_all(s));
    blocked([&] { testing::run(s.acknowledge(head)); });
    bool remembered = false;
    blocked([&] { remembered = testing::run(s.remembers(head)); });
    CHECK(remembered);
    blocked([&] { static_cast<void>(testing::run(s.strain())); });
    blocked([&] { testing::run(s.release()); });
    CHECK(testing::run(s.left_behind()).empty());
}

TEST_CASE("a writer's lock keeps only what writes from going on", "[sqlite]") {
    const folder here;
    connection db = open_database(here / "a.db");
    db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(1)");
    source s{here / "a.db", impatient};
    db.execute("BEGIN IMMEDIATE");
    check_is_busy([&] { testing::run(s.hold(std::nullopt)); });
    db.execute("ROLLBACK");
    replica known;
    known.begin(s);
    db.execute("INSERT INTO t VALUES(2); BEGIN IMMEDIATE; INSERT INTO t VALUES(3)");
    known.catch_up(s);
    CHECK(known.rows == read_all(s));
    db.execute("COMMIT; CREATE TABLE n(a); BEGIN IMMEDIATE");
    // The new table needs triggers before anything is told of it.
    log_batch batch;
    check_is_busy([&] { testing::run(s.follow(known.at, batch)); });
    db.execute("ROLLBACK");
    known.catch_up(s);
    CHECK(known.rows == read_all(s));
}

TEST_CASE("what was done is noted where the schema changes faster than it can be read", "[sqlite]") {
    const folder here;
    open_database(here / "a.db").execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    const moving_schema moving{here / "a.db"};
    source s{here / "a.db"};
    const position held = testing::run(s.hold(std::nullopt));
    CHECK_NOTHROW(testing::run(s.acknowledge(held)));
    CHECK(testing::run(s.remembers(held)));
}

}  // namespace foreshadow::sqlite::tests

// SPDX-License-Identifier: BSL-1.0
//
// Writers whose rows tell whether a restored database is a state that there was. A writer numbers its transactions, and
// what it has in the database after number n follows from n: so a restored database is asked for each writer's n, and
// then every row is known. Meanwhile somebody splits, merges, detaches, attaches and rewrites the partitions.
#pragma once

#include "partition_sql.hpp"
#include "server.hpp"

#include <atomic>
#include <cstddef>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::tests {

/// A session of a thread of its own; errors are the application's, and are passed over.
class blocking_session {
  public:
    explicit blocking_session(const std::string& url) : handle_{PQconnectdb(url.c_str())} {
        PQsetNoticeProcessor(handle_, [](void*, const char*) {}, nullptr);
    }
    blocking_session(const blocking_session&) = delete;
    blocking_session& operator=(const blocking_session&) = delete;
    ~blocking_session() { PQfinish(handle_); }

    /// Whether all of it was done.
    bool run(const std::string& sql) {
        PGresult* r = PQexec(handle_, sql.c_str());
        const bool done = PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;
        PQclear(r);
        if (!done && PQtransactionStatus(handle_) != PQTRANS_IDLE) PQclear(PQexec(handle_, "ROLLBACK"));
        return done;
    }
    std::string ask(const std::string& sql) {
        PGresult* r = PQexec(handle_, sql.c_str());
        std::string answer = PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : PQresultErrorMessage(r);
        PQclear(r);
        return answer;
    }

  private:
    PGconn* handle_;
};

class ledger {
  public:
    ledger(std::string url, std::uint64_t seed) : url_{std::move(url)}, seed_{seed} {
        blocking_session users{url_};
        users.run(
            "CREATE TABLE totals(w int PRIMARY KEY, last int NOT NULL);"
            "CREATE TABLE ev(w int, n int, bucket int, v text, pad int, PRIMARY KEY (bucket, w, n)) "
            "PARTITION BY RANGE (bucket);"
            "CREATE TABLE ev_0 PARTITION OF ev FOR VALUES FROM (0) TO (300);"
            "CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (300) TO (1000);"
            "ALTER TABLE ev ALTER v SET STORAGE EXTERNAL;"
            "ALTER TABLE ev_0 ALTER v SET STORAGE EXTERNAL; ALTER TABLE ev_1 ALTER v SET STORAGE EXTERNAL;"
            "CREATE TABLE quiet(i int PRIMARY KEY) PARTITION BY RANGE (i);"
            "CREATE TABLE quiet_1 PARTITION OF quiet FOR VALUES FROM (0) TO (100000);"
            "CREATE TABLE ballast(i int PRIMARY KEY, v text); INSERT INTO ballast SELECT i, repeat('b', 300) FROM "
            "generate_series(1, 20000) i");
        borders_ = {0, 300, 1000};
        names_ = {"ev_0", "ev_1"};
        for (int w = 0; w < writers; ++w) threads_.emplace_back([this, w] { write(w); });
        threads_.emplace_back([this] { change_partitions(); });
    }
    ledger(const ledger&) = delete;
    ledger& operator=(const ledger&) = delete;
    ~ledger() { stop(); }

    void stop() {
        stopping_ = true;
        for (std::thread& t : threads_) t.join();
        threads_.clear();
    }

    [[nodiscard]] int commits() const noexcept { return commits_; }
    [[nodiscard]] int layout_changes() const noexcept { return changes_; }

    /// How many rows of a restored database are not as its writers' numbers say; 0 where it is a state that there was.
    static std::string wrong_rows(const std::string& restored) {
        blocking_session there{restored};
        return there.ask(
            "WITH expected AS (SELECT t.w, n, (n * 37 + t.w * 11 + CASE WHEN n <= t.last - 10 THEN 500 ELSE 0 END) % "
            "1000 AS bucket, repeat(md5(t.w || ':' || n), CASE WHEN n % 5 = 0 THEN 100 ELSE 1 END) AS v, "
            "CASE WHEN n <= t.last - 5 THEN 1 ELSE 0 END AS pad "
            "FROM totals t, generate_series(greatest(1, t.last - 49), t.last) n), "
            "found AS (SELECT w, n, bucket, v, pad::int FROM ev) "
            "SELECT (SELECT count(*) FROM (SELECT * FROM expected EXCEPT ALL SELECT * FROM found) lacking) + "
            "(SELECT count(*) FROM (SELECT * FROM found EXCEPT ALL SELECT * FROM expected) surplus)");
    }

  private:
    static constexpr int writers = 4;

    void write(int w) {
        blocking_session users{url_};
        const std::string who = std::to_string(w);
        users.run("INSERT INTO totals VALUES (" + who + ", 0)");
        users.run(w % 2 == 0 ? "SET synchronous_commit = off" : "SET synchronous_commit = on");
        for (int n = 1; !stopping_;) {
            const auto of = [&](int number) { return "w = " + who + " AND n = " + std::to_string(number); };
            const std::string number = std::to_string(n);
            const bool done =
                users.run("BEGIN; INSERT INTO ev VALUES (" + who + ", " + number + ", (" + number + " * 37 + " + who +
                          " * 11) % 1000, repeat(md5(" + who + " || ':' || " + number + "), " +
                          (n % 5 == 0 ? "100" : "1") + "), 0); SAVEPOINT s; UPDATE ev SET pad = 1 WHERE " + of(n - 5) +
                          "; UPDATE ev SET bucket = (bucket + 500) % 1000 WHERE " + of(n - 10) + "; RELEASE s; " +
                          "DELETE FROM ev WHERE " + of(n - 50) + "; UPDATE totals SET last = " + number +
                          " WHERE w = " + who + "; COMMIT");
            if (!done) continue;
            ++n;
            ++commits_;
        }
    }

    void change_partitions() {
        blocking_session users{url_};
        std::mt19937_64 random{seed_};
        const auto any = [&](std::size_t count) { return static_cast<std::size_t>(random() % count); };
        for (int next = 2; !stopping_; ++next) {
            const std::size_t i = any(names_.size());
            const std::string fresh = "ev_" + std::to_string(next);
            const std::string range = range_sql(borders_[i], borders_[i + 1]);
            bool done = false;
            switch (any(6)) {
                case 0:
                case 1: {
                    const int middle = (borders_[i] + borders_[i + 1]) / 2;
                    if (middle == borders_[i] || names_.size() > 8) continue;
                    done = users.run(
                        "BEGIN; CREATE TABLE " + fresh + " (LIKE ev INCLUDING ALL); LOCK TABLE " + names_[i] +
                        "; INSERT INTO " + fresh + " SELECT * FROM " + names_[i] +
                        " WHERE bucket >= " + std::to_string(middle) + "; ALTER TABLE ev DETACH PARTITION " +
                        names_[i] + "; DELETE FROM " + names_[i] + " WHERE bucket >= " + std::to_string(middle) +
                        "; ALTER TABLE ev ATTACH PARTITION " + names_[i] + range_sql(borders_[i], middle) +
                        "; ALTER TABLE ev ATTACH PARTITION " + fresh + range_sql(middle, borders_[i + 1]) + "; COMMIT");
                    if (!done) break;
                    borders_.insert(borders_.begin() + static_cast<std::ptrdiff_t>(i) + 1, middle);
                    names_.insert(names_.begin() + static_cast<std::ptrdiff_t>(i) + 1, fresh);
                    break;
                }
                case 2: {
                    if (i + 1 == names_.size()) continue;
                    done = users.run(
                        "BEGIN; LOCK TABLE " + names_[i] + ", " + names_[i + 1] + "; ALTER TABLE ev DETACH PARTITION " +
                        names_[i] + "; ALTER TABLE ev DETACH PARTITION " + names_[i + 1] + "; CREATE TABLE " + fresh +
                        " PARTITION OF ev" + range_sql(borders_[i], borders_[i + 2]) + "; INSERT INTO " + fresh +
                        " SELECT * FROM " + names_[i] + "; INSERT INTO " + fresh + " SELECT * FROM " + names_[i + 1] +
                        "; DROP TABLE " + names_[i] + ", " + names_[i + 1] + "; COMMIT");
                    if (!done) break;
                    names_[i] = fresh;
                    names_.erase(names_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
                    borders_.erase(borders_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
                    break;
                }
                case 3:
                    done = users.run("BEGIN; ALTER TABLE ev DETACH PARTITION " + names_[i] + "; ALTER TABLE " +
                                     names_[i] + " RENAME TO " + fresh + "; ALTER TABLE ev ATTACH PARTITION " + fresh +
                                     range + "; COMMIT") &&
                           users.run("ALTER TABLE quiet DETACH PARTITION quiet_1 CONCURRENTLY") &&
                           users.run("INSERT INTO quiet_1 VALUES (" + std::to_string(next) + ")") &&
                           users.run("ALTER TABLE quiet ATTACH PARTITION quiet_1 FOR VALUES FROM (0) TO (100000)");
                    if (done) names_[i] = fresh;
                    break;
                case 4:  // truncated, and filled again with the same rows
                    done = users.run("BEGIN; LOCK TABLE " + names_[i] +
                                     "; CREATE TEMP TABLE kept ON COMMIT DROP AS TABLE " + names_[i] + "; TRUNCATE " +
                                     names_[i] + "; INSERT INTO " + names_[i] + " SELECT * FROM kept; COMMIT");
                    break;
                default:
                    done = any(3) != 0 ||
                           users.run("ALTER TABLE ev ALTER pad TYPE " + std::string{any(2) == 0 ? "bigint" : "int"});
            }
            if (done) ++changes_;
            // Many at once, then none for a while: the definitions have to be read between two of them.
            for (int rest = next % 8 == 0 ? 100 : 1; rest > 0 && !stopping_; --rest)
                std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    }

    std::string url_;
    std::uint64_t seed_;
    std::vector<int> borders_;
    std::vector<std::string> names_;  ///< of the partitions, in the order of their ranges
    std::atomic<bool> stopping_ = false;
    std::atomic<int> commits_ = 0;
    std::atomic<int> changes_ = 0;
    std::vector<std::thread> threads_;
};

}  // namespace foreshadow::postgresql::tests

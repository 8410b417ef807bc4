// SPDX-License-Identifier: BSL-1.0
// needs: postgresql
// expects: it began with .*readings_1; at T there are .*readings_1a .*readings_1b, and 20002 rows are restored
//
// PostgreSQL, while a partition is split as its users do it: two new tables, the rows copied over, the old one dropped.
// They wait for no more than a chunk, nothing is read again, and what is restored is the database after the split.
//
//     PGHOST=... PGUSER=... 05_postgresql      makes databases plant and plant_restored there
#include "foreshadow/compose.hpp"
#include "foreshadow/postgresql/postgresql.hpp"
#include "foreshadow/store/directory_store.hpp"

#include "example.hpp"

#include <libpq-fe.h>

#include <memory>
#include <variant>

/// Runs SQL as any client does; returns the first value of the last statement.
std::string run_on(const std::string& database, const std::string& sql) {
    const std::string url = "postgresql:///" + database;  // the rest is in libpq's environment
    const std::unique_ptr<PGconn, decltype(&PQfinish)> db{PQconnectdb(url.c_str()), &PQfinish};
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer{PQexec(db.get(), sql.c_str()), &PQclear};
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error{PQerrorMessage(db.get())};
    return PQntuples(answer.get()) > 0 ? PQgetvalue(answer.get(), 0, 0) : "";
}

/// Somebody who splits the partition when a part of it has been read. An observer, so that this is sure to be so.
class split_in_the_middle {
  public:
    void on(const foreshadow::event& e) {
        if (!std::holds_alternative<foreshadow::chunk_read>(e) || ++chunks_ != 10) return;
        run_on("plant",
               "BEGIN; ALTER TABLE readings DETACH PARTITION readings_1;"
               "CREATE TABLE readings_1a PARTITION OF readings FOR VALUES FROM (1) TO (10001);"
               "CREATE TABLE readings_1b PARTITION OF readings FOR VALUES FROM (10001) TO (MAXVALUE);"
               "INSERT INTO readings SELECT * FROM readings_1; DROP TABLE readings_1; COMMIT");
        run_on("plant", "INSERT INTO readings VALUES (20001, 'after'), (20002, 'the split')");
    }

  private:
    int chunks_ = 0;
};

void tell(const foreshadow::layout& partitions) {
    for (const foreshadow::partition& p : partitions.partitions) std::cout << ' ' << p.name;
}

foreshadow::task<> example() {
    using namespace foreshadow;
    run_on("postgres", "CREATE DATABASE plant");
    run_on("plant",
           "CREATE TABLE readings(id int PRIMARY KEY, told text) PARTITION BY RANGE (id);"
           "CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM (1) TO (MAXVALUE);"
           "INSERT INTO readings SELECT i, md5(i::text) FROM generate_series(1, 20000) i");
    back_up_options small_chunks;
    small_chunks.chunk.rows = 500;
    auto nightly = compose(back_up(postgresql::source{"postgresql:///plant"}), keep_in(directory_store{"backups"}),
                           observe_with(split_in_the_middle{}), with(small_chunks));
    const restore_point point = co_await nightly.back_up();
    co_await nightly.restore(point, postgresql::target{"postgresql:///plant_restored"});

    const layout_history history = history_of(point.knows);
    std::cout << "it began with";
    tell(history.first());
    std::cout << "; at T there are";
    tell(history.at(point.at));
    std::cout << ", and " << run_on("plant_restored", "SELECT count(*) FROM readings") << " rows are restored\n";
}

int main() { return run_example(example()); }

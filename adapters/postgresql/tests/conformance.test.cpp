// SPDX-License-Identifier: BSL-1.0
//
// The adapter against the contracts of its two roles, on a real server.
#include "foreshadow/testing/conformance/source.hpp"
#include "foreshadow/testing/conformance/target.hpp"
#include "support/database.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace foreshadow::postgresql::tests {
namespace {

/// A database with partitioned tables and others, and what its users do to it in turn.
class postgresql_bench {
  public:
    explicit postgresql_bench(const std::string& url)
        : source{url, {.heartbeat = std::chrono::milliseconds{40}, .pg_dump = pg_dump()}}, url_{url}, users_{url} {
        testing::run(users_.run(
            "CREATE TABLE public.plain(id bigint PRIMARY KEY, v text);"
            "CREATE TABLE public.named(name text COLLATE \"en-x-icu\", n int, v text UNIQUE, PRIMARY KEY (name, n));"
            "CREATE UNLOGGED TABLE public.unlogged(a int, b text);"
            "CREATE TABLE public.ev(d date, id int, v bytea, PRIMARY KEY (d, id)) PARTITION BY RANGE (d);"
            "CREATE TABLE public.ev_1 PARTITION OF public.ev FOR VALUES FROM ('2020-01-01') TO ('2020-04-01');"
            "CREATE TABLE public.ev_2 PARTITION OF public.ev FOR VALUES FROM ('2020-04-01') TO ('2020-12-01')"
            " PARTITION BY HASH (id);"
            "CREATE TABLE public.ev_2_a PARTITION OF public.ev_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
            "CREATE TABLE public.ev_2_b PARTITION OF public.ev_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
            "ALTER TABLE public.ev ALTER v SET STORAGE EXTERNAL;"
            "INSERT INTO public.plain SELECT i, repeat(chr(65 + i % 26), i) FROM generate_series(1, 30) i;"
            "INSERT INTO public.named SELECT 'name ' || i, -i, 'v' || i FROM generate_series(1, 20) i;"
            "INSERT INTO public.unlogged SELECT i, 'x' FROM generate_series(1, 5) i;"
            "INSERT INTO public.ev SELECT date '2020-01-05' + 2 * i, i, decode(repeat('ab', 10 + i % 3 * 2500), 'hex')"
            " FROM generate_series(1, 60) i"));
    }

    postgresql::source source;

    task<> change() {
        const std::string n = std::to_string(100 + step_);
        const std::string k = std::to_string(step_);
        const std::string sql =
            "BEGIN; INSERT INTO public.plain VALUES(" + n + ", 'new'); UPDATE public.plain SET v = 'again " + n +
            "' WHERE id % 7 = " + std::to_string(step_ % 7) + "; DELETE FROM public.plain WHERE id = " + k +
            "; UPDATE public.named SET name = 'moved " + n + "' WHERE n = -" + std::to_string(1 + step_ % 20) +
            "; UPDATE public.ev SET v = v WHERE id % 11 = " + std::to_string(step_ % 11) +
            "; UPDATE public.ev SET d = d + 40 WHERE id = " + k + "; UPDATE public.unlogged SET b = '" + n +
            "' WHERE a = 2; COMMIT";
        co_await users_.run(sql);
        const std::string shift = "UPDATE public.ev SET id = id + 1000 WHERE id = " + std::to_string(30 + step_ % 20);
        co_await users_.run(shift);
        if (step_ % 2 == 0 || step_ % 20 == 15) schema_.clear();
        switch (step_ % 20) {
            case 2:  // a split, as its users make one
                co_await users_.run(
                    "BEGIN; CREATE TABLE public.low (LIKE public.ev_1 INCLUDING ALL);"
                    "INSERT INTO public.low SELECT * FROM public.ev_1 WHERE d < '2020-02-01';"
                    "ALTER TABLE public.ev DETACH PARTITION public.ev_1;"
                    "DELETE FROM public.ev_1 WHERE d < '2020-02-01';"
                    "ALTER TABLE public.ev ATTACH PARTITION public.low FOR VALUES FROM ('2020-01-01') TO "
                    "('2020-02-01');"
                    "ALTER TABLE public.ev ATTACH PARTITION public.ev_1 FOR VALUES FROM ('2020-02-01') TO "
                    "('2020-04-01');"
                    "COMMIT");
                break;
            case 4:
                co_await users_.run(
                    "CREATE TABLE public.extra(a int PRIMARY KEY, b uuid); INSERT INTO public.extra VALUES "
                    "(1, '00000000-0000-0000-0000-000000000001'), (-2, NULL)");
                break;
            case 6:
                co_await users_.run("TRUNCATE public.ev_2_a; CREATE INDEX ON public.plain(v)");
                break;
            case 8:
                co_await users_.run("ALTER TABLE public.extra ADD COLUMN c text DEFAULT 'default'");
                break;
            case 10:
                co_await users_.run("ALTER TABLE public.extra ALTER a TYPE bigint");
                break;
            case 12:  // a merge
                co_await users_.run(
                    "BEGIN; ALTER TABLE public.ev DETACH PARTITION public.low; ALTER TABLE public.ev DETACH PARTITION "
                    "public.ev_1; INSERT INTO public.ev_1 SELECT * FROM public.low; DROP TABLE public.low; "
                    "ALTER TABLE public.ev ATTACH PARTITION public.ev_1 FOR VALUES FROM ('2020-01-01') TO "
                    "('2020-04-01'); COMMIT");
                break;
            case 14:
                co_await users_.run("ALTER TABLE public.extra RENAME TO renamed");
                break;
            case 15:
                co_await users_.run(
                    "BEGIN; CREATE TABLE public.copied AS SELECT id, v FROM public.plain; "
                    "ALTER TABLE public.copied ADD PRIMARY KEY (id); COMMIT");
                break;
            case 16:
                co_await users_.run("DROP TABLE public.renamed");
                break;
            case 18:
                co_await users_.run("DROP TABLE public.copied");
                break;
            default:
                break;
        }
        ++step_;
    }
    task<testing::database_truth> truth() { return truth_of(url_, &schema_); }

  private:
    std::string url_;
    session users_;
    rows_by_key schema_;  ///< as it was dumped after the last change of it
    int step_ = 0;
};

/// A place to restore to, and what is there with the eyes of the original: its tables under their old numbers.
struct target_bench {
    postgresql::target target;
    std::string url;
    testing::target_sample rows;

    task<testing::target_sample> sample() { co_return rows; }
    task<std::optional<rows_by_key>> visible() {
        session users{url};
        std::optional<error> missing;
        try {
            co_await users.run("SELECT 1");
        } catch (const error& e) {
            if (e.code() != errc::not_found) throw;
            missing = e;
        }
        if (missing) co_return std::nullopt;
        std::string setup = detail::objects_sql();
        co_await users.run(setup);
        const testing::database_truth there = co_await truth_of(url);
        co_return renumbered(there.rows, rows.rows);
    }
};

}  // namespace

TEST_CASE("the target keeps the contract of a target", "[postgresql]") {
    const std::string url = new_database();
    session users{url};
    testing::run(users.run(
        "CREATE TYPE public.mood AS ENUM ('sad', 'glad');"
        "CREATE TABLE public.plain(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text, w int GENERATED ALWAYS AS "
        "(length(v)) STORED, m public.mood); CREATE INDEX by_v ON public.plain(v);"
        "CREATE TABLE public.unused(a int PRIMARY KEY, b numeric[]);"
        "CREATE TABLE public.ev(d date, v float8, PRIMARY KEY (d)) PARTITION BY RANGE (d);"
        "CREATE TABLE public.ev_1 PARTITION OF public.ev FOR VALUES FROM (MINVALUE) TO ('2020-04-01');"
        "CREATE TABLE public.ev_2 PARTITION OF public.ev DEFAULT PARTITION BY LIST (d);"
        "CREATE TABLE public.ev_2_a PARTITION OF public.ev_2 DEFAULT; CREATE INDEX by_d ON public.ev(v);"
        "CREATE INDEX own ON public.ev_1(v DESC); ALTER TABLE public.ev_1 ADD CHECK (v <> 5);"
        "CREATE TABLE public.refers(d date PRIMARY KEY REFERENCES public.ev); INSERT INTO public.ev VALUES "
        "('2020-01-01', 1);"
        "INSERT INTO public.refers VALUES ('2020-01-01');"
        "CREATE VIEW public.seen AS SELECT v, w FROM public.plain;"
        "INSERT INTO public.plain(v, m) VALUES ('one', 'sad'), (NULL, NULL), ('', 'glad'), ('four', NULL);"
        "INSERT INTO public.ev VALUES ('-infinity', 'NaN'), ('2020-03-31', -0.0), ('2021-01-01', 1e300)"));
    testing::target_sample sample;
    source original{url, {.pg_dump = pg_dump()}};
    testing::run(original.hold(std::nullopt));
    sample.shape = testing::run(original.layout());
    sample.rows = testing::run(truth_of(url)).rows;
    testing::run(original.release());
    int restored = 0;
    const testing::report report = testing::check_target([&] {
        const std::string there = shared_server().url("restored_" + std::to_string(restored++));
        return target_bench{target{there}, there, sample};
    });
    INFO(report.text());
    CHECK(report.is_kept());
}

TEST_CASE("the source keeps the contract of a source", "[postgresql]") {
    const std::string url = new_database();
    const testing::report report = testing::check_source([&] { return postgresql_bench{url}; });
    INFO(report.text());
    CHECK(report.is_kept());
}

}  // namespace foreshadow::postgresql::tests

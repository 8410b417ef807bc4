// SPDX-License-Identifier: BSL-1.0
//
// What a restored database, or a part of one, has beside its rows; and what is told where it cannot have it.
#include "support/database.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

namespace foreshadow::postgresql::tests {
namespace {

/// A database as a backup of it would be.
struct content_of {
    explicit content_of(const std::string& url) {
        source original{url, {.pg_dump = pg_dump()}};
        testing::run(original.hold(std::nullopt));
        shape = testing::run(original.layout());
        rows = testing::run(truth_of(url)).rows;
        testing::run(original.release());
    }
    layout shape;
    rows_by_key rows;
};

/// Restores the tables named, or all. Returns the names of what was left out.
std::vector<std::string> restore(const content_of& from, const std::string& to,
                                 const std::vector<std::string>& tables = {}, target_options options = {}) {
    layout shape = from.shape;
    std::erase_if(shape.partitions, [&](const partition& p) {
        return p.holds == content::data && !tables.empty() &&
               std::find(tables.begin(), tables.end(), p.name) == tables.end();
    });
    target into{to, options};
    testing::run(into.begin(shape));
    for (const content holds : {content::definitions, content::data})
        for (const partition& p : shape.partitions) {
            if (p.holds != holds) continue;
            row_batch rows;
            for (const auto& [k, value] : from.rows)
                if (p.interval.contains(k)) rows.append(k, value);
            testing::run(into.load(p, rows));
            testing::run(into.complete(p));
        }
    testing::run(into.finish());
    std::vector<std::string> left_out;
    for (const omission& o : testing::run(into.omissions())) left_out.push_back(o.name);
    std::sort(left_out.begin(), left_out.end());
    return left_out;
}

std::string answer(const std::string& url, const std::string& sql) {
    session users{url};
    return testing::run(users.ask(sql));
}

}  // namespace

TEST_CASE("a default that rests on a sequence of a table that is left out stays, and goes on after the largest value",
          "[postgresql]") {
    const std::string url = new_database();
    session users{url};
    testing::run(users.run(
        "CREATE TABLE public.first(id serial PRIMARY KEY); INSERT INTO public.first SELECT FROM generate_series(1, 5);"
        "CREATE TABLE public.second(id int PRIMARY KEY DEFAULT nextval('public.first_id_seq'), v text);"
        "INSERT INTO public.second(v) VALUES ('six'), ('seven'); INSERT INTO public.second VALUES (40, 'forty')"));
    const content_of all{url};
    const std::string part = shared_server().url("default_of_a_part");
    CHECK(restore(all, part, {"public.second"}).empty());
    CHECK(answer(part, "INSERT INTO public.second(v) VALUES ('new') RETURNING id") == "41");
    CHECK(answer(part, "SELECT count(*) FROM pg_class WHERE relname = 'first'") == "0");
    const std::string whole = shared_server().url("default_of_the_whole");
    CHECK(restore(all, whole).empty());
    CHECK(answer(whole, "INSERT INTO public.second(v) VALUES ('new') RETURNING id") == "41");
    CHECK(answer(whole, "SELECT pg_get_serial_sequence('public.first', 'id')") == "public.first_id_seq");
}

TEST_CASE("what a table loses by another one that is left out is named, and what others lose is not", "[postgresql]") {
    const std::string url = new_database();
    session users{url};
    testing::run(
        users.run("CREATE TABLE public.other(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);"
                  "CREATE FUNCTION public.known(i int) RETURNS boolean LANGUAGE sql IMMUTABLE BEGIN ATOMIC "
                  "SELECT NOT EXISTS (SELECT FROM public.other o WHERE o.id = -i); END;"
                  "CREATE TABLE public.wanted(a int PRIMARY KEY DEFAULT nextval('public.other_id_seq'), b int,"
                  " CONSTRAINT is_known CHECK (public.known(b)), CONSTRAINT is_small CHECK (b < 1000));"
                  "CREATE TABLE public.wanted_not(a int PRIMARY KEY REFERENCES public.wanted(a));"
                  "CREATE STATISTICS public.knowing ON (public.known(a)), b FROM public.wanted;"
                  "CREATE STATISTICS public.usual ON a, b FROM public.wanted;"
                  "CREATE INDEX ON public.wanted (public.known(b)); CREATE INDEX ON public.wanted (b);"
                  "CREATE RULE notes AS ON DELETE TO public.wanted DO ALSO INSERT INTO public.other(v) VALUES ('gone');"
                  "ALTER TABLE public.wanted ENABLE ROW LEVEL SECURITY;"
                  "CREATE POLICY hides ON public.wanted USING (public.known(a));"
                  "INSERT INTO public.wanted VALUES (1, 2)"));
    const content_of all{url};
    const std::string part = shared_server().url("losses_of_a_part");
    const std::vector<std::string> left_out = restore(all, part, {"public.wanted"});
    CHECK(left_out == std::vector<std::string>{"an index or constraint of public.wanted",
                                               "constraint is_known on table public.wanted",
                                               "default value for column a of table public.wanted", "knowing",
                                               "wanted hides", "wanted notes"});
    CHECK(answer(part,
                 "SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE conrelid = "
                 "'public.wanted'::regclass AND contype <> 'n'") == "is_small wanted_pkey");
    CHECK(answer(part, "SELECT count(*) FROM pg_index WHERE indrelid = 'public.wanted'::regclass") == "2");
    CHECK(answer(part, "SELECT string_agg(stxname, ' ') FROM pg_statistic_ext") == "usual");
}

TEST_CASE("a partition of the layout may hold rows of several tables", "[postgresql]") {
    const std::string url = new_database();
    session users{url};
    testing::run(
        users.run("CREATE TABLE public.a(i int PRIMARY KEY); CREATE TABLE public.b(i int PRIMARY KEY);"
                  "CREATE TABLE public.c(i int PRIMARY KEY); INSERT INTO public.a SELECT generate_series(1, "
                  "9); INSERT INTO public.c SELECT generate_series(1, 7)"));
    content_of all{url};
    partition whole{{1, {1}}, "everything", {}};
    for (const partition& p : all.shape.partitions)
        if (p.holds == content::data) {
            if (whole.interval.begin.empty()) whole.interval.begin = p.interval.begin;
            whole.interval.end = p.interval.end;
        }
    std::erase_if(all.shape.partitions, [](const partition& p) { return p.holds == content::data; });
    all.shape.partitions.push_back(whole);
    const std::string there = shared_server().url("several_tables");
    CHECK(restore(all, there, {}, {.connections = 1}).empty());
    CHECK(answer(there,
                 "SELECT (SELECT count(*) FROM public.a) || ' ' || (SELECT count(*) FROM public.b) || ' ' || "
                 "(SELECT count(*) FROM public.c)") == "9 0 7");
}

TEST_CASE("rows that the server refuses stop the restore, although nobody waited for its answer", "[postgresql]") {
    const std::string url = new_database();
    {
        session users{url};
        testing::run(
            users.run("CREATE TABLE public.a(i int PRIMARY KEY); INSERT INTO public.a SELECT generate_series(1, 5);"
                      "CREATE TABLE public.b(i int PRIMARY KEY); INSERT INTO public.b SELECT generate_series(1, 5)"));
    }
    const content_of all{url};
    const std::string there = shared_server().url("refused_rows");
    // Other tests of this process may have left some.
    const std::string left =
        "SELECT count(*) FROM pg_database WHERE datname = 'refused_rows' OR datname LIKE 'foreshadow_partial_%'";
    const std::string before = answer(url, left);
    for (const std::string wrong : {"public.a", "public.b"}) {
        INFO(wrong);
        target into{there};
        const auto fill = [&] {
            testing::run(into.begin(all.shape));
            for (const content holds : {content::definitions, content::data})
                for (const partition& p : all.shape.partitions) {
                    if (p.holds != holds) continue;
                    row_batch rows;
                    std::string no_number;
                    append_field("longer than a number", no_number);
                    for (const auto& [k, value] : all.rows)
                        if (p.interval.contains(k)) rows.append(k, p.name == wrong ? no_number : value);
                    testing::run(into.load(p, rows));
                    testing::run(into.complete(p));
                }
            testing::run(into.finish());
        };
        CHECK_THROWS_AS(fill(), error);
        testing::run(into.abandon());
        CHECK(answer(url, left) == before);
    }
}

TEST_CASE("a database that has its name is whole although the server is killed at once", "[postgresql]") {
    server own;
    const std::string url = own.url(own.make_database());
    {
        session users{url};
        testing::run(
            users.run("CREATE TABLE public.t(i int PRIMARY KEY, v text); INSERT INTO public.t SELECT i, "
                      "md5(i::text) FROM generate_series(1, 5000) i; CREATE INDEX ON public.t(v)"));
    }
    const content_of all{url};
    const std::string there = own.url("restored");
    CHECK(restore(all, there).empty());
    own.stop(SIGQUIT);
    own.start();
    CHECK(answer(there, "SET enable_seqscan = off; SELECT count(*) || ' ' || min(v) FROM public.t") ==
          answer(url, "SELECT count(*) || ' ' || min(v) FROM public.t"));
    CHECK(answer(there, "SELECT count(*) FROM pg_index WHERE indrelid = 'public.t'::regclass AND indisvalid") == "2");
}

TEST_CASE("as many partitions are taken at once as the target may have connections", "[postgresql]") {
    CHECK(target{"postgresql:///t", {.connections = 3}}.max_concurrency() == 3);
    CHECK(target{"postgresql:///t", {.connections = 0}}.max_concurrency() == 1);
}

}  // namespace foreshadow::postgresql::tests

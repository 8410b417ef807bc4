# SPDX-License-Identifier: BSL-1.0
#
# The command-line tool on PostgreSQL: what it needs is said before anything is begun, who is no superuser can use it,
# libpq's environment is heeded, and passwords stay where they were given.
import os
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from postgresql import Server, Session  # noqa: E402
from support import FAILED, WRONG_USAGE, main, make_small, run, test, url  # noqa: E402

PASSWORD = "Tr0ub4dor-and-3-more-words"
LEFT = ("SELECT count(*) FROM (SELECT slot_name FROM pg_replication_slots UNION ALL SELECT evtname FROM pg_event_trigger "
        "UNION ALL SELECT pubname FROM pg_publication "
        "UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = 'foreshadow') left_behind")
ROWS = "SELECT string_agg(t::text, ';' ORDER BY t.id) FROM sale t"
server = None


def make_shop(name):
    """A database with partitions, and who may do nothing in it."""
    with Session(server.make_database(name)) as db:
        db("CREATE TABLE sale(id int, what text, PRIMARY KEY (id)) PARTITION BY RANGE (id);"
           "CREATE TABLE sale_1 PARTITION OF sale FOR VALUES FROM (0) TO (500);"
           "CREATE TABLE sale_2 PARTITION OF sale FOR VALUES FROM (500) TO (1000);"
           "INSERT INTO sale SELECT i, 'sale ' || i FROM generate_series(0, 999) i")
    return server.url(name)


def make_role(name):
    with Session(server.url("postgres")) as db:
        db(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")


def ask(database, sql):
    with Session(server.url(database)) as db:
        return db.value(sql)


def files_of(folder):
    return [os.path.join(under, name) for under, _, names in os.walk(folder) for name in names]


@test
def partitions_that_come_and_go_are_backed_up_and_restored(folder):
    source = make_shop("shop")
    first = run("backup", source, f"{folder}/kept", "--json").json
    with Session(source) as db:
        db("BEGIN; CREATE TABLE sale_3 PARTITION OF sale FOR VALUES FROM (1000) TO (2000);"
           "INSERT INTO sale VALUES (1000, 'new'); COMMIT;"
           "DELETE FROM sale WHERE id < 10; ALTER TABLE sale DETACH PARTITION sale_2; DROP TABLE sale_2")
    second = run("backup", source, f"{folder}/kept", "--json").json
    assert second["figures"]["rows_read"] < 10 < first["figures"]["rows_read"], "what is known was read again"
    run("restore", f"{folder}/kept", server.url("shop_again"), "--json")
    assert ask("shop_again", ROWS) == ask("shop", ROWS)
    run("restore", f"{folder}/kept", server.url("shop_before"), "--point", first["point"], "--json")
    assert ask("shop_before", "SELECT count(*) FROM sale_2") == "500"
    other = run("restore", f"{folder}/kept", url(f"{folder}/shop.db"), status=WRONG_USAGE)
    assert "kind postgresql" in other.error and not os.path.exists(f"{folder}/shop.db"), other
    for end in ("from", "upto"):  # the ends that points tells can be restored
        at = run("points", f"{folder}/kept", "--json").json["points"][-1]["restorable"][end]
        run("restore", f"{folder}/kept", server.url(f"shop_{end}"), "--at", at)
    again = run("restore", f"{folder}/kept", server.url("shop_again"), status=FAILED)
    assert "shop_again exists already" in again.error, again
    done = run("release", source)
    assert "nothing of foreshadow is left" in done.out, done
    assert ask("shop", LEFT) == "0"


@test
def what_stands_in_the_way_is_told_with_what_mends_it_before_anything_is_begun(folder):
    make_shop("closed")
    make_role("nobody_special")
    source = server.url("closed", user="nobody_special")
    refused = run("backup", source, f"{folder}/kept", status=FAILED)
    told = [line for line in refused.err.splitlines() if line.startswith("in the way: ")]
    assert any("may not use replication slots; mend: ALTER ROLE \"nobody_special\" REPLICATION" in line for line in told), refused
    assert any("is not set up for backups" in line and "--setup-sql" in line for line in told), refused
    assert any("may not read table" in line and "GRANT pg_read_all_data TO \"nobody_special\"" in line for line in told), refused
    assert f"{len(told)} things stand in the way" in refused.error, refused
    facts = run("backup", source, f"{folder}/kept", "--json", status=FAILED).json["error"]["facts"]
    assert facts["role nobody_special may not use replication slots"] == 'ALTER ROLE "nobody_special" REPLICATION', facts
    assert ask("closed", LEFT) == "0" and not os.path.exists(f"{folder}/kept"), "something was begun"


@test
def a_server_whose_log_tells_too_little_is_refused_with_the_setting(folder):
    with Server(settings=("fsync = off", "wal_level = replica")) as poor:
        poor.make_database("shop")
        refused = run("backup", poor.url("shop"), f"{folder}/kept", status=FAILED)
        assert "wal_level is replica; hint: ALTER SYSTEM SET wal_level = logical" in refused.error, refused
        setup = run("backup", poor.url("shop"), "--setup-sql").out
        with open(f"{folder}/setup.sql", "w") as file:
            file.write(setup)
        os.chmod(folder, 0o755)
        with open(f"{folder}/setup.sql") as statements:
            poor.run("psql", "-v", "ON_ERROR_STOP=1", "-h", poor.folder, "-U", "postgres", "-d", "shop", stdin=statements)
        poor.restart("wal_level = logical")
        run("backup", poor.url("shop"), f"{folder}/kept")


@test
def an_administrator_runs_the_setup_once_and_then_a_role_without_rights_backs_up(folder):
    make_shop("shared")
    make_role("keeper")
    source = server.url("shared", user="keeper")
    setup = run("backup", source, "--setup-sql")
    assert not setup.err, setup
    with open(f"{folder}/setup.sql", "w") as file:
        file.write(setup.out)
    with open(f"{folder}/setup.sql") as statements:
        server.run("psql", "-v", "ON_ERROR_STOP=1", "-h", server.folder, "-U", "postgres", "-d", "shared", stdin=statements)
    assert "Nothing is missing" in run("backup", source, "--setup-sql").out
    run("backup", source, f"{folder}/kept", "--json")
    run("restore", f"{folder}/kept", server.url("shared_again"), "--json")
    assert ask("shared_again", ROWS) == ask("shared", ROWS)
    left = run("release", source, "--json").json["left"]
    assert "SCHEMA foreshadow" in left and not any(each.startswith("REPLICATION SLOT") for each in left), left
    assert run("release", server.url("shared"), "--json").json["left"] == []
    assert ask("shared", LEFT) == "0"


@test
def a_forecast_leaves_what_was_set_up_or_held_before(folder):
    source = make_shop("watched")
    with open(f"{folder}/setup.sql", "w") as file:
        file.write(run("backup", source, "--setup-sql").out)
    with open(f"{folder}/setup.sql") as statements:
        server.run("psql", "-v", "ON_ERROR_STOP=1", "-h", server.folder, "-U", "postgres", "-d", "watched", stdin=statements)
    ready = ask("watched", LEFT)
    run("forecast", source, "--watch", "0.1")
    assert ready != "0" and ask("watched", LEFT) == ready, "what was set up is gone, or a slot is left"
    run("backup", source, f"{folder}/kept")
    with ThreadPoolExecutor(3) as pool:  # of these at most one can begin
        list(pool.map(lambda _: run("forecast", source, "--watch", "0.5", status=None), range(3)))
    assert run("backup", source, f"{folder}/kept", "--json").json["figures"]["rows_read"] < 10, "the hold was released"
    run("release", source)


@test
def row_security_that_hides_rows_is_told(folder):
    make_shop("hidden")
    make_role("half_blind")
    with Session(server.url("hidden")) as db:
        db("ALTER ROLE half_blind REPLICATION; GRANT pg_read_all_data TO half_blind; ALTER TABLE sale ENABLE ROW LEVEL SECURITY")
    refused = run("backup", server.url("hidden", user="half_blind"), f"{folder}/kept", status=FAILED)
    told = "row security hides rows of table public.sale from role half_blind; mend: ALTER ROLE \"half_blind\" BYPASSRLS"
    assert told in refused.err, refused


@test
def the_environment_and_the_service_file_of_libpq_are_enough(folder):
    make_shop("from_environment")
    environment = {**server.environment, "PGDATABASE": "from_environment"}
    run("backup", "postgresql://", f"{folder}/kept", env=environment)
    run("restore", f"{folder}/kept", "postgresql:///environment_again", env=environment)
    assert ask("environment_again", ROWS) == ask("from_environment", ROWS)
    run("release", "postgresql://", env=environment)
    with open(f"{folder}/services", "w") as file:
        file.write(f"[shop]\nhost={server.folder}\nuser=postgres\ndbname=from_environment\n")
    environment = {**{k: v for k, v in environment.items() if not k.startswith("PG")}, "PGSERVICEFILE": f"{folder}/services"}
    run("backup", "postgresql://?service=shop", f"{folder}/by_name", env=environment)
    run("release", "postgresql://", env={**environment, "PGSERVICE": "shop"})
    unnamed = run("restore", f"{folder}/kept", "postgresql://", env=environment, status=FAILED)
    assert "names no database" in unnamed.error, unnamed


@test
def passwords_are_neither_printed_nor_stored(folder):
    with Server(authentication="scram-sha-256") as strict:
        with open(f"{folder}/passwords", "w") as file:
            file.write("*:*:*:postgres:postgres\n")
        os.chmod(f"{folder}/passwords", 0o600)
        os.environ["PGPASSFILE"] = f"{folder}/passwords"
        try:
            strict.make_database("shop")
            with Session(strict.url("shop")) as db:
                db(f"CREATE ROLE keeper SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
                db("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (7)")
        finally:
            del os.environ["PGPASSFILE"]
        address = f"@/{{}}?host={strict.folder}"
        source, target = (f"postgresql://keeper:{PASSWORD}" + address.format(name) for name in ("shop", "again"))
        kept = f"{folder}/kept"
        runs = [run("backup", source, kept), run("backup", source, kept, "--json"), run("restore", kept, target), run("points", kept),
                run("show", kept, "--json"), run("verify", kept, "--data", "--json"),
                run("restore", kept, target, status=FAILED), run("release", source), run("release", source, "--json"),
                run("backup", source, f"{folder}/in the parameters", env={**os.environ, "PGPASSWORD": "wrong"}),
                run("backup", f"postgresql://keeper@/shop?host={strict.folder}&password={PASSWORD}", kept, "--json"),
                run("release", f"postgresql://keeper@/shop?host={strict.folder}&password={PASSWORD}"),
                run("backup", f"postgresql://keeper:not-{PASSWORD}" + address.format("shop"), kept, status=FAILED),
                run("backup", f"postgresql://keeper:{PASSWORD}/with-slash" + address.format("shop"), kept, status=FAILED),
                run("backup", f"postgresql://keeper:with@{PASSWORD}" + address.format("shop"), kept, status=FAILED),
                run("backup", f"mysql://keeper:{PASSWORD}@host/shop", kept, status=WRONG_USAGE),
                run("restore", kept, f"mysql://keeper:{PASSWORD}@host/shop", status=WRONG_USAGE)]
        for each in runs:
            assert PASSWORD not in each.out + each.err, f"the password is told: {each}"
        for path in files_of(folder):
            with open(path, "rb") as file:
                assert PASSWORD.encode() not in file.read(), f"the password is in {path}"
        with open(f"{strict.folder}/log") as file:
            told = [line for line in file if PASSWORD in line and "CREATE ROLE" not in line]
        assert not told, told


@test
def who_may_not_connect_or_make_databases_is_told_at_once(folder):
    source = make_shop("guarded")
    make_role("guest")
    unknown = run("backup", server.url("guarded", user="nobody_at_all"), f"{folder}/kept", status=FAILED)
    assert 'role "nobody_at_all" does not exist' in unknown.error and "waiting" not in unknown.err, unknown
    run("backup", source, f"{folder}/kept")
    refused = run("restore", f"{folder}/kept", server.url("guarded_again", user="guest"), status=FAILED)
    assert "role guest may not make databases" in refused.error and 'ALTER ROLE "guest" CREATEDB' in refused.error, refused
    assert "NOTICE" not in refused.err, refused
    run("release", source)


@test
def wrong_usage_is_told_as_such(folder):
    make_small(f"{folder}/small.db")
    assert "nothing to set up" in run("backup", url(f"{folder}/small.db"), "--setup-sql", status=WRONG_USAGE).error
    assert "REPOSITORY is required" in run("backup", "postgresql://", status=WRONG_USAGE).error
    missing = run("backup", server.url("not_there"), f"{folder}/kept", status=FAILED)
    assert 'database "not_there" does not exist' in missing.error, missing
    nowhere = run("backup", f"postgresql://postgres@/shop?host={folder}", f"{folder}/kept", "--patience", "0", status=FAILED)
    assert "is the server running" in nowhere.error, nowhere


if __name__ == "__main__":
    with Server() as server:
        main()

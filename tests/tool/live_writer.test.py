# SPDX-License-Identifier: BSL-1.0
#
# A process of its own writes all the time. Each of its transactions also writes itself into a ledger, so the state at T
# is known: the restored ledger must be a prefix of the live one, of whole transactions, and replaying it must give the
# restored table.
from ledger import assert_follows_the_ledger, ledger_writer, make_ledgered
from support import backup, main, opened, restore, run, start, test, until, url


@test
def a_backup_under_constant_writing_is_a_prefix_of_the_ledger(folder):
    source, repository, target = f"{folder}/live.db", f"{folder}/repository", f"{folder}/restored.db"
    make_ledgered(source, rows=3000)
    with ledger_writer(source) as writer:
        made = backup(source, repository, "--pace", "fixed:2M").json
        written = writer.transactions()
    assert made["figures"]["changes"] > 100, made
    assert made["predictions"]["issued"] >= 0
    report = restore(repository, target).json
    assert report["at"] == made["at"] and report["conflicts"] == 0
    transactions = assert_follows_the_ledger(source, target)
    assert 0 < transactions <= written + 1
    assert run("verify", repository, "--data", "--json").json["sound"]


@test
def points_of_a_followed_backup_are_prefixes_too(folder):
    import json
    import os
    import signal
    source, repository, target = f"{folder}/live.db", f"{folder}/repository", f"{folder}/restored.db"
    make_ledgered(source, rows=500)
    with ledger_writer(source):
        process = start("backup", url(source), repository, "--follow", "--every", "0.2", "--json", "--checkpoint", "0.2")
        made = [json.loads(process.stdout.readline()) for _ in range(4)]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    reached = []
    for point in made:
        restore(repository, target, "--point", point["point"])
        reached.append(assert_follows_the_ledger(source, target))
        os.remove(target)
        # The same state again by way of the last point, which has its images and journal from all of them.
        restore(repository, target, "--point", made[-1]["point"], "--at", point["at"])
        assert assert_follows_the_ledger(source, target) == reached[-1]
        os.remove(target)
    assert reached == sorted(reached) and reached[0] < reached[-1], reached


@test
def tables_made_and_dropped_during_the_backup_are_as_of_its_end(folder):
    source, repository, target = f"{folder}/live.db", f"{folder}/repository", f"{folder}/restored.db"
    make_ledgered(source, rows=3000)
    with ledger_writer(source):
        process = start("backup", url(source), repository, "--pace", "fixed:2M", "--json")
        until("the backup has begun", lambda: has_log(source))
        with opened(source) as db:
            for number in range(5):
                db.executescript(f"CREATE TABLE passing_{number}(id INTEGER PRIMARY KEY, v);"
                                 f"INSERT INTO passing_{number} VALUES(1, 'a'), (2, 'b');"
                                 f"CREATE INDEX i_{number} ON passing_{number}(v)")
                if number:
                    db.execute(f"DROP TABLE passing_{number - 1}")
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    restore(repository, target)
    assert_follows_the_ledger(source, target)
    with opened(target) as db:
        left = [r[0] for r in db.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'passing%'")]
        assert left == ["passing_4"], left
        assert db.execute("SELECT * FROM passing_4").fetchall() == [(1, "a"), (2, "b")]


def has_log(path):
    with opened(path) as db:
        return db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'foreshadow_log'").fetchone()[0] == 1


main()

# SPDX-License-Identifier: BSL-1.0
#
# Back up, look, verify, restore, release: on a database with everything in it that SQLite has.
import os

from support import (DONE, FAILED, assert_restores, assert_same, assert_sound_file, backup, content_of, main, make_bulk,
                     make_small, opened, restore, rows_of, run, schema_of, test, url)

EVERYTHING = """
    PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
    PRAGMA user_version = 42; PRAGMA application_id = 77;
    CREATE TABLE customer(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT COLLATE NOCASE UNIQUE, joined REAL DEFAULT 1.5);
    CREATE TABLE "odd ""name"" ü"(a, b ANY, "c d" BLOB, PRIMARY KEY(b DESC, a)) WITHOUT ROWID;
    CREATE TABLE composite(x INT, y TEXT, z BLOB, v, PRIMARY KEY(x, y, z));
    CREATE TABLE without_key(v);
    CREATE TABLE strict_one(k TEXT PRIMARY KEY, i INT, r REAL, b BLOB) STRICT;
    CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer(id) ON DELETE CASCADE, cents INT CHECK(cents >= 0),
                        euros REAL GENERATED ALWAYS AS (cents / 100.0) VIRTUAL, twice INT AS (cents * 2) STORED);
    CREATE TABLE audit(id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT);
    CREATE TABLE empty_one(id INTEGER PRIMARY KEY, v);
    CREATE INDEX by_cents ON orders(cents DESC, customer) WHERE cents > 10;
    CREATE INDEX by_length ON customer(length(name));
    CREATE VIEW big_orders AS SELECT * FROM orders WHERE cents > 1000;
    CREATE TRIGGER tell AFTER INSERT ON orders BEGIN INSERT INTO audit(what) VALUES('order ' || new.id); END;
    CREATE TRIGGER through_view INSTEAD OF INSERT ON big_orders BEGIN INSERT INTO orders(id, cents) VALUES(new.id, new.cents); END;
"""

VALUES = [None, 0, 1, -1, 2**63 - 1, -(2**63), 0.0, -0.5, 1e308, -1e-308, 5e-324, float("inf"), float("-inf"), "", "text", "ü€😀",
          "nul\0in it", "x" * 5000, b"", b"\0\xff" * 40, bytes(range(256)) * 50, 3.0, 9007199254740993, "12", "12.0"]


def make_everything(path):
    with opened(path) as db:
        db.executescript(EVERYTHING)
        db.execute("BEGIN")
        for i in range(300):
            db.execute("INSERT INTO customer(name) VALUES(?)", (f"name {i}",))
            db.execute("INSERT INTO orders(id, customer, cents) VALUES(?, ?, ?)", (i * 7 - 500, i + 1, i * 13))
        db.execute("DELETE FROM orders WHERE customer > 290")
        db.execute("DELETE FROM customer WHERE id > 290")  # the counter stays above
        for i, v in enumerate(VALUES):
            db.execute("INSERT INTO without_key VALUES(?)", (v,))
            db.execute("INSERT INTO composite VALUES(?, ?, ?, ?)", (i % 3, v if isinstance(v, str) else str(i), b"%d" % i, v))
            if v is not None:
                db.execute('INSERT INTO "odd ""name"" ü" VALUES(?, ?, ?)', (i, v, v))
        db.execute("DELETE FROM without_key WHERE rowid % 4 = 0")
        for i in range(40):
            db.execute("INSERT INTO strict_one VALUES(?, ?, ?, ?)", (f"k{i}", i, i / 3, bytes([i])))
        db.execute("COMMIT")


@test
def every_table_type_and_setting_comes_back_as_it_was(folder):
    source, repository = f"{folder}/all.db", f"{folder}/repository"
    make_everything(source)
    expected = content_of(source)
    assert len(expected["table without_key"]) > 10
    made = backup(source, repository).json
    assert made["figures"]["rows_read"] > 700, made
    assert_restores(repository, expected, folder)
    assert_same(expected, content_of(source), "the source after a backup")


@test
def release_leaves_the_source_as_it_was_before(folder):
    source, repository = f"{folder}/all.db", f"{folder}/repository"
    make_everything(source)
    expected = content_of(source)
    with opened(source) as db:
        before = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2").fetchall()
    backup(source, repository)
    with opened(source) as db:
        held = [r[1] for r in db.execute("SELECT type, name FROM sqlite_schema WHERE name LIKE 'foreshadow%'")]
    assert held, "a backup holds the log"
    assert run("release", url(source), "--json").json["released"] == url(source)
    with opened(source) as db:
        assert before == db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2").fetchall()
    assert_same(expected, content_of(source), "the source after release")
    assert run("release", url(source)).status == DONE, "nothing to release is no error"
    assert_restores(repository, expected, folder)  # the repository does not need the source


@test
def points_and_show_and_verify_tell_one_story(folder):
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    made = backup(source, repository).json
    (point,) = run("points", repository, "--json").json["points"]
    assert point["id"] == made["point"] and point["at"] == made["at"]
    assert point["restorable"]["from"] <= point["restorable"]["upto"] == made["at"]
    shown = run("show", repository, "--json").json
    assert shown["point"] == made["point"] and shown["source"]["kind"] == "sqlite"
    owners = {p["name"]: p for p in shown["layout"]["partitions"]}
    assert "item" in owners and any(p["holds"] == "definitions" for p in owners.values()), owners
    assert shown["layouts"][0]["partitions"] and shown["lineage"] == []
    check_proof(shown)
    by_id = run("show", repository, made["point"], "--json").json
    assert by_id == shown
    for more in ([], ["--data"]):
        report = run("verify", repository, "--json", *more).json
        assert report["sound"] and report["points"] == 1 and report["boxes"] > 0 and report["findings"] == []
    for verb in ("points", "show", "verify"):
        assert run(verb, repository).out.strip(), f"{verb} says something to a person"


def check_proof(shown):
    """Recomputes by hand what the proof claims: every partition covered, every piece's chain without a gap up to T."""
    images = {i["where"] for i in shown["boxes"]["images"]}
    runs = {r["where"] for r in shown["boxes"]["runs"]}
    segments = sorted((s["after"], s["upto"]) for s in shown["boxes"]["segments"])
    at = shown["at"]
    assert shown["proof"], "a proof has pieces"
    for piece in shown["proof"]:
        assert piece["image"] in images or piece["image"] == "", piece
        known = piece["seen"]["low"] if piece["image"] else piece["since"]["at"]
        reached = known
        for step in piece["chain"]:
            assert step["by"] in ("run", "journal")
            # What was born in a commit knows the part of it that came after.
            assert step["after"] <= reached, f"gap in {piece}"
            if step["by"] == "run":
                assert step["where"] in runs
            else:
                assert any(a <= step["after"] for a, _ in segments) and any(u >= step["upto"] for _, u in segments)
            reached = max(reached, step["upto"])
        assert reached >= at, f"does not reach {at}: {piece}"
    for partition in shown["layout"]["partitions"]:
        want = partition["interval"]
        pieces = sorted((p["interval"] for p in shown["proof"] if p["owner"] == partition["id"]), key=lambda i: unescaped(i["begin"]))
        assert pieces, f"no piece for {partition}"
        assert pieces[0]["begin"] == want["begin"] and pieces[-1]["end"] == want["end"], partition
        for left, right in zip(pieces, pieces[1:]):
            assert left["end"] == right["begin"], f"gap between {left} and {right}"


def unescaped(text):
    raw, out, i = text.encode(), bytearray(), 0
    while i < len(raw):
        if raw[i:i + 2] == b"\\x":
            out.append(int(raw[i + 2:i + 4], 16))
            i += 4
        else:
            out.append(raw[i])
            i += 1
    return bytes(out)


@test
def one_partition_comes_back_alone(folder):
    source, repository, target = f"{folder}/all.db", f"{folder}/repository", f"{folder}/part.db"
    make_everything(source)
    backup(source, repository)
    report = restore(repository, target, "--partition", "customer", "--partition", "composite").json
    assert {p["name"] for p in report["partitions"] if p["rows"]} >= {"customer", "composite"}
    names = ["composite", "customer"]
    with opened(target) as db:
        found = {r[0] for r in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")}
    assert found == set(names), found
    assert_same(content_of(source, names), content_of(target, names))
    assert_sound_file(target)


@test
def a_restore_reads_little_more_than_the_partition_that_was_asked_for(folder):
    source, repository = f"{folder}/bulk.db", f"{folder}/repository"
    make_bulk(source, 8)
    with opened(source) as db:
        db.execute("CREATE TABLE little AS SELECT id, payload FROM bulk WHERE id % 2 = 0")
        wanted = db.execute("SELECT sum(length(payload)) FROM little").fetchone()[0]
    backup(source, repository)
    report = restore(repository, f"{folder}/part.db", "--partition", "little").json
    read = report["image_bytes_read"] + report["run_bytes_read"] + report["journal_bytes_read"]
    # The blocks at both ends may hold others' rows, and are 512 KiB at most.
    assert wanted < read < 1.1 * wanted + 2 * (512 << 10), (wanted, read)
    assert_same(content_of(source, ["little"]), content_of(f"{folder}/part.db", ["little"]))


@test
def earlier_states_come_back_by_position_and_by_time(folder):
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    states = []
    for round_number in range(4):
        made = backup(source, repository).json
        states.append((made, content_of(source)))
        with opened(source) as db:
            db.execute("BEGIN")
            db.execute("DELETE FROM item WHERE id % 10 = ?", (round_number,))
            db.execute("INSERT INTO item VALUES(?, 'new', 0)", (1000 + round_number,))
            db.execute("UPDATE item SET price = price + 1 WHERE id % 7 = 0")
            if round_number == 1:
                db.execute("CREATE TABLE later(id INTEGER PRIMARY KEY, v)")
                db.execute("INSERT INTO later VALUES(1, 'one')")
            db.execute("COMMIT")
    points = run("points", repository, "--json").json["points"]
    assert [p["id"] for p in points] == [made["point"] for made, _ in states]
    assert all(p["restorable"] == {"from": states[0][0]["at"], "upto": p["at"]} for p in points), points
    assert all(made["time"] > 1_600_000_000_000_000 for made, _ in states), "a point has a time"
    for made, content in states:
        assert assert_restores(repository, content, folder, "--point", made["point"])["at"] == made["at"]
    for made, content in states:  # by the last point, which knows the way from the first on
        report = assert_restores(repository, content, folder, "--at", made["at"])
        assert report["point"] == states[-1][0]["point"] and report["at"] <= made["at"]
    made, content = states[2]
    report = assert_restores(repository, content, folder, "--at", made["time_text"])
    assert report["at"] <= made["at"]
    early = restore(repository, f"{folder}/no.db", "--at", "0", status=FAILED)
    assert "restorable" in early.error, early
    early = restore(repository, f"{folder}/no.db", "--at", "2001-01-01T00:00:00Z", status=FAILED)
    assert "foreshadow points" in early.error, early
    assert not os.path.exists(f"{folder}/no.db")


def stored_bytes(repository):
    return sum(os.path.getsize(os.path.join(where, f)) for where, _, files in os.walk(repository) for f in files)


@test
def a_second_backup_costs_what_changed(folder):
    source, repository = f"{folder}/bulk.db", f"{folder}/repository"
    make_bulk(source, 8)
    first = backup(source, repository).json
    size = stored_bytes(repository)
    assert first["figures"]["bytes_read"] > 8_000_000
    with opened(source) as db:
        db.execute("UPDATE bulk SET payload = randomblob(1000) WHERE id IN (5, 500, 3000)")
        db.execute("DELETE FROM named WHERE name IN (SELECT name FROM named LIMIT 3)")
    expected = content_of(source)
    second = backup(source, repository).json
    assert second["figures"]["bytes_read"] == 0 and 6 <= second["figures"]["changes"] < 50, second
    assert stored_bytes(repository) - size < 200_000
    assert_restores(repository, expected, folder)
    same = backup(source, repository).json  # nothing happened: the same point
    assert same["point"] == second["point"]
    assert len(run("points", repository, "--json").json["points"]) == 2


@test
def tables_made_and_dropped_between_backups_come_and_go(folder):
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    backup(source, repository)
    with opened(source) as db:
        db.executescript("CREATE TABLE b(id INTEGER PRIMARY KEY, v); INSERT INTO b VALUES(1, 'x'), (2, 'y');"
                         "CREATE INDEX by_v ON b(v); DROP TABLE item; CREATE TABLE item(other TEXT PRIMARY KEY) WITHOUT ROWID;"
                         "INSERT INTO item VALUES('again')")
    expected = content_of(source)
    backup(source, repository)
    assert_restores(repository, expected, folder)
    kinds = [e["kind"] for e in run("show", repository, "--json").json["lineage"]]
    assert "create" in kinds and "drop" in kinds, kinds
    assert run("verify", repository, "--data", "--json").json["sound"]


@test
def follow_prints_one_object_a_line_until_it_is_stopped(folder):
    import json
    import signal
    from support import start, until
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    process = start("backup", url(source), repository, "--json", "--follow", "--every", "0.1")
    lines = []
    for number in range(3):
        lines.append(json.loads(process.stdout.readline()))
        with opened(source) as db:
            db.execute("INSERT INTO item VALUES(?, 'followed', 1)", (5000 + number,))
    process.send_signal(signal.SIGTERM)
    rest, err = process.communicate(timeout=60)
    assert process.returncode in (DONE, FAILED), err
    assert all(line["at"] <= later["at"] for line, later in zip(lines, lines[1:])), lines
    assert run("points", repository, "--json").json["points"][0]["id"] == lines[0]["point"]


main()

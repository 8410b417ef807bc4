# SPDX-License-Identifier: BSL-1.0
#
# Partitions split, merge and vanish during a backup. What was predicted has runs, which a restore uses for what changed;
# the journal is read only elsewhere.
import contextlib
import os
import random
import sqlite3
import subprocess
import time

from support import (DONE, assert_same, assert_sound_file, backup, content_of, main, make_bulk, opened, options, restore, run, start, test,
                     until, url)

CHILD_ROWS = 400


class Partitions:
    """A partitioned table `item(id, v)` whose writer splits a range that grows above CHILD_ROWS, as engines do."""

    def __init__(self, path):
        self.path, self.next, self.noise = path, 1, random.Random(5)
        self.helper = subprocess.Popen([options.helper, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self.db.execute("PRAGMA synchronous = OFF")

    def close(self):
        self.db.close()
        self.helper.stdin.close()
        assert self.helper.wait(timeout=30) == 0

    def change(self, line):
        self.helper.stdin.write(line + "\n")
        self.helper.stdin.flush()
        answer = self.helper.stdout.readline().strip()
        assert answer, f"the helper failed at: {line}"
        return answer

    def children(self):
        return self.db.execute("SELECT child, low FROM foreshadow_map WHERE logical = 'item' ORDER BY low IS NOT NULL, low").fetchall()

    def grow(self, rows):
        """Appends to the last range and updates in it, and splits it when it is full."""
        last = self.children()[-1][0]
        self.db.execute("BEGIN IMMEDIATE")
        for _ in range(rows):
            self.db.execute(f'INSERT INTO "{last}"(id, v) VALUES(?, ?)', (self.next, self.noise.randbytes(100)))
            self.next += 1
        self.db.execute(f'UPDATE "{last}" SET v = ? WHERE id % 50 = ?', (self.noise.randbytes(100), self.noise.randrange(50)))
        self.db.execute("COMMIT")
        count, low, high = self.db.execute(f'SELECT count(*), min(id), max(id) FROM "{last}"').fetchone()
        if count >= CHILD_ROWS:
            self.change(f"split item {last} {(low + high) // 2}")
            return True
        return False


def at_rate(parts, rows_a_second):
    """As fast as an application, not as fast as it can; what it missed while the machine was busy, it catches up."""
    began, written = time.monotonic(), 0

    def work():
        nonlocal written
        due = min(int((time.monotonic() - began) * rows_a_second) - written, CHILD_ROWS // 8)
        if due <= 0:
            time.sleep(0.005)
            return False
        written += due
        return parts.grow(due)

    return work


@contextlib.contextmanager
def partitioned(path, megabytes=6):
    make_bulk(path, megabytes)
    made = Partitions(path)
    try:
        made.change("create item id INTEGER PRIMARY KEY, v BLOB")
        yield made
    finally:
        made.close()


def back_up_while_it_splits(source, repository, work, splits, *more):
    """The writer goes on until the backup has ended, with at least some splits."""
    process = start("backup", url(source), repository, "--json", "--pace", "fixed:1M", *more)
    first = process.stderr.readline()
    assert "backing up" in first, first + process.stderr.read()
    done = 0
    while process.poll() is None:
        done += work()
    out, err = process.communicate()
    assert process.returncode == DONE, err
    assert done >= splits, f"only {done} splits during the backup"
    return err


@test
def what_splits_during_a_backup_is_restored_exactly_with_its_lineage(folder):
    source, repository, target = f"{folder}/parts.db", f"{folder}/repository", f"{folder}/restored.db"
    with partitioned(source) as parts:
        parts.grow(300)
        back_up_while_it_splits(source, repository, lambda: parts.grow(5), 3)
        backup(source, repository)  # at rest now: the source is the truth
        expected = content_of(source)
    shown = run("show", repository, "--json").json
    kinds = [e["kind"] for e in shown["lineage"]]
    assert kinds.count("split") >= 3, kinds
    assert len(shown["layouts"]) > 3
    split = next(e for e in shown["lineage"] if e["kind"] == "split")
    assert len(split["from"]) == 1 and len(split["to"]) == 2 and split["boundaries"], split
    report = restore(repository, target).json
    assert_sound_file(target)
    assert_same(expected, content_of(target))
    names = {p["name"] for p in shown["layout"]["partitions"]}
    assert {p["name"] for p in report["partitions"]} == names


@test
def predictions_are_recorded_with_outcomes_and_their_runs_are_used(folder):
    source, repository, target = f"{folder}/parts.db", f"{folder}/repository", f"{folder}/restored.db"
    with partitioned(source) as parts:
        parts.grow(300)
        # What shadows may store is a share of the backup, and small here.
        err = back_up_while_it_splits(source, repository, at_rate(parts, 130), 2, "--predictor", "size")
    shown = run("show", repository, "--json").json
    predictions = shown["predictions"]
    assert predictions, "the predictor saw a range grow and split, and said nothing"
    for told in predictions:
        assert 0 <= told["what"]["confidence"] <= 1 and told["what"]["predictor"] == "size extrapolation", told
        assert told["became"]["kind"] in ("exact", "near", "late", "other kind", "none", "pending"), told
    came = [t for t in predictions if t["became"]["kind"] in ("exact", "near")]
    assert came, f"no split was foretold: {[t['became']['kind'] for t in predictions]}\n{err}"
    assert shown["figures"]["shadows_adopted"] + shown["figures"]["shadows_recut"] >= 1, shown["figures"]
    report = restore(repository, target).json
    assert report["run_bytes_read"] > 0, report
    # Wherever the proof uses a run, it does not use the journal for the same positions.
    used = 0
    for piece in shown["proof"]:
        runs = [s for s in piece["chain"] if s["by"] == "run"]
        for one in runs:
            used += 1
            for step in piece["chain"]:
                assert step is one or step["upto"] <= one["after"] or step["after"] >= one["upto"], piece
    assert used, "no run is in the proof"
    by_run = {str(p["owner"]) for p in shown["proof"] if p["chain"] and all(s["by"] == "run" for s in p["chain"])}
    alone = [p["name"] for p in shown["layout"]["partitions"] if str(p["id"]) in by_run]
    still = run("restore", repository, url(f"{folder}/still.db"), "--partition", "bulk", "--json").json
    for name in alone[:3]:  # a partition known by runs alone reads no more journal than one in which nothing happened
        one = run("restore", repository, url(f"{folder}/one-{name}.db"), "--partition", name, "--json").json
        assert one["run_bytes_read"] > 0, one
        assert one["journal_bytes_read"] <= still["journal_bytes_read"] + 20_000, (name, one, still)


@test
def what_was_learnt_in_one_backup_foretells_in_the_next(folder):
    """Cold, the learned predictor claims little; with the splits of earlier backups it knows where the next one comes."""
    source, repository = f"{folder}/parts.db", f"{folder}/repository"
    with partitioned(source) as parts:
        parts.grow(300)
        back_up_while_it_splits(source, repository, at_rate(parts, 1500), 10)
        with opened(source) as db:  # so that there is something to be read
            db.execute("CREATE TABLE more AS SELECT * FROM bulk")
        back_up_while_it_splits(source, repository, at_rate(parts, 130), 2)
    shown = run("show", repository, "--json").json
    told = shown["predictions"]
    assert {t["what"]["predictor"] for t in told} == {"hazard"}, told
    later = [t["what"] for t in told if t["what"]["issued_at"] > shown["layouts"][10]["at"]]
    assert any(e["name"].startswith(("warm", "hot")) for p in later for e in p["because"]), later
    assert max(p["confidence"] for p in later) > 0.35, later
    assert all(t["account"]["verdict"] != "not asked" for t in told), told
    text = run("show", repository).out
    assert text.count("% of (journal spared ") == len(told), text


@test
def any_predictor_restores_the_same_rows(folder):
    source = f"{folder}/parts.db"
    with partitioned(source, 3) as parts:
        parts.grow(300)
        for name in ("silent", "size", "ensemble"):
            back_up_while_it_splits(source, f"{folder}/{name}", lambda: parts.grow(5), 1, "--predictor", name)
        for name in ("silent", "size", "ensemble"):
            backup(source, f"{folder}/{name}", "--predictor", name)
            target = f"{folder}/{name}.db"
            restore(f"{folder}/{name}", target)
            assert_same(content_of(source), content_of(target), f"by the predictor {name}")
    silent = run("show", f"{folder}/silent", "--json").json
    assert silent["predictions"] == [] and silent["figures"]["run_bytes"] == 0


@test
def merges_and_drops_during_a_backup_are_restored_exactly(folder):
    source, repository, target = f"{folder}/parts.db", f"{folder}/repository", f"{folder}/restored.db"
    with partitioned(source) as parts:
        for _ in range(30):
            parts.grow(60)
        assert len(parts.children()) >= 6
        count = [0]

        def merge_or_drop():
            parts.grow(3)
            count[0] += 1
            children = parts.children()
            if count[0] % 5 == 0 and len(children) > 3:
                parts.change(f"merge item {children[0][0]} {children[1][0]}")
                return 1
            if count[0] % 12 == 0 and len(children) > 3:
                parts.change(f"drop item {children[0][0]}")
                return 1
            return 0
        back_up_while_it_splits(source, repository, merge_or_drop, 2)
        backup(source, repository)
        expected = content_of(source)
    restore(repository, target)
    assert_sound_file(target)
    assert_same(expected, content_of(target))
    kinds = [e["kind"] for e in run("show", repository, "--json").json["lineage"]]
    assert "merge" in kinds, kinds
    # Each point on its own, the one of the moving backup among them.
    for point in run("points", repository, "--json").json["points"]:
        os.remove(target)
        restore(repository, target, "--point", point["id"])
        assert_sound_file(target)


main()

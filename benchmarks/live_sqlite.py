#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# A large SQLite database that another process writes to every millisecond: how long its backup takes, what that costs
# in memory, what the writer and the write-ahead log feel of it, and that what is restored is exactly the state at T.
# Beside it SQLite's own online backup in steps, which begins anew whenever somebody writes.
#
#   benchmarks/live_sqlite.py [--tool FILE] [--gigabytes N] [--polite SECONDS] [--folder DIR] [--json FILE]
import argparse
import contextlib
import json
import os
import random
import select
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

ROW = 1000  # bytes of a payload
TABLES = ("left", "right")


def payload(table, row):
    """What a row is filled with; nothing else needs to remember it."""
    return random.Random(f"{table} {row}").randbytes(ROW)


def make(path, gigabytes):
    """Two tables of rows that do not compress, and the ledger of all later changes."""
    rows = int(gigabytes * 1e9 / ROW / len(TABLES))
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = OFF")
    for table in TABLES:
        db.execute(f'CREATE TABLE "{table}"(id INTEGER PRIMARY KEY, v BLOB)')
        db.execute("BEGIN")
        db.executemany(f'INSERT INTO "{table}" VALUES(?, ?)', ((i, payload(table, i)) for i in range(rows)))
        db.execute("COMMIT")
    db.execute("CREATE TABLE ledger(seq INTEGER PRIMARY KEY, txn INT, tab TEXT, id INT, v BLOB)")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return rows


def write_until_input_ends(path, rows):
    """The writer: a transaction of one to five changes a millisecond, each also written into the ledger."""
    noise = random.Random(7)
    db = sqlite3.connect(path, timeout=30, isolation_level=None)
    db.execute("PRAGMA synchronous = NORMAL")
    transaction = db.execute("SELECT ifnull(max(txn), 0) FROM ledger").fetchone()[0]
    told = time.monotonic()
    while not select.select([sys.stdin], [], [], 0.001)[0]:
        transaction += 1
        db.execute("BEGIN IMMEDIATE")
        for _ in range(noise.randint(1, 5)):
            table, row = noise.choice(TABLES), noise.randrange(rows + rows // 10)
            value = None if noise.random() < 0.2 else noise.randbytes(noise.randrange(2 * ROW))
            if value is None:
                db.execute(f'DELETE FROM "{table}" WHERE id = ?', (row,))
            else:
                db.execute(f'INSERT INTO "{table}" VALUES(?, ?) ON CONFLICT(id) DO UPDATE SET v = excluded.v', (row, value))
            db.execute("INSERT INTO ledger(txn, tab, id, v) VALUES(?, ?, ?, ?)", (transaction, table, row, value))
        db.execute("COMMIT")
        if time.monotonic() - told > 0.1:
            told = time.monotonic()
            print(transaction, flush=True)


class Writer:
    """The writer's process; `figures()` are those since the last `since()`."""

    def __init__(self, path, rows):
        self.path, self.wal, self.count, self.highest = path, f"{path}-wal", 0, 0
        self.process = subprocess.Popen([sys.executable, "-B", __file__, "--write", path, str(rows)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.count = int(self.process.stdout.readline())
        threading.Thread(target=self.listen, daemon=True).start()
        self.since()

    def listen(self):
        for line in self.process.stdout:
            self.count = int(line)
            self.highest = max(self.highest, os.path.getsize(self.wal))

    def since(self):
        """Begins anew: the log's file keeps its size until it is cut."""
        db = sqlite3.connect(self.path, timeout=30)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        self.begun, self.first, self.highest = time.monotonic(), self.count, 0

    def figures(self):
        assert self.process.poll() is None, "the writer died"
        return {"transactions_per_second": round((self.count - self.first) / (time.monotonic() - self.begun)),
                "largest_wal_mib": round(self.highest / 2**20, 1)}


@contextlib.contextmanager
def writing(path, rows):
    writer = Writer(path, rows)
    try:
        yield writer
    finally:
        writer.process.stdin.close()
        assert writer.process.wait(timeout=60) == 0, "the writer failed"


def run(*command):
    """A command's JSON, seconds, and largest resident memory in MiB."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{command}: status {process.returncode}"
    return json.loads(out), round(time.monotonic() - begun, 1), round(usage.ru_maxrss / 1024)


def back_up_politely(path, to, seconds):
    """SQLite's own backup in steps of 100 pages, 5 ms apart: does it end, and how often does it begin anew?"""
    restarts, last = 0, None

    class OutOfTime(Exception):
        pass

    def progress(_, remaining, total):
        nonlocal restarts, last
        if last is not None and remaining > last:
            restarts += 1
        last = remaining
        if time.monotonic() - begun > seconds:
            raise OutOfTime

    begun = time.monotonic()
    source, target = sqlite3.connect(path), sqlite3.connect(to)
    ended = True
    try:
        source.backup(target, pages=100, sleep=0.005, progress=progress)
    except OutOfTime:
        ended = False
    source.close()
    target.close()
    os.remove(to)
    return {"ended": ended, "seconds": round(time.monotonic() - begun, 1), "restarts": restarts}


def compare(live, restored, rows):
    """Every row of the restored database is what its own ledger says, and that is a prefix of the live one."""
    live, restored = sqlite3.connect(live), sqlite3.connect(restored)
    assert restored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    touched, last = {}, None
    truth = live.execute("SELECT seq, txn, tab, id, v FROM ledger ORDER BY seq")
    for found in restored.execute("SELECT seq, txn, tab, id, v FROM ledger ORDER BY seq"):
        assert found == truth.fetchone(), "the restored ledger is no prefix of the live one"
        touched[found[2:4]] = found[4]
        last = found
    following = truth.fetchone()
    assert following is None or last is None or following[1] != last[1], "a transaction was cut"
    compared = 0
    for table in TABLES:
        found = iter(restored.execute(f'SELECT id, v FROM "{table}" ORDER BY id'))
        beyond = sorted(row for name, row in touched if name == table and row >= rows)
        for row in [*range(rows), *beyond]:
            expected = touched.get((table, row), payload(table, row) if row < rows else None)
            if expected is not None:
                assert next(found) == (row, expected), f"row {row} of {table} is not what the ledger says"
                compared += 1
        assert next(found, None) is None, f"there are rows in {table} that the ledger does not know"
    return {"rows_compared": compared, "ledger_entries": last[0] if last else 0, "differences": 0}


def main():
    if sys.argv[1:2] == ["--write"]:
        return write_until_input_ends(sys.argv[2], int(sys.argv[3]))
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", default="build/release/bin/foreshadow")
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--polite", type=float, default=60, help="seconds that SQLite's own backup in steps is given")
    parser.add_argument("--folder", default=tempfile.gettempdir())
    parser.add_argument("--json", help="where the figures go as JSON; else they are printed only")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="foreshadow-live-", dir=options.folder)
    source, repository, target = f"{folder}/live.db", f"{folder}/repository", f"{folder}/restored.db"
    figures = {}

    def tell(name, value):
        figures[name] = value
        print(f"{name}: {json.dumps(value)}", flush=True)

    try:
        rows = make(source, options.gigabytes)
        tell("database", {"rows": rows * len(TABLES), "bytes": os.path.getsize(source)})
        with writing(source, rows) as writer:
            time.sleep(10)  # what the writer does when nobody reads
            tell("writer alone", writer.figures())
            writer.since()
            tell("sqlite .backup in steps", back_up_politely(source, f"{folder}/polite.db", options.polite))
            tell("writer, with SQLite beside it", writer.figures())
            writer.since()
            made, seconds, memory = run(options.tool, "backup", f"sqlite:{source}", repository, "--json")
            tell("foreshadow backup", {"ended": True, "seconds": seconds, "largest_memory_mib": memory,
                                       "mb_per_second": round(made["figures"]["bytes_read"] / 1e6 / seconds),
                                       "changes": made["figures"]["changes"]})
            tell("writer, with Foreshadow beside it", writer.figures())
            writer.since()
            made, seconds, memory = run(options.tool, "backup", f"sqlite:{source}", repository, "--json")
            tell("the same again", {"seconds": seconds, "largest_memory_mib": memory,
                                    "bytes_read": made["figures"]["bytes_read"], "changes": made["figures"]["changes"]})
        _, seconds, memory = run(options.tool, "restore", repository, f"sqlite:{target}", "--json")
        tell("foreshadow restore", {"seconds": seconds, "largest_memory_mib": memory,
                                    "mb_per_second": round(os.path.getsize(target) / 1e6 / seconds)})
        tell("restored against the ledger", compare(source, target, rows))
    finally:
        shutil.rmtree(folder)
    if options.json:
        with open(options.json, "w") as out:
            json.dump(figures, out, indent=2)


if __name__ == "__main__":
    main()

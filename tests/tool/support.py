# SPDX-License-Identifier: BSL-1.0
#
# What the black-box tests of the command-line tool share: running it, making databases, comparing them, and a runner
# that names what failed. A test is a function whose name is a sentence; it gets a folder of its own.
import argparse
import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback

DONE, FAILED, WRONG_USAGE, NOT_SOUND = 0, 1, 2, 3

tests = []
options = argparse.Namespace()


def test(function):
    tests.append(function)
    return function


class Run:
    """What one run of the tool left: status, standard output, standard error."""

    def __init__(self, arguments, status, out, err):
        self.arguments, self.status, self.out, self.err = arguments, status, out, err

    def __str__(self):
        return f"foreshadow {' '.join(self.arguments)}\nstatus {self.status}\n--- out\n{self.out[-4000:]}\n--- err\n{self.err[-4000:]}"

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except json.JSONDecodeError:
            raise AssertionError(f"standard output is not one JSON object: {self}") from None

    @property
    def error(self):
        """The one line that says why."""
        lines = [line for line in self.err.splitlines() if line.startswith("foreshadow: ")]
        assert len(lines) == 1, f"not exactly one line of error: {self}"
        return lines[0]


def command(*arguments):
    return [options.tool, *[str(a) for a in arguments]]


def run(*arguments, status=DONE, **how):
    arguments = [str(a) for a in arguments]
    try:
        done = subprocess.run(command(*arguments), capture_output=True, timeout=300, **how)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"hangs: foreshadow {' '.join(arguments)}") from None
    result = Run(arguments, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
    allowed = status if isinstance(status, (tuple, set)) else (status,)
    if status is not None:
        assert result.status in allowed, f"status {result.status} instead of {allowed}: {result}"
    assert result.status in (DONE, FAILED, WRONG_USAGE, NOT_SOUND), f"ended in no way that the tool has: {result}"
    return result


def start(*arguments, **how):
    return subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how)


def url(path):
    return f"sqlite:{path}"


def backup(source, repository, *more, **how):
    return run("backup", url(source), repository, "--json", *more, **how)


def restore(repository, target, *more, **how):
    return run("restore", repository, url(target), "--json", *more, **how)


def until(what, condition, seconds=60):
    """Polls a condition; fails when it does not come true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"did not happen in {seconds} seconds: {what}")


# ---- databases


@contextlib.contextmanager
def opened(path):
    """A connection in autocommit; its transactions are written out."""
    db = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        yield db
    finally:
        db.close()


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def is_of_the_hold(name):
    return name.startswith("foreshadow_") and not name.startswith(("foreshadow_map", "foreshadow_guard"))


def schema_of(db):
    """What the database's owner made; not what a hold adds."""
    rows = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'")
    return sorted((r for r in rows if not is_of_the_hold(r[1])), key=repr)


def rows_of(db, table):
    """Every row with the types and exact values of its columns, and its rowid where it has one."""
    columns = [r[1] for r in db.execute(f"PRAGMA table_xinfo({quoted(table)})")]
    values = ", ".join(f"typeof({quoted(c)}), CASE typeof({quoted(c)}) WHEN 'real' THEN {quoted(c)} ELSE quote({quoted(c)}) END"
                       for c in columns)
    try:
        rows = list(db.execute(f"SELECT _rowid_, {values} FROM {quoted(table)}"))
    except sqlite3.OperationalError:
        rows = list(db.execute(f"SELECT {values} FROM {quoted(table)}"))
    return sorted(rows, key=repr)


def tables_of(db):
    return sorted(name for kind, name, _, sql in schema_of(db) if kind == "table" and not name.startswith("sqlite_"))


PRAGMAS = ("user_version", "application_id", "encoding", "journal_mode", "auto_vacuum", "page_size")


def content_of(path, tables=None):
    """Everything that a restored database must have in common with its original."""
    with opened(path) as db:
        db.text_factory = lambda raw: raw.decode(errors="surrogateescape")
        whole = tables is None
        tables = tables_of(db) if whole else tables
        content = {f"table {t}": rows_of(db, t) for t in tables}
        if whole:
            content["schema"] = schema_of(db)
            content["pragmas"] = {p: db.execute(f"PRAGMA {p}").fetchone()[0] for p in PRAGMAS}
            if any(r[1] == "sqlite_sequence" for r in db.execute("PRAGMA table_list")):
                content["counters"] = sorted(db.execute("SELECT name, seq FROM sqlite_sequence"))
        return content


def assert_same(expected, found, what="the restored database"):
    for part in sorted(set(expected) | set(found)):
        left, right = expected.get(part), found.get(part)
        if left == right:
            continue
        if isinstance(left, list) and isinstance(right, list):
            missing = [r for r in left if r not in right][:3]
            extra = [r for r in right if r not in left][:3]
            raise AssertionError(f"{what}: {part} differs: {len(left)} rows, found {len(right)}; missing {missing}, extra {extra}")
        raise AssertionError(f"{what}: {part} differs: {left!r}, found {right!r}")


def assert_sound_file(path):
    with opened(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok", f"{path} is damaged"
        broken = db.execute("PRAGMA foreign_key_check").fetchall()
        assert not broken, f"{path} breaks foreign keys: {broken[:3]}"


def assert_restores(repository, expected, folder, *more):
    """Restores and compares; returns the report."""
    target = os.path.join(folder, "restored.db")
    report = restore(repository, target, *more).json
    assert_sound_file(target)
    assert_same(expected, content_of(target))
    os.remove(target)
    return report


def make_small(path, rows=200):
    with opened(path) as db:
        db.executescript("PRAGMA journal_mode = WAL; CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL)")
        db.execute("BEGIN")
        db.executemany("INSERT INTO item VALUES(?, ?, ?)", ((i, f"item {i}", i / 7) for i in range(1, rows + 1)))
        db.execute("COMMIT")


def make_bulk(path, megabytes, seed=1):
    """Rows that do not compress, in two tables."""
    noise = random.Random(seed)
    with opened(path) as db:
        db.executescript("PRAGMA journal_mode = WAL; CREATE TABLE bulk(id INTEGER PRIMARY KEY, payload BLOB);"
                         "CREATE TABLE named(name TEXT PRIMARY KEY, payload BLOB) WITHOUT ROWID")
        db.execute("BEGIN")
        for i in range(megabytes * 512):
            db.execute("INSERT INTO bulk VALUES(?, ?)", (i, noise.randbytes(1000)))
            db.execute("INSERT INTO named VALUES(?, ?)", (f"name {noise.random()} {i}", noise.randbytes(1000)))
        db.execute("COMMIT")


# ---- the runner


def main():
    parser = argparse.ArgumentParser(description="Tests of the command-line tool.")
    parser.add_argument("--tool", required=True, type=os.path.abspath, help="the program foreshadow")
    parser.add_argument("--helper", type=os.path.abspath, help="the program that makes, splits and merges partitioned tables")
    parser.add_argument("--long", action="store_true", help="many more rounds")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--keep", action="store_true", help="keep the folders of tests that failed")
    parser.add_argument("names", nargs="*", help="only these tests")
    parser.parse_args(namespace=options)
    unknown = set(options.names) - {t.__name__ for t in tests}
    if unknown:
        parser.error(f"no such test: {', '.join(sorted(unknown))}")
    failed = []
    for one in tests:
        if options.names and one.__name__ not in options.names:
            continue
        random.seed(options.seed)
        folder = tempfile.mkdtemp(prefix="foreshadow-tool-")
        begun = time.monotonic()
        name = one.__name__.replace("_", " ")
        try:
            one(folder)
        except Exception:
            failed.append(name)
            print(f"FAILED: {name} (seed {options.seed})", traceback.format_exc(), sep="\n", flush=True)
        else:
            print(f"ok: {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        finally:
            if options.keep and name in failed:
                print(f"kept: {folder}")
            else:
                shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(failed)} failed: {'; '.join(failed)}" if failed else "all passed")
    sys.exit(1 if failed else 0)

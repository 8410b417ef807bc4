# SPDX-License-Identifier: BSL-1.0
#
# A writer process whose transactions tell of themselves, and the check that a restored database is one of its states.
# Run as a program it is the writer: it ends when its standard input does, and never otherwise.
import contextlib
import random
import select
import sqlite3
import subprocess
import sys

from support import assert_sound_file, opened


def make_ledgered(path, rows):
    noise = random.Random(rows)
    with opened(path) as db:
        db.executescript("PRAGMA journal_mode = WAL; CREATE TABLE account(id INTEGER PRIMARY KEY, v BLOB);"
                         "CREATE TABLE ledger(seq INTEGER PRIMARY KEY, txn INT, id INT, v BLOB); CREATE INDEX by_txn ON ledger(txn)")
        db.execute("BEGIN")
        for i in range(rows):
            write(db, 0, i, noise.randbytes(400))
        db.execute("COMMIT")


def write(db, transaction, row, value):
    """One change with its entry; no value means that the row goes."""
    if value is None:
        db.execute("DELETE FROM account WHERE id = ?", (row,))
    else:
        db.execute("INSERT INTO account VALUES(?, ?) ON CONFLICT(id) DO UPDATE SET v = excluded.v", (row, value))
    db.execute("INSERT INTO ledger(txn, id, v) VALUES(?, ?, ?)", (transaction, row, value))


def write_until_input_ends(path):
    noise = random.Random(7)
    with opened(path) as db:
        db.execute("PRAGMA synchronous = OFF")
        transaction = db.execute("SELECT max(txn) FROM ledger").fetchone()[0]
        rows = db.execute("SELECT max(id) FROM account").fetchone()[0] + 1
        while not select.select([sys.stdin], [], [], 0.001)[0]:
            transaction += 1
            try:
                db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as e:
                if "locked" not in str(e):
                    raise
                continue
            for _ in range(noise.randint(1, 5)):
                row = noise.randrange(rows + 20)
                write(db, transaction, row, None if noise.random() < 0.3 else noise.randbytes(noise.randrange(600)))
            db.execute("COMMIT")
            print(transaction, flush=True)


class Writer:
    def __init__(self, path):
        self.path = path

    def transactions(self):
        with opened(self.path) as db:
            return db.execute("SELECT max(txn) FROM ledger").fetchone()[0]


@contextlib.contextmanager
def ledger_writer(path):
    """Writes all the time in a process of its own, from the first transaction on until the block ends."""
    process = subprocess.Popen([sys.executable, "-B", __file__, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().strip(), "the writer does not write"
        import threading
        drain = threading.Thread(target=process.stdout.read, daemon=True)
        drain.start()
        yield Writer(path)
        assert process.poll() is None, "the writer died"
    finally:
        process.stdin.close()
        assert process.wait(timeout=60) == 0, "the writer failed"


def assert_follows_the_ledger(live, restored):
    """The restored ledger is a prefix of the live one, of whole transactions, and replays to the restored table."""
    assert_sound_file(restored)
    with opened(live) as db:
        truth = db.execute("SELECT seq, txn, id, v FROM ledger ORDER BY seq").fetchall()
    with opened(restored) as db:
        found = db.execute("SELECT seq, txn, id, v FROM ledger ORDER BY seq").fetchall()
        table = dict(db.execute("SELECT id, v FROM account"))
    assert found == truth[:len(found)], "the restored ledger is no prefix of the live one"
    assert found and (len(found) == len(truth) or truth[len(found)][1] != found[-1][1]), "a transaction was cut"
    replayed = {}
    for _, _, row, value in found:
        if value is None:
            replayed.pop(row, None)
        else:
            replayed[row] = value
    wrong = [row for row in replayed.keys() | table.keys() if replayed.get(row) != table.get(row)]
    assert replayed == table, f"{len(wrong)} rows are not what the ledger says: {sorted(wrong)[:5]}"
    return found[-1][1]


if __name__ == "__main__":
    write_until_input_ends(sys.argv[1])

#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# Foreshadow beside pg_dump, pg_restore and pgBackRest, on one PostgreSQL database with many partitions: how long a
# backup and its restore take and how many bytes it is; and what happens to who changes partitions meanwhile: how long
# the statement waits, how long queries of the table stall, whether the backup survives. The server is started in a
# temporary folder; all tools are measured in turn, in another order each round, and the medians are told.
#
#   benchmarks/compare_postgresql.py [--tool FILE] [--gigabytes N] [--partitions N] [--rounds N] [--ddl-rounds N]
#                                    [--only NAME]... [--folder DIR] [--json FILE] [--markdown FILE] [--plots DIR]
import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/support"))
from postgresql import BIN, Refused, Server, Session, unprivileged  # noqa: E402

# As a server is set up that is to be backed up, and with room enough that checkpoints do not decide.
SETTINGS = ("shared_buffers = 512MB", "max_wal_size = 8GB", "checkpoint_timeout = 1h", "maintenance_work_mem = 256MB",
            "archive_mode = on", "archive_command = '/bin/true'", "max_connections = 50")
ROW_BYTES = 240  # of the heap, about
DDL = {
    "CREATE": "CREATE TABLE event_new PARTITION OF event FOR VALUES FROM (2000000000) TO (2000000001)",
    "ATTACH": "ALTER TABLE event ATTACH PARTITION event_spare FOR VALUES FROM (3000000000) TO (3100000000)",
    "DETACH": "ALTER TABLE event DETACH PARTITION event_last",
    "DETACH CONCURRENTLY": "ALTER TABLE event DETACH PARTITION event_last CONCURRENTLY",
    "DROP": "DROP TABLE event_last",
    "TRUNCATE": "TRUNCATE event_last",
}
# Every row of event, whatever its order.
CHECKSUM = "SELECT count(*), sum(hashtextextended(event::text, 0)) FROM event"


def make(server, gigabytes, partitions):
    """One table by ranges of its key; a third of a row is text that compresses, the rest does not."""
    leaf_rows = max(1, int(gigabytes * 1e9 / ROW_BYTES / partitions))
    with Session(server.make_database("shop")) as db:
        db("CREATE TABLE event(id int8 NOT NULL, customer int4 NOT NULL, at timestamptz NOT NULL, kind text NOT NULL, "
           "amount numeric(12,2), payload text) PARTITION BY RANGE (id);"
           "ALTER TABLE event ADD PRIMARY KEY (id); CREATE INDEX ON event (customer)")
        for leaf in range(partitions):
            bounds = f"FROM ({leaf * leaf_rows}) TO ({(leaf + 1) * leaf_rows})"
            db(f"CREATE TABLE event_{leaf} PARTITION OF event FOR VALUES {bounds}")
    todo = list(range(partitions))

    def work():
        with Session(server.url("shop")) as db:
            while todo:
                db(insert(todo.pop() * leaf_rows, leaf_rows))

    together(work, work)
    with Session(server.url("shop")) as db:
        db("VACUUM (FREEZE, ANALYZE)")
        db("CHECKPOINT")
        heap = int(db.value("SELECT sum(pg_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'event'::regclass"))
        return {"rows": leaf_rows * partitions, "leaf_rows": leaf_rows, "partitions": partitions, "heap_bytes": heap,
                "truth": db(CHECKSUM)[0]}


def insert(first, count, into="event"):
    return (f"INSERT INTO {into} SELECT i, i * 7919 % 100000, '2026-01-01'::timestamptz + i * interval '1 second', "
            "(ARRAY['order placed', 'order paid', 'parcel sent', 'parcel returned'])[i % 4 + 1], i % 100000 / 100.0, "
            "md5(i::text) || md5('a' || i) || md5('b' || i) || repeat('a note that is the same in many rows ', 2) "
            f"FROM generate_series({first}::int8, {first + count - 1}) i")


def together(*jobs):
    threads = [threading.Thread(target=job) for job in jobs]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


class Failed(Exception):
    pass


def begin(command, environment, **how):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **how)


def finish(process):
    """Waits for a tool. What it complains of, where it fails."""
    out, err = process.communicate(timeout=900)
    if process.returncode != 0:
        raise Failed((err or out).strip().splitlines()[0] if (err or out).strip() else f"status {process.returncode}")
    return out


# ---- the tools: each begins a backup into a folder, ends it, restores it into a new database


class PgDump:
    def __init__(self, server, kind):
        self.server, self.kind = server, kind

    def start(self, to):
        how = ["-Fc"] if self.kind == "c" else ["-Fd", "-j2"]
        return begin([f"{BIN}/pg_dump", *how, "-f", to, "shop"], self.server.environment)

    def restore(self, kept):
        self.server.make_database("restored")
        finish(begin([f"{BIN}/pg_restore", "-j2", "-d", "restored", kept], self.server.environment))
        return self.server, "restored"

    def forget(self, _):
        pass


class Foreshadow:
    def __init__(self, server, tool):
        self.server, self.tool = server, tool

    def start(self, to):
        return begin([self.tool, "backup", "postgresql:///shop", to, "--json"], self.server.environment)

    def restore(self, kept):
        finish(begin([self.tool, "restore", kept, "postgresql:///restored", "--json"], self.server.environment))
        return self.server, "restored"

    def forget(self, _):
        """So that the next backup is a first one, too."""
        finish(begin([self.tool, "release", "postgresql:///shop"], self.server.environment))


class PgBackRest:
    """Of the whole server: files and log, with zstd as Foreshadow has it, and two processes as there are cores."""

    def __init__(self, server):
        self.server, self.environment = server, {**server.environment, "HOME": server.folder}

    def command(self, *arguments):
        config = f"--config={self.server.folder}/pgbackrest.conf"
        return ["pgbackrest", config, "--stanza=main", "--log-level-console=error", *arguments]

    def begin(self, *arguments):
        return begin(self.command(*arguments), self.environment, cwd=self.server.folder, **self.server.as_user)

    def configure(self, repository, data):
        with open(f"{self.server.folder}/pgbackrest.conf", "w") as file:
            file.write(f"[global]\nrepo1-path={repository}\nlog-path={self.server.folder}\nlock-path={self.server.folder}\n"
                       "log-level-file=off\ncompress-type=zst\nprocess-max=2\nstart-fast=y\n"
                       f"[main]\npg1-path={data}\npg1-socket-path={self.server.folder}\npg1-user=postgres\n")

    def start(self, to):
        os.mkdir(to)
        user = unprivileged()[1]
        if user:
            os.chown(to, user.pw_uid, user.pw_gid)
        self.configure(to, self.server.data)
        finish(self.begin("stanza-create"))
        with Session(self.server.url("postgres")) as db:
            db(f"ALTER SYSTEM SET archive_command = '{' '.join(self.command('archive-push', '%p'))}'")
            db("SELECT pg_reload_conf()")
        return self.begin("backup", "--type=full")

    def restore(self, kept):
        again = Server.__new__(Server)  # what was a server's folder, and is one again
        again.folder, again.as_user = f"{self.server.folder}/again", self.server.as_user
        again.data = f"{again.folder}/data"
        os.mkdir(again.folder)
        user = unprivileged()[1]
        if user:
            os.chown(again.folder, user.pw_uid, user.pw_gid)
        finish(self.begin("restore", f"--pg1-path={again.data}"))
        again.configure(f"unix_socket_directories = '{again.folder}'", "archive_mode = off")
        again.start()
        while Session(again.url("postgres")).value("SELECT pg_is_in_recovery()") == "t":
            time.sleep(0.01)
        return again, "shop"

    def forget(self, _):
        with Session(self.server.url("postgres")) as db:
            db("ALTER SYSTEM RESET archive_command")
            db("SELECT pg_reload_conf()")


# ---- what is measured


def size_of(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, file)) for folder, _, files in os.walk(path) for file in files)


def remove(path):
    shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.path.exists(path) and os.remove(path)


def back_up_and_restore(tool, server, folder, truth, checks):
    """One backup and its restore; what was restored is compared with what there was."""
    kept = f"{folder}/kept"
    begun = time.monotonic()
    finish(tool.start(kept))
    seconds = time.monotonic() - begun
    figures = {"backup": seconds, "bytes": size_of(kept)}
    tool.forget(kept)
    begun = time.monotonic()
    at, database = tool.restore(kept)
    figures["restore"] = time.monotonic() - begun
    if checks:
        with Session(at.url(database)) as db:
            assert db(CHECKSUM)[0] == truth, "what was restored is something else"
    if at is server:
        with Session(server.url("postgres")) as db:
            db("DROP DATABASE restored")
    else:
        at.stop()
        shutil.rmtree(at.folder)
    remove(kept)
    return figures


class Users:
    """Two sessions that read and update single rows all the time; the longest wait since `since`."""

    def __init__(self, url, rows):
        self.ended, self.longest = False, 0.0
        self.threads = [threading.Thread(target=self.work, args=(url, rows, sql)) for sql in (
            "SELECT payload FROM event WHERE id = {}", "UPDATE event SET amount = amount + 1 WHERE id = {}")]
        for each in self.threads:
            each.start()

    def work(self, url, rows, sql):
        at = 0
        with Session(url) as db:
            while not self.ended:
                at = (at + 7919) % rows
                begun = time.monotonic()
                db(sql.format(at))
                self.longest = max(self.longest, time.monotonic() - begun)
                time.sleep(0.005)

    def end(self):
        self.ended = True
        for each in self.threads:
            each.join()


def change_partitions(tool, server, folder, what, data, usual_seconds):
    """One statement while a backup is a third through: its wait, the longest stall of a query, and how the backup ends."""
    kept = f"{folder}/kept"
    with Session(server.url("shop")) as db:
        db("CREATE TABLE event_last PARTITION OF event FOR VALUES FROM (1000000000) TO (1100000000)")
        db(insert(1000000000, data["leaf_rows"]))
        db("CREATE TABLE event_spare(LIKE event INCLUDING ALL, CHECK (id >= 3000000000 AND id < 3100000000))")
        db(insert(3000000000, 1000, "event_spare"))
    process = tool.start(kept)
    figures = {}
    users = Users(server.url("shop"), data["rows"])
    ended = []
    waiting = threading.Thread(target=lambda: ended.append(process.communicate()))
    waiting.start()
    try:
        time.sleep(usual_seconds / 3)
        figures["too_late"] = not waiting.is_alive()
        users.longest = 0.0
        begun = time.monotonic()
        with Session(server.url("shop")) as db:
            begun = time.monotonic()
            db(DDL[what])
        figures["wait"] = time.monotonic() - begun
        time.sleep(0.2)
        figures["stall"] = users.longest
        waiting.join()
    finally:
        users.end()
    out, err = ended[0]
    figures["survived"] = process.returncode == 0
    if not figures["survived"]:
        lines = [line for line in ((err or "") + (out or "")).splitlines() if "error" in line.lower() or "foreshadow:" in line]
        figures["why"] = lines[0] if lines else f"status {process.returncode}"
    tool.forget(kept)
    with Session(server.url("shop")) as db:
        for table in ("event_new", "event_last", "event_spare"):
            db(f"SET client_min_messages = warning; DROP TABLE IF EXISTS {table}")
    remove(kept)
    return figures


# ---- how it is told


def median(runs, figure):
    values = [r[figure] for r in runs if figure in r]
    return statistics.median(values) if values else None


def spread(runs, figure):
    values = [r[figure] for r in runs]
    return f"{min(values):.1f}–{max(values):.1f}"


def milliseconds(seconds):
    return "" if seconds is None else f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def markdown(told):
    data, lines = told["data"], []
    heap = data["heap_bytes"] / 1e6
    lines += ["| | backup | MB/s | against pg_dump -Fc | stored | restore | MB/s | against pg_restore of -Fc |",
              "|---|---|---|---|---|---|---|---|"]
    base = told["speed"].get("pg_dump -Fc")
    for name, runs in told["speed"].items():
        seconds, again = median(runs, "backup"), median(runs, "restore")
        ratio = lambda figure, of: f"{median(base, figure) / of:.2f}×" if base else ""  # noqa: E731
        lines.append(f"| {name} | {seconds:.1f} s ({spread(runs, 'backup')}) | {heap / seconds:.0f} | {ratio('backup', seconds)} | "
                     f"{median(runs, 'bytes') / 1e6:.0f} MB | {again:.1f} s ({spread(runs, 'restore')}) | {heap / again:.0f} | "
                     f"{ratio('restore', again)} |")
    if told["ddl"]:
        names = list(next(iter(told["ddl"].values())))
        lines += ["", "| during the backup | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
        for what, by_tool in told["ddl"].items():
            cells = []
            for name in names:
                runs = by_tool[name]
                failed = [r for r in runs if not r["survived"]]
                text = f"{milliseconds(median(runs, 'wait'))}, queries {milliseconds(median(runs, 'stall'))}"
                late = ", begun after the backup" if any(r["too_late"] for r in runs) else ""
                cells.append(text + late + (f", **{len(failed)} of {len(runs)} backups failed**" if failed else ""))
            lines.append(f"| {what} | " + " | ".join(cells) + " |")
        lines.append("")
        for what, by_tool in told["ddl"].items():
            for name, runs in by_tool.items():
                lines += [f"- {name}, {what}: `{r['why']}`" for r in runs if not r["survived"]][:1]
    return "\n".join(lines) + "\n"


def bars(title, groups, unit, logarithmic=False):
    """Groups of bars as SVG: {group: {bar: value}}."""
    names = list(dict.fromkeys(name for bars_of in groups.values() for name in bars_of))
    colours = ("#8da0b3", "#b3a58d", "#8db39a", "#1f6fb4", "#b48d1f", "#777777")
    values = [value for bars_of in groups.values() for value in bars_of.values()]
    most, floor = max(values), 10 ** math.floor(math.log10(min(values)))
    bar, left, width = 15, 150, 420

    def written(value):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

    def along(value):
        return math.log(value / floor) / math.log(most / floor) if logarithmic and most > floor else value / most

    parts, y = [], 62
    for i, name in enumerate(names):
        parts.append(f'<rect x="{left + i * 130}" y="34" width="10" height="10" fill="{colours[i % len(colours)]}"/>'
                     f'<text x="{left + i * 130 + 14}" y="43">{name}</text>')
    for group, bars_of in groups.items():
        parts.append(f'<text x="{left - 8}" y="{y + bar * len(bars_of) / 2 + 4}" text-anchor="end">{group}</text>')
        for i, name in enumerate(names):
            if name not in bars_of:
                continue
            value = bars_of[name]
            long = max(1.0, along(value) * width)
            parts.append(f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{bar - 2}" fill="{colours[i % len(colours)]}"/>'
                         f'<text x="{left + long + 5:.1f}" y="{y + bar - 5}" fill="#444">{written(value)} {unit}</text>')
            y += bar
        y += 12
    heading = title + (", logarithmic" if logarithmic else "")
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 120} {y + 4}" font-family="sans-serif" '
            f'font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n<text x="12" y="20" font-size="13">{heading}</text>')
    return "\n".join([head, *parts, "</svg>", ""])


def plots(told, folder):
    os.makedirs(folder, exist_ok=True)
    speed = {figure: {name: median(runs, figure) for name, runs in told["speed"].items()} for figure in ("backup", "restore")}
    with open(f"{folder}/postgresql-duration.svg", "w") as file:
        file.write(bars(f"{told['data']['heap_bytes'] / 1e9:.1f} GB in {told['data']['partitions']} partitions", speed, "s"))
    if told["ddl"]:
        waits = {what: {name: median(runs, "wait") * 1000 for name, runs in by_tool.items()}
                 for what, by_tool in told["ddl"].items()}
        with open(f"{folder}/postgresql-ddl.svg", "w") as file:
            file.write(bars("How long a statement waits that begins during a backup", waits, "ms", logarithmic=True))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", default="build/release/bin/foreshadow", type=os.path.abspath)
    parser.add_argument("--gigabytes", type=float, default=1.1, help="of the heap")
    parser.add_argument("--partitions", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ddl-rounds", type=int, default=1)
    parser.add_argument("--only", action="append", help="one of the tools; may be given again")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where the server and the backups are")
    parser.add_argument("--json")
    parser.add_argument("--markdown", help="where the tables go; else they are printed only")
    parser.add_argument("--plots", help="the folder of the plots, as SVG")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="foreshadow-compare-", dir=options.folder)
    os.chmod(folder, 0o755)
    try:
        with Server(SETTINGS, under=folder) as server:
            os.chmod(server.folder, 0o755)
            data = make(server, options.gigabytes, options.partitions)
            print(f"{data['rows']:,} rows, {data['heap_bytes'] / 1e6:,.0f} MB in {data['partitions']} partitions", flush=True)
            tools = {"pg_dump -Fc": PgDump(server, "c"), "pg_dump -Fd -j2": PgDump(server, "d"), "pgBackRest": PgBackRest(server),
                     "foreshadow": Foreshadow(server, options.tool)}
            tools = {name: tool for name, tool in tools.items() if not options.only or name in options.only}
            told = {"data": data, "speed": {name: [] for name in tools}, "ddl": {}}
            names = list(tools)
            for turn in range(options.rounds):
                for name in names[turn % len(names):] + names[:turn % len(names)]:
                    figures = back_up_and_restore(tools[name], server, folder, data["truth"], turn == 0)
                    told["speed"][name].append(figures)
                    print(f"{name}: " + ", ".join(f"{k} {v:,.1f}" for k, v in figures.items()), flush=True)
            for turn in range(options.ddl_rounds):
                for i, what in enumerate(DDL):
                    by_tool = told["ddl"].setdefault(what, {name: [] for name in tools})
                    for name in names[(turn + i) % len(names):] + names[:(turn + i) % len(names)]:
                        figures = change_partitions(tools[name], server, folder, what, data, median(told["speed"][name], "backup"))
                        by_tool[name].append(figures)
                        print(f"{what} during {name}: {figures}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(markdown(told))
    if options.markdown:
        with open(options.markdown, "w") as file:
            file.write(markdown(told))
    if options.plots:
        plots(told, options.plots)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(told, file, indent=2)


if __name__ == "__main__":
    main()

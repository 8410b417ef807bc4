# SPDX-License-Identifier: BSL-1.0
#
# What goes wrong is said in one clear line that names the object, with the right status, and leaves things as they were.
import contextlib
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import time

from support import (DONE, FAILED, NOT_SOUND, WRONG_USAGE, assert_restores, assert_same, backup, content_of, main, make_bulk, make_small, opened,
                     options, restore, run, start, test, url)


def refused(arguments, status, *words, **how):
    """Runs and checks the one line, in words and as an object of --json."""
    done = run(*arguments, status=status, **how)
    for word in words:
        assert word in done.error, f"{word!r} is not in the line: {done}"
    assert "unexpected" not in done.error and "internal" not in done.error, done
    if status != WRONG_USAGE or done.out:
        pass
    return done


@test
def a_path_that_is_not_there_is_named(folder):
    missing = f"{folder}/missing.db"
    refused(["backup", url(missing), f"{folder}/repository"], FAILED, missing, "no database")
    refused(["release", url(missing)], FAILED, missing)
    assert not os.path.exists(missing), "a backup makes no database"
    for verb in ("points", "show", "verify"):
        refused([verb, f"{folder}/nowhere"], FAILED, f"{folder}/nowhere")
        assert not os.path.exists(f"{folder}/nowhere"), f"{verb} makes no repository"
    refused(["restore", f"{folder}/nowhere", url(f"{folder}/out.db")], FAILED, f"{folder}/nowhere")


@test
def a_failed_first_backup_leaves_no_repository_behind_that_others_trip_over(folder):
    run("backup", url(f"{folder}/missing.db"), f"{folder}/repository", status=FAILED)
    assert not os.path.exists(f"{folder}/repository"), "a repository of no database was made"
    make_small(f"{folder}/small.db")
    backup(f"{folder}/small.db", f"{folder}/repository")


@test
def what_is_no_database_is_refused(folder):
    text = f"{folder}/notes.db"
    with open(text, "w") as file:
        file.write("just some notes, long enough to have a header\n" * 200)
    refused(["backup", url(text), f"{folder}/repository"], FAILED, text, "not an SQLite database")
    refused(["backup", url(folder), f"{folder}/repository"], FAILED, folder, "folder")


@test
def a_database_that_is_locked_is_busy_and_stays_as_it_was(folder):
    source = f"{folder}/small.db"
    make_small(source)
    with opened(source) as db:
        db.execute("BEGIN IMMEDIATE")
        refused(["backup", url(source), f"{folder}/repository", "--patience", "0"], FAILED, source, "locked", "another")
        db.execute("ROLLBACK")
    backup(source, f"{folder}/repository")


@test
def a_database_that_is_locked_for_a_while_is_waited_for(folder):
    source = f"{folder}/small.db"
    make_small(source)
    with opened(source) as db:
        db.execute("BEGIN IMMEDIATE")
        waiting = start("backup", url(source), f"{folder}/repository", "--json")
        told = []
        while not any(line.startswith("waiting: ") and "locked" in line for line in told):
            told.append(waiting.stderr.readline())
            assert told[-1], f"ended without waiting: {told}"
        db.execute("ROLLBACK")
        waiting.communicate(timeout=60)
        assert waiting.returncode == DONE


@test
def a_table_that_cannot_be_backed_up_is_named_and_the_rest_is_backed_up(folder):
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    with opened(source) as db:
        db.executescript("CREATE VIRTUAL TABLE words USING fts5(w); INSERT INTO words VALUES('early'); CREATE TABLE t(a)")
    parts = {"words", "words_data", "words_idx", "words_content", "words_docsize", "words_config"}
    done = backup(source, repository)
    assert {o["name"] for o in done.json["omissions"]} == parts, done
    for name in parts:
        assert sum(f"{name} is not backed up: " in line for line in done.err.splitlines()) == 1, done
    assert {o["name"] for o in run("show", repository, "--json").json["omissions"]} == parts
    assert "not backed up: words: it is a full-text index" in run("show", repository).out
    told = run("restore", repository, url(f"{folder}/told.db"))
    assert "not in the backup: words: " in told.out, told
    report = restore(repository, f"{folder}/restored.db").json
    assert {o["name"] for o in report["omissions"]} == parts, report
    assert content_of(f"{folder}/restored.db", ["item"]) == content_of(source, ["item"])
    assert restore(repository, f"{folder}/part.db", "--partition", "item").json["omissions"] == []


@test
def a_backup_that_waits_for_a_locked_database_can_be_stopped(folder):
    source = f"{folder}/small.db"
    make_small(source)
    with opened(source) as db:
        db.execute("BEGIN IMMEDIATE")
        waiting = start("backup", url(source), f"{folder}/repository")
        line = "?"
        while line and "locked" not in line:
            line = waiting.stderr.readline()
        waiting.terminate()
        assert "stopped on request" in waiting.communicate(timeout=60)[1]
        assert waiting.returncode == FAILED


@contextlib.contextmanager
def another_user(folder):
    """How to run as somebody who may only do what files say: root may do anything."""
    how = {}
    if os.geteuid() == 0:
        os.chmod(folder, 0o755)
        tool = f"{folder}/tool"
        shutil.copy(options.tool, tool)
        os.chmod(tool, 0o755)
        old, options.tool = options.tool, tool
        how = {"user": 65534, "group": 65534, "extra_groups": []}
        try:
            yield how
        finally:
            options.tool = old
    else:
        yield how


@test
def read_only_files_and_folders_are_named(folder):
    with another_user(folder) as how:
        inner = f"{folder}/inner"
        os.mkdir(inner)
        source = f"{inner}/small.db"
        make_small(source)
        with opened(source) as db:
            db.execute("PRAGMA journal_mode = DELETE")
        writable = f"{folder}/writable"
        os.mkdir(writable)
        os.chmod(writable, 0o777)
        os.chmod(source, 0o444)
        os.chmod(inner, 0o555)
        refused(["backup", url(source), f"{writable}/repository"], FAILED, source, "read-only", **how)
        os.chmod(inner, 0o755)
        os.chmod(source, 0o644)
        locked = f"{folder}/locked"
        os.mkdir(locked)
        os.chmod(locked, 0o555)
        make_small(f"{writable}/other.db")
        for name in os.listdir(writable):
            if name.startswith("other"):
                os.chmod(f"{writable}/{name}", 0o666)
        refused(["backup", url(f"{writable}/other.db"), f"{locked}/repository"], FAILED, f"{locked}/repository", "ermission", **how)
        run("backup", url(f"{writable}/other.db"), f"{writable}/repository", **how)
        refused(["restore", f"{writable}/repository", url(f"{locked}/out.db")], FAILED, f"{locked}/out.db", **how)


@test
def a_repository_path_that_is_a_file_is_refused(folder):
    make_small(f"{folder}/small.db")
    file = f"{folder}/a-file"
    open(file, "w").close()
    refused(["backup", url(f"{folder}/small.db"), file], FAILED, file)
    for verb in ("points", "show", "verify"):
        refused([verb, file], FAILED, file)
    assert os.path.getsize(file) == 0


@test
def a_folder_with_other_files_is_not_made_a_repository(folder):
    make_small(f"{folder}/small.db")
    other = f"{folder}/photos"
    os.mkdir(other)
    with open(f"{other}/holiday.jpg", "w") as file:
        file.write("sun")
    refused(["backup", url(f"{folder}/small.db"), other], FAILED, other, "holiday.jpg")
    assert os.listdir(other) == ["holiday.jpg"]


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """A file system with little room; what cannot be mounted is made by a limit on the size of files instead."""
    disk = f"{folder}/disk"
    os.makedirs(disk, exist_ok=True)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", disk], capture_output=True).returncode == 0
    how = {}
    if not mounted:
        limit = megabytes * 100_000
        how = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))}
    try:
        yield disk, how, mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", disk], check=True)


@test
def a_full_disk_under_the_repository_is_said_and_with_room_the_same_command_resumes(folder):
    source = f"{folder}/bulk.db"
    make_bulk(source, 6)
    expected = content_of(source)
    with small_disk(folder, 4) as (disk, how, mounted):
        refused(["backup", url(source), f"{disk}/repository"], FAILED, "cannot write", "space" if mounted else "", **how)
        if mounted:
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        backup(source, f"{disk}/repository")
        assert_restores(f"{disk}/repository", expected, folder)


@test
def a_full_disk_under_the_target_is_said_and_leaves_nothing(folder):
    source, repository = f"{folder}/bulk.db", f"{folder}/repository"
    make_bulk(source, 6)
    backup(source, repository)
    with small_disk(folder, 4) as (disk, how, _):
        refused(["restore", repository, url(f"{disk}/out.db")], FAILED, f"{disk}/out.db", **how)
        assert os.listdir(disk) == []


@test
def a_newer_format_asks_for_a_newer_program(folder):
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    backup(source, repository)
    config = f"{repository}/foreshadow.json"
    with open(config) as file:
        known = json.load(file)
    known["version"] = 1000
    with open(config, "w") as file:
        json.dump(known, file)
    for verb in (["backup", url(source), repository], ["points", repository], ["verify", repository],
                 ["restore", repository, url(f"{folder}/out.db")]):
        refused(verb, FAILED, "format 1000", "newer foreshadow")


@test
def a_second_backup_at_the_same_time_is_busy_and_names_the_first(folder):
    source, repository = f"{folder}/bulk.db", f"{folder}/repository"
    make_bulk(source, 4)
    first = start("backup", url(source), repository, "--pace", "fixed:1M", "--checkpoint", "0.2")
    assert "backing up" in first.stderr.readline()
    second = refused(["backup", url(source), repository, "--json"], FAILED, f"process {first.pid} ", "being backed up")
    assert second.json["error"]["code"] == "busy" and second.json["status"] == FAILED
    first.send_signal(signal.SIGKILL)
    first.communicate()
    # A process that is known to be dead is nobody to wait for.
    assert backup(source, repository).json["figures"]["resumed"] in (0, 1)


@test
def a_restore_onto_something_that_is_there_changes_nothing(folder):
    source, repository, target = f"{folder}/small.db", f"{folder}/repository", f"{folder}/mine.db"
    make_small(source)
    backup(source, repository)
    with open(target, "w") as file:
        file.write("mine")
    refused(["restore", repository, url(target)], FAILED, target, "exists already")
    with open(target) as file:
        assert file.read() == "mine"
    refused(["restore", repository, url(f"{folder}/no/such/folder/out.db")], FAILED, f"{folder}/no/such/folder/out.db")


@test
def a_name_that_the_log_needs_is_refused_and_stays(folder):
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    with opened(source) as db:
        db.executescript("CREATE TABLE foreshadow_log(mine); INSERT INTO foreshadow_log VALUES('mine')")
    before = content_of(source)
    refused(["backup", url(source), repository], FAILED, "table foreshadow_log", source, "rename it")
    refused(["release", url(source)], FAILED, "table foreshadow_log")
    assert content_of(source) == before
    with opened(source) as db:
        db.execute("ALTER TABLE foreshadow_log RENAME TO foreshadow_notes")
    expected = content_of(source)
    backup(source, repository)
    assert_restores(repository, expected, folder)


@test
def a_database_without_wal_is_backed_up_with_a_warning(folder):
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    assert "WAL" not in backup(source, repository).err
    with opened(source) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    warned = [line for line in backup(source, repository).err.splitlines() if "not in WAL mode" in line]
    assert len(warned) == 1 and warned[0].startswith("warning: ") and "SQLITE_BUSY" in warned[0] and source in warned[0], warned


@test
def points_and_partitions_that_are_not_there_are_named(folder):
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    backup(source, repository)
    target = url(f"{folder}/out.db")
    refused(["restore", repository, target, "--point", "77777"], FAILED, "77777", "foreshadow points")
    refused(["show", repository, "77777"], FAILED, "77777")
    refused(["restore", repository, target, "--partition", "nobody"], FAILED, "nobody", "foreshadow show")
    refused(["restore", repository, target, "--at", "yesterday"], WRONG_USAGE, "yesterday")
    assert not os.path.exists(f"{folder}/out.db")
    empty = f"{folder}/empty"
    run("backup", url(f"{folder}/missing.db"), empty, status=FAILED)
    if os.path.exists(empty):
        refused(["restore", empty, target], FAILED, "no restore point")


def make_two_logs(folder):
    """A database that is released and held anew between backups; the states by log, each with its position."""
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    logs = []
    for commits in (2, 5):
        states = []
        for number in range(commits):
            made = backup(source, repository).json
            states.append((made["at"], content_of(source), made))
            with opened(source) as db:
                db.execute("UPDATE item SET price = price + 1 WHERE id % 7 = ?", (number,))
        run("release", url(source))
        logs.append(states)
    return repository, logs


@test
def a_position_is_looked_for_in_every_log_of_the_database(folder):
    repository, (first, second) = make_two_logs(folder)
    target = f"{folder}/out.db"
    newest, content, made = second[-1]
    assert first[-1][0] < newest
    # Both logs have a commit of the number: neither is taken for the other.
    shared = first[0][0]
    done = refused(["restore", repository, url(target), "--at", shared], FAILED, f"position {shared} is in 2 logs", "--point")
    ids = [p["id"] for p in run("points", repository, "--json").json["points"]]
    named = [i for i in ids if i in done.error]
    assert len(named) == 2 and named[0].split("/")[0] != named[1].split("/")[0], done
    # The newest log alone reaches further.
    for at, content, _ in second:
        if at <= first[-1][0]:
            continue
        report = restore(repository, target, "--at", at).json
        assert report["at"] == at and report["asked"] == str(at), report
        assert_same(content, content_of(target))
        os.remove(target)
    # By a point of the older log, its own state.
    at, content, made = first[-1]
    report = restore(repository, target, "--point", made["source"]["id"] + "/" + made["point"], "--at", at).json
    assert report["at"] == at
    assert_same(content, content_of(target))


@test
def a_position_that_only_an_older_log_has_is_restored_from_it(folder):
    source, repository, target = f"{folder}/small.db", f"{folder}/repository", f"{folder}/out.db"
    make_small(source)
    backup(source, repository)
    for number in range(4):
        with opened(source) as db:
            db.execute("UPDATE item SET price = price + 1 WHERE id = ?", (number,))
    made = backup(source, repository).json
    content = content_of(source)
    run("release", url(source))
    with opened(source) as db:
        db.execute("DELETE FROM item")
    newest = backup(source, repository).json
    assert newest["at"] < made["at"], (newest, made)
    report = restore(repository, target, "--at", made["at"]).json
    assert report["at"] == made["at"], report
    assert_same(content, content_of(target))
    refused(["restore", repository, url(f"{folder}/no.db"), "--at", 10**9], FAILED, "position 1000000000 is after",
            str(made["at"]), "[1, ")


@test
def what_was_never_backed_up_is_refused_and_not_snapped_to(folder):
    repository, (first, second) = make_two_logs(folder)
    target = url(f"{folder}/out.db")
    newest, _, made = second[-1]
    refused(["restore", repository, target, "--at", "99999999"], FAILED, "position 99999999 is after the newest restore point, "
            f"{newest};", f"[{second[0][0]}, {newest}]", f"[{first[0][0]}, {first[-1][0]}]")
    refused(["restore", repository, target, "--at", "2990-01-01T00:00:00Z"], FAILED,
            "2990-01-01T00:00:00.000000Z is after the newest restore point, of " + made["time_text"])
    refused(["restore", repository, target, "--at", "0"], FAILED, f"position 0 is before the first that can be restored, {first[0][0]};")
    older = second[1][2]
    point = older["source"]["id"] + "/" + older["point"]
    refused(["restore", repository, target, "--point", point, "--at", newest], FAILED, f"position {newest} is after restore point",
            f", {older['at']};")
    refused(["restore", repository, target, "--point", point, "--at", made["time_text"]], FAILED, "is after restore point",
            older["time_text"])
    refused(["restore", repository, target, "--point", point, "--at", "0"], FAILED,
            f"position 0 is before the first that can be restored, {second[0][0]};")
    assert not os.path.exists(f"{folder}/out.db")


@test
def what_was_asked_for_and_what_was_given_are_told_where_they_differ(folder):
    repository, (first, second) = make_two_logs(folder)
    newest, _, made = second[-1]
    exact = run("restore", repository, url(f"{folder}/exact.db"), "--at", newest)
    assert "asked for" not in exact.out, exact
    between = second[-1][0] - 1
    done = run("restore", repository, url(f"{folder}/snapped.db"), "--at", between)
    assert f"asked for position {between}: the last state that is known up to it is of {second[-2][0]}" in done.out, done
    assert_same(second[-2][1], content_of(f"{folder}/snapped.db"))
    # A moment before the newest log began: the older one's last state, and what came after it is in no backup.
    before = second[0][2]["time"] - 1
    seconds, micro = divmod(before, 1_000_000)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{micro:06d}Z"
    done = run("restore", repository, url(f"{folder}/between.db"), "--at", text)
    assert f"asked for {text}: the last state that is known up to then is of {first[-1][2]['time_text']}" in done.out, done
    assert "was not backed up" in done.out, done
    assert_same(first[-1][1], content_of(f"{folder}/between.db"))


@test
def points_are_listed_by_time_and_say_which_log_they_are_of(folder):
    repository, logs = make_two_logs(folder)
    made = [m for states in logs for _, _, m in states]
    listed = run("points", repository, "--json").json["points"]
    assert [(p["source"]["id"], p["at"]) for p in listed] == [(m["source"]["id"], m["at"]) for m in made], listed
    assert [p["log"] for p in listed] == [m["source"]["id"] + "/0001" for m in made], listed
    for line, m in zip(run("points", repository).out.splitlines(), made, strict=True):
        assert line.endswith(f"log {m['source']['id']}/0001"), line
    one = f"{folder}/one"
    make_small(f"{folder}/other.db")
    backup(f"{folder}/other.db", one)
    assert "log " not in run("points", one).out


@test
def a_database_of_another_kind_is_refused_before_anything_is_made(folder):
    make_small(f"{folder}/small.db")
    backup(f"{folder}/small.db", f"{folder}/repository")
    # The server is never asked.
    done = refused(["restore", f"{folder}/repository", "postgresql://nobody@127.0.0.1:9/copy"], WRONG_USAGE, "kind sqlite", "postgresql",
                   "write sqlite:PATH")
    assert len(done.err.splitlines()) == 1, done


@test
def a_pack_that_is_missing_affects_each_partition_of_a_point_once(folder):
    source, repository = f"{folder}/bulk.db", f"{folder}/repository"
    make_bulk(source, 4)
    with opened(source) as db:
        db.executescript("CREATE TABLE customer(id INTEGER PRIMARY KEY, v); INSERT INTO customer VALUES(1, 'one')")
    backup(source, repository)
    with opened(source) as db:
        db.execute("UPDATE bulk SET payload = randomblob(1000) WHERE id % 3 = 0")
    backup(source, repository)
    shutil.rmtree(f"{repository}/packs")
    report = run("verify", repository, "--json", status=NOT_SOUND).json
    ids = {p["id"] for p in run("points", repository, "--json").json["points"]}
    allowed = {f"point {i}, partition {name}" for i in ids for name in ("definitions", "customer", "bulk", "named")}
    seen = set()
    for finding in report["findings"]:
        affected = [a for a in finding["affected"] if ", partition " in a]
        assert len(set(affected)) == len(affected), finding
        assert set(affected) <= allowed, finding
        seen |= set(affected)
    assert seen == allowed, allowed - seen


@test
def a_damaged_newest_point_names_the_newest_that_can_be_read(folder):
    repository, (first, second) = make_two_logs(folder)
    newest, before = second[-1][2], second[-2]
    path = f"sources/{newest['source']['id']}/points/{newest['point']}"
    with open(f"{repository}/{path}", "r+b") as file:
        file.truncate(40)
    done = refused(["restore", repository, url(f"{folder}/out.db")], NOT_SOUND, path)
    assert done.error.count(path) == 1, done
    point = done.error.rsplit("--point ", 1)[1].strip()
    assert point.endswith(before[2]["point"]), done
    restore(repository, f"{folder}/out.db", "--point", point)
    assert_same(before[1], content_of(f"{folder}/out.db"))


@test
def a_word_that_is_no_verb_is_named(folder):
    done = refused(["bakup", "sqlite:small.db", f"{folder}/repository"], WRONG_USAGE, 'there is no verb "bakup"', "backup", "restore", "release")
    assert len(done.err.splitlines()) == 1, done
    refused([], WRONG_USAGE, "--help")


@test
def a_deadline_needs_the_pace_that_heeds_it(folder):
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    for pace in ([], ["--pace", "flat-out"], ["--pace", "fixed:20M"], ["--pace", "two-thresholds"]):
        refused(["backup", url(source), repository, "--finish-within", "60", *pace], WRONG_USAGE, "--finish-within", "latency-guard")
    assert not os.path.exists(repository)
    backup(source, repository, "--finish-within", "60", "--pace", "latency-guard")


@test
def wrong_usage_is_one_line_and_status_two(folder):
    make_small(f"{folder}/small.db")
    source, repository = url(f"{folder}/small.db"), f"{folder}/repository"
    for arguments in ([], ["fly"], ["backup"], ["backup", source], ["backup", source, repository, "--pace", "warp"],
                      ["backup", source, repository, "--pace", "fixed:-1"], ["backup", source, repository, "--predictor", "oracle"],
                      ["backup", source, repository, "--no-such-option"], ["backup", source, repository, "more"],
                      ["backup", f"{folder}/small.db", repository], ["backup", "mongodb://host/db", repository],
                      ["backup", "sqlite:", repository], ["backup", source, "s3://bucket/prefix"],
                      ["backup", source, repository, "--every", "5"], ["backup", source, repository, "--follow", "--every", "0"],
                      ["backup", source, repository, "--follow", "--every", "nan"], ["backup", source, repository, "--checkpoint", "-1"],
                      ["backup", source, repository, "--patience", "soon"], ["backup", source, repository, "--patience", "inf"],
                      ["restore", repository, "mariadb://host/db"], ["restore", repository], ["release", "oracle:x"]):
        done = refused(arguments, WRONG_USAGE)
        assert len(done.err.splitlines()) == 1, done
        assert done.out == "", done
    assert not os.path.exists(repository), "wrong usage makes nothing"
    assert run("--help").out and run("backup", "--help").out
    assert re.fullmatch(r"foreshadow \d+\.\d+\.\d+\n", run("--version").out)
    refused(["backup", source, repository, "--every", "5"], WRONG_USAGE, "--every requires --follow")
    refused(["backup", source, repository, "--follow", "--every", "0"], WRONG_USAGE, '--every: "0" is not a number of seconds above 0')
    refused(["backup", source, repository, "--checkpoint", "-1"], WRONG_USAGE, "--checkpoint", "0 or more")


@test
def a_damaged_source_is_said(folder):
    source, repository = f"{folder}/bulk.db", f"{folder}/repository"
    make_bulk(source, 2)
    with opened(source) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode = DELETE")
    with open(source, "r+b") as file:
        for page in range(20, 400, 7):
            file.seek(page * 4096)
            file.write(b"\xff" * 64)
    done = refused(["backup", url(source), repository], (FAILED, NOT_SOUND), source)
    assert "damaged" in done.error, done


@test
def errors_are_objects_with_json(folder):
    done = run("backup", url(f"{folder}/missing.db"), f"{folder}/repository", "--json", status=FAILED)
    said = done.json
    assert said["status"] == FAILED and said["error"]["code"] == "not found" and "missing.db" in said["error"]["message"], said
    assert set(said["error"]) == {"code", "message", "hint", "facts"}


main()

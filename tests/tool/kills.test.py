# SPDX-License-Identifier: BSL-1.0
#
# kill -9 at any moment of a backup; then the same command again goes on and ends, and what is restored is exact.
# `--long` kills hundreds of times.
import os
import random
import signal
import time

from ledger import assert_follows_the_ledger, ledger_writer, make_ledgered
from support import DONE, FAILED, assert_restores, content_of, make_bulk, opened, options, restore, run, start, test, until, url, main


def kill_after(source, repository, seconds, *more, checkpoints=0):
    """Starts a backup and kills it some time after it wrote so many checkpoints; false when it had ended before."""
    process = start("backup", url(source), repository, "--json", *more)
    until("checkpoints", lambda: latest_checkpoint(repository) >= checkpoints or process.poll() is not None)
    time.sleep(seconds)  # the moment of the kill is what the test is about
    process.send_signal(signal.SIGKILL)
    out, err = process.communicate()
    assert process.returncode in (DONE, -signal.SIGKILL), f"before it was killed it ended by itself: {err}"
    return process.returncode == -signal.SIGKILL


@test
def killed_at_random_moments_the_same_command_goes_on_and_ends(folder):
    source, repository = f"{folder}/bulk.db", f"{folder}/repository"
    make_bulk(source, 12)
    expected = content_of(source)
    rounds, checkpointed = 200 if options.long else 12, 0
    for number in range(rounds):
        process = start("backup", url(source), repository, "--pace", "fixed:300K", "--checkpoint", "0.05")
        if number % 2:  # every other one gets on by at least a checkpoint
            before = latest_checkpoint(repository)
            until("a checkpoint", lambda: latest_checkpoint(repository) > before or process.poll() is not None)
            checkpointed += 1
        time.sleep(random.uniform(0.01, 0.6))  # the moment of the kill is what the test is about
        process.kill()
        assert process.wait() == -signal.SIGKILL, "it ended before it was killed"
        process.communicate()
    made = run("backup", url(source), repository, "--json").json
    resumed = made["figures"]["resumed"]
    assert checkpointed <= resumed <= rounds, made
    assert_restores(repository, expected, folder)
    assert run("verify", repository, "--data", "--json").json["sound"]
    print(f"  {rounds} kills, resumed {resumed} times")


@test
def killed_anywhere_from_its_first_to_its_last_moment_it_goes_on_and_ends(folder):
    source, repository = f"{folder}/bulk.db", f"{folder}/repository"
    make_bulk(source, 1)
    begun = time.monotonic()
    run("backup", url(source), repository)
    whole = time.monotonic() - begun
    rounds, kills = 300 if options.long else 10, 0
    for number in range(rounds):
        with opened(source) as db:
            db.execute("UPDATE bulk SET payload = randomblob(900) WHERE id % 40 = ?", (number % 40,))
            db.execute(f"CREATE TABLE IF NOT EXISTS made_{number // 3}(id INTEGER PRIMARY KEY, v)")
        expected = content_of(source)
        kills += kill_after(source, repository, whole * number / rounds)
        run("backup", url(source), repository)
        assert_restores(repository, expected, folder)
    assert kills >= rounds // 3, kills
    print(f"  {kills} kills")


@test
def killed_after_checkpoints_it_reads_only_what_is_left(folder):
    source, repository = f"{folder}/bulk.db", f"{folder}/repository"
    make_bulk(source, 6)
    expected = content_of(source)
    process = start("backup", url(source), repository, "--pace", "fixed:1M", "--checkpoint", "0.1")
    until("some checkpoints", lambda: latest_checkpoint(repository) > 3 or process.poll() is not None)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it ended before it was killed"
    rest = run("backup", url(source), repository, "--json")
    assert "resuming" in rest.err, rest
    assert rest.json["figures"]["resumed"] == 1, rest
    # Over both: everything once, and what was read since the last checkpoint but one twice. Read anew it would be 10 MB.
    assert rest.json["figures"]["bytes_read"] < 6_300_000 + 2_500_000, rest
    assert_restores(repository, expected, folder)


def latest_checkpoint(repository):
    found = [int(f) for where, _, files in os.walk(repository) if "/running/" in where for f in files if f.isdigit()]
    return max(found, default=0)


@test
def killed_again_and_again_under_writing_it_ends_at_a_state_of_the_ledger(folder):
    source, repository, target = f"{folder}/live.db", f"{folder}/repository", f"{folder}/restored.db"
    make_ledgered(source, rows=3000)
    kills, whole = 0, 0
    with ledger_writer(source):
        for round_number in range(40 if options.long else 3):
            for number in range(5):
                if round_number == 0:  # everything is to be read, and at this pace that takes longer than any of the waits
                    killed = kill_after(source, repository, random.uniform(0.05, 0.7), "--pace", "fixed:100K", "--checkpoint", "0.1",
                                        checkpoints=1 if number == 4 else 0)
                    assert killed, "it ended before it was killed"
                else:  # only what changed: it may well have ended
                    killed = kill_after(source, repository, random.uniform(0, whole))
                kills += killed
            begun = time.monotonic()
            made = run("backup", url(source), repository, "--json").json
            whole = time.monotonic() - begun
            assert made["figures"]["resumed"] >= 1 or round_number > 0, made
            restore(repository, target)
            assert_follows_the_ledger(source, target)
            os.remove(target)
    assert run("verify", repository, "--data", "--json").json["sound"]
    for point in run("points", repository, "--json").json["points"]:
        restore(repository, target, "--point", point["id"])
        assert_follows_the_ledger(source, target)
        os.remove(target)
    print(f"  {kills} kills")


@test
def a_signal_stops_at_a_durable_point_with_one_line_and_the_same_command_resumes(folder):
    source, repository = f"{folder}/bulk.db", f"{folder}/repository"
    make_bulk(source, 4)
    expected = content_of(source)
    for which in (signal.SIGINT, signal.SIGTERM):
        process = start("backup", url(source), repository, "--pace", "fixed:2M", "--json")
        assert any("backing up" in line or "resuming" in line for line in [process.stderr.readline()])
        process.send_signal(which)
        out, err = process.communicate(timeout=60)
        assert process.returncode == FAILED, err
        lines = [line for line in err.splitlines() if line.startswith("foreshadow: ")]
        assert len(lines) == 1 and "stopped" in lines[0] and "the same command resumes" in lines[0], err
    done = run("backup", url(source), repository, "--json")
    assert "resuming" in done.err and done.json["figures"]["resumed"] == 2, done
    assert_restores(repository, expected, folder)


@test
def a_restore_that_is_stopped_or_killed_leaves_nothing_that_looks_whole(folder):
    source, repository, target = f"{folder}/bulk.db", f"{folder}/repository", f"{folder}/restored.db"
    make_bulk(source, 6)
    expected = content_of(source)
    run("backup", url(source), repository)
    for which in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        process = start("restore", repository, url(target))
        until("the restore writes", lambda: process.poll() is not None or any(".restoring" in f for f in os.listdir(folder)))
        process.send_signal(which)
        out, err = process.communicate(timeout=60)
        if process.returncode == DONE:  # faster than the signal
            os.remove(target)
            continue
        assert not os.path.exists(target), f"{which}: half a database bears the name"
        if which != signal.SIGKILL:
            assert process.returncode == FAILED and "foreshadow: stopped" in err, err
            assert not [f for f in os.listdir(folder) if ".restoring" in f], os.listdir(folder)
    run("restore", repository, url(target))
    assert not [f for f in os.listdir(folder) if ".restoring" in f], "the next restore removes what a killed one left"
    os.remove(target)
    assert_restores(repository, expected, folder)


main()

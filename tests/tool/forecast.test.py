# SPDX-License-Identifier: BSL-1.0
#
# `forecast`: a recorded log is scored the same however it is given, what does not fit is said in one line, a
# repository tells how its own predictions did, a source what is coming.
import os
import random

from support import DONE, FAILED, WRONG_USAGE, assert_same, backup, content_of, main, make_small, opened, run, test, url

FIGURES = {"average_precision", "brier", "brier_skill", "ece", "recall_at_precision_50", "recall_at_precision_25", "events",
           "events_alarmed", "median_lead", "alarm_rate", "intervals"}


def write_log(path, writes=3000, seed=1):
    """A table that grows at its end, one that shrinks again, one that is written all over."""
    noise = random.Random(seed)
    grown = 0
    with open(path, "w") as file:
        for i in range(writes):
            table = noise.choice(["orders", "orders", "sessions", "users"])
            grown += table == "orders"
            row = grown if table == "orders" else noise.randrange(200 if table == "sessions" else 600)
            op = "D" if table == "sessions" and i > writes / 2 else noise.choice("IU")
            file.write(f"{1_700_000_000 + 60 * i}\t{op}\t{noise.randrange(2000)}\t{table}/{row:09d}\n")
    return path


def forecast(*arguments, status=DONE, **how):
    return run("forecast", *arguments, status=status, **how)


PLAIN = ["--rule", "crdb", "--keys", "60", "--writes-per-tick", "20", "--horizon", "4"]


@test
def a_log_is_scored_for_each_kind_of_change(folder):
    said = forecast(write_log(f"{folder}/log.tsv"), *PLAIN, "--json").json
    for kind in ("split", "merge", "create"):
        assert FIGURES <= set(said[kind]), said[kind]
    split = said["split"]
    assert said["writes"] == 3000 and said["ticks"] == 149, said
    assert split["events"] >= 5 and split["rows"] > 200, split
    low, high = split["intervals"]["average_precision"]
    assert 0 < low <= split["average_precision"] <= high <= 1, split
    assert 0 <= split["brier"] <= 1 and split["brier_skill"] < 1 and 0 <= split["ece"] <= 1, split
    assert split["events_alarmed"] <= split["events"], split
    assert 0 < split["median_lead"] <= 4, split


@test
def every_rule_has_changes_of_its_own(folder):
    log = write_log(f"{folder}/log.tsv")
    changes = {}
    for rule in ("tikv", "crdb", "hbase", "fdb", "load", "scylla", "calendar"):
        said = forecast(log, "--rule", rule, "--size", 40000, "--row-cap", 1000, "--writes-per-tick", 20, "--rate", 8,
                        "--json").json
        assert said["layout_changes"] > 5, said
        changes[rule] = said["layout_changes"]
    assert len(set(changes.values())) > 4, changes


@test
def standard_input_and_a_file_score_the_same(folder):
    log = write_log(f"{folder}/log.tsv")
    from_file = forecast(log, *PLAIN, "--json").json
    with open(log, "rb") as file:
        from_input = forecast("-", *PLAIN, "--json", stdin=file).json
    assert from_input.pop("trace") == "-"
    from_file.pop("trace")
    assert from_input == from_file


@test
def the_changes_of_a_rule_written_down_are_a_trace_of_their_own(folder):
    log = write_log(f"{folder}/log.tsv")
    events = f"{folder}/events.tsv"
    said = forecast(log, *PLAIN, "--events", events, "--json").json
    with open(events) as file:
        lines = file.readlines()
    assert len(lines) == said["layout_changes"], (len(lines), said["layout_changes"])
    replayed = forecast(events, "--json", "--horizon", 4).json
    assert replayed["layout_changes"] == said["layout_changes"] and replayed["rule"] is None
    kinds = {line.split("\t")[1] for line in lines}
    assert {"create", "split", "merge"} <= kinds, kinds


@test
def rows_and_plot_are_written_where_they_are_wanted(folder):
    said = forecast(write_log(f"{folder}/log.tsv"), *PLAIN, "--json", "--rows", f"{folder}/rows.tsv", "--plot",
                    f"{folder}/plot.svg").json
    with open(f"{folder}/rows.tsv") as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    assert len(rows) == 3 * said["rows"], (len(rows), said["rows"])
    assert all(0 <= float(row[3]) <= 1 and row[4] in "01" for row in rows)
    with open(f"{folder}/plot.svg") as file:
        drawn = file.read()
    assert drawn.startswith("<svg") and drawn.count("<circle") >= 20, drawn[:200]
    done = forecast(f"{folder}/log.tsv", *PLAIN, "--plot", f"{folder}/nowhere/plot.svg", status=FAILED)
    assert "nowhere/plot.svg" in done.error, done


@test
def forecasts_do_not_depend_on_what_comes_after_them(folder):
    said = forecast(write_log(f"{folder}/log.tsv"), *PLAIN, "--audit", "--json").json
    assert said["audit"]["causal"] and said["audit"]["rows_compared"] > 1000, said["audit"]


@test
def the_silent_predictor_ranks_no_better_than_chance(folder):
    split = forecast(write_log(f"{folder}/log.tsv"), *PLAIN, "--predictor", "silent", "--json").json["split"]
    assert abs(split["average_precision"] - split["positives"] / split["rows"]) < 1e-12, split
    assert split["recall_at_precision_50"] == 0 and split["events_alarmed"] == 0, split


@test
def several_predictors_together_are_scored_like_one(folder):
    log = write_log(f"{folder}/log.tsv")
    alone, together = (forecast(log, *PLAIN, "--predictor", name, "--json").json for name in ("hazard", "ensemble"))
    assert (alone["predictor"], together["predictor"]) == ("hazard", "ensemble")
    assert together["split"]["rows"] == alone["split"]["rows"] and together["split"] != alone["split"], together["split"]


@test
def people_are_told_the_same_in_words(folder):
    told = forecast(write_log(f"{folder}/log.tsv"), *PLAIN).out
    for word in ("3,000 writes", "split", "merge", "create", "average precision", "Brier skill", "calibration error"):
        assert word in told, told


@test
def what_does_not_fit_is_said_in_one_line(folder):
    log = write_log(f"{folder}/log.tsv", 50)
    cases = [([f"{folder}/missing.tsv", *PLAIN], FAILED, "missing.tsv"),
             ([log], FAILED, "no layout changes"),
             ([log, "--rule", "oracle", "--keys", "5"], WRONG_USAGE, "oracle"),
             ([log, "--rule", "crdb"], WRONG_USAGE, "size"),
             ([log, "--rule", "crdb", "--keys", "5", "--size", "5"], WRONG_USAGE, "--size"),
             ([log, "--rule", "crdb", "--keys", "0"], WRONG_USAGE, "--keys"),
             ([log, "--rule", "crdb", "--keys", "5", "--predictor", "crystal"], WRONG_USAGE, "crystal")]
    for arguments, status, word in cases:
        assert word in forecast(*arguments, status=status).error, arguments
    with open(log, "a") as file:
        file.write("1700009999\tI\tmany\torders/1\n")
    done = forecast(log, *PLAIN, "--json", status=FAILED)
    assert "line 51" in done.error and "many" in done.error, done
    assert done.json["error"]["code"] == "invalid argument", done
    empty = f"{folder}/empty.tsv"
    open(empty, "w").close()
    assert "empty" in forecast(empty, *PLAIN, status=FAILED).error


@test
def a_log_too_short_to_be_tested_on_has_no_figures(folder):
    said = forecast(write_log(f"{folder}/log.tsv", 30), *PLAIN, "--json").json
    assert said["split"]["rows"] == 0 and said["split"]["average_precision"] is None, said["split"]
    assert "nothing to score" in forecast(f"{folder}/log.tsv", *PLAIN).out


@test
def a_repository_tells_how_its_predictions_did(folder):
    make_small(f"{folder}/small.db")
    backup(f"{folder}/small.db", f"{folder}/repository")
    said = forecast(f"{folder}/repository", "--json").json
    assert said["predictions"] == {} or all("outcomes" in kind for kind in said["predictions"].values()), said
    assert forecast(f"{folder}/repository").out.strip()
    os.mkdir(f"{folder}/empty")
    forecast(f"{folder}/empty", status=FAILED)


@test
def a_source_tells_what_is_coming_and_is_left_as_it_was(folder):
    source, repository = f"{folder}/small.db", f"{folder}/repository"
    make_small(source)
    before = content_of(source)
    said = forecast(url(source), "--watch", 0.5, "--json").json
    assert said["expected"] == [] and said["learnt"] is None and said["source"]["name"].endswith("small.db"), said
    with opened(source) as db:
        assert not db.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'foreshadow%'").fetchall()
    assert_same(before, content_of(source))

    point = backup(source, repository).json["point"]
    told = forecast(url(source), "--watch", 0.2, "--learnt", repository)
    assert point in told.out and "no change of layout is expected" in told.out, told
    # The hold of the backup is still there: the next one goes on from it.
    with opened(source) as db:
        db.execute("UPDATE item SET price = 1 WHERE id = 7")
    figures = backup(source, repository).json["figures"]
    assert figures["commits"] == 1 and figures["rows_read"] == 0, figures


@test
def a_source_that_is_not_there_is_named(folder):
    missing = forecast(url(f"{folder}/missing.db"), "--watch", 0, status=FAILED)
    assert "missing.db" in missing.error, missing
    assert "postgres" in forecast("postgres:shop", status=WRONG_USAGE).error


main()

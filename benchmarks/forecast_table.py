#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# How well layout changes are foretold on real write logs, beside the figures that there are to beat: on each log average
# precision and Brier skill of the test part, with their 95 % intervals, and the calibration error. A log is a TSV file
# (`.xz` or plain): seconds, operation, bytes, key; which rule it is replayed by follows from its name.
#
#   benchmarks/forecast_table.py [--tool FILE] [--predictor NAME] [--jobs N] [--json FILE] [--check] LOG...
#
# With --check the status says whether every goal is reached: the best of each row in both figures, a calibration error
# of at most .001.
import argparse
import json
import lzma
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# name of the log: (kind of change, how it is replayed, {whose: (average precision, Brier skill)})
BYTES = ["--rule", "crdb", "--horizon", "5"]
SCYLLA = [*BYTES, "--size", "262144", "--row-cap", "4096", "--writes-per-tick", "200"]
ROWS = {
    "scylladb": [
        ("split", SCYLLA, {"linear": (.171, .040), "boosting": (.346, .200), "prototype": (.348, .249)}),
        ("merge", SCYLLA, {"linear": (.068, .015), "boosting": (.482, .270), "prototype": (.343, .190)}),
    ],
    "scoop-extras": [
        ("split", [*BYTES, "--size", "65536", "--writes-per-tick", "100"],
         {"linear": (.047, -.19), "boosting": (.276, .310), "prototype": (.315, .353)}),
    ],
    "foundationdb": [
        ("split", [*BYTES, "--size", "131072", "--row-cap", "4096", "--writes-per-tick", "100"],
         {"linear": (.176, .025), "boosting": (.363, .215), "prototype": (.423, .278)}),
    ],
    "synth": [
        ("split", ["--rule", "tikv", "--keys", "2000", "--tick", "3600", "--horizon", "6"],
         {"linear": (.795, .595), "boosting": (.722, .484), "prototype": (.767, .582)}),
    ],
}
MOST_ERROR = .001


def name_of(path):
    return Path(path).name.removesuffix(".xz").removesuffix(".tsv")


def score(tool, predictor, path, how):
    raw = Path(path).read_bytes()
    text = lzma.decompress(raw) if path.endswith(".xz") else raw
    done = subprocess.run([tool, "forecast", "-", "--json", "--predictor", predictor, *how], input=text, capture_output=True)
    if done.returncode:
        sys.exit(f"{path}: {done.stderr.decode(errors='replace').strip()}")
    return json.loads(done.stdout)


def signed(value):
    return f"{value:+.3f}".replace("+0", "+").replace("-0", "-")


def cell(pair):
    return f"{pair[0]:.3f} {signed(pair[1])}".replace("0.", ".", 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", default="build/release/bin/foreshadow")
    parser.add_argument("--predictor", default="hazard")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", help="write all figures there")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("logs", nargs="+")
    chosen = parser.parse_args()
    unknown = [path for path in chosen.logs if name_of(path) not in ROWS]
    if unknown:
        parser.error(f"{unknown[0]}: only {', '.join(ROWS)} have figures to be held against")

    # One replay serves all rows that are taken from it.
    replays = {(path, tuple(how)) for path in chosen.logs for _, how, _ in ROWS[name_of(path)]}
    with ThreadPoolExecutor(chosen.jobs) as pool:
        waiting = {key: pool.submit(score, chosen.tool, chosen.predictor, *key) for key in sorted(replays)}
        scored = {key: future.result() for key, future in waiting.items()}

    heads = ["linear", "boosting", "prototype"]
    print(f"{'AP / Brier skill, test part':28}" + "".join(f"{head:>14}" for head in heads) +
          f"  | {chosen.predictor} [95 %]" + " " * 27 + "ECE      changes")
    every, missed = [], 0
    for path in chosen.logs:
        for kind, how, given in ROWS[name_of(path)]:
            said = scored[path, tuple(how)][kind]
            best = [max(pair[i] for pair in given.values()) for i in (0, 1)]
            reached = [said["average_precision"] >= best[0], said["brier_skill"] >= best[1], said["ece"] <= MOST_ERROR]
            missed += not all(reached)
            spans = ["[{:.3f}, {:.3f}]".format(*said["intervals"][figure]) for figure in ("average_precision", "brier_skill")]
            mark = ["" if ok else "*" for ok in reached]
            print(f"{name_of(path) + ', ' + kind:28}" + "".join(f"{cell(given[head]):>14}" for head in heads) +
                  f"  | {said['average_precision']:.3f}{mark[0]} {spans[0]}  {said['brier_skill']:+.3f}{mark[1]} {spans[1]}"
                  f"  {said['ece']:.4f}{mark[2]}  {said['events_alarmed']} of {said['events']}")
            every.append({"log": name_of(path), "kind": kind, "given": given, "reached": reached, **said})
    print("* behind the best of its row, or a calibration error above .001" if missed else "every goal is reached")
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(every, indent=2) + "\n")
    sys.exit(1 if chosen.check and missed else 0)


if __name__ == "__main__":
    main()

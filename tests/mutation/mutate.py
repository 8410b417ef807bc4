#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# Tests of the tests: each mutant is one line changed in what correctness rests on, and the tests have to notice.
# A mutant is killed when its tests fail, crash or hang; one that does not compile is none. Survivors are listed, and are
# answered with a test, or with a reason beside EQUIVALENT.
#
#   mutate.py [--sample N] [--seed S] [--only PART] [--jobs N] [--list]
import argparse
import concurrent.futures
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ["-lzstd", "-llz4", "-lxxhash", "-lcrypto", "-lpthread"]
COMPILE = [os.environ.get("CXX", "g++"), "-std=c++20", f"-I{ROOT}/tests/support"]

# What is mutated, and the tests that must notice, after the file's own: cheapest first.
PLANE = ["tests/property/rules.test.cpp", "tests/property/layout_history.test.cpp", "tests/unit/plane/*.test.cpp"]
ROWS = ["tests/property/rules.test.cpp", "tests/unit/row/*.test.cpp"]
WHOLE = ["tests/unit/orchestrate/back_up.test.cpp tests/support/*.cpp", "tests/simulation/resume.test.cpp tests/support/*.cpp"]
PARTS = {
    "plane/key_range.hpp": PLANE, "plane/key_set.hpp": PLANE, "plane/horizon.hpp": PLANE, "plane/coverage.hpp": PLANE,
    "plane/detail/cover_sweep.hpp": PLANE, "plane/layout_history.hpp": PLANE, "plane/layout.hpp": PLANE,
    "row/merge.hpp": ROWS, "row/detail/merge_inputs.hpp": ROWS, "row/detail/erasure_sweep.hpp": ROWS, "row/fold.hpp": ROWS,
    "orchestrate/back_up.hpp": WHOLE, "orchestrate/checkpointer.hpp": WHOLE, "orchestrate/recorder.hpp": WHOLE,
}

# (what, by what). Operators stand between spaces, so templates and shifts are left alone.
CHANGES = [
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "), (r" == ", " != "), (r" != ", " == "),
    (r" && ", " || "), (r" \|\| ", " && "), (r" \+ 1\b", ""), (r" - 1\b", ""), (r"\bstd::min\b", "std::max"),
    (r"\bstd::max\b", "std::min"), (r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r"if \(!", "if ("), (r"\+\+", "--"),
    (r"\.begin\b(?!\()", ".end"), (r"\.low\b", ".high"), (r"\.high\b", ".low"), (r"\.after\b", ".upto"),
    (r"\bcontinue;", "break;"), (r"\blower_bound\b", "upper_bound"), (r"\bupper_bound\b", "lower_bound"),
]
STATEMENT = re.compile(r"^\s+(?!return|co_return|throw|const|auto|using|static|friend|break|continue|\[\[|//|///)[\w:.>()*-]+.*;\s*(//.*)?$")
SKIPPED = re.compile(r"^\s*(//|#|static_assert|template|using|friend)|throw error|INFO|= default")

# Mutants that change nothing anybody could notice, each with its reason: {(file, line as mutated): why}
EQUIVALENT = {}


def mutants_of(name):
    """Every (line number, the line before, the line after)."""
    lines = (ROOT / "include/foreshadow" / name).read_text().splitlines()
    for number, line in enumerate(lines):
        if SKIPPED.search(line):
            continue
        code = line.split("//")[0]
        for pattern, replacement in CHANGES:
            for found in re.finditer(pattern, code):
                yield number, line, line[:found.start()] + replacement + line[found.end():]
        if STATEMENT.match(line) and "(" in code:
            yield number, line, re.match(r"^\s*", line)[0] + ";"


def run(command, seconds, **how):
    try:
        return subprocess.run(command, capture_output=True, timeout=seconds, **how).returncode
    except subprocess.TimeoutExpired:
        return -1


def build_and_run(include, tests, folder):
    """"killed", "survived", or "no mutant" where it does not compile."""
    sources = [path for pattern in tests.split() for path in sorted(ROOT.glob(pattern)) if path.name != "main.cpp"]
    objects = [str(folder / f"{i}.o") for i in range(len(sources))]
    for source, target in zip(sources, objects):
        if run([*COMPILE, "-O0", "-w", f"-I{include}", "-c", str(source), "-o", target], 600):
            return "no mutant"
    if run([*COMPILE, *objects, str(folder / "main.o"), "-o", str(folder / "tests"), *LIBRARIES], 600):
        return "no mutant"
    return "killed" if run([str(folder / "tests"), "--abort"], 300, cwd=folder) else "survived"


def judge(name, number, changed, main_object):
    with tempfile.TemporaryDirectory(prefix="foreshadow-mutant-") as scratch:
        folder = Path(scratch)
        shutil.copytree(ROOT / "include", folder / "include")
        shutil.copy(main_object, folder / "main.o")
        path = folder / "include/foreshadow" / name
        lines = path.read_text().splitlines()
        lines[number] = changed
        path.write_text("\n".join(lines) + "\n")
        verdict = "survived"
        own = Path("tests/unit", name.replace("/detail", "")).with_suffix(".test.cpp")
        first = [str(own)] if (ROOT / own).exists() and PARTS[name] is not WHOLE else []
        for tests in [*first, *PARTS[name]]:
            verdict = build_and_run(folder / "include", tests, folder)
            if verdict != "survived":
                break
        return verdict


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, help="so many mutants, drawn by the seed; all where nothing is said")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="files whose name has this in it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true", help="print the mutants and end")
    options = parser.parse_args()

    chosen = [(name, *mutant) for name in PARTS if options.only in name for mutant in mutants_of(name)]
    if options.sample and options.sample < len(chosen):
        chosen = sorted(random.Random(options.seed).sample(chosen, options.sample))
    if options.list:
        for name, number, before, after in chosen:
            print(f"{name}:{number + 1}: {before.strip()}  ->  {after.strip()}")
        return
    begun, counts, survivors = time.monotonic(), {"killed": 0, "survived": 0, "no mutant": 0, "equivalent": 0}, []
    with tempfile.TemporaryDirectory() as scratch:
        main_object = Path(scratch, "main.o")
        subprocess.run([*COMPILE, "-O0", "-c", str(ROOT / "tests/support/main.cpp"), "-o", str(main_object)], check=True)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            verdicts = pool.map(lambda m: judge(m[0], m[1], m[3], main_object), chosen)
            for (name, number, before, after), verdict in zip(chosen, verdicts):
                if verdict == "survived" and (name, after.strip()) in EQUIVALENT:
                    verdict = "equivalent"
                counts[verdict] += 1
                line = f"{name}:{number + 1}: {before.strip()}  ->  {after.strip() or '(nothing)'}"
                if verdict == "survived":
                    survivors.append(line)
                print(f"{verdict:10} {line}", flush=True)
    print(f"{counts['killed']} killed, {counts['survived']} survived, {counts['equivalent']} equivalent, "
          f"{counts['no mutant']} did not compile; seed {options.seed}, {time.monotonic() - begun:.0f} s")
    if survivors:
        sys.exit("survived:\n" + "\n".join(survivors))


if __name__ == "__main__":
    main()

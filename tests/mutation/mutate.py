#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# Tests of the tests: each mutant is one expression or statement changed in what correctness rests on, and the tests have
# to notice. A mutant is killed when its tests fail, crash, or go on for too long; one that does not compile is none.
# Survivors are listed, and are answered with a test, with simpler code, or with a reason in equivalent.txt.
#
#   mutate.py [--only PART] [--sample N] [--seed S] [--jobs N] [--again LOG] [--alone] [--list]
#
# All mutants are compiled at once (see schemata.py). --alone compiles each by itself instead, to check that; it takes
# minutes for each. --again judges only those that survived in the log of an earlier run.
import argparse
import concurrent.futures
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from schemata import SWITCH, Header

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ["-lzstd", "-llz4", "-lxxhash", "-lcrypto", "-lpthread"]
# Out-of-range access is caught, as the sanitizers would; warnings say nothing about code that is wrong on purpose.
COMPILE = [*(["ccache"] if shutil.which("ccache") else []), os.environ.get("CXX", "g++"), "-std=c++20", "-w",
           "-D_GLIBCXX_ASSERTIONS", f"-I{ROOT}/tests/support"]
SUPPORT = ["tests/support/simulated_world.cpp", "tests/support/trial.cpp", "tests/support/crash_points.cpp"]

# Programs: how they are optimised, and their sources.
PROGRAMS = {
    "units": ("-O1", ["tests/unit/plane/*.test.cpp", "tests/unit/row/*.test.cpp"]),
    "properties": ("-O1", ["tests/property/*.test.cpp"]),
    "store": ("-O0", ["tests/unit/store/repository.test.cpp", "tests/unit/store/journal.test.cpp"]),
    "orchestrate": ("-O1", ["tests/unit/orchestrate/*.test.cpp", "tests/simulation/resume.test.cpp", *SUPPORT]),
    "trials": ("-O1", ["tests/long/trials.cpp", *SUPPORT]),
}
# How they are run. OWN stands for the unit tests of the mutated header.
OWN = "[#own.test]"
STEPS = {
    "own unit": ("units", [OWN + "~a hundred thousand*"]),
    "rules": ("properties", ["[#rules.test]"]),
    "units": ("units", []),
    "properties": ("properties", ["~[#rules.test]"]),
    "store": ("store", []),
    "own": ("orchestrate", [OWN]),
    "orchestrate": ("orchestrate", []),
    "trials": ("trials", ["--seeds", "60", "--twice", "0"]),
    "crash points": ("trials", ["--crash-points", "3", "--steps", "200", "--every", "20"]),
}
# What is mutated, and the steps that must notice, the cheapest first.
WHOLE = ["own", "orchestrate", "trials", "crash points"]
RULES = ["own unit", "rules", "units", "properties", "trials"]
PARTS = {
    "plane/key_range.hpp": RULES, "plane/key_set.hpp": RULES, "plane/horizon.hpp": RULES, "plane/coverage.hpp": RULES,
    "plane/detail/cover_sweep.hpp": RULES, "plane/detail/journal_stretches.hpp": RULES, "plane/layout.hpp": RULES,
    "plane/layout_history.hpp": RULES, "plane/lineage.hpp": RULES, "row/merge.hpp": RULES,
    "row/detail/merge_inputs.hpp": RULES, "row/detail/row_in_making.hpp": RULES, "row/detail/erasure_sweep.hpp": RULES,
    "row/fold.hpp": RULES, "plane/box.hpp": RULES, "store/detail/block_store.hpp": ["store", *WHOLE],
    "store/detail/block_write.hpp": ["store", *WHOLE], "store/journal.hpp": ["store", *WHOLE],
    "orchestrate/back_up.hpp": WHOLE, "orchestrate/detail/opening.hpp": WHOLE, "orchestrate/checkpointer.hpp": WHOLE, "orchestrate/recorder.hpp": WHOLE,
    "orchestrate/restore.hpp": WHOLE,
}
# Where the unit tests have another name than the header.
TESTED_AS = {"cover_sweep": "coverage", "journal_stretches": "coverage",
             "merge_inputs": "merge", "row_in_making": "merge", "erasure_sweep": "merge", "recorder": "back_up",
             "block_store": "repository"}
# What instantiates all of a part, to find out what compiles.
PROBES = {"plane": ["tests/property/rules.test.cpp", "tests/unit/plane/key_set.test.cpp"],
          "row": ["tests/property/rules.test.cpp"], "store": ["tests/unit/store/journal.test.cpp"],
          "orchestrate": ["tests/support/simulated_world.cpp"]}
EQUIVALENT = {line for line in Path(__file__).with_name("equivalent.txt").read_text().splitlines() if line[:1] != "#"}
MOST_MEMORY = 2 << 30


def run(command, **how):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace", **how)


class Build:
    """The tests over one copy of the headers."""

    def __init__(self, folder, jobs):
        self.folder, self.jobs = folder, jobs
        shutil.rmtree(folder / "include", ignore_errors=True)
        shutil.copytree(ROOT / "include", folder / "include")
        (folder / "include/mutation_switch.hpp").write_text(SWITCH)

    def write(self, name, text):
        switch = '#include "mutation_switch.hpp"\n'
        (self.folder / "include/foreshadow" / name).write_text(switch + text)

    def compile(self, source, target, *options):
        """What the compiler says; nothing where it is content."""
        made = run([*COMPILE, *options, f"-I{self.folder}/include", "-c", ROOT / source, "-o", target])
        return made.stderr + "?" if made.returncode else ""

    def program(self, name):
        """What the compiler says; nothing where it is content."""
        level, patterns = PROGRAMS[name]
        sources = [path.relative_to(ROOT) for pattern in patterns for path in sorted(ROOT.glob(pattern))]
        if name != "trials":
            sources.append(Path("tests/support/main.cpp"))
        objects = [self.folder / (level + "-" + "-".join(source.with_suffix(".o").parts)) for source in sources]
        missing = [(source, target) for source, target in zip(sources, objects) if not target.exists()]
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            said = "".join(pool.map(lambda pair: self.compile(*pair, level), missing))
        linked = said or run([*COMPILE, *objects, "-o", self.folder / name, *LIBRARIES])
        return said or (linked.stderr + "?" if linked.returncode else "")


class Jury:
    """Runs programs with a mutant, for as long as they take without one and some more."""

    def __init__(self, build, steps):
        self.build, self.limits = build, {}
        for step in steps:
            began = time.monotonic()
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            if self.is_noticed(step, "", 0):
                sys.exit(f"{step}: fails without any mutant")
            spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
            self.limits[step] = 1 + 2 * spent
            print(f"{step}: {spent:.1f} s of processor time, {time.monotonic() - began:.1f} s", flush=True)

    def is_noticed(self, step, name, number):
        program, words = STEPS[step]
        stem = Path(name).stem
        words = [word.replace("own", TESTED_AS.get(stem, stem)) for word in words if name or not word.startswith(OWN)]
        seconds = self.limits.get(step, 100)

        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
            resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        known = {**os.environ, "FORESHADOW_MUTANT": str(number)}
        catch = [] if program == "trials" else ["--abort", "-#"]
        try:
            ended = subprocess.run([self.build.folder / program, *catch, *words], env=known, preexec_fn=limit,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20 * seconds + 60)
        except subprocess.TimeoutExpired:
            return True
        return ended.returncode != 0

    def judge(self, number, name, steps):
        """By which step a mutant of this header is killed; "survived"."""
        return next((step for step in steps if self.is_noticed(step, name, number)), "survived")


def compiled_together(build, headers, numbered):
    """Writes headers with all of {number: (name, mutant)}; takes away what does not compile, and returns it."""
    refused, probes = [], list(dict.fromkeys(probe for name in headers for probe in PROBES[name.split("/")[0]]))
    while True:
        owners = {}
        for name, header in headers.items():
            text, owners[name] = header.together({n: m for n, (at, m) in numbered.items() if at == name})
            build.write(name, text)
        while probes and not (said := build.compile(probes[0], "/dev/null", "-O0", "-fsyntax-only")):
            probes.pop(0)
        wrong = set()
        named = r"include/foreshadow/(\S+?):(\d+):\d+: "
        for name, line in re.findall(named + "error", said) or re.findall(named, said):
            if name in owners:  # the first line is the switch's, and a mark may stand on the line before
                at = int(line) - 2
                wrong.add(owners[name][at] or owners[name][at - 1])
        wrong = {n for n in wrong if n in numbered}
        if not probes:
            return refused
        if not wrong:
            sys.exit(said[:4000])
        refused += [numbered.pop(n) for n in wrong]
        print(f"{len(wrong)} do not compile", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="files whose name has this in it")
    parser.add_argument("--sample", type=int, help="so many mutants, drawn by the seed; all where nothing is said")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--again", type=Path, help="a log: only what survived in it")
    parser.add_argument("--alone", action="store_true", help="compile each by itself")
    parser.add_argument("--list", action="store_true", help="print the mutants and end")
    parser.add_argument("--build", type=Path, default=ROOT / "build/mutation")
    options = parser.parse_args()

    headers = {name: Header((ROOT / "include/foreshadow" / name).read_text()) for name in PARTS}
    everything = [(name, mutant) for name in PARTS for mutant in headers[name].mutants()]
    numbered = dict(enumerate(everything, 1))
    chosen = [n for n, (name, _) in numbered.items() if options.only in name]
    if options.again:
        survived = set(re.findall(r"^survived +(\S+?):\d+: (.*)$", options.again.read_text(), re.MULTILINE))
        chosen = [n for n in chosen if (numbered[n][0], numbered[n][1].shown) in survived]
    if options.sample and options.sample < len(chosen):
        chosen = sorted(random.Random(options.seed).sample(chosen, options.sample))
    if options.list:
        print("\n".join(line_of(*numbered[n]) for n in chosen))
        return

    options.build.mkdir(parents=True, exist_ok=True)
    build = Build(options.build, options.jobs)
    steps = [step for step in STEPS if any(step in PARTS[numbered[n][0]] for n in chosen)]
    began = time.monotonic()
    numbered = {n: mutant for n, mutant in numbered.items() if options.only in mutant[0]}
    headers = {name: header for name, header in headers.items() if options.only in name}
    refused = [] if options.alone else compiled_together(build, headers, numbered)
    chosen = [n for n in chosen if n in numbered]
    if not options.alone:
        for path in options.build.glob("*.o"):
            path.unlink()
        for name in {STEPS[step][0] for step in steps}:
            said = build.program(name)
            if said:
                sys.exit(said[:4000])
    print(f"{len(chosen)} mutants compiled in {time.monotonic() - began:.0f} s", flush=True)
    jury = Jury(build, [] if options.alone else steps)

    def verdict_on(number):
        name, mutant = numbered[number]
        if not options.alone:
            return jury.judge(number, name, PARTS[name])
        return verdict_alone(jury, headers[name], name, mutant)

    counts, survivors = {}, []
    with concurrent.futures.ThreadPoolExecutor(1 if options.alone else options.jobs) as pool:
        for number, verdict in zip(chosen, pool.map(verdict_on, chosen)):
            line = line_of(*numbered[number])
            if verdict == "survived" and re.sub(r":\d+:", ":", line, count=1) in EQUIVALENT:
                verdict = "equivalent"
            counts[verdict] = counts.get(verdict, 0) + 1
            if verdict == "survived":
                survivors.append(line)
            print(f"{verdict:11} {line}", flush=True)
    for name, mutant in refused:
        print(f"{'no mutant':11} {line_of(name, mutant)}")
    print(f"{sum(counts.values())} mutants in {time.monotonic() - began:.0f} s: "
          f"{', '.join(f'{count} {verdict}' for verdict, count in sorted(counts.items()))}; "
          f"{len(refused)} more do not compile")
    if survivors:
        sys.exit("survived:\n" + "\n".join(survivors))


def line_of(name, mutant):
    return f"{name}:{mutant.line}: {mutant.shown}"


def verdict_alone(jury, header, name, mutant):
    jury.build.write(name, header.alone(mutant))
    for path in jury.build.folder.glob("*.o"):
        path.unlink()
    verdict = "survived"
    for step in PARTS[name]:
        if jury.build.program(STEPS[step][0]):
            verdict = "no mutant"
            break
        if (verdict := jury.judge(0, name, [step])) != "survived":
            break
    jury.build.write(name, header.text)
    return verdict


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# What a header costs whoever includes it, in preprocessed lines: free of noise, where seconds are not. The budget
# follows from what the header draws in, and is a step, not a slope: Asio and xtensor cost what they cost once.
#
#   budget.py <root> <compiler> <flag>...
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# (what must all be among the files drawn in, the budget in thousands of lines, its name); the first that fits counts
BUDGETS = [
    (["/xtensor/", "/boost/asio/"], 205, "with Asio and xtensor"),
    (["/xtensor/"], 165, "with xtensor"),
    (["/boost/asio/", "/rapidjson/"], 150, "with Asio and JSON"),
    (["/boost/asio/"], 115, "with Asio"),
    (["/rapidjson/"], 80, "with JSON"),
    ([], 65, "a policy"),
]
ADAPTER = 22  # more for an adapter: it also draws in its database's client, <filesystem> and <chrono>
CONCEPT = 40  # a header that defines a concept and draws in none of these: string, vector and algorithm are 37


def measure(command, path):
    done = subprocess.run([*command, "-x", "c++", "-E", "-"], input=f'#include "{path}"\n', capture_output=True, text=True)
    if done.returncode:
        return path, 0, 0, next((line for line in done.stderr.splitlines() if "error: " in line), done.stderr)
    lines, files = 0, set()
    for line in done.stdout.splitlines():
        if line.startswith("# "):
            files.add(line.split('"')[1])
        elif line and not line.isspace():
            lines += 1
    budget, name = next((budget, name) for marks, budget, name in BUDGETS
                        if all(any(mark in file for file in files) for mark in marks))
    if budget == BUDGETS[-1][1] and re.search(r"^concept ", path.read_text(), re.MULTILINE):
        budget, name = CONCEPT, "a concept"
    if "adapters" in path.parts:
        budget, name = budget + ADAPTER, f"an adapter's header, {name}"
    return path, lines, budget, name


def main(root, command):
    headers = [p for tree in (root / "include", *root.glob("adapters/*/include")) for p in sorted(tree.rglob("*.hpp"))]
    over = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, lines, budget, name in pool.map(lambda p: measure(command, p), headers):
            if not budget:
                over.append(f"{path.relative_to(root)}: cannot be preprocessed: {name}")
                continue
            print(f"{lines:7} {path.relative_to(root)} ({name}: {budget},000)")
            if lines > budget * 1000:
                over.append(f"{path.relative_to(root)}: {lines} preprocessed lines, and {name} may have {budget},000; "
                            "include less, or move what is dear to where it is needed")
    if over:
        sys.exit("\n".join(over))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])

#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# Every source is as clang-format leaves it.
#
#   format.py <root> <clang-format>
import subprocess
import sys
from pathlib import Path

root, program = Path(sys.argv[1]).resolve(), sys.argv[2]
sources = [str(path) for folder in ("include", "adapters", "examples", "tests", "benchmarks")
           for ending in ("*.hpp", "*.cpp") for path in sorted((root / folder).rglob(ending))]
done = subprocess.run([program, "--dry-run", "--Werror", *sources], capture_output=True, text=True, cwd=root)
bad = sorted({line.split(":")[0] for line in done.stderr.splitlines() if ": error: " in line})
if done.returncode:
    where = [str(Path(path).relative_to(root)) for path in bad]
    sys.exit(f"not as {program} leaves it; run: clang-format-19 -i " + " ".join(where) if where else done.stderr)
print(f"{len(sources)} sources are formatted")
